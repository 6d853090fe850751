"""Server-sent events, read as they come: WHATWG HTML, section 9.2.5 and 9.2.6 ("Parsing an event stream")."""

from __future__ import annotations

import re

import msgspec

MAX_EVENT_BYTES = 8 << 20
"""An event longer than this is not kept: nothing in a streamed reply needs to come in one piece of that size."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_PLAIN = re.compile(rb"[\w.:/+=~-]{1,256}")


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: its name (empty: `message`), its data, and the identifier that came with it."""

    data: bytes
    name: bytes = b""
    id: bytes = b""


class SseReader:
    """Takes bytes cut anywhere, gives whole events. What an event's end never came for is not an event.

    `is_too_long` once an event outgrew the limit: what follows cannot be told from its middle, so nothing more is read.
    Comments and `retry` are dropped: no event depends on them.
    """

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = self._waiting = 0
        self._data: list[bytes] = []
        self._name = self._id = b""
        self._is_first = True
        self._ends_in_cr = False
        self.is_too_long = False

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that are whole now."""
        if self.is_too_long or not data:
            return []
        if self._ends_in_cr:
            self._ends_in_cr = False
            data = data.removeprefix(b"\n")
        if b"\n" not in data and b"\r" not in data and not self._is_first:
            self._keep(data)
            return []
        lines = self._lines(data)
        events: list[SseEvent] = []
        for line in lines:
            if line:
                self._field(line)
            elif self._data:
                events.append(SseEvent(b"\n".join(self._data), self._name, self._id))
                self._forget()
            else:
                self._forget()
            if self.is_too_long:
                break
        return events

    def _lines(self, data: bytes) -> list[bytes]:
        whole = b"".join((*self._parts, data))
        if self._is_first:
            if len(whole) < len(_BOM) and _BOM.startswith(whole):
                self._parts, self._waiting = [whole], len(whole)
                return []
            self._is_first = False
            whole = whole.removeprefix(_BOM)
        if b"\r" in whole:
            self._ends_in_cr = whole.endswith(b"\r")
            lines = _LINE_END.split(whole)
        else:
            lines = whole.split(b"\n")
        rest = lines.pop()
        self._parts, self._waiting = [], 0
        if rest:
            self._keep(rest)
        return lines

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._waiting += len(data)
        self._check()

    def _check(self) -> None:
        if self._size + self._waiting > self._max_bytes:
            self.is_too_long = True
            self._parts, self._data = [], []

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1
            self._check()
        elif name == b"event":
            self._name = value
        elif name == b"id" and b"\0" not in value:
            self._id = value

    def _forget(self) -> None:
        self._data, self._name, self._size, self._id = [], b"", 0, b""


def framed(data: bytes, name: bytes = b"", event_id: bytes = b"") -> bytes:
    """An event written out. A name or identifier that is more than a plain word is left away."""
    head = b"event: " + name + b"\n" if name and _PLAIN.fullmatch(name) else b""
    if event_id and _PLAIN.fullmatch(event_id):
        head += b"id: " + event_id + b"\n"
    if b"\n" in data or b"\r" in data:
        return head + b"".join(b"data: " + line + b"\n" for line in _LINE_END.split(data)) + b"\n"
    return b"%bdata: %b\n\n" % (head, data)
