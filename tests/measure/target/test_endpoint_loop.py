"""The endpoint's event loop ends from wherever it is let go, its own thread included."""

from __future__ import annotations

import asyncio
import threading

from counterproof.measure.target._loop import Loop


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "endpoint"]


async def _thread() -> threading.Thread:
    return threading.current_thread()


def test_it_says_its_last_word_and_ends() -> None:
    loop, said = Loop(), list[str]()

    async def last() -> None:
        await asyncio.sleep(0)
        said.append("closed")

    thread = loop.run(_thread())
    loop.stop(last())

    assert said == ["closed"]
    assert not thread.is_alive()


def test_it_may_be_let_go_on_its_own_thread() -> None:
    """Garbage is collected on whichever thread allocates: there a finaliser cannot wait for its own thread to end."""
    loop, said = Loop(), list[str]()

    async def last() -> None:
        said.append("closed")

    async def let_go() -> threading.Thread:
        loop.stop(last())
        return threading.current_thread()

    thread = loop.run(let_go())
    thread.join(5)

    assert said == ["closed"]
    assert not thread.is_alive()


def test_one_that_never_ran_has_nothing_to_end() -> None:
    before = len(_threads())

    async def last() -> None:
        raise AssertionError

    Loop().stop(last())

    assert len(_threads()) == before
