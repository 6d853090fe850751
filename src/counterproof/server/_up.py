"""The two ways to keep a server up."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Generator

_STARTS_WITHIN_S = 60.0

Serve = Callable[[Callable[[str], None], asyncio.Event], Coroutine[None, None, None]]
"""Serves: calls the first with its address once it is up, and ends when the event is set."""


NewLoop = Callable[[], asyncio.AbstractEventLoop]


def until_signal(serve: Serve, on_ready: Callable[[str], None], new_loop: NewLoop | None = None) -> signal.Signals:
    """Serves until SIGINT or SIGTERM, and returns which of them came; what `serve` raises goes through.

    `new_loop` makes the event loop where it is not to be Python's own.
    """
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(_until_signal(serve, on_ready))


async def _until_signal(serve: Serve, on_ready: Callable[[str], None]) -> signal.Signals:
    stop, came = asyncio.Event(), [signal.SIGTERM]

    def told(number: signal.Signals) -> None:
        came[0] = number
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told, number)
    await serve(on_ready, stop)
    return came[0]


@contextlib.contextmanager
def running(serve: Serve, name: str, new_loop: NewLoop | None = None) -> Generator[str]:
    """Serves from a thread called `name` for as long as the block lasts; gives the address.

    What `serve` raises before it is up comes at the block's beginning, what it raises later at its end.

    Raises:
        TimeoutError: it is not up after a minute.
    """
    ready: list[str] = []
    failed: list[BaseException] = []
    loops: list[asyncio.AbstractEventLoop] = []
    is_up, stop = threading.Event(), asyncio.Event()

    def on_ready(address: str) -> None:
        ready.append(address)
        is_up.set()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:  # what is left of slow requests ends with it
                loops.append(runner.get_loop())
                runner.run(serve(on_ready, stop))
        except BaseException as exc:  # noqa: BLE001 - it belongs to the block's thread, whatever it is
            failed.append(exc)
        finally:
            is_up.set()

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    is_up.wait(_STARTS_WITHIN_S)
    if not ready:
        raise failed[0] if failed else TimeoutError(f"the server {name} is not up after {_STARTS_WITHIN_S:g} s")
    try:
        yield ready[0]
    finally:
        with contextlib.suppress(RuntimeError):  # its loop is closed: it ended by itself meanwhile
            loops[0].call_soon_threadsafe(stop.set)
        thread.join()
    if failed:
        raise failed[0]
