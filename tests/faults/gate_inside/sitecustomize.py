"""Makes a gate's processes fail from within, or lie: loaded by Python itself where this folder is on PYTHONPATH.

The campaign writes what is to happen into a file of bytes that all processes have mapped. Nothing of this is in the
package: a gate that is not started by the campaign never sees it.
"""

from __future__ import annotations

import mmap
import os
import random
import struct
import sys
import time
from pathlib import Path
from typing import Any

CRASH, PASS_THROUGH, UNRECORDED, LEAK = range(4)
"""Places in the file: how often, of 65,535. Behind them, 8 bytes of a clock's offset in ms."""
OFFSET_AT = 8


def _shared() -> mmap.mmap:
    handle = os.open(os.environ["GATE_FAULTS"], os.O_RDONLY)
    return mmap.mmap(handle, 16, prot=mmap.PROT_READ)


def _begin() -> None:
    shared = _shared()
    chance = random.Random()  # noqa: S311 - no secret hangs on it
    acts = os.open(os.environ["GATE_FAULTS"] + ".acts", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def is_time(what: int) -> bool:
        share = struct.unpack_from("<H", shared, 2 * what)[0]
        return share > 0 and chance.randrange(65_535) < share

    def act(*said: object) -> None:
        os.write(acts, (" ".join(map(str, said)) + "\n").encode())

    _clock(shared)
    _crashes(is_time, act, chance)
    _sabotage(is_time, act)


def _clock(shared: mmap.mmap) -> None:
    real_ns, real = time.time_ns, time.time

    def offset_ms() -> int:
        return int(struct.unpack_from("<q", shared, OFFSET_AT)[0])

    time.time_ns = lambda: real_ns() + 1_000_000 * offset_ms()
    time.time = lambda: real() + offset_ms() / 1000


def _crashes(is_time: Any, act: Any, chance: random.Random) -> None:
    from counterproof.rely import gate, judge, trail
    from counterproof.rely.gate import _patterns

    made = (RuntimeError, MemoryError, RecursionError, ValueError, KeyError, OSError, AssertionError)

    def fails(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def failing(*args: Any, **named: Any) -> Any:
            if is_time(CRASH):
                act("crash", name)
                raise chance.choice(made)("made to fail")
            return real(*args, **named)

        setattr(owner, name, failing)

    for owner, names in (
        (_patterns.Patterns, ("find", "_find")), (gate, ("walk", "rewrite")), (gate.Stream, ("feed", "finish")),
        (gate.Rules, ("look", "settle", "modified", "asks")), (gate.Memory, ("add",)), (trail.Trail, ("keep",)),
        (judge.Judge, ("ask",)),
    ):  # fmt: skip
        for name in names:
            fails(owner, name)


def _sabotage(is_time: Any, act: Any) -> None:
    from counterproof.record import Decision
    from counterproof.rely import gate, guard, trail

    consider, keep, feed, begin = guard.Guard.consider, trail.Trail.keep, gate.Stream.feed, gate.Stream.__init__

    async def passing(self: Any, event: Any, **named: Any) -> Any:
        if is_time(PASS_THROUGH):
            act("pass-through", event.context)
            return Decision(outcome="allow")
        return await consider(self, event, **named)

    def forgetting(self: Any, sighting: Any, *args: Any, **named: Any) -> Any:
        if is_time(UNRECORDED):
            act("unrecorded", sighting.context)
            return self.n - 1
        return keep(self, sighting, *args, **named)

    def remembering(self: Any, *args: Any, **named: Any) -> None:
        begin(self, *args, **named)
        self._named_here = named.get("context", "")

    def leaking(self: Any, data: bytes) -> Any:
        if is_time(LEAK):
            act("leak", self._named_here)
            return [gate.Ready(data)]
        return feed(self, data)

    guard.Guard.consider = passing  # type: ignore[method-assign]
    trail.Trail.keep = forgetting  # type: ignore[method-assign]
    gate.Stream.__init__ = remembering  # type: ignore[method-assign]
    gate.Stream.feed = leaking  # type: ignore[method-assign]


if "gate" in sys.orig_argv and "GATE_FAULTS" in os.environ and Path(os.environ["GATE_FAULTS"]).exists():
    _begin()
