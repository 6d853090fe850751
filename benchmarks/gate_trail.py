"""What it costs to keep a gate's decisions, and to compute them all again.

`python benchmarks/gate_trail.py`. Figures: 8 us of CPU per record, with heads signed and one fdatasync a second in the
background; 20,000 decisions audited per CPU second, the memory driven again. The yardstick is what cannot be saved: one
SHA-256 and one write(2) of such a line. Sightings have 2 and 18 anchors: a short call, and the chat that the memory
makes the most work of.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from counterproof import note, record
from counterproof.rely import gate, trail

KEEP_US_AT_MOST, AUDIT_AT_LEAST = 8.0, 20_000
RECORDS, ROUNDS = 40_000, 3
NOW_MS = 1_790_000_000_000
POLICY = record.GatePolicy(
    name="bench",
    rules=(
        record.ThresholdRule(name="gathers", of="memory.signal", above=400.0, action="escalate"),
        record.ConditionRule(name="many", when="memory.contexts > 90.0 && event.kind == 'call'", action="hold"),
    ),
    memory=record.MemoryPolicy(window_s=3600),
)


def decided(anchors: int) -> list[tuple[record.Sighting, record.Decision]]:
    """Sightings as a memory gave them, and what follows from each."""
    chance, memory, rules = random.Random(anchors), gate.Memory(POLICY.memory), gate.Settlement(POLICY)
    made: list[tuple[record.Sighting, record.Decision]] = []
    for n in range(RECORDS):
        named = tuple(f"{'tarc'[at % 4]}:{chance.randrange(5_000):016x}" for at in range(anchors))
        context, content, weight = f"{chance.randrange(500):016x}", f"{chance.randrange(9_000):032x}", float(n % 5 == 0)
        readings = memory.add(named, weight, context, "", content, NOW_MS / 1000 + n / 100)
        seen = record.Sighting(
            kind="call", door="openai.chat", tool="bash", context=context, size_bytes=7_000, pieces=24, roles=("user",),
            anchors=named, weight=weight, readings=readings, content=content,
        )  # fmt: skip
        made.append((seen, rules.settle(seen, {})))
    return made


def keep(folder: Path, made: list[tuple[record.Sighting, record.Decision]]) -> float:
    """CPU microseconds per record."""
    signer = note.unsafe_seeded("gate.example", "ed25519", hashlib.sha256(b"bench").digest())
    with trail.Trail(folder, "a", "bench", now_ms=NOW_MS, signer=signer) as kept:
        kept.begin_policy(POLICY, NOW_MS)
        began = time.process_time()
        for n, (seen, decision) in enumerate(made):
            at_ms = NOW_MS + 10 * n
            kept.keep(seen, (), decision, at_ms, turn=n, seen_ms=at_ms)
        return (time.process_time() - began) / len(made) * 1e6


def floor(folder: Path, length: int) -> float:
    """CPU microseconds for one hash and one write of so many bytes."""
    line = os.urandom(length)
    handle = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began = time.process_time()
    for _ in range(RECORDS):
        hashlib.sha256(line)
        os.write(handle, line)
    spent = time.process_time() - began
    os.close(handle)
    return spent / RECORDS * 1e6


def main() -> None:
    """Prints the table; exits with 1 if a figure is not reached."""
    missed: list[str] = []
    print(f"{'anchors':>8}{'bytes':>8}{'keep, us':>10}{'floor, us':>11}{'audit, decisions/s':>20}")
    for anchors in (2, 18):
        made, size = decided(anchors), 0
        kept: list[float] = []
        audited: list[float] = []
        least: list[float] = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                kept.append(keep(folder / "trail", made))
                size = sum(p.stat().st_size for p in folder.glob("trail/workers/a/*.jsonl")) // RECORDS
                least.append(floor(folder, size))
                began = time.process_time()
                found = trail.audit(folder / "trail")
                audited.append(RECORDS / (time.process_time() - began))
                if not found.agrees or found.workers[0].read != RECORDS or found.workers[0].settled != RECORDS:
                    sys.exit("the audit does not agree")
        print(f"{anchors:>8}{size:>8}{min(kept):>10.2f}{min(least):>11.2f}{max(audited):>20,.0f}")
        missed += [f"keep, {anchors} anchors"] * (min(kept) > KEEP_US_AT_MOST)
        missed += [f"audit, {anchors} anchors"] * (max(audited) < AUDIT_AT_LEAST)
    print(f"at most {KEEP_US_AT_MOST:g} us, at least {AUDIT_AT_LEAST:,} decisions/s; best of {ROUNDS} rounds, CPU time")
    sys.exit(f"not reached: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
