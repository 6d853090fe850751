"""What a handler is given and what it calls: a whole request, and a way to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterproof.rely.wire._head import Headers, section, status_line

if TYPE_CHECKING:
    from counterproof.rely.wire._door import Door


@dataclass(slots=True, eq=False)
class Request:
    """One request, read whole. `target` as it came; `headers` with lower-case names; `body` without content coding."""

    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    peer: str
    is_last: bool = False
    version: str = "1.1"

    @property
    def path(self) -> str:
        """What stands before the first question mark, neither decoded nor tidied up."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands after the first question mark."""
        return self.target.partition("?")[2]

    def header(self, name: bytes) -> bytes:
        """The first header of that (lower-case) name; empty where there is none."""
        for found, value in self.headers:
            if found == name:
                return value
        return b""


Handler = Callable[[Request, "Out"], Awaitable[None]]


def _plainly(_status: int, said: str, _path: str) -> bytes:
    return b'{"error": "%b"}' % said.replace("\\", "").replace('"', "'").encode()


def _nobody(_what: str) -> None:
    """Tells nobody."""


def _no_one(_fault: BaseException) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the server calls.

    `words`: the JSON body of the server's own refusals, from status, sentence and path. `on_shed`: a request or a
    connection is turned away because there are too many; called before the refusal leaves. `on_fault`: the handler
    failed, or ended without an answer; the client gets 500 or, amid a reply, the connection's end.
    """

    words: Callable[[int, str, str], bytes] = _plainly
    on_shed: Callable[[str], None] = _nobody
    on_fault: Callable[[BaseException], None] = _no_one


@dataclass(slots=True)
class Counts:
    """What a server did since it began. `refused`: by status, the server's own refusals."""

    connections: int = 0
    requests: int = 0
    in_work: int = 0
    buffered_bytes: int = 0
    shed: int = 0
    faults: int = 0
    timeouts: int = 0
    refused: dict[int, int] = field(default_factory=dict[int, int])


class Out:
    """The answer to one request: whole (`reply`), or begun, written and ended."""

    __slots__ = ("_chunked", "_door", "_left", "_request", "is_begun", "is_ended", "is_last")

    def __init__(self, door: Door, request: Request) -> None:
        self._door, self._request = door, request
        self.is_begun = self.is_ended = False
        self._chunked = False
        self._left = -1
        self.is_last = request.is_last
        """Whether the connection closes after this answer; a handler may set it before the answer begins."""

    @property
    def is_gone(self) -> bool:
        """Whether nobody reads any more; what is written is dropped."""
        return self._door.is_gone

    def reply(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """The whole answer; framing headers are added here and must not be among `headers`.

        Raises:
            ValueError: a header holds a line break, or the answer has begun already.
        """
        self._check_unbegun()
        rest = b"" if status == 204 else b"content-length: %d\r\n" % len(body)
        rest += self._connection()
        head = section(status_line(status), headers, rest)
        self.is_begun = self.is_ended = True
        self._door.put(head if self._request.method == "HEAD" else head + body)

    def start(self, status: int, headers: Headers, length: int | None = None) -> None:
        """Begins an answer of which the length may not be known.

        Raises:
            ValueError: a header holds a line break, or the answer has begun already.
        """
        self._check_unbegun()
        self._left = -1 if length is None else length
        self._chunked = length is None and self._request.version == "1.1"
        if length is None and not self._chunked:
            self.is_last = True  # HTTP/1.0 knows of no chunks: the end of the connection is the end
        rest = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        if length is not None:
            rest = b"content-length: %d\r\n" % length
        head = section(status_line(status), headers, rest + self._connection())
        self.is_begun = True
        self._door.put(head)

    async def write(self, data: bytes) -> None:
        """One more piece; waits while the client does not read what it has. After the client is gone: does nothing.

        Raises:
            ValueError: nothing has begun, it has ended, or the piece is longer than what was announced.
        """
        if not self.is_begun or self.is_ended:
            raise ValueError("an answer that has not begun or has ended is written to")
        if not data:
            return
        if self._left >= 0:
            self._left -= len(data)
            if self._left < 0:
                raise ValueError("more is written than was announced")
        self._door.put(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        if self._door.is_full:
            await self._door.drained()

    def end(self) -> None:
        """Ends a begun answer.

        Raises:
            ValueError: nothing has begun, it has ended already, or less was written than was announced.
        """
        if not self.is_begun or self.is_ended or self._left > 0:
            raise ValueError("an answer ends that has not begun, has ended, or is shorter than announced")
        self.is_ended = True
        if self._chunked:
            self._door.put(b"0\r\n\r\n")

    def cut(self) -> None:
        """Ends the connection amid the answer, after what was written, so that nobody takes it for whole."""
        self.is_last = self.is_ended = True
        if self._chunked or self._left > 0:
            self._door.finish()  # the last chunk is missing, or bytes that were announced
        else:
            self._door.abort()

    def _check_unbegun(self) -> None:
        if self.is_begun:
            raise ValueError("an answer begins twice")

    def _connection(self) -> bytes:
        if self.is_last or self._door.is_draining:
            self.is_last = True
            return b"connection: close\r\n"
        return b"connection: keep-alive\r\n" if self._request.version == "1.0" else b""
