"""Where a log is served, and the two ways to serve it: until a signal, or for as long as a block lasts."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass

from counterproof import errors
from counterproof.publish.log._folder import Folder
from counterproof.publish.log._writer import Gather

_STARTS_WITHIN_S = 60.0


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
    return asyncio.run(_until_signal(folder, gather, listen, on_ready))


@contextlib.contextmanager
def running(folder: Folder, gather: Gather, listen: Listen | None = None) -> Generator[str]:
    """Serves from a thread for as long as the block lasts; gives the log's address.

    Raises:
        BadOption, BadLog, NotVerified, StorageFailed: as `run`.
    """
    ready: list[str] = []
    failed: list[BaseException] = []
    loops: list[asyncio.AbstractEventLoop] = []
    is_up, stop = threading.Event(), asyncio.Event()

    def on_ready(url: str) -> None:
        ready.append(url)
        is_up.set()

    def work() -> None:
        try:
            with asyncio.Runner() as runner:  # what is left of slow requests ends with it
                loops.append(runner.get_loop())
                runner.run(_until(folder, gather, listen or Listen(), on_ready, stop))
        except BaseException as exc:  # noqa: BLE001 - it belongs to the block's thread, whatever it is
            failed.append(exc)
        finally:
            is_up.set()

    thread = threading.Thread(target=work, name="log", daemon=True)
    thread.start()
    is_up.wait(_STARTS_WITHIN_S)
    if not ready:
        raise failed[0]
    try:
        yield ready[0]
    finally:
        if thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it ended by itself meanwhile
                loops[0].call_soon_threadsafe(stop.set)
        thread.join()
    if failed:
        raise failed[0]


async def _until_signal(
    folder: Folder, gather: Gather, listen: Listen, on_ready: Callable[[str], None]
) -> signal.Signals:
    stop, came = asyncio.Event(), [signal.SIGTERM]

    def told(number: signal.Signals) -> None:
        came[0] = number
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told, number)
    await _until(folder, gather, listen, on_ready, stop)
    return came[0]


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
