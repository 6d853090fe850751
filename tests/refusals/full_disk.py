"""What `test_full_disk.py` runs on a disk that fills up: `watch`, `log`, `witness` or `trail`, twice; notes elsewhere.

Ends with the exit code of the error that stopped it, or with 0 once the work is done and all that the first run was
told has been found again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from counterproof import errors, record, tlog
from counterproof.publish import log, witness
from counterproof.rely import trail, watch
from tests.publish.log import parts
from tests.publish.witness.toy_log import Clock, ToyLog, unlimited
from tests.rely.watch import small_log


def watching(disk: Path, elsewhere: Path) -> None:
    """Takes over a log of 700 entries."""
    served = small_log.SmallLog(elsewhere / "log", [small_log.role(number) for number in range(700)])
    served.publish()
    found = watch.Watcher(watch.Folder(served.folder), small_log.trust(), disk / "state").look(small_log.NOW_S)
    assert found.head == served.head()


def logging(disk: Path, elsewhere: Path) -> None:
    """Adds 3,000 entries in order, those of the first run again: each has the place that it got first."""
    noted = elsewhere / "notes.json"
    signed_roots: dict[str, str] = json.loads(noted.read_text()) if noted.exists() else {}
    (disk / "log").mkdir(exist_ok=True)
    lock = log.SqliteLock(disk / "lock.sqlite")
    if lock.read(parts.ORIGIN) is None:
        lock.create(parts.ORIGIN)
    witnesses = parts.Witnesses()

    def gather(signed: bytes, old: int, proof: Sequence[bytes], prove: log.Prove) -> bytes:
        checkpoint = tlog.read_checkpoint(signed.partition(b"\n\n")[0] + b"\n")
        assert signed_roots.setdefault(str(checkpoint.size), checkpoint.root.hex()) == checkpoint.root.hex()
        noted.write_text(json.dumps(signed_roots))
        witnesses.latest = tlog.Checkpoint(parts.ORIGIN, 0, tlog.EMPTY_ROOT)
        return witnesses(signed, old, proof, prove)

    made = parts.Parts(log.FolderStore(disk / "log"), lock, gather)  # type: ignore[arg-type] # same form
    writer = made.open()
    for first in range(0, 3_000, 100):
        said = parts.entries(first, 100)
        indices = [parts.check_receipt(r, e) for r, e in zip(writer.add(said), said, strict=True)]
        assert indices == list(range(first, first + 100))
    assert parts.is_fine(made.store)


def witnessing(disk: Path, elsewhere: Path) -> None:
    """Cosigns 300 checkpoints; goes on from the last that it gave out."""
    noted, shown = elsewhere / "notes.json", ToyLog()
    given = int(noted.read_text()) if noted.exists() else 0
    if not (disk / "w").exists():
        witness.new(disk / "w", "witness.example/w")
    seer = witness.load(disk / "w", [shown.verifier], clock_s=Clock(), limit=unlimited())
    first = seer.add_checkpoint(shown.request(given, given + 1))
    assert first.status == 200 or (first.status == 409 and int(first.body) == given + 1), first
    for size in range(given + 2, 300):
        assert seer.add_checkpoint(shown.request(size - 1, size)).status == 200
        noted.write_text(str(size))


def deciding(disk: Path, elsewhere: Path) -> None:
    """Keeps 3,000 decisions, those of the first run remembered elsewhere once they took effect."""
    noted = elsewhere / "notes.json"
    done: list[int] = json.loads(noted.read_text()) if noted.exists() else []
    with trail.Trail(disk / "trail", "a", "g", now_ms=1, pace=trail.Pace(head_every=100)) as kept:
        kept.begin_policy(record.GatePolicy(name="all pass", rules=()), 1)
        for n in range(len(done), 3_000):
            seen = record.Sighting(kind="call", door="d", size_bytes=n)
            done.append(kept.keep(seen, (), record.Decision(outcome="allow"), 1))
            noted.write_text(json.dumps(done))
    found = trail.audit(disk / "trail")
    assert found.agrees, found.mismatches
    assert found.workers[0].decisions == len(done) == len(set(done))


if __name__ == "__main__":
    WORK = {"watch": watching, "log": logging, "witness": witnessing, "trail": deciding}[sys.argv[1]]
    try:
        WORK(Path(sys.argv[2]), Path(sys.argv[3]))
    except errors.CounterproofError as exc:
        sys.stderr.write(f"{exc}\n")
        sys.exit(exc.exit_code)
