"""The time by which a gate remembers: it only goes forward, whatever happens to the machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970."""


def steady() -> Clock:
    """A clock set once, now, that then goes by the machine's monotonic time: it does not see the wall clock jump."""
    began_ms = time.time_ns() // 1_000_000 - time.monotonic_ns() // 1_000_000

    def now_ms() -> int:
        return began_ms + time.monotonic_ns() // 1_000_000

    return now_ms
