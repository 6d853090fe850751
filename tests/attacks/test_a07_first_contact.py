"""Attack 7: at first contact, with nothing to compare with, a log states an old size or gives a proof of junk."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof.publish import witness
from tests.publish.witness.toy_log import ToyLog, hashed, request, unlimited

LOG = ToyLog()


@pytest.fixture
def seer(tmp_path: Path) -> witness.Witness:
    witness.new(tmp_path / "w", "witness.example/w")
    return witness.load(tmp_path / "w", [LOG.verifier], limit=unlimited())


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (LOG.request(5, 9), 409, b"0\n"),
        (LOG.request(9, 9), 409, b"0\n"),
        (request(5, [b"j" * 32] * 63, LOG.signed(9)), 409, b"0\n"),
        (request(0, [b"j" * 32], LOG.signed(9)), 422, None),
        (request(0, LOG.proof(5, 9), LOG.signed(9)), 422, None),
        (request(0, [b"j" * 32], LOG.signed(0)), 422, None),
    ],
)
def test_nothing_is_cosigned_and_nothing_kept(
    seer: witness.Witness, body: bytes, status: int, said: bytes | None
) -> None:
    answer = seer.add_checkpoint(body)

    assert answer.status == status
    assert said is None or (answer.body, answer.content_type) == (said, "text/x.tlog.size")
    assert seer.latest(hashed(LOG.origin)).status == 404
    assert seer.add_checkpoint(LOG.request(0, 9)).status == 200, "the log itself is not shut out by it"
