"""Server-sent events, as far as MCP uses them (WHATWG HTML, "Server-sent events"): read strictly, and written anew."""

from __future__ import annotations

import msgspec

from counterproof import errors

_BOM = b"\xef\xbb\xbf"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `id`: None where it has none; `retry_ms`: -1 where it says none."""

    data: bytes = b""
    name: bytes = b""
    id: bytes | None = None
    retry_ms: int = -1
    has_data: bool = False

    @property
    def is_message(self) -> bool:
        """Whether it carries a message; one without data moves the client's place in the stream, and nothing else."""
        return bool(self.data)


class Reader:
    """Bytes in, events out, wherever they were cut.

    Raises:
        BadInput: from `feed`, where an event is larger than `max_bytes`.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._held = bytearray()
        self._is_first = True
        self._was_cr = False
        self._data: list[bytes] = []
        self._name, self._retry_ms, self._size = b"", -1, 0
        self._id: bytes | None = None

    def feed(self, data: bytes) -> list[Sent]:
        """The events that ended within these bytes; one that the stream's end cuts off is none."""
        found: list[Sent] = []
        if not data:
            return found
        if self._was_cr and data[:1] == b"\n":
            data = data[1:]
        self._was_cr = data[-1:] == b"\r"
        for part in data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(keepends=True):
            self._held += part
            if len(self._held) + self._size > self._max:
                raise errors.BadInput("an event that is too long", where="the stream")
            if part.endswith(b"\n"):
                line = bytes(self._held[:-1])
                self._held.clear()
                if (sent := self._line(line)) is not None:
                    found.append(sent)
        return found

    def _line(self, line: bytes) -> Sent | None:
        if self._is_first:
            self._is_first, line = False, line.removeprefix(_BOM)
        if not line:
            return self._ended()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1
        elif name == b"event":
            self._name = value
        elif name == b"id" and b"\0" not in value:
            self._id = value
        elif name == b"retry" and value.isdigit() and len(value) < 10:
            self._retry_ms = int(value)
        return None

    def _ended(self) -> Sent | None:
        sent = Sent(
            data=b"\n".join(self._data), name=self._name, id=self._id, retry_ms=self._retry_ms,
            has_data=bool(self._data),
        )  # fmt: skip
        self._clear()
        is_empty = not sent.has_data and sent.id is None and sent.retry_ms < 0
        return None if is_empty else sent

    def _clear(self) -> None:
        self._data = []
        self._name, self._id = b"", None
        self._retry_ms, self._size = -1, 0


def written(sent: Sent, data: bytes) -> bytes:
    """The event with other data, which must be one line."""
    lines = [b"event: message"] if data else []
    if sent.id is not None:
        lines.append(b"id: " + sent.id)
    if sent.retry_ms >= 0:
        lines.append(b"retry: %d" % sent.retry_ms)
    lines.append(b"data: " + data)
    return b"\n".join(lines) + b"\n\n"
