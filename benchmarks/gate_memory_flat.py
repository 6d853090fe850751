"""What a memory costs, and that it stays flat over one million events: resident memory and CPU time along the way.

    python benchmarks/gate_memory_flat.py [--events 1000000]

Each event has 10 anchors: one of a few that everybody touches, six of a million rare ones, three that are new. One in
fifty carries a signal. The bound is 100,000 anchors. Exits with 1 if resident memory grows by more than 5 % over the
second half, or the last tenth costs more than 1.5 times the second tenth.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from counterproof import record
from counterproof.rely import gate

GROWTH_ALLOWED, COST_ALLOWED = 1.05, 1.5
TEXT_1KB = (
    "Please look at the quarterly report of the northern branch and tell me which figures differ from those that were "
    "published in the spring, why the auditors did not remark on them, and whom one would have to ask. " * 5
)[:1_000]


def resident_mib() -> float:
    """Resident memory of this process (proc(5), field 2 of statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def anchors_us(text: str, repeats: int = 3_000) -> float:
    """CPU time to find an event's anchors, the best of five means, in microseconds."""
    find = gate.Anchors(record.MemoryPolicy(window_s=60), b"k" * 32)
    event = record.Event(kind="message", door="bench", pieces=(record.Piece(text),))
    means: list[float] = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(repeats):
            find.of(event)
        means.append((time.process_time() - began) / repeats)
    return 1e6 * min(means)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="See the docstring.")
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    for name, text in (("100 B", TEXT_1KB[:100]), ("1 KB", TEXT_1KB), ("7 KB", TEXT_1KB * 7)):
        print(f"anchors of {name}: {anchors_us(text):.1f} us")
    rng, memory = random.Random(1), gate.Memory(record.MemoryPolicy(window_s=86_400))
    sizes: list[float] = []
    costs: list[float] = []
    print("events      anchors held  resident, MiB  us per event")
    for tenth in range(10):
        spent = 0.0
        for n in range(tenth * events // 10, (tenth + 1) * events // 10):
            rare = [f"c:{rng.randrange(1_000_000):016x}" for _ in range(6)]
            named = (f"t:{rng.randrange(9):016x}", *rare, f"a:{n:016x}", f"a:{n + 2**40:016x}", f"a:{n + 2**41:016x}")
            weight = float(n % 50 == 0)
            began = time.process_time()
            memory.add(
                named, weight, f"{n:016x}", f"{n % 9_999:016x}", f"{n:032x}", n / 10, "said " * 40 if weight else ""
            )
            spent += time.process_time() - began
        sizes.append(resident_mib())
        costs.append(1e6 * spent / (events / 10))
        print(
            f"{(tenth + 1) * events // 10:>10,}  {len(memory):>12,}  {sizes[-1]:>13.0f}  {costs[-1]:>12.1f}", flush=True
        )
    is_flat = sizes[-1] <= GROWTH_ALLOWED * sizes[4] and costs[-1] <= COST_ALLOWED * costs[1]
    print(f"flat: {'yes' if is_flat else 'NO'}")
    sys.exit(0 if is_flat else 1)


if __name__ == "__main__":
    main()
