"""Streams of Anthropic's messages. Source: Anthropic API documentation, "Streaming messages"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseEvent, framed
from counterproof.rely.gate._stream_parts import (
    Channel,
    Dialect,
    Json,
    a_text,
    an_index,
    from_json,
    is_object,
    to_json,
    without,
)

_TEXTS = {"text": ("text", "text_delta"), "thinking": ("thinking", "thinking_delta")}
_DELTAS = {delta: member for member, delta in _TEXTS.values()}
_BLANK_MESSAGE: Json = {
    "id": "",
    "type": "message",
    "role": "assistant",
    "model": "",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 0, "output_tokens": 0},
}


class MessagesStream(Dialect):
    """Events of a message: text and thinking leave as they may, every other block when it is whole and decided."""

    shape: Shape = "anthropic.messages.reply"

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - handed on to Dialect
        super().__init__(*parts)
        self._is_started = False
        self._open: dict[int, tuple[str, Channel]] = {}
        self._held: dict[int, tuple[Json, list[str]]] = {}
        self._next = 0
        self._used: set[int] = set()
        self._takes: dict[str, Callable[[Json], None]] = {
            "ping": self._ping,
            "message_start": self._start,
            "content_block_start": self._block,
            "content_block_delta": self._delta,
            "content_block_stop": self._stop,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "error": self._error,
        }

    def value(self, value: Json, event: SseEvent) -> None:
        """One event; its type says what it is."""
        take = self._takes.get(a_text(value.get("type")))
        if "index" in value and type(value["index"]) is not int:
            self.unreadable(event, "an index that is no number")
        elif take is None:
            self.unreadable(event, "an event that is not known")
        else:
            take(value)

    def _ping(self, value: Json) -> None:
        self.looked({"content": [], **without(value, "type")}, _frame({"type": "ping"}))

    def _start(self, value: Json) -> None:
        message = value.get("message")
        inner = message if is_object(message) else {"message": message}
        self.looked({"content": [], **inner, **without(value, "type", "message")}, _frame(value))
        self._is_started = True

    def _block(self, value: Json) -> None:
        index, block = an_index(value.get("index")), value.get("content_block")
        self._ended(index)
        if index in self._used:
            self.ask(unscanned=(f"content[{index}]: begins a second time",))
        self._used.add(index)
        if not is_object(block):
            self.unreadable(SseEvent(to_json(value), b"content_block_start"), "no content block")
            return
        member, delta = _TEXTS.get(a_text(block.get("type")), ("", ""))
        text = block.get(member)
        if not member or type(text) is not str:
            self._held[index] = (dict(block), [])
            return
        self.looked(
            {"content": [{**block, member: ""}], **without(value, "type", "index", "content_block")},
            _frame({**value, "content_block": {**block, member: ""}}),
        )
        self._next = max(self._next, index + 1)
        self._open[index] = (delta, Channel(self.plan, f"content[{index}].{member}"))
        self._fed(index, text)

    def _delta(self, value: Json) -> None:
        index, delta = an_index(value.get("index")), value.get("delta")
        delta = delta if is_object(delta) else {"delta": delta}
        kind = a_text(delta.get("type"))
        more = without(value, "type", "index", "delta")
        if index in self._held:
            self._held_delta(index, kind, delta, more)
        elif index in self._open and kind == self._open[index][0] and type(text := delta.get(_DELTAS[kind])) is str:
            extra = {**without(delta, "type", _DELTAS[kind]), **more}
            if extra:
                self.looked({"content": [], **extra}, b"")
            self._fed(index, text)
        elif kind == "signature_delta":
            said = {"type": "thinking", "thinking": "", **without(delta, "type")}
            self.looked({"content": [said], **more}, _frame(value), is_whole=True)
        elif kind == "citations_delta":
            said = {
                "type": "text",
                "text": "",
                "citations": [delta.get("citation")],
                **without(delta, "type", "citation"),
            }
            self.looked({"content": [said], **more}, _frame(value), is_whole=True)
        else:
            self.unreadable(SseEvent(to_json(value), b"content_block_delta"), "a delta that is not known here")

    def _held_delta(self, index: int, kind: str, delta: Json, more: Json) -> None:
        part = delta.get("partial_json")
        extra = {**without(delta, "type", "partial_json"), **more}
        if kind != "input_json_delta" or type(part) is not str or extra:
            self.ask(unscanned=(f"content[{index}]: a delta that is not known here",))
        elif self.keep(len(part)):
            self._held[index][1].append(part)
        else:
            self.ask(unscanned=(f"content[{index}]: a call too long to be kept",))

    def _fed(self, index: int, text: str) -> None:
        delta, channel = self._open[index]
        for release in channel.feed(text):
            self.release(channel, release, _text_frame(index, delta, release.text))

    def _stop(self, value: Json) -> None:
        index = an_index(value.get("index"))
        extra = without(value, "type", "index")
        if extra:
            self.looked({"content": [], **extra}, b"")
        if index in self._held:
            self._whole(index)
        else:
            self._ended(index)

    def _ended(self, index: int) -> None:
        """The end of a block of text."""
        if index not in self._open:
            return
        delta, channel = self._open[index]
        tail = self.tail(channel, lambda text: _text_frame(index, delta, text))
        self.closed([channel], tail + _frame({"type": "content_block_stop", "index": index}))
        del self._open[index]

    def _whole(self, index: int) -> None:
        """A block that came in parts and is whole."""
        block, parts = self._held.pop(index)
        notes: tuple[str, ...] = ()
        if parts:
            try:
                block = {**block, "input": from_json("".join(parts) or "{}")}
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                block, notes = {**block, "input": "".join(parts)}, (f"content[{index}].input: no JSON",)

        def frame(body: Json) -> bytes:
            told: Json = body["content"][0]
            stop = _frame({"type": "content_block_stop", "index": index})
            if not parts:
                return _frame({"type": "content_block_start", "index": index, "content_block": told}) + stop
            start: Json = {"type": "content_block_start", "index": index, "content_block": {**told, "input": {}}}
            said = to_json(told["input"]).decode() if not notes else told["input"]
            delta = {"type": "input_json_delta", "partial_json": said}
            return _frame(start) + _frame({"type": "content_block_delta", "index": index, "delta": delta}) + stop

        is_call = a_text(block.get("type")).endswith("tool_use")
        self.whole({"role": "assistant", "content": [block]}, "call" if is_call else "result", frame, *notes)
        self._next = max(self._next, index + 1)  # not before: refused, the reader has not seen a block of this index

    def _message_delta(self, value: Json) -> None:
        self._closed_all()
        delta = value.get("delta")
        inner = delta if is_object(delta) else {"delta": delta}
        self.looked({"content": [], **inner, **without(value, "type", "delta")}, _frame(value), is_whole=True)

    def _message_stop(self, value: Json) -> None:
        self._closed_all()
        self.looked({"content": [], **without(value, "type")}, _frame(value))
        self.is_done = True

    def _error(self, value: Json) -> None:
        self.looked(without(value, "type"), _frame(value), is_whole=True)

    def _closed_all(self) -> None:
        for index in list(self._open):
            self._ended(index)
        for index in list(self._held):
            del self._held[index]
            self.ask(event=self.blank("call", f"content[{index}]: the stream ended before the call did"))

    def finish(self) -> None:
        """The end: what is held is asked about, blocks that are not whole are dropped."""
        self._closed_all()

    def ending(self) -> Callable[[str, str], bytes]:
        """Open blocks closed, `message_delta` with `stop_reason` `refusal`, `message_stop`."""
        is_started, indexes, following = self._is_started, sorted(self._open), self._next

        def end(says: str, receipt: str) -> bytes:
            out = b"" if is_started else _frame({"type": "message_start", "message": _BLANK_MESSAGE})
            out += b"".join(_frame({"type": "content_block_stop", "index": index}) for index in indexes)
            if says:
                block = {"type": "text", "text": ""}
                out += _frame({"type": "content_block_start", "index": following, "content_block": block})
                out += _text_frame(following, "text_delta", says)
                out += _frame({"type": "content_block_stop", "index": following})
            delta = {"stop_reason": "refusal", "stop_sequence": None}
            more = {"receipt": receipt} if receipt else {}
            out += _frame({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0}, **more})
            return out + _frame({"type": "message_stop"})

        return end


def _frame(value: Json) -> bytes:
    return framed(to_json(value), a_text(value.get("type")).encode("ascii", "replace"))


def _text_frame(index: int, delta: str, text: str) -> bytes:
    if not text:
        return b""
    said = {"type": delta, _DELTAS[delta]: text}
    return _frame({"type": "content_block_delta", "index": index, "delta": said})
