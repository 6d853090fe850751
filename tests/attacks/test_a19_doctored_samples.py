"""Attack 19: grades that are not what was said, hidden among thousands, or samples picked to please."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import pytest

from counterproof import chain, errors, record, tlog
from counterproof.publish import attest
from counterproof.rely import verify
from tests.publish.attest.small_run import KEY, REPORT, TARGET, pair, signed

COUNT, DOCTORED, OPENS = 10_000, 100, 300


def test_300_openings_catch_one_percent_with_95_percent() -> None:
    clean = math.comb(COUNT - DOCTORED, OPENS) / math.comb(COUNT, OPENS)
    doctored = frozenset(range(0, COUNT, COUNT // DOCTORED))
    root = tlog.EMPTY_ROOT.hex()

    caught = sum(
        not doctored.isdisjoint(chain.beacon_indexes(f"round {number}", root, COUNT, OPENS)) for number in range(1000)
    )

    assert 1 - clean >= 0.95
    assert caught / 1000 == pytest.approx(1 - clean, abs=0.02)


def test_the_root_enters_the_choice() -> None:
    roots = [bytes([number] * 32).hex() for number in range(3)]

    assert len({chain.beacon_indexes("round 1", root, COUNT, OPENS) for root in roots}) == 3
    assert len({chain.beacon_indexes(f"round {n}", roots[0], COUNT, OPENS) for n in range(3)}) == 3


def _opened(pairs: Sequence[tuple[record.Grade, record.Transcript]]) -> tuple[record.Behaviour, list[bytes]]:
    leaves = attest.leaves(KEY, REPORT, TARGET, "storm", pairs)
    return signed(leaves), leaves


def test_a_leaf_that_was_swapped_after_signing_cannot_be_opened() -> None:
    pairs = [pair(number) for number in range(20)]
    said, leaves = _opened(pairs)
    grade, transcript = pairs[7]
    leaves[7] = chain.graded_leaf(msgspec.structs.replace(grade, refused=not grade.refused), transcript, bytes(32))

    with pytest.raises(errors.BadOption, match="not the 20 graded transcripts"):
        attest.opened(said, leaves, range(20), None)


def test_a_transcript_that_was_swapped_is_not_the_one_committed_to() -> None:
    pairs = [pair(number) for number in range(20)]
    said, leaves = _opened(pairs)
    (good,) = attest.opened(said, leaves, [7], [transcript for _, transcript in pairs])
    doctored = msgspec.structs.replace(good, transcript=record.canonical_bytes(pair(8)[1]).decode())
    salt = bytes.fromhex(msgspec.json.decode(good.leaf, type=record.GradedLeaf).salt)

    assert chain.graded_leaf(*pairs[7], salt) == good.leaf.encode()
    assert chain.graded_leaf(pairs[7][0], msgspec.json.decode(doctored.transcript, type=record.Transcript), salt) != (
        good.leaf.encode()
    )


def test_openings_are_read_as_they_were_written() -> None:
    pairs = [pair(number) for number in range(33)]
    said, leaves = _opened(pairs)
    which = chain.beacon_indexes("round 9", said.transcripts, said.count, 10)

    found = attest.opened(said, leaves, which, None)

    assert verify.read_openings(record.canonical_bytes(found) + b"\n") == found
    assert tuple(one.index for one in found) == which
    assert all(one.transcript == "" for one in found)
