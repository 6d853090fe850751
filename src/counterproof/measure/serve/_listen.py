"""Where a target is served, and the two ways to serve it: until a signal, or for as long as a block lasts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterproof import errors, server
from counterproof.measure.serve._batch import Target

if TYPE_CHECKING:
    from counterproof.measure.serve._app import Served

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where and for whom. None of it changes a reply, `seed` excepted: of sampled requests that name no seed.

    `port` 0 is any free one. A request needs `key` where there is one. `also_called` are further names of the target.
    """

    host: str = LOOPBACK
    port: int = 0
    key: str = field(default="", repr=False)
    seed: int = 0
    also_called: tuple[str, ...] = ()
    most_waiting: int = 4_096
    most_together: int = 288
    most_bytes: int = 256 * 1024
    reads_within_s: float = 30.0
    stops_within_s: float = 5.0

    @property
    def is_private(self) -> bool:
        """Whether only this machine can ask."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"


def run(target: Target, listen: Listen, on_ready: Callable[[str], None]) -> signal.Signals:
    """Serves until SIGINT or SIGTERM, answers what it is at, and returns which of them came.

    `on_ready` gets the base URL, `http://.../v1`.

    Raises:
        BadOption: the host or the port cannot be had.
    """
    return server.until_signal(lambda ready, stop: _until(target, listen, ready, stop), on_ready)


def running(target: Target, listen: Listen | None = None) -> AbstractContextManager[str]:
    """Serves from a thread for as long as the block lasts; gives the base URL.

    Raises:
        BadOption: the host or the port cannot be had.
    """
    within = listen or Listen()
    return server.running(lambda ready, stop: _until(target, within, ready, stop), "serve")


async def _until(
    target: Target, listen: Listen, on_ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    from counterproof.measure.serve._app import Served  # noqa: PLC0415 - loads aiohttp

    served = Served(target, listen)
    try:
        on_ready(await _started(served, listen))
        await stop.wait()
    finally:
        await served.stop()


async def _started(served: Served, listen: Listen) -> str:
    try:
        return await served.start()
    except (OSError, UnicodeError) as exc:
        if not isinstance(exc, OSError) or isinstance(exc, socket.gaierror) or exc.errno == errno.EADDRNOTAVAIL:
            what = f"{listen.host[:100]!r} is no address of this machine"
            raise errors.BadOption(what, where="--host", mend=f"leave it out for {LOOPBACK}") from exc
        what = f"cannot listen at {listen.host}, port {listen.port} ({exc.strerror})"
        raise errors.BadOption(what, where="--port", mend="name another one, or 0 for any that is free") from exc
