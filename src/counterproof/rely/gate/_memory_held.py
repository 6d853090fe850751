"""What is held of one anchor: counters that decay, sketches of two half windows, the K highest-signal fragments.

Time is the memory's own, in half lives. A fragment's place is `log2(weight) + born`, which orders fragments as their
decayed weights would at any time (forward decay, Cormode et al. 2009), so nothing is recomputed as time goes by.
"""

from __future__ import annotations

from copy import copy
from heapq import heapify, heappush, heapreplace
from math import log2

import msgspec

LIVES = 2.0
"""Half lives per window: what is a window old has come down to a quarter, and is then forgotten."""
_SWEEP = LIVES / 16
_RAISE = 0.25
SLOWER = 8.0
_SHRINK = 1.0


def ripeness(age: float) -> float:
    """Which share of a long past a memory of this age (in half lives) can have seen; at least 0.02."""
    seen: float = (SLOWER * (1.0 - 0.5 ** (age / SLOWER)) - (1.0 - 0.5**age)) / (SLOWER - 1.0)
    return max(0.02, seen)


def fresh_at(at: float) -> Held:
    """Of an anchor that was never seen."""
    return Held(at, int(at), at)


class Held(msgspec.Struct, gc=False):
    """One anchor's state. Counts are as of `at`; `fresh`: events since others were last told.

    `total`: sum of the K highest fragments. `fast`, `slow`: what that sum has gained, decayed as everything is and
    `SLOWER` times as slowly; their difference is the sum's own past, in which what is recent hardly counts. A hundred
    thousand of these are no work for the garbage collector: none can be part of a cycle.
    """

    at: float
    span: int
    swept: float
    events: float = 0.0
    total: float = 0.0
    fast: float = 0.0
    slow: float = 0.0
    contexts: int = 0
    identities: int = 0
    old_contexts: int = 0
    old_identities: int = 0
    fresh: int = 0
    fragments: dict[str, float] | None = None  # digest -> place
    heap: list[tuple[float, float, str]] | None = None  # (place, born, digest), the lowest first

    def age_to(self, at: float) -> int:
        """Lets the counters decay and turns to the next half window if it has come; how many fragments it forgot."""
        passed = at - self.at
        if passed <= 0.0:
            return 0
        kept = 0.5**passed
        self.events *= kept
        self.total *= kept
        if self.slow:
            self.fast *= kept
            self.slow *= 0.5 ** (passed / SLOWER)
        self.at = at
        span = int(at)
        if span != self.span:
            is_next = span == self.span + 1
            self.old_contexts = self.contexts if is_next else 0
            self.old_identities = self.identities if is_next else 0
            self.contexts = self.identities = 0
            self.span = span
        if self.heap is not None and at - self.swept > _SWEEP:
            return self._sweep(self.heap)
        return 0

    def lift(self, ripe: float) -> float:
        """How many times the signal is what this anchor's past leads to expect, shrunk towards 1 where both are small.

        `ripe`: which share of a long past the memory has seen, up to 1.
        """
        expected = (self.slow - self.fast) / (ripe * (SLOWER - 1.0))
        return (self.total + _SHRINK) / (max(0.0, expected) + _SHRINK)

    def aged(self, at: float) -> Held:
        """What `age_to` would make of it; this one stays as it is."""
        other = copy(self)
        other.heap = None if self.heap is None else list(self.heap)
        other.age_to(at)
        return other

    def keep(self, fragment: str, weight: float, born: float, k: int) -> int:
        """Keeps a fragment if it is among the K highest; returns by how many the fragments grew (0 or 1).

        A fragment counts once, however often it is seen: with its greatest weight, as of when that was last seen. What
        the sum gains is learned as this anchor's past.
        """
        if self.heap is None or self.fragments is None:
            self.heap, self.fragments = [], {}
        now = (log2(weight) + born, born, fragment)
        known = self.fragments.get(fragment)
        gained = 2.0 ** (now[0] - self.at)
        grown = 0
        if known is not None:
            if now[0] <= known + _RAISE:
                return 0
            self._raise(self.heap, now)
            gained -= 2.0 ** (known - self.at)
        elif len(self.heap) < k:
            grown = 1
            heappush(self.heap, now)
        elif now[0] > self.heap[0][0]:
            lost, _, least = heapreplace(self.heap, now)
            del self.fragments[least]
            gained -= 2.0 ** (lost - self.at)
        else:
            return 0
        self.fragments[fragment] = now[0]
        self.total += gained
        self.fast += gained
        self.slow += gained
        return grown

    def _raise(self, heap: list[tuple[float, float, str]], now: tuple[float, float, str]) -> None:
        heap[next(n for n, each in enumerate(heap) if each[2] == now[2])] = now
        heapify(heap)

    def _sweep(self, heap: list[tuple[float, float, str]]) -> int:
        """Forgets fragments that are a window old, and adds the rest up anew, so that no rounding gathers."""
        self.swept = at = self.at
        left = [each for each in heap if each[1] >= at - LIVES]
        lost = len(heap) - len(left)
        if lost:
            heapify(left)
            self.heap = left or None
            self.fragments = {fragment: place for place, _, fragment in left} or None
        self.total = sum(2.0 ** (place - at) for place, _, _ in left)
        return lost
