"""Attack 3: the log forks and lets both views grow, so that no two heads have the same size."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof.publish import witness
from counterproof.rely import watch
from tests.publish.witness.toy_log import Clock, ToyLog, request, unlimited
from tests.rely.watch import small_log
from tests.rely.watch.small_log import NOW_S, ORIGIN, SmallLog


@pytest.mark.parametrize("fork", [0, 4, 6])
def test_a_witness_of_one_view_refuses_the_other(tmp_path: Path, fork: int) -> None:
    log, other = ToyLog(), ToyLog(fork=fork)
    witness.new(tmp_path / "w", "witness.example/w")
    seer = witness.load(tmp_path / "w", [log.verifier], clock_s=Clock(), limit=unlimited())
    assert seer.add_checkpoint(log.request(0, 7)).status == 200

    for size in range(8, 20):
        assert seer.add_checkpoint(request(7, other.proof(7, size), other.signed(size))).status == 422

    assert seer.add_checkpoint(log.request(7, 20)).status == 200, "the log itself may still go on"
    seer.close()


@pytest.mark.parametrize(("seen", "shown"), [(20, 33), (33, 20), (256, 700)])
def test_a_watcher_of_both_views_has_proof_in_two_forms(tmp_path: Path, seen: int, shown: int) -> None:
    log = SmallLog(tmp_path / "log", [small_log.role(number) for number in range(seen)])
    log.publish()
    watcher = watch.Watcher(watch.Folder(log.folder), small_log.trust(), tmp_path / "state")
    watcher.look(NOW_S)
    SmallLog(log.folder, [small_log.role(number + 5000 * (number == 11)) for number in range(shown)]).publish()

    found = {a.evidence.kind: a.evidence for a in watcher.look(NOW_S).alarms if a.evidence is not None}

    assert set(found) >= {"prefix"}
    assert shown < seen or set(found) == {"prefix", "leaf"}
    for proof in found.values():
        assert watch.evidence(watch.evidence_bytes(proof), small_log.trust()).origin == ORIGIN
