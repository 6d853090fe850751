"""Attack 16: an evaluator leaves out a bad result."""

from __future__ import annotations

import msgspec
import pytest

from counterproof import chain, record
from tests.chain import small_chain
from tests.chain.small_chain import CLOSES_S, EVALUATOR, EVALUATOR_KEY, GOVERNANCE, ORIGIN, Chain, proves, rules_of


def test_a_result_that_was_left_out_leaves_a_hole() -> None:
    made = Chain.begun()
    first = made.measured()
    declared = made.add(made.prereg(), EVALUATOR_KEY)
    bad = small_chain.sealed(made.behaviour(declared.entry, verdict="negative"), EVALUATOR_KEY)
    again = made.add(made.prereg(seed=1), EVALUATOR_KEY)
    good = made.behaviour(again.entry, seq=2, prev=record.digest_bytes(bad), seed=1)

    ruling = made.add(good, EVALUATOR_KEY)

    assert first.does_count
    assert rules_of(ruling) == ["sequence"]
    assert made.independent() == frozenset()


def _left_out_first() -> tuple[Chain, bytes, record.Behaviour]:
    """A second and a third result that follow on a first one, which is not logged; and another first one."""
    made = Chain.begun()
    declared = [made.add(made.prereg(seed=seed), EVALUATOR_KEY).entry for seed in range(3)]
    first = small_chain.sealed(made.behaviour(declared[0]), EVALUATOR_KEY)
    other = made.behaviour(declared[0], verdict="zero")
    second = made.behaviour(declared[1], seq=1, prev=record.digest_bytes(first), seed=1)
    assert rules_of(made.add(second, EVALUATOR_KEY)) == ["sequence"]
    assert made.add(made.behaviour(declared[2], seed=2), EVALUATOR_KEY).does_count
    assert made.independent() == frozenset()
    return made, first, other


def test_what_was_left_out_may_still_come_if_it_is_what_the_next_one_names() -> None:
    made, first, _ = _left_out_first()

    assert rules_of(made.log(first)) == ["sequence"]
    assert made.independent() == {EVALUATOR}
    assert made.log(first).is_repeated


def test_another_one_in_its_place_does_not_make_up_for_it() -> None:
    made, _, other = _left_out_first()

    assert rules_of(made.add(other, EVALUATOR_KEY)) == ["sequence"]
    assert made.independent() == frozenset()


@pytest.mark.parametrize("is_named_first", [True, False])
def test_what_comes_late_in_two_ways_is_said_in_two_ways(*, is_named_first: bool) -> None:
    made, first, other = _left_out_first()
    late = [first, small_chain.sealed(other, EVALUATOR_KEY)]
    made.log(late.pop(0 if is_named_first else 1))

    ruling = made.log(late.pop())

    assert rules_of(ruling) == ["equivocation"]
    assert proves(made, ruling.breaches[0])
    assert made.independent() == frozenset()


def test_a_link_that_leads_elsewhere_is_no_link() -> None:
    made = Chain.begun()
    made.measured()

    ruling = made.measured(prev=small_chain.NOTHING)

    assert rules_of(ruling) == ["sequence"]
    assert made.measured().does_count
    assert made.independent() == frozenset()


def test_what_was_declared_has_to_be_closed_in_time() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(categories=("storm", "hush")), EVALUATOR_KEY)
    made.add(made.behaviour(declared.entry, categories=2), EVALUATOR_KEY)

    assert made.rules.overdue(CLOSES_S) == ()
    (breach,) = made.rules.overdue(CLOSES_S + 1)
    assert (breach.rule, breach.entry) == ("unclosed", declared.entry)
    assert "hush" in breach.says
    assert made.rules.overdue(CLOSES_S + 2) == ()
    assert made.independent() == frozenset()


def test_a_date_far_off_does_not_put_it_off() -> None:
    made = Chain.begun()
    made.add(made.prereg(closes_by="2099-01-01T00:00:00Z"), EVALUATOR_KEY)

    assert made.rules.overdue(CLOSES_S) == ()
    assert [one.rule for one in made.rules.overdue(CLOSES_S + 401 * 86_400)] == ["unclosed"]


def test_what_was_abandoned_is_closed_and_visible() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)
    made.add(record.Abandon(evaluator=EVALUATOR, prereg=declared.entry, reason="no budget"), EVALUATOR_KEY)

    assert made.rules.open_preregs() == ()
    assert made.rules.overdue(CLOSES_S + 1) == ()
    assert rules_of(made.add(made.behaviour(declared.entry), EVALUATOR_KEY)) == ["prereg"]


def _logged(made: Chain, **changes: object) -> chain.Ruling:
    signer = small_chain.key("operator.example")
    made.add(small_chain.role(signer, "log", "Log operator"), *GOVERNANCE[:2])
    found = made.rules.heads()
    said = record.Heads(origin=ORIGIN, size=len(made.entries), count=len(found), root=chain.heads_root(found))
    return made.add(msgspec.structs.replace(said, **changes), signer)


def test_a_summary_that_leaves_a_series_out_does_not_follow_from_the_log() -> None:
    made = Chain.begun()
    made.measured()
    made.measured(small_chain.SECOND)
    shown = [head for head in made.rules.heads() if head.evaluator == EVALUATOR]

    ruling = _logged(made, count=len(shown), root=chain.heads_root(shown))

    assert rules_of(ruling) == ["heads"]


def test_a_summary_that_shows_an_older_result_does_not_follow_either() -> None:
    made = Chain.begun()
    made.measured()
    older = made.rules.heads()
    made.measured()

    assert rules_of(_logged(made, root=chain.heads_root(older))) == ["heads"]


def test_a_summary_of_the_log_as_it_was_holds() -> None:
    made = Chain.begun()
    made.measured()
    size, then = len(made.entries), made.rules.heads()
    made.measured()

    assert _logged(made, size=size, root=chain.heads_root(then)).does_count
    assert _logged(made).does_count
    assert rules_of(_logged(made, size=10_000)) == ["heads"]
    assert rules_of(_logged(made, origin="log.example/other")) == ["heads"]
