"""What it costs to verify a bundle: many under one checkpoint, each under its own, and one in a cold process.

`python benchmarks/verify.py`. Figures: 3,000 bundles/s per core where many share a checkpoint, whose cosignatures are
checked once; 800/s where each brings its own with four cosignatures; 0.3 s for one from the start of the process.
Rates are per CPU second of one thread. The yardstick is what cannot be saved: the Ed25519 verifications alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the tests' log in memory makes the bundles

from counterproof import record, tlog  # noqa: E402 - the path comes first
from counterproof.rely import verify  # noqa: E402 - same
from tests.rely.verify import whole_log as w  # noqa: E402 - same

SHARED_AT_LEAST, OWN_AT_LEAST, COLD_S_AT_MOST = 3_000, 800, 0.3
BUNDLES, OWN, STARTS, ROUNDS = 3_000, 600, 7, 3


def results(count: int) -> w.Log:
    """A log with `count` results on one subject, each preregistered before."""
    made = w.world()
    log = w.Log(made.log.entries[:5])
    declared = record.digest_bytes(log.entries[4])
    prev = ""
    for seq in range(count):
        prev = log.add(w.behaviour(made.genesis, made.generation, declared, seq=seq, prev=prev), w.EVALUATOR_KEY)
    return log


class _Tree:
    """Complete subtrees, each hashed once."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._levels = [leaves]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([tlog.node_hash(a, b) for a, b in zip(below[::2], below[1::2], strict=False)])

    def hash_at(self, level: int, index: int) -> bytes:
        return self._levels[level][index]


def bundles(log: w.Log) -> list[bytes]:
    """A bundle for every result, all under one checkpoint."""
    tree = _Tree([tlog.leaf_hash(e) for e in log.entries])
    size = len(log.entries)
    signed = w.signed(tlog.Checkpoint(w.ORIGIN, size, tlog.tree_root(size, tree)))

    def logged(index: int) -> record.Entry:
        path = tuple(tlog.prove_inclusion(index, size, tree))
        receipt = tlog.Proof(index, path, signed).encode().decode()
        return record.Entry(envelope=log.entries[index].decode(), receipt=receipt)

    support = tuple(logged(i) for i in range(5))
    return [verify.bundle_bytes(record.Bundle(entry=logged(i), support=support)) for i in range(5, size)]


def own_bundles(count: int) -> list[bytes]:
    """Bundles of one result, each under a checkpoint of its own: seen at another second."""
    made = w.world()
    return [w.data(made.log.bundle(checkpoint=made.log.checkpoint(w.NOW_S - 1 - i))) for i in range(count)]


def rate(data: Sequence[bytes]) -> float:
    """Bundles per CPU second, the best of some rounds with a checker that has seen nothing."""
    found: list[float] = []
    for _ in range(ROUNDS):
        checker = verify.Checker(w.trust())
        start = time.process_time()
        for one in data:
            checker.bundle(one, w.NOW_S)
        found.append(len(data) / (time.process_time() - start))
    return max(found)


def bare_rate() -> float:
    """Ed25519 verifications per CPU second, as note makes them."""
    message = w.entry(w.genesis(), w.LAB_KEY)
    signature = b"DSSEv1 " + message
    made = w.LAB_KEY.sign(signature)
    count = 5_000
    start = time.process_time()
    held = sum(w.LAB_KEY.verifier.verify(signature, made) for _ in range(count))
    return held / (time.process_time() - start)


def cold_s(data: bytes) -> tuple[float, float]:
    """Wall and CPU seconds of the command for one bundle, from the start of its process; the median of some."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, trust = Path(folder) / "bundle.json", Path(folder) / "trust.json"
        bundle.write_bytes(data)
        trust.write_bytes(record.canonical_bytes(w.trust()))
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(w.NOW_S))
        command = [sys.executable, "-m", "counterproof", "verify", "bundle", str(bundle), "--at", at]
        command += ["--trust", str(trust)]
        taken = sorted(_timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(STARTS))
    return taken[STARTS // 2]


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    before, start = os.times(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - start, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Command line; exits with 1 when a figure was not reached."""
    shared, own = bundles(results(BUNDLES)), own_bundles(OWN)
    one_checkpoint, each_its_own, bare = rate(shared), rate(own), bare_rate()
    wall, cpu = cold_s(shared[0])
    print(f"a bundle: {len(shared[0]):,} bytes, the entry and 5 that it rests on, 4 cosignatures")
    print(f"Ed25519 alone                {bare:>8,.0f} signatures/s")
    print(f"many under one checkpoint    {one_checkpoint:>8,.0f} bundles/s   (at least {SHARED_AT_LEAST:,})")
    print(f"each under its own           {each_its_own:>8,.0f} bundles/s   (at least {OWN_AT_LEAST:,})")
    print(f"one, cold process            {wall:>8.3f} s wall, {cpu:.3f} s CPU   (at most {COLD_S_AT_MOST} s wall)")
    is_reached = one_checkpoint >= SHARED_AT_LEAST and each_its_own >= OWN_AT_LEAST and wall <= COLD_S_AT_MOST
    sys.exit(0 if is_reached else 1)


if __name__ == "__main__":
    main()
