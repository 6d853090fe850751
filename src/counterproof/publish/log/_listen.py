"""Where a log is served, and the two ways to serve it: until a signal, or for as long as a block lasts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from counterproof import errors, server
from counterproof.publish.log._folder import Folder
from counterproof.publish.log._writer import Gather


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where, and within which bounds.

    `period_s`: how long entries are collected before they are put in order together, `most_together` how many at most.
    `most_waiting`: entries under way in all (above: 503). `most_bytes`: of one request; `most_held_bytes`: of all that
    are under way (above: 503). `reads_within_s`: how long a body may take to arrive (408). `workers`: processes that
    check signatures.
    """

    host: str = "127.0.0.1"
    port: int = 0
    period_s: float = 1.0
    most_together: int = 16_384
    most_waiting: int = 65_536
    most_bytes: int = 8 << 20
    most_held_bytes: int = 256 << 20
    reads_within_s: float = 10.0
    stops_within_s: float = 15.0
    workers: int = 2


def run(folder: Folder, gather: Gather, listen: Listen, on_ready: Callable[[str], None]) -> signal.Signals:
    """Serves until SIGINT or SIGTERM, publishes what it had taken, and returns which of them came.

    `on_ready` gets the log's address.

    Raises:
        BadOption: the host or the port cannot be had.
        BadLog, NotVerified, StorageFailed: the writer cannot start, or had to stop; the process must end.
    """
    return server.until_signal(lambda ready, stop: _until(folder, gather, listen, ready, stop), on_ready)


def running(folder: Folder, gather: Gather, listen: Listen | None = None) -> AbstractContextManager[str]:
    """Serves from a thread for as long as the block lasts; gives the log's address.

    Raises:
        BadOption, BadLog, NotVerified, StorageFailed: as `run`.
    """
    within = listen or Listen()
    return server.running(lambda ready, stop: _until(folder, gather, within, ready, stop), "log")


async def _until(
    folder: Folder, gather: Gather, listen: Listen, on_ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    from counterproof.publish.log._http import Served  # noqa: PLC0415 - loads aiohttp

    served = Served(folder, gather, listen, stop)
    try:
        try:
            url = await served.start()
        except (OSError, UnicodeError) as exc:
            if isinstance(exc, errors.CounterproofError):
                raise
            raise errors.BadOption(
                f"cannot listen at {listen.host[:100]!r}, port {listen.port}: {exc}",
                where="--listen",
                mend="name an address of this machine and a free port, or port 0 for any",
            ) from exc
        on_ready(url)
        await stop.wait()
    finally:
        await served.stop()
    if served.failed:
        raise served.failed
