"""How often one log may ask, so that a log gone wild does not keep the others waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Limit:
    """A bucket per origin: `burst` requests at once, `per_s` more every second. Forgets nothing that it must know."""

    def __init__(self, per_s: float, burst: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._clock_s = per_s, burst, clock_s
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def may(self, origin: str) -> bool:
        """Whether one more is within the limit; counts it if so. Ask for known origins only: each takes memory."""
        now_s = self._clock_s()
        with self._lock:
            left, at_s = self._left.get(origin, (float(self._burst), now_s))
            left = min(float(self._burst), left + max(0.0, now_s - at_s) * self._per_s)
            is_within = left >= 1
            self._left[origin] = (left - is_within, now_s)
        return is_within
