"""What an upstream answered: its head at once, its body as it comes or whole, and how it failed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from counterproof.errors import TargetUnreachable
from counterproof.rely.wire._decode import coding_of, decoded
from counterproof.rely.wire._head import Refused

if TYPE_CHECKING:
    from counterproof.rely.wire._link import Link


class UpstreamFailed(TargetUnreachable):
    """The upstream gave no usable answer. `status`: what a client is told (RFC 9110 §15.6.3)."""

    status = 502


class UpstreamLate(UpstreamFailed):
    """The upstream did not answer in time."""

    status = 504


class UpstreamBusy(UpstreamFailed):
    """Too many requests wait for the upstream."""

    status = 503


class Answer:
    """One answer. Read it to its end or `close` it, else its connection stays taken."""

    __slots__ = (
        "_failed",
        "_is_held",
        "_link",
        "_pieces",
        "_size",
        "_wakes",
        "headers",
        "is_headed",
        "is_whole",
        "status",
    )

    def __init__(self, link: Link) -> None:
        self._link = link
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_headed = self.is_whole = False
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._is_held = False
        self._failed: UpstreamFailed | None = None
        self._wakes: asyncio.Future[None] | None = None

    def header(self, name: bytes) -> bytes:
        """The first header of that (lower-case) name; empty where there is none."""
        for found, value in self.headers:
            if found == name:
                return value
        return b""

    async def read(self) -> bytes:
        """The next bytes of the body as they came, empty at its end.

        Raises:
            UpstreamFailed: it broke off or stayed silent.
        """
        while not self._pieces:
            if self._failed is not None:
                raise self._failed
            if self.is_whole:
                return b""
            await self._more()
        piece = self._pieces.popleft() if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._is_held:
            self._is_held = False
            self._link.go_on()
        return piece

    async def whole(self) -> bytes:
        """The whole body, without its content coding, of which the header is dropped.

        Raises:
            UpstreamFailed: it broke off, stayed silent, is larger than `reply_bytes`, or is coded in an unknown way.
        """
        limit_bytes = self._link.limits.reply_bytes
        pieces: list[bytes] = []
        size = 0
        while not self.is_whole or self._pieces:
            piece = await self.read()
            pieces.append(piece)
            size += len(piece)
            if size > limit_bytes:
                self.close()
                raise UpstreamFailed(f"the reply is larger than {limit_bytes} bytes", where=self._link.url)
        if self._failed is not None:
            raise self._failed
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return self._plain(body, limit_bytes)

    def _plain(self, body: bytes, limit_bytes: int) -> bytes:
        said = self.header(b"content-encoding")
        if not said:
            return body
        try:
            coding = coding_of(said)
            body = decoded(coding, body, limit_bytes) if coding and body else body
        except Refused as exc:
            raise UpstreamFailed(f"the reply's content coding: {exc.said}", where=self._link.url) from exc
        self.headers = [pair for pair in self.headers if pair[0] != b"content-encoding"]
        return body

    def close(self) -> None:
        """Gives the rest up."""
        if not self.is_whole and self._failed is None:
            self.fail(UpstreamFailed("the answer was given up", where=self._link.url))
            self._link.abort()
        self._pieces.clear()

    async def headed(self) -> None:
        """Waits for the header section."""
        while not self.is_headed:
            if self._failed is not None:
                raise self._failed
            await self._more()

    async def _more(self) -> None:
        self._wakes = self._link.loop.create_future()
        await self._wakes

    # What the link calls.

    def wake(self) -> None:
        """Something changed."""
        if self._wakes is not None and not self._wakes.done():
            self._wakes.set_result(None)

    def put(self, piece: bytes) -> bool:
        """A piece of the body; whether it is enough for now."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._link.limits.ahead_bytes and not self._is_held:
            self._is_held = True
            return True
        return False

    @property
    def is_held(self) -> bool:
        """Whether the upstream waits for us."""
        return self._is_held

    def done(self) -> None:
        """All of it has come; the link is no longer this answer's."""
        self.is_whole = True
        self._is_held = False
        self.wake()

    def fail(self, failed: UpstreamFailed) -> None:
        """No more will come, and what came is not whole."""
        if self._failed is None and not self.is_whole:
            self._failed = failed
            self.wake()
