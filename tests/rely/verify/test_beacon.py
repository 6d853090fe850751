"""What is opened was chosen by a public value, where one was declared."""

from __future__ import annotations

import pytest

from counterproof import chain
from counterproof.errors import NotVerified
from counterproof.rely import verify
from tests.rely.verify import broken
from tests.rely.verify import whole_log as w

BEACON = "drand 1234567 0123456789abcdef"
COUNT, OPENS = 40, 8


def _bundle(opens: int, which: tuple[int, ...] | None) -> bytes:
    """A result under a preregistration that wants `opens` opened; `which` are, or those that the beacon chose."""
    leaves, _ = broken.leaves(COUNT)
    made = w.world()
    log = w.Log(made.log.entries[:4])
    source = "drand, round 1234567" if opens else ""
    declared = log.add(w.prereg(made.genesis, made.generation, opens=opens, beacon=source), w.EVALUATOR_KEY)
    root = chain.transcripts_root(leaves)
    log.add(
        w.behaviour(made.genesis, made.generation, declared, count=COUNT, transcripts=root), w.EVALUATOR_KEY
    )
    chosen = chain.beacon_indexes(BEACON, root, COUNT, opens) if which is None else which
    return w.data(log.bundle(opened=tuple(w.opened(leaves, i) for i in chosen)))


def _unchecked(data: bytes, beacon: str = "") -> list[str]:
    return [said for said in verify.bundle(data, w.trust(), w.NOW_S, beacon).unchecked if "beacon" in said]


def test_what_the_beacon_chose_is_open() -> None:
    (said,) = _unchecked(_bundle(OPENS, None), BEACON)
    assert said.startswith("that nobody knew the beacon's value when this was logged")


def test_without_its_value_it_is_said_that_the_choice_was_not_checked() -> None:
    assert len(_unchecked(_bundle(OPENS, None))) == 1
    assert len(_unchecked(_bundle(0, (1, 2)))) == 1


@pytest.mark.parametrize("which", [(), (0,), tuple(range(OPENS)), tuple(range(COUNT // 2))])
def test_what_the_evaluator_chose_is_refused(which: tuple[int, ...]) -> None:
    with pytest.raises(NotVerified, match="10 openings"):
        verify.bundle(_bundle(OPENS, which), w.trust(), w.NOW_S, BEACON)


def test_another_value_chooses_others() -> None:
    with pytest.raises(NotVerified, match="10 openings"):
        verify.bundle(_bundle(OPENS, None), w.trust(), w.NOW_S, BEACON + "0")


def test_a_beacon_that_nobody_declared_is_refused() -> None:
    with pytest.raises(NotVerified, match="10 openings"):
        verify.bundle(_bundle(0, (1, 2)), w.trust(), w.NOW_S, BEACON)


def test_where_all_are_open_there_is_nothing_to_choose() -> None:
    data = _bundle(OPENS, tuple(range(COUNT)))

    with pytest.raises(NotVerified, match="11 arithmetic"):  # the leaves here are not those of the numbers
        verify.bundle(data, w.trust(), w.NOW_S, BEACON)
