"""Attack 2: the log signs two trees of one size, and shows each to somebody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from counterproof import errors, quorum
from counterproof.publish import witness
from counterproof.rely import watch
from tests.publish.witness.toy_log import Clock, ToyLog, request, unlimited
from tests.rely.watch import small_log
from tests.rely.watch.small_log import NOW_S, SmallLog


def test_an_honest_witness_refuses_the_second_and_keeps_proof(tmp_path: Path) -> None:
    log, other = ToyLog(), ToyLog(fork=4)
    witness.new(tmp_path / "w", "witness.example/w")
    seer = witness.load(tmp_path / "w", [log.verifier], clock_s=Clock(), limit=unlimited())
    assert seer.add_checkpoint(log.request(0, 7)).status == 200

    answer = seer.add_checkpoint(request(7, [], other.signed(7)))

    seer.close()
    assert answer.status == 422
    (proof,) = (tmp_path / "w" / "evidence").rglob("*.json")
    trust = small_log.trust()
    policy = trust.policy.replace(small_log.LOG.verifier.text, log.verifier.text)
    proven = watch.evidence(proof.read_bytes(), type(trust)(policy=policy, governance=trust.governance))
    assert (proven.kind, proven.origin) == ("same-size", log.origin)
    assert len(json.loads(proof.read_bytes())["checkpoints"]) == 2


def test_a_reader_who_asks_for_a_quorum_can_be_shown_one_of_them_only(tmp_path: Path) -> None:
    honest = SmallLog(tmp_path, [small_log.role(number) for number in range(9)])
    forked = SmallLog(tmp_path, [*honest.entries[:8], small_log.role(99)])
    policy = quorum.read_policy(small_log.trust().policy)
    assert policy.liars_needed == 2, "3 of 4: one liar is not enough"

    assert quorum.check(honest.note(by=3), policy, NOW_S).checkpoint == honest.head()
    with pytest.raises(errors.NotVerified, match="not met"):
        quorum.check(forked.note(by=1), policy, NOW_S)
