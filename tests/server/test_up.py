"""A server is up for as long as a block lasts, or until a signal; what it raises reaches whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import pytest

from counterproof import server


def _serving(*, before: Exception | None = None, after: Exception | None = None) -> tuple[server.Serve, list[str]]:
    said: list[str] = []

    async def serve(on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
        if before:
            raise before
        said.append(threading.current_thread().name)
        on_ready("http://here")
        await stop.wait()
        said.append("stopped")
        if after:
            raise after

    return serve, said


def test_it_serves_for_as_long_as_the_block_lasts() -> None:
    serve, said = _serving()

    with server.running(serve, "of a test") as address:
        assert (address, said) == ("http://here", ["of a test"])

    assert said == ["of a test", "stopped"]


def test_what_keeps_it_from_starting_is_raised() -> None:
    serve, _ = _serving(before=ValueError("no port"))

    with pytest.raises(ValueError, match="no port"), server.running(serve, "of a test"):
        pytest.fail("it did not start")


def test_what_it_raises_at_its_end_is_not_lost() -> None:
    serve, said = _serving(after=OSError("the disk"))

    with pytest.raises(OSError, match="the disk"), server.running(serve, "of a test"):
        pass

    assert said[-1] == "stopped"


def test_one_that_ends_by_itself() -> None:
    async def serve(on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
        on_ready(f"http://{stop.is_set()}")

    with server.running(serve, "of a test") as address:
        assert address == "http://False"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_is_told(number: signal.Signals) -> None:
    serve, said = _serving()

    came = server.until_signal(serve, lambda _: os.kill(os.getpid(), number))

    assert came is number
    assert said[-1] == "stopped"
