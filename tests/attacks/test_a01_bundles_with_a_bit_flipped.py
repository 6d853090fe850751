"""Attack 1: somebody alters a logged entry, or a byte of what carries it."""

from __future__ import annotations

import contextlib
import random

from counterproof import record
from counterproof.errors import CounterproofError
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w

SAMPLED = 4_000


def test_no_flipped_bit_of_a_bundle_passes() -> None:
    """Bits drawn from all of a bundle with openings; the checker has seen the good one first."""
    data, _, now_s = broken.opening(at=(0, 2))
    checker = verify.Checker(w.trust())
    good = checker.bundle(data, now_s)
    draw = random.Random(1)
    passed: list[int] = []
    for _ in range(SAMPLED):
        bit = draw.randrange(len(data) * 8)
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(CounterproofError):
            checker.bundle(bytes(flipped), now_s)
            passed.append(bit)

    assert passed == []
    assert checker.bundle(data, now_s) == good


def test_a_bit_that_may_flip_carries_nothing() -> None:
    """A stranger's signature line is ignored (signed-note); that is all of a bundle that may differ."""
    plain, trust, now_s = broken.good()
    noted, _, _ = broken.GOOD["strangers signed too"]()
    known = verify.bundle(plain, w.trust(), now_s)

    assert verify.bundle(noted, w.trust(), now_s) == known
    assert trust == broken.TRUST


def test_an_entry_left_out_or_moved_breaks_the_tree() -> None:
    made = w.world()
    head = made.log.checkpoint()
    shorter, moved = w.Log(made.log.entries[1:]), w.Log([*made.log.entries[1:], made.log.entries[0]])

    for log in (shorter, moved):
        place = log.entries.index(made.log.entries[-1])
        others = [i for i in range(len(log.entries)) if i != place]
        case = (w.data(log.bundle(place, support=others, checkpoint=head)), broken.TRUST, w.NOW_S)
        assert broken.verdict(case) == "4 inclusion"


def test_a_rewritten_history_needs_the_witnesses() -> None:
    """The log signs another tree of the same size; nobody cosigned that one."""
    made = w.world()
    other = w.Log([*made.log.entries[:-1], w.entry(made.result, w.EVALUATOR_KEY, w.LAB_KEY)])

    alone = (w.data(other.bundle(checkpoint=other.checkpoint(witnesses=()))), broken.TRUST, w.NOW_S)
    borrowed = made.log.checkpoint().split(b"\n\n")[1]
    lent = other.checkpoint(witnesses=()).split(b"\n\n")[0] + b"\n\n" + borrowed

    assert broken.verdict(alone) == "3 checkpoint"
    assert broken.verdict((w.data(other.bundle(checkpoint=lent)), broken.TRUST, w.NOW_S)) == "3 checkpoint"
    assert record.digest_bytes(other.entries[-1]) != record.digest_bytes(made.log.entries[-1])
