"""Streams of the Model Context Protocol over HTTP: each event is one JSON-RPC message, decided as a whole.

Source: MCP specification, "Streamable HTTP" and "Tools"; JSON-RPC 2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from counterproof.rely.gate._rewrite import rewrite
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseEvent, framed
from counterproof.rely.gate._stream_parts import Dialect, Json, from_json, is_name, is_object, to_json
from counterproof.rely.gate._walk import walk

REFUSED = -32_000
"""The first of the codes that JSON-RPC leaves to whoever implements it."""


class McpStream(Dialect):
    """Messages from a server. One that is refused leaves the others as they are: the stream may go on after it."""

    shape: Shape = "mcp.reply"
    _asked: Json | None = None

    def value(self, value: Json, event: SseEvent) -> None:
        """One message."""
        blank = self.blank("result")
        data = to_json(value)
        found = walk(self.shape, data, door=blank.door, context=blank.context, identity=blank.identity)
        self._asked = value
        last = msgspec.structs.replace(
            found.events[-1],
            pieces=tuple(piece for part in found.events for piece in part.pieces),
            unscanned=tuple(note for part in found.events for note in part.unscanned),
        )

        def rewritten(spans: Sequence[tuple[int, int, int, str]]) -> bytes:
            told = [(last.pieces[at].where, start, end, new) for at, start, end, new in spans]
            return framed(to_json(from_json(rewrite(value, told))), event.name, event.id)

        self.ask(event=last, if_allowed=framed(data, event.name, event.id), rewrites=rewritten)
        self._asked = None

    def finish(self) -> None:
        """Nothing is held between messages."""

    def ending(self) -> Callable[[str, str], bytes]:
        """A tool result with `isError` for an answer to a call, an error for any other answer, nothing for the rest."""
        asked = self._asked or {}

        def end(says: str, receipt: str) -> bytes:
            number = asked.get("id")
            is_known = type(number) is int or (is_name(number) and self.plan.is_clean(str(number)))
            if not is_known or "method" in asked:
                return b""
            meta = {"_meta": {"counterproof/receipt": receipt}} if receipt else {}
            result = asked.get("result")
            if is_object(result) and "content" in result:
                told: Json = {"content": [{"type": "text", "text": says}], "isError": True, **meta}
                return framed(to_json({"jsonrpc": "2.0", "id": number, "result": told}), b"message")
            error: Json = {"code": REFUSED, "message": says or "refused", **({"data": meta} if meta else {})}
            return framed(to_json({"jsonrpc": "2.0", "id": number, "error": error}), b"message")

        return end
