"""Attack 6: two requests race at a witness, A for N entries and B for N+K (C2SP tlog-witness, add-checkpoint).

Whichever way they interleave, it must never go back to fewer entries or to another tree of one size. Two witnesses on
one file stand for two processes; the real two processes follow below.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from unittest import mock

import pytest

from counterproof import note
from counterproof.publish import witness
from counterproof.publish.witness import _store as stores
from tests.publish.witness.toy_log import ToyLog, hashed, unlimited

INTERLEAVINGS, CONTROL = 10_000, 300
HONEST, FORKED = ToyLog(), ToyLog(fork=3)
_T = TypeVar("_T")
Roots = dict[int, set[bytes]]


class Pausing(stores.Store):
    """Between looking and keeping, often stops for a moment, so that the other has every occasion to come between."""

    def swap(self, origin: str, decide: Callable[[stores.Held | None], stores.Held | _T]) -> stores.Held | _T:
        return super().swap(origin, lambda held: paused(decide(held)))


class Racing(stores.Store):
    """The control: looks, decides, and keeps what it decided, each by itself."""

    def swap(self, origin: str, decide: Callable[[stores.Held | None], stores.Held | _T]) -> stores.Held | _T:
        given = paused(decide(self.latest(origin)))
        if isinstance(given, stores.Held):
            super().swap(origin, lambda _: given)
        return given


def paused(given: _T) -> _T:
    time.sleep(random.choice((0.0, 0.0002, 0.0005)))
    return given


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory where there is some: 20,000 commits."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of a random name below it
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns a thousand times as often as is usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


def load(folder: Path) -> witness.Witness:
    return witness.load(folder, [HONEST.verifier], limit=unlimited())


def held(seer: witness.Witness) -> int:
    answer = seer.latest(hashed(HONEST.origin))
    return int(note.split(answer.body)[0].split(b"\n")[1]) if answer.status == 200 else 0


def race(folder: Path, rounds: int) -> list[str]:
    """What went wrong in so many races of two."""
    seers, draw, wrong, size = (load(folder), load(folder)), random.Random(6), list[str](), 0
    roots: Roots = {}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(rounds):
            first, more = size + draw.randrange(1, 4), draw.randrange(4)
            asked = [(HONEST, first), (draw.choice((HONEST, FORKED)), first + more)]
            draw.shuffle(asked)
            start = threading.Barrier(2)
            bodies = [log.request(size, new) for log, new in asked]

            def ask(
                which: int, start: threading.Barrier = start, bodies: list[bytes] = bodies
            ) -> witness.Answer:
                start.wait()
                return seers[which].add_checkpoint(bodies[which])

            answers = list(pool.map(ask, (0, 1)))
            for (log, new), answer in zip(asked, answers, strict=True):
                if answer.status == 200:
                    roots.setdefault(new, set()).add(log.checkpoint(new).root)
            now = held(seers[0])
            if now < max(roots, default=0):
                wrong.append(f"cosigned {max(roots)}, and has {now}")
            if now < size:
                wrong.append(f"went back from {size} to {now}")
            size = now
    for seer in seers:
        seer.close()
    return wrong + [f"two trees of {at}" for at, found in roots.items() if len(found) > 1]


@pytest.mark.slow
@pytest.mark.usefixtures("often")
def test_ten_thousand_interleavings_never_lead_back(place: Path) -> None:
    witness.new(place / "w", "witness.example/w")

    with mock.patch.object(stores, "Store", Pausing):
        assert race(place / "w", INTERLEAVINGS) == []


@pytest.mark.usefixtures("often")
def test_a_witness_that_looks_first_and_keeps_later_is_caught(place: Path) -> None:
    witness.new(place / "control", "witness.example/control")
    with sqlite3.connect(place / "control" / "witness.sqlite") as db:
        db.execute("DROP TRIGGER never_back")
    db.close()

    with mock.patch.object(stores, "Store", Racing):
        assert len(race(place / "control", CONTROL)) > CONTROL // 20


def _hammer(folder: Path, seed: int, rounds: int) -> Roots:
    """One process that shows one of two histories, going on from whatever size the witness names."""
    log, draw, size, cosigned = (HONEST, FORKED)[seed % 2], random.Random(seed), 0, Roots()
    seer = load(folder)
    for _ in range(rounds):
        new = size + draw.randrange(5)
        answer = seer.add_checkpoint(log.request(size, new))
        if answer.status == 200:
            cosigned.setdefault(new, set()).add(log.checkpoint(new).root)
            size = new
        elif answer.status == 409:
            size = int(answer.body)
    seer.close()
    return cosigned


@pytest.mark.slow
def test_processes_on_one_file_agree_on_one_history(place: Path) -> None:
    witness.new(place / "w", "witness.example/w")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.starmap(_hammer, [(place / "w", seed, 1_500) for seed in range(4)], 1)

    merged: Roots = {}
    for cosigned in found:
        for size, roots in cosigned.items():
            merged.setdefault(size, set()).update(roots)
    seer = load(place / "w")
    assert [size for size, roots in merged.items() if len(roots) > 1] == []
    assert held(seer) == max(merged)
    logs = [log for log in (HONEST, FORKED) if all(log.checkpoint(size).root in merged[size] for size in merged)]
    assert len(logs) == 1, "all that was cosigned is of one history"
    assert len(merged) > 100
    seer.close()
