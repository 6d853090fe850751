"""An event loop in a thread of its own, for an answer that many connections work on at once.

It lives as long as the endpoint, so that connections stay open between batches, and it stands apart from any loop that
the caller's thread may be running.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")
_LAST_WORD_S = 5.0


class Loop:
    """Runs coroutines; starts with the first of them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[object, object, T]) -> T:
        """What the coroutine gives or raises. Interrupted while it waits, it cancels the work first."""
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
                concurrent.futures.wait([future], timeout=_LAST_WORD_S)
            raise

    def stop(self, last: Coroutine[object, object, object] | None = None) -> None:
        """Runs one last coroutine and ends the thread."""
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            if last is not None:
                last.close()
            return
        ending = asyncio.run_coroutine_threadsafe(_ended(last, loop), loop)
        # Garbage may be collected on the loop's own thread, which cannot wait for itself.
        if thread is not threading.current_thread():
            if concurrent.futures.wait([ending], timeout=_LAST_WORD_S).not_done:
                loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=_LAST_WORD_S)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_work, args=(self._loop,), name="endpoint", daemon=True)
            self._thread.start()
        return self._loop


def _work(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _ended(last: Coroutine[object, object, object] | None, loop: asyncio.AbstractEventLoop) -> None:
    try:
        if last is not None:
            await last
    finally:
        loop.call_soon(loop.stop)  # what is done by then is told before it stops
