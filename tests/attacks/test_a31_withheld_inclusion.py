"""Attack 31: the log promises to include an entry and never does. Here it never promises: a receipt is inclusion."""

from __future__ import annotations

import pytest

from counterproof import quorum, tlog
from counterproof.errors import NoQuorum
from counterproof.publish.log import CHECKPOINT
from tests.publish.log import parts


def test_nothing_is_answered_before_it_is_published() -> None:
    log = parts.begun()
    writer = log.open()
    writer.add(parts.entries(0, 5))
    published = log.store.get(CHECKPOINT)
    log.witnesses.cosigning = 2

    with pytest.raises(NoQuorum):
        writer.add(parts.entries(5, 5))

    assert log.store.get(CHECKPOINT) == published, "the head that readers see is the old one"


def test_a_receipt_is_the_proof_itself() -> None:
    log = parts.begun()
    (receipt,) = log.open().add(parts.entries(0, 1))

    proof = tlog.read_proof(receipt)
    head = quorum.check(proof.checkpoint, parts.POLICY, parts.NOW_S).checkpoint

    tlog.check_inclusion(proof.hashes, proof.index, head.size, tlog.leaf_hash(parts.entries(0, 1)[0]), head.root)
    assert proof.checkpoint == log.store.get(CHECKPOINT)
