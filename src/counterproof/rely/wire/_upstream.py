"""The client towards the upstream: few connections kept open, a queue before them, a deadline on everything."""

from __future__ import annotations

import asyncio
import os
import ssl
import urllib.parse
from collections import deque

from counterproof.errors import BadOption
from counterproof.rely.wire._answer import Answer, UpstreamBusy, UpstreamFailed, UpstreamLate
from counterproof.rely.wire._head import Headers, section
from counterproof.rely.wire._limits import Limits
from counterproof.rely.wire._link import Link
from counterproof.rely.wire._need import parsers

_REPEATABLE = frozenset({"GET", "PUT", "DELETE", "OPTIONS"})  # RFC 9110 §9.2.2; HEAD is not asked here
_NOT_ASKED = frozenset({"HEAD", "CONNECT", "TRACE"})


class Upstream:
    """One server behind the gate. Belongs to the event loop that it is first used in.

    Raises:
        BadOption: the address is not `http://` or `https://` with a host.
    """

    def __init__(self, url: str, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.url, self.limits, self.parsers = url, limits or Limits(), parsers()
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as exc:
            raise BadOption(f"{exc}", where="upstream", mend="give http://host:port") from exc
        if parts.username or parts.password:
            what = "what holds a name or password is no address of an upstream"
            raise BadOption(what, where="upstream", mend="give http://host:port, and the key by its option")
        is_plain = url.isascii() and url.isprintable() and " " not in url
        if not is_plain or parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise BadOption(f"{url!r} is no address of an upstream", where="upstream", mend="give http://host:port")
        self._host, self._port, self._prefix = parts.hostname, port, parts.path.rstrip("/")
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._rest = b"host: %b\r\naccept-encoding: identity\r\n" % _host_header(parts)
        self._idle: dict[Link, None] = {}
        self._links: set[Link] = set()
        self._open = 0
        self._waiting: deque[asyncio.Future[Link | None]] = deque()
        self._tick: asyncio.TimerHandle | None = None

    async def ask(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """Sends one request and gives the answer as soon as its header section is there.

        `headers` without framing, host or accept-encoding, which are set here (identity is asked for). A request on a
        kept connection that closed before a byte came back is repeated once where its method is repeatable.

        Raises:
            UpstreamFailed: it cannot be reached, breaks off, or does not speak HTTP (`UpstreamLate`: in time;
                `UpstreamBusy`: too many wait already).
            ValueError: a header or the target holds a line break.
        """
        if method in _NOT_ASKED or not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError("a method or target that cannot be asked of an upstream")
        start = f"{method} {self._prefix}{target} HTTP/1.1\r\n".encode()
        rest = self._rest if not body and method == "GET" else b"%bcontent-length: %d\r\n" % (self._rest, len(body))
        data = section(start, headers, rest) + body
        while True:
            link = await self._acquire()
            was_used = link.is_used
            answer = link.send(data)
            try:
                await answer.headed()
            except asyncio.CancelledError:
                answer.close()
                raise
            except UpstreamFailed:
                if not link.was_sent or (was_used and not link.has_spoken and method in _REPEATABLE):
                    self._drop_idle()
                    continue
                raise
            return answer

    def close(self) -> None:
        """Closes every connection; what is in work fails."""
        for link in tuple(self._links):
            link.abort()
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None

    @property
    def open_connections(self) -> int:
        """How many connections are open or being opened."""
        return self._open

    async def _acquire(self) -> Link:
        now = asyncio.get_running_loop().time()
        while self._idle:
            link = self._idle.popitem()[0]
            if link.is_usable and now - link.at < self.limits.upstream_idle_s:
                return link
            link.abort()
        if self._open < self.limits.upstream_connections:
            self._open += 1
            return await self._connect()
        if len(self._waiting) >= self.limits.upstream_waiting:
            raise UpstreamBusy("too many requests wait for the upstream", where=self.url)
        return await self._wait() or await self._connect()

    async def _wait(self) -> Link | None:
        mine: asyncio.Future[Link | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(self.limits.upstream_wait_s):
                return await mine
        except (TimeoutError, asyncio.CancelledError) as exc:
            if mine.done() and not mine.cancelled():  # it came at the same moment: to whoever is next
                self._pass_on(mine.result())
            if isinstance(exc, TimeoutError):
                raise UpstreamBusy("no connection to the upstream came free in time", where=self.url) from exc
            raise

    def _pass_on(self, link: Link | None) -> None:
        if link is None:
            self._open -= 1
            self._next()
        else:
            self.released(link)

    async def _connect(self) -> Link:
        """Opens a connection; its place is counted already."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.connect_s):
                name = self._host if self._tls else None
                _, link = await loop.create_connection(
                    lambda: Link(self), self._host, self._port, ssl=self._tls, server_hostname=name
                )
        except BaseException as exc:
            self._open -= 1
            self._next()
            if isinstance(exc, TimeoutError):
                raise UpstreamLate("the upstream does not take connections in time", where=self.url) from exc
            if isinstance(exc, OSError):
                raise UpstreamFailed(f"the upstream takes no connection ({_why(exc)})", where=self.url) from exc
            raise
        self._links.add(link)
        if self._tick is None:
            self._tick = loop.call_later(self.limits.sweep_s(), self._sweep)
        return link

    def released(self, link: Link) -> None:
        """A link's: its exchange is over and it can take another."""
        while self._waiting:
            mine = self._waiting.popleft()
            if not mine.done():
                mine.set_result(link)
                return
        self._idle[link] = None

    def lost(self, link: Link) -> None:
        """A link's: it is closed."""
        if link in self._links:
            self._links.discard(link)
            self._idle.pop(link, None)
            self._open -= 1
            self._next()

    def _next(self) -> None:
        while self._waiting and self._open < self.limits.upstream_connections:
            mine = self._waiting.popleft()
            if not mine.done():
                self._open += 1
                mine.set_result(None)
                return

    def _drop_idle(self) -> None:
        for link in tuple(self._idle):
            link.abort()
        self._idle.clear()

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for link in tuple(self._links):
            if link in self._idle:
                if now - link.at > self.limits.upstream_idle_s:
                    del self._idle[link]
                    link.abort()
            else:
                link.sweep(now)
        self._tick = loop.call_later(self.limits.sweep_s(), self._sweep) if self._links else None


def _why(error: OSError) -> str:
    """Why there is no connection, without an address in it: a client is told."""
    if isinstance(error, ssl.SSLCertVerificationError):
        is_named = "match" in error.verify_message  # OpenSSL says the name that was asked for
        return f"its certificate does not hold: {'it is for another name' if is_named else error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason}"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else type(error).__name__


def _host_header(parts: urllib.parse.SplitResult) -> bytes:
    try:
        host = parts.netloc.encode("ascii")
    except UnicodeEncodeError:
        host = parts.netloc.encode("idna")
    if not host.decode("ascii").isprintable() or b" " in host:
        raise BadOption("the upstream's host cannot be written in a header", where="upstream", mend="correct it")
    return host
