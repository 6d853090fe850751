"""Where a witness is served, and the two ways to serve it: until a signal, or for as long as a block lasts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from counterproof import errors, server
from counterproof.publish.witness._cosigning import Witness


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where, how many requests may wait for the disk (above: 503), and how long a body may take to arrive (408)."""

    host: str = "127.0.0.1"
    port: int = 0
    most_waiting: int = 64
    reads_within_s: float = 5.0
    stops_within_s: float = 5.0


def run(witness: Witness, listen: Listen, on_ready: Callable[[str], None]) -> signal.Signals:
    """Serves until SIGINT or SIGTERM, answers what it is at, and returns which of them came.

    `on_ready` gets the URL prefix for policies.

    Raises:
        BadOption: the host or the port cannot be had.
        StorageFailed: the record cannot be kept; the process must end.
    """
    return server.until_signal(lambda ready, stop: _until(witness, listen, ready, stop), on_ready)


def running(witness: Witness, listen: Listen | None = None) -> AbstractContextManager[str]:
    """Serves from a thread for as long as the block lasts; gives the URL prefix.

    Raises:
        BadOption: the host or the port cannot be had.
        StorageFailed: at the block's end, where the record could not be kept within it.
    """
    within = listen or Listen()
    return server.running(lambda ready, stop: _until(witness, within, ready, stop), "witness")


async def _until(witness: Witness, listen: Listen, on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
    from counterproof.publish.witness._http import Served  # noqa: PLC0415 - loads aiohttp

    served = Served(witness, listen, stop)
    try:
        try:
            url = await served.start()
        except (OSError, UnicodeError) as exc:
            raise errors.BadOption(
                f"cannot listen at {listen.host[:100]!r}, port {listen.port}: {exc}", where="--listen",
                mend="name an address of this machine and a free port, or port 0 for any",
            ) from exc
        on_ready(url)
        await stop.wait()
    finally:
        await served.stop()
    if served.failed:
        raise served.failed
