"""One connection of the server: its bytes become requests, its requests are answered in order, its time is measured."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from counterproof.errors import MissingExtra
from counterproof.rely.wire._decode import coding_of, decoded
from counterproof.rely.wire._head import Refused, check_request
from counterproof.rely.wire._message import Out, Request

if TYPE_CHECKING:
    from counterproof.rely.wire._server import Server

_HIGH_BYTES, _LOW_BYTES = 131_072, 32_768


class Door(asyncio.Protocol):
    """Reads with one parser for the connection's life; one task answers, so that answers come in order."""

    def __init__(self, server: Server) -> None:
        self._server, self._limits, self._loop = server, server.limits, server.loop
        self._parser = server.parsers.HttpRequestParser(self)
        self._error, self._upgrade = server.parsers.HttpParserError, server.parsers.HttpParserUpgrade
        self._transport = cast("asyncio.Transport", None)
        self._peer = ""
        self._queue: deque[Request | Refused] = deque()
        self._task: asyncio.Task[None] | None = None
        self._wakes: asyncio.Future[None] | None = None
        self._drain: asyncio.Future[None] | None = None
        self._is_working = self._is_lingering = False
        self.is_gone = self.is_full = False
        self._forget()
        self._dropped = 0
        self._until = self._loop.time() + self._limits.head_s
        self._stuck = (0.0, 0)

    @property
    def is_draining(self) -> bool:
        """Whether no further request is taken."""
        return self._server.is_draining

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: a client is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_HIGH_BYTES, low=_LOW_BYTES)
        peer: object = transport.get_extra_info("peername")
        self._peer = str(cast("tuple[object, ...]", peer)[0]) if isinstance(peer, tuple) else ""
        if not self._server.entered(self):
            self._refuse(Refused(503, "Too many connections are open."))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's; gone is gone
        """Asyncio's: the client is gone; what is in work for it ends."""
        self.is_gone = True
        self._release()
        for waiting in self._queue:
            if isinstance(waiting, Request):
                self._server.counts.buffered_bytes -= len(waiting.body)
        self._queue.clear()
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)
        if self._task is None or self._task.done():
            self._server.left(self)
        else:
            self._task.add_done_callback(lambda _: self._server.left(self))
            self._task.cancel()

    def eof_received(self) -> bool:
        """Asyncio's: the client will say nothing more; that it reads on cannot be known, so it counts as gone."""
        return False

    def pause_writing(self) -> None:
        """Asyncio's: the client does not read."""
        self.is_full = True
        self._stuck = (self._loop.time(), self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Asyncio's: the client reads again."""
        self.is_full = False
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Asyncio's: bytes from the client."""
        if self._is_lingering:
            self._dropped += len(data)
            if self._dropped > self._limits.linger_bytes:
                self._transport.abort()
            return
        if not self._is_reading:
            self._begin()
        self._fed += len(data)  # begins anew where a request ends
        try:
            self._parser.feed_data(data)
        except self._upgrade:
            self._refuse(Refused(501, "No other protocol can be changed to here."))
        except self._error as exc:
            cause = exc.__context__
            self._refuse(cause if isinstance(cause, Refused) else Refused(400, "This is not HTTP as RFC 9112 has it."))
        else:
            if self._is_reading and not self._has_head and self._fed > self._limits.head_bytes:
                self._refuse(Refused(431, "The header section is too large."))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """The parser's: a request begins."""
        if not self._is_reading:
            self._begin()

    def on_url(self, url: bytes) -> None:
        """The parser's: a part of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's: a header, or a field of the trailer section."""
        if self._has_head:
            raise Refused(400, "A trailer section is not read here.")
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The parser's: the header section is whole."""
        parser = self._parser
        self._method, self._version = parser.get_method(), parser.get_http_version()
        limits = self._limits
        if len(self._headers) > limits.headers:
            raise Refused(431, f"More than {limits.headers} headers.")
        if sum([len(name) + len(value) for name, value in self._headers]) + len(self._target) > limits.head_bytes:
            raise Refused(431, f"The header section is larger than {limits.head_bytes} bytes.")
        self._length, seen = check_request(self._method, self._target, self._version, self._headers)
        self._has_head = True
        self._keeps_alive = parser.should_keep_alive()
        if self._length == 0:
            return
        if self._length > limits.body_bytes:
            raise Refused(413, f"The body is larger than {self._limits.body_bytes} bytes.")
        if b"content-encoding" in seen:
            self._coding = coding_of(seen[b"content-encoding"])
        self._started = self._loop.time()
        self._until = self._started + self._limits.body_s
        if b"expect" in seen and self._version == "1.1":
            if self._is_working or self._queue:
                raise Refused(417, "Expect is not answered behind a request that is still in work.")
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """The parser's: a part of the body."""
        self._body.append(data)
        self._size += len(data)
        counts = self._server.counts
        counts.buffered_bytes += len(data)
        if self._size > self._limits.body_bytes:
            raise Refused(413, f"The body is larger than {self._limits.body_bytes} bytes.")
        if counts.buffered_bytes > self._limits.buffered_bytes:
            raise Refused(503, "Too much is being read at once.")

    def on_message_complete(self) -> None:
        """The parser's: the request is whole."""
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if body and self._coding:
            body = self._plain(body)
        request = Request(
            method=self._method.decode(),
            target=self._target.decode(),
            headers=self._headers,
            body=body,
            peer=self._peer,
            is_last=not self._keeps_alive,
            version=self._version,
        )
        self._size = 0  # the request counts for it from here on, until it is answered
        self._forget()
        self._take(request)

    def _plain(self, body: bytes) -> bytes:
        try:
            body = decoded(self._coding, body, self._limits.body_bytes)
        except MissingExtra as exc:
            raise Refused(415, f"The content coding {self._coding} cannot be undone here.") from exc
        self._server.counts.buffered_bytes += len(body) - self._size
        self._size = len(body)
        return body

    # Reading.

    def _begin(self) -> None:
        self._is_reading = True
        if not self._is_working:
            self._until = self._loop.time() + self._limits.head_s

    def _forget(self) -> None:
        self._is_reading = self._has_head = False
        self._target: bytes = b""
        self._method, self._version = b"", "1.1"
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = self._fed = self._length = 0
        self._started = 0.0
        self._keeps_alive = False
        self._coding = ""

    def _release(self) -> None:
        self._server.counts.buffered_bytes -= self._size
        self._size = 0

    def _take(self, request: Request | Refused) -> None:
        """Puts a request, or the refusal of what came in its place, behind those that are in work.

        Reading goes on meanwhile: else nobody would see that the client is gone.
        """
        if isinstance(request, Request) and len(self._queue) >= self._limits.pipelined:
            self._server.counts.buffered_bytes -= len(request.body)
            raise Refused(429, "Too many requests were sent ahead.")
        self._queue.append(request)
        self._until = 0.0
        if self._wakes is not None:
            if not self._wakes.done():
                self._wakes.set_result(None)
        elif self._task is None:
            self._task = self._loop.create_task(self._work())

    def _refuse(self, refused: Refused) -> None:
        """No further byte of this connection is read as a request."""
        self._is_lingering = True
        self._is_reading = False
        self._release()
        self._body = []
        self._queue.append(refused)
        self._until = 0.0
        if self._wakes is not None:
            if not self._wakes.done():
                self._wakes.set_result(None)
        elif self._task is None:
            self._task = self._loop.create_task(self._work())

    # Answering.

    async def _work(self) -> None:
        while not self.is_gone:
            while not self._queue:
                if self._server.is_draining:
                    self.finish()
                    return
                self._wakes = self._loop.create_future()
                await self._wakes
                self._wakes = None
            item = self._queue.popleft()
            if isinstance(item, Refused):
                self._answer_refused(item)
                return
            self._is_working = True
            size = len(item.body)
            try:
                is_last = await self._server.answer(item, Out(self, item))
            finally:
                self._server.counts.buffered_bytes -= size
            self._is_working = False
            if is_last:
                self.finish()
                return
            if self.is_full:
                await self.drained()
            self._go_on()

    def _go_on(self) -> None:
        if self._queue:
            return
        if self._has_head:
            self._until = self._started + self._limits.body_s
        else:
            self._until = self._loop.time() + (self._limits.head_s if self._is_reading else self._limits.idle_s)

    def _answer_refused(self, refused: Refused) -> None:
        request = Request("POST", self._target.decode("latin-1"), [], b"", self._peer, is_last=True)
        self._server.refuse(Out(self, request), refused, request.path)
        self._until = self._loop.time() + self._limits.linger_s
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def put(self, data: bytes) -> None:
        """Writes; dropped where nobody reads any more."""
        if not self.is_gone:
            self._transport.write(data)

    async def drained(self) -> None:
        """Waits until the client has read most of what was written, or is gone."""
        while self.is_full and not self.is_gone:
            self._drain = self._loop.create_future()
            await self._drain

    def finish(self) -> None:
        """Closes once everything written has left."""
        self._is_lingering = True
        if not self._transport.is_closing():
            self._until = self._loop.time() + self._limits.write_s
            self._transport.close()

    def abort(self) -> None:
        """Closes at once; the client sees that the answer is not whole."""
        self._transport.abort()

    def drain(self) -> None:
        """The server stops: closes unless a request is in work or being read."""
        if not (self._is_working or self._queue or self._is_reading or self._is_lingering):
            self.finish()

    def sweep(self, now: float) -> None:
        """Looks at every deadline of this connection."""
        if self.is_full and self._is_stuck(now):
            self._server.counts.timeouts += 1
            self._transport.abort()
        elif self._is_reading and self._has_head and not self._is_working and self._is_slow(now):
            self._server.counts.timeouts += 1
            self._refuse(Refused(408, "The body came too slowly."))
        elif self._until and now > self._until and not self._is_working and not self._queue:
            self._late()

    def _is_stuck(self, now: float) -> bool:
        since, size = self._stuck
        if now - since < self._limits.write_s:
            return False
        left = self._transport.get_write_buffer_size()
        if size - left < self._limits.write_s * self._limits.body_bytes_per_s:
            return True
        self._stuck = (now, left)
        return False

    def _is_slow(self, now: float) -> bool:
        took = now - self._started
        return took > self._limits.grace_s and self._size < took * self._limits.body_bytes_per_s

    def _late(self) -> None:
        if self._is_lingering or not self._is_reading:
            self._transport.abort() if self._is_lingering else self.finish()
            return
        self._server.counts.timeouts += 1
        self._refuse(Refused(408, "The request came too slowly."))
