"""Attack 12: proofs of the wrong length, of the wrong place, or of numbers that no tree has."""

from __future__ import annotations

import json
from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st

from counterproof import tlog
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w
from tests.rely.verify.broken import Case

GOOD = json.loads(broken.good()[0])
PROOF = tlog.read_proof(GOOD["entry"]["receipt"].encode())
HASHES = st.binary(min_size=32, max_size=32)


def _with(index: int, hashes: list[bytes]) -> Case:
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *(b64encode(h).decode() for h in hashes)]
    receipt = "\n".join(lines) + "\n\n" + PROOF.checkpoint.decode()
    made = {**GOOD, "entry": {**GOOD["entry"], "receipt": receipt}}
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), broken.TRUST, w.NOW_S


@given(st.integers(0, 2**63 - 2), st.lists(HASHES, max_size=63))
def test_no_other_path_leads_to_the_root(index: int, hashes: list[bytes]) -> None:
    assert broken.verdict(_with(index, hashes)) in ("1 format", "4 inclusion")


@given(st.integers(0, 7), st.permutations(PROOF.hashes), st.integers(0, 5))
def test_nor_do_the_same_hashes_in_another_order_or_number(index: int, hashes: list[bytes], kept: int) -> None:
    case = _with(index, list(hashes)[:kept])
    is_same = index == PROOF.index and tuple(list(hashes)[:kept]) == PROOF.hashes

    assert (broken.verdict(case) == "") == is_same


def test_an_empty_path_is_of_a_tree_of_one_leaf_alone() -> None:
    log = w.Log()
    log.add(w.role(w.LAB_KEY, "lab", w.LAB), *w.GOVERNANCE)
    alone = (w.data(log.bundle(support=())), broken.TRUST, w.NOW_S)

    assert broken.verdict(alone) == ""
    assert broken.verdict(_with(PROOF.index, [])) == "4 inclusion"


def test_numbers_that_no_tree_has() -> None:
    for index in (6, 2**53, 2**63 - 2):
        assert broken.verdict(_with(index, list(PROOF.hashes))) == "4 inclusion"
    for index in (2**63 - 1, 2**63, 2**64, 10**30, -1):
        assert broken.verdict(_with(index, list(PROOF.hashes))) == "1 format"
