from __future__ import annotations

import hashlib
import stat
from base64 import b64decode
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import chain, errors, record, tlog
from counterproof.publish import attest
from tests.publish.attest.small_run import KEY, REPORT, TARGET, pair, signed


@given(st.integers(1, 40), st.booleans())
def test_every_opening_lies_under_the_root_that_was_signed(count: int, has_text: bool) -> None:  # noqa: FBT001 - drawn
    pairs = [pair(number) for number in range(count)]
    leaves = attest.leaves(KEY, REPORT, TARGET, "storm", pairs)
    said = signed(leaves)

    texts = [transcript for _, transcript in pairs] if has_text else None
    found = attest.opened(said, leaves, range(count), texts)

    for number, one in enumerate(found):
        proof = [b64decode(text) for text in one.proof]
        root = bytes.fromhex(said.transcripts)
        tlog.check_inclusion(proof, one.index, said.count, tlog.leaf_hash(one.leaf.encode()), root)
        leaf = msgspec.json.decode(one.leaf, type=record.GradedLeaf)
        assert msgspec.json.decode(leaf.grade, type=record.Grade) == pairs[number][0]
        if has_text:
            digest = hashlib.sha256(bytes.fromhex(leaf.salt) + one.transcript.encode()).hexdigest()
            assert leaf.transcript == f"sha256:{digest}"
        else:
            assert one.transcript == ""


def test_no_two_leaves_share_a_salt() -> None:
    salts = {
        attest.salt(key, report, target, category, index)
        for key in (KEY, KEY[::-1])
        for report in (REPORT, TARGET)
        for target in (REPORT, TARGET)
        for category in ("storm", "hush")
        for index in range(50)
    }

    assert len(salts) == 2 * 2 * 2 * 2 * 50
    assert all(len(salt) == 32 for salt in salts)


def test_the_same_secret_makes_the_same_tree_and_another_one_another() -> None:
    pairs = [pair(number) for number in range(9)]
    one = attest.leaves(KEY, REPORT, TARGET, "storm", pairs)

    assert one == attest.leaves(KEY, REPORT, TARGET, "storm", pairs)
    with pytest.raises(errors.BadOption, match="not the 9 graded transcripts that were signed"):
        attest.opened(signed(one), attest.leaves(KEY[::-1], REPORT, TARGET, "storm", pairs), [0], None)


def test_a_salt_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="a salt is 32 bytes long, this has 31"):
        chain.graded_leaf(*pair(0), bytes(31))


def test_a_secret_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    made = attest.secret(path, may_make=True)

    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert attest.secret(path, may_make=True) == attest.secret(path, may_make=False) == made
    path.chmod(0o644)
    with pytest.raises(errors.BadOption, match="others may read this secret"):
        attest.secret(path, may_make=False)


def test_what_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(errors.BadOption, match="cannot be read"):
        attest.secret(tmp_path / "none", may_make=False)
    with pytest.raises(errors.StorageFailed, match="cannot be written"):
        attest.secret(tmp_path / "none" / "salt", may_make=True)
    for number, data in enumerate((b"", bytes(32), bytes(range(33)))):
        path = tmp_path / str(number)
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(errors.BadOption, match="is no secret of 32 random bytes"):
            attest.secret(path, may_make=True)
