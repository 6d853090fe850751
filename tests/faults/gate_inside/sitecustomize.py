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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterproof.record import Decision, Event, Sighting
    from counterproof.rely import gate, guard, trail

CRASH, PASS_THROUGH, UNRECORDED, LEAK = range(4)
"""Places in the file: how often, of 65,535. Behind them, 8 bytes of a clock's offset in ms."""
OFFSET_AT = 8
ERRORS = (RuntimeError, MemoryError, RecursionError, ValueError, KeyError, OSError, AssertionError)


@dataclass
class Orders:
    """What the campaign wants, and a file in which is noted what was done."""

    shared: mmap.mmap
    acts: int
    chance: random.Random = field(default_factory=random.Random)

    def is_time(self, what: int) -> bool:
        """Whether it is to happen now."""
        share: int = struct.unpack_from("<H", self.shared, 2 * what)[0]
        return share > 0 and self.chance.randrange(65_535) < share

    def offset_ms(self) -> int:
        """By how much the clock is wrong."""
        return int(struct.unpack_from("<q", self.shared, OFFSET_AT)[0])

    def act(self, *said: str) -> None:
        """Notes what is done."""
        os.write(self.acts, (" ".join(said) + "\n").encode())


def _clock(orders: Orders) -> None:
    real_ns, real = time.time_ns, time.time
    time.time_ns = lambda: real_ns() + 1_000_000 * orders.offset_ms()
    time.time = lambda: real() + orders.offset_ms() / 1000


def _crashes(orders: Orders) -> None:
    from counterproof.rely import gate, judge, trail  # noqa: PLC0415 - only in a gate's process
    from counterproof.rely.gate import _patterns  # noqa: PLC0415 - same

    places: tuple[tuple[object, tuple[str, ...]], ...] = (
        (_patterns.Patterns, ("find", "_find")), (gate, ("walk", "rewrite")), (gate.Stream, ("feed", "finish")),
        (gate.Rules, ("look", "settle", "modified", "asks")), (gate.Memory, ("add",)), (trail.Trail, ("keep",)),
        (judge.Judge, ("ask",)),
    )  # fmt: skip
    for owner, names in places:
        for name in names:
            setattr(owner, name, _failing(orders, name, getattr(owner, name)))


def _failing(orders: Orders, name: str, real: Callable[..., object]) -> Callable[..., object]:
    def failing(*args: object, **named: object) -> object:
        if orders.is_time(CRASH):
            orders.act("crash", name)
            raise orders.chance.choice(ERRORS)("made to fail")
        return real(*args, **named)

    return failing


def _passes_through(orders: Orders) -> None:
    from counterproof.record import Decision  # noqa: PLC0415 - only in a gate's process
    from counterproof.rely import guard  # noqa: PLC0415 - same

    real = guard.Guard.consider

    async def passing(self: guard.Guard, event: Event, *, has_people: bool = False) -> Decision:
        if orders.is_time(PASS_THROUGH):
            orders.act("pass-through", event.context, event.kind)
            return Decision(outcome="allow")
        return await real(self, event, has_people=has_people)

    setattr(guard.Guard, "consider", passing)  # noqa: B010 - a method is not assigned to


def _forgets(orders: Orders) -> None:
    from counterproof.rely import trail  # noqa: PLC0415 - only in a gate's process

    real: Callable[..., int] = trail.Trail.keep

    def forgetting(self: trail.Trail, sighting: Sighting, *args: object, **named: object) -> int:
        if orders.is_time(UNRECORDED):
            orders.act("unrecorded", sighting.context, sighting.kind)
            return self.n - 1
        return real(self, sighting, *args, **named)

    setattr(trail.Trail, "keep", forgetting)  # noqa: B010 - a method is not assigned to


def _leaks(orders: Orders) -> None:
    from counterproof.rely import gate  # noqa: PLC0415 - only in a gate's process

    begin: Callable[..., None] = gate.Stream.__init__
    feed: Callable[..., object] = gate.Stream.feed
    names: dict[int, str] = {}

    def begun(self: gate.Stream, *args: object, **named: object) -> None:
        begin(self, *args, **named)
        names[id(self)] = str(named.get("context", ""))

    def leaking(self: gate.Stream, data: bytes) -> object:
        if orders.is_time(LEAK):
            orders.act("leak", names[id(self)], "span")
            return [gate.Ready(data)]
        return feed(self, data)

    setattr(gate.Stream, "__init__", begun)  # noqa: B010 - a method is not assigned to
    setattr(gate.Stream, "feed", leaking)  # noqa: B010 - same


def _begin(path: str) -> None:
    shared = mmap.mmap(os.open(path, os.O_RDONLY), 16, prot=mmap.PROT_READ)
    orders = Orders(shared, os.open(f"{path}.acts", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    for prepare in (_clock, _crashes, _passes_through, _forgets, _leaks):
        prepare(orders)


if "gate" in sys.orig_argv and Path(os.environ.get("GATE_FAULTS", "/")).is_file():
    _begin(os.environ["GATE_FAULTS"])
