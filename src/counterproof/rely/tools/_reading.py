"""What of a message is decided on: the gate's reading of it, and what the protocol itself makes doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from counterproof.record import Decision, Event, Piece
from counterproof.rely.tools import _rpc


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages come from."""

    door: str
    context: str = ""
    identity: str = ""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A message's events, at least one, and what it takes to rewrite it."""

    message: _rpc.Message
    events: tuple[Event, ...]
    value: object

    def unscanned(self, doubt: str) -> Read:
        """The same with something more that must not be taken for harmless."""
        first = msgspec.structs.replace(self.events[0], unscanned=(*self.events[0].unscanned, doubt))
        return msgspec.structs.replace(self, events=(first, *self.events[1:]))

    def rewritten(self, decisions: Sequence[Decision]) -> object:
        """The message as it may pass, after decisions that all let it pass."""
        if all(d.outcome == "allow" for d in decisions):
            return self.value
        raise NotImplementedError


def read(
    message: _rpc.Message, about: About, side: Literal["client", "server"], asked: str = "", tool: str = ""
) -> Read:
    """Reads a message; `asked` and `tool`: what a response answers."""
    kind = "call" if message.method == "tools/call" else "result" if asked == "tools/call" else "message"
    name = message.params.get("name") if message.method == "tools/call" else tool
    pieces = tuple(Piece(text=t, role="tool", where=w) for t, w in _leaves(message.value, ""))
    event = Event(
        kind=kind, door=about.door, pieces=pieces, tool=name if isinstance(name, str) else "",
        context=about.context, identity=about.identity, size_bytes=len(message.raw),
    )  # fmt: skip
    return Read(message=message, events=(event,), value=message.value)


def _leaves(value: object, where: str):
    if isinstance(value, str):
        yield value, where
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key, f"{where}.{key}"
            yield from _leaves(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{where}[{index}]")
