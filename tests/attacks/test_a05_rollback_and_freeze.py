"""Attack 5: a log goes back to an earlier tree, shows an old view again, or stands still for somebody."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof import errors, note, quorum
from counterproof.publish import witness
from tests.publish.witness.toy_log import Clock, ToyLog, hashed, unlimited

LOG = ToyLog()


def test_a_witness_never_goes_back(tmp_path: Path) -> None:
    clock = Clock()
    witness.new(tmp_path / "w", "witness.example/w")
    seer = witness.load(tmp_path / "w", [LOG.verifier], limit=unlimited(), clock_s=clock)
    seer.add_checkpoint(LOG.request(0, 9))

    for old in range(10):
        for new in range(9):
            answer = seer.add_checkpoint(LOG.request(min(old, new), new))
            assert (answer.status, answer.body) == (409, b"9\n")
    assert b"\n9\n" in seer.latest(hashed(LOG.origin)).body
    seer.close()


def test_a_view_that_was_true_once_is_refused_when_it_is_too_old(tmp_path: Path) -> None:
    clock = Clock()
    (key,) = witness.new(tmp_path / "w", "witness.example/w")
    seer = witness.load(tmp_path / "w", [LOG.verifier], limit=unlimited(), clock_s=clock)
    policy = quorum.read_policy(f"log {LOG.verifier.text}\nwitness w {key.text}\nquorum w\n")
    seer.add_checkpoint(LOG.request(0, 5))
    frozen = seer.latest(hashed(LOG.origin)).body
    clock.at_s += 3_600
    seer.add_checkpoint(LOG.request(5, 9))
    now_s = int(clock())

    assert quorum.check(seer.latest(hashed(LOG.origin)).body, policy, now_s, 600).checkpoint.size == 9
    assert quorum.check(frozen, policy, now_s - 3_600, 600).checkpoint.size == 5
    with pytest.raises(errors.NotVerified, match="too old"):
        quorum.check(frozen, policy, now_s, 600)


def test_a_log_cannot_have_its_old_view_stamped_anew(tmp_path: Path) -> None:
    """What a freeze needs is a fresh time on the old tree; only the newest one gets it."""
    clock = Clock()
    witness.new(tmp_path / "w", "witness.example/w")
    seer = witness.load(tmp_path / "w", [LOG.verifier], limit=unlimited(), clock_s=clock)
    seer.add_checkpoint(LOG.request(0, 5))
    seer.add_checkpoint(LOG.request(5, 9))
    clock.at_s += 3_600

    assert seer.add_checkpoint(LOG.request(5, 5)).status == 409
    fresh = seer.add_checkpoint(LOG.request(9, 9))
    line = note.split(LOG.checkpoint(9).body + b"\n" + fresh.body)[1][0]
    assert quorum.cosigned_at(LOG.checkpoint(9), line, seer.verifiers[0]) == int(clock())
