"""One connection to the upstream: one request at a time, and nothing of one answer ever in another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from counterproof.rely.wire._answer import Answer, UpstreamFailed, UpstreamLate

if TYPE_CHECKING:
    from counterproof.rely.wire._upstream import Upstream

_NO_BODY = frozenset({204, 304})  # RFC 9110 §6.4.1


class Link(asyncio.Protocol):
    """Parses answers; closes at the first byte that belongs to none."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream, self.limits, self.url = upstream, upstream.limits, upstream.url
        self.loop = asyncio.get_running_loop()
        self._parser = upstream.parsers.HttpResponseParser(self)
        self._transport = cast("asyncio.Transport", None)
        self._answer: Answer | None = None
        self._is_lost = self._is_spoilt = False
        self._is_free = self.is_used = self.was_sent = self.has_spoken = False
        self.at = self._begun = self.loop.time()
        self._is_interim = self._to_the_end = False
        self._head_size = 0
        self._headers: list[tuple[bytes, bytes]] = []

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return not (self._is_lost or self._is_spoilt or self._transport.is_closing())

    def send(self, data: bytes) -> Answer:
        """Sends one request."""
        answer = self._answer = Answer(self)
        self.is_used = self.was_sent = self.is_usable
        self.has_spoken = self._to_the_end = self._is_interim = self._is_free = False
        self._head_size = 0
        self.at = self._begun = self.loop.time()
        if self.was_sent:
            self._transport.write(data)
        else:
            self._fail("the upstream closed the connection")
        return answer

    def abort(self) -> None:
        """Closes at once."""
        self._is_spoilt = True
        if self._transport is not None:  # pyright: ignore[reportUnnecessaryComparison] - before it is connected
            self._transport.abort()

    def go_on(self) -> None:
        """The answer was read so far: more may come."""
        self.at = self.loop.time()
        if not self._is_lost and not self._transport.is_closing():
            self._transport.resume_reading()

    def sweep(self, now: float) -> None:
        """Looks at the deadlines of the exchange."""
        answer = self._answer
        if answer is None:
            return
        if now - self._begun > self.limits.total_s:
            self._late(f"the upstream was not done after {self.limits.total_s:g} s")
        elif not answer.is_held and now - self.at > self.limits.read_s:
            self._late(f"the upstream was silent for {self.limits.read_s:g} s")

    def _late(self, said: str) -> None:
        if self._answer is not None:
            self._answer.fail(UpstreamLate(said, where=self.url))
            self._answer = None
        self.abort()

    def _fail(self, said: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.fail(UpstreamFailed(said, where=self.url))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: the upstream is there."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's: the upstream is gone. An answer of unannounced length ends so (RFC 9112 §6.3, rule 8)."""
        self._is_lost = True
        if self._answer is not None:
            if exc is None and self._answer.is_headed and self._to_the_end and not self._is_spoilt:
                self._done()
            else:
                self._fail("the upstream broke off" if self.has_spoken else "the upstream closed without an answer")
        self._upstream.lost(self)

    def data_received(self, data: bytes) -> None:
        """Asyncio's: bytes from the upstream."""
        self.at = self.loop.time()
        if self._answer is None:
            self.abort()  # nobody asked: it must not become the answer to the next question
            return
        self.has_spoken = True
        try:
            self._parser.feed_data(data)
        except self._upstream.parsers.HttpParserUpgrade:
            self._spoil("the upstream changed the protocol")
        except self._upstream.parsers.HttpParserError as exc:
            cause = exc.__context__
            self._spoil(str(cause) if isinstance(cause, _Unusable) else "the upstream does not speak HTTP/1.1")
        else:
            self._after(len(data))

    def _after(self, size: int) -> None:
        if self._is_free:  # only now: a byte behind the answer would have spoilt it
            self._is_free = False
            self._upstream.released(self)
        elif self._answer is not None and not self._answer.is_headed:
            self._head_size += size
            if self._head_size > 2 * self.limits.reply_head_bytes:
                self._spoil("the upstream's header section is too large")

    def _spoil(self, said: str) -> None:
        self._fail(said)
        self.abort()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """The parser's: an answer begins."""
        if self._answer is None or (self._answer.is_headed and not self._is_interim):
            raise _Unusable("the upstream answered what was not asked")
        self._is_interim = False
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's: a header; of a trailer section nothing is kept."""
        if self._answer is None or self._answer.is_headed:
            return
        self._headers.append((name.lower(), value.rstrip(b" \t")))
        self._head_size += len(name) + len(value) + 4
        if len(self._headers) > self.limits.reply_headers or self._head_size > self.limits.reply_head_bytes:
            raise _Unusable("the upstream's header section is too large")

    def on_headers_complete(self) -> None:
        """The parser's: the header section is whole."""
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise _Unusable("the upstream changed the protocol")
            self._is_interim = True
            return
        names = [name for name, _ in self._headers]
        if names.count(b"content-type") > 1 or names.count(b"content-encoding") > 1:
            raise _Unusable("the upstream says two different things of its reply's form")
        coding = [value for name, value in self._headers if name == b"transfer-encoding"]
        if coding and [v.lower() for v in coding] != [b"chunked"]:
            raise _Unusable("the upstream's transfer coding is unknown")
        answer = self._answer
        if answer is None:
            raise _Unusable("the upstream answered what was not asked")
        self._to_the_end = not coding and b"content-length" not in names and status not in _NO_BODY
        answer.status, answer.headers, answer.is_headed = status, self._headers, True
        answer.wake()

    def on_body(self, data: bytes) -> None:
        """The parser's: a part of the body."""
        if self._answer is not None:
            if self._answer.put(data):
                self._transport.pause_reading()
            self._answer.wake()

    def on_message_complete(self) -> None:
        """The parser's: the answer is whole."""
        if self._is_interim:
            return
        keeps = self._parser.should_keep_alive() and not self._to_the_end
        is_held = self._answer is not None and self._answer.is_held
        self._done()
        if is_held:
            self._transport.resume_reading()
        self._is_free = keeps and self.is_usable and self._transport.get_write_buffer_size() == 0
        if not self._is_free:
            self.abort()

    def _done(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.done()


class _Unusable(Exception):
    """What the upstream sent cannot be an answer."""
