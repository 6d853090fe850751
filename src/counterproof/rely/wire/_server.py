"""The server: accepts, counts, sheds, looks at deadlines, and stops without cutting off what is in work."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
from collections.abc import Callable, Generator

from counterproof.rely.wire._door import Door
from counterproof.rely.wire._head import Refused
from counterproof.rely.wire._limits import Limits
from counterproof.rely.wire._message import Counts, Handler, Hooks, Out, Request
from counterproof.rely.wire._need import parsers

_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_ABORTS_WITHIN_S = 5.0
_COLLECT_EVERY = 50_000


class Server:
    """Serves one handler; may be told to stop once."""

    def __init__(self, handler: Handler, limits: Limits | None = None, hooks: Hooks | None = None) -> None:
        self._handler, self.limits, self._hooks = handler, limits or Limits(), hooks or Hooks()
        self.counts = Counts()
        self.parsers = parsers()
        self.is_draining = False
        self._doors: set[Door] = set()
        self._change: asyncio.Future[None] | None = None

    async def serve(
        self,
        address: tuple[str, int],
        on_ready: Callable[[str], None],
        stop: asyncio.Event,
        *,
        reuse_port: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Serves until the event is set; requests in work then have `drain_s` to end.

        Port 0 takes a free one; `on_ready` gets the address. `reuse_port`: further processes share it (SO_REUSEPORT).

        Raises:
            OSError: the address cannot be listened on.
        """
        self.loop = asyncio.get_running_loop()
        host, port = address
        server = await self.loop.create_server(
            lambda: Door(self), host, port, reuse_port=reuse_port or None, ssl=tls, backlog=1024
        )
        taken = server.sockets[0].getsockname()
        name = f"[{taken[0]}]" if ":" in taken[0] else taken[0]
        sweeper = self.loop.create_task(self._sweep())
        try:
            on_ready(f"{'https' if tls else 'http'}://{name}:{taken[1]}")
            with _seldom_collected():
                await stop.wait()
        finally:
            server.close()
            await self._stop()
            sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeper

    async def _stop(self) -> None:
        self.is_draining = True
        for door in tuple(self._doors):
            door.drain()
        await self._emptied(self.limits.drain_s)
        for door in tuple(self._doors):
            door.abort()
        await self._emptied(_ABORTS_WITHIN_S)

    async def _emptied(self, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._doors:
                    self._change = self.loop.create_future()
                    await self._change

    async def _sweep(self) -> None:
        every = self.limits.sweep_s()
        while True:
            await asyncio.sleep(every)
            now = self.loop.time()
            for door in tuple(self._doors):
                door.sweep(now)

    def entered(self, door: Door) -> bool:
        """Counts a connection; False where there are too many, or the server stops."""
        self._doors.add(door)
        self.counts.connections += 1
        return len(self._doors) <= self.limits.connections and not self.is_draining

    def left(self, door: Door) -> None:
        """Forgets a connection, of which nothing is in work any more."""
        self._doors.discard(door)
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def answer(self, request: Request, out: Out) -> bool:
        """Has one request answered; whether the connection is to close after it."""
        counts = self.counts
        counts.requests += 1
        if counts.in_work >= self.limits.requests:
            self.refuse(out, Refused(503, "Too many requests are in work."), request.path)
            return out.is_last
        counts.in_work += 1
        try:
            await self._handler(request, out)
            if not out.is_ended:
                raise RuntimeError("the handler ended without an answer")  # noqa: TRY301 - handled as its failure
        except Exception as exc:  # noqa: BLE001 - whatever fails in a handler ends this request and no other
            self._failed(exc, out, request.path)
        finally:
            counts.in_work -= 1
        return out.is_last

    def refuse(self, out: Out, refused: Refused, path: str = "") -> None:
        """Answers with an error of the server's own."""
        self.counts.refused[refused.status] = self.counts.refused.get(refused.status, 0) + 1
        headers = [_JSON]
        if refused.status == 503:
            self.counts.shed += 1
            headers.append((b"retry-after", b"1"))
            with contextlib.suppress(Exception):  # the refusal stands, whoever fails to note it
                self._hooks.on_shed(refused.said)
        out.reply(refused.status, headers, self._hooks.words(refused.status, refused.said, path))

    def _failed(self, exc: Exception, out: Out, path: str) -> None:
        self.counts.faults += 1
        with contextlib.suppress(Exception):  # the request fails all the same
            self._hooks.on_fault(exc)
        if out.is_gone:
            out.is_last = True
        elif out.is_begun:
            out.cut()
        else:
            self.refuse(out, Refused(500, "The gate failed; nothing was passed on."), path)


@contextlib.contextmanager
def _seldom_collected() -> Generator[None]:
    """Cycles of garbage are looked for seldom, and not among what was there before: a search halts every request."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def serve(
    handler: Handler,
    address: tuple[str, int],
    on_ready: Callable[[str], None],
    stop: asyncio.Event,
    *,
    limits: Limits | None = None,
    hooks: Hooks | None = None,
    reuse_port: bool = False,
) -> None:
    """`Server(handler, limits, hooks).serve(...)`: fits `counterproof.server` once its first two are bound."""
    await Server(handler, limits, hooks).serve(address, on_ready, stop, reuse_port=reuse_port)
