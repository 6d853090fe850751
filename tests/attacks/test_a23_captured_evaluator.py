"""Attack 23: an evaluator was bought. Planted truth, repeats and a second organisation tell."""

from __future__ import annotations

import random

import pytest

from counterproof import record
from tests.chain import small_chain
from tests.chain.small_chain import EVALUATOR, GOVERNANCE, KEYS, SECOND, THIRD, Chain, role

PLANTED, TRUE_SHARE = 20, 0.5


def _right(is_bought: bool, draws: random.Random) -> int:  # noqa: FBT001 - one of two evaluators
    """Of planted systems, half of which do leak, how many an evaluator calls right that errs once in fifty times."""
    right = 0
    for _ in range(PLANTED):
        does_leak = draws.random() < TRUE_SHARE
        says_leak = False if is_bought else does_leak is (draws.random() > 0.02)
        right += says_leak is does_leak
    return right


def test_planted_truth_tells_who_passes_everything() -> None:
    draws = random.Random(23)
    honest = [_right(is_bought=False, draws=draws) for _ in range(2000)]
    bought = [_right(is_bought=True, draws=draws) for _ in range(2000)]

    # 17 of 20 right: an honest evaluator is doubted once in a thousand audits, a bought one passes as rarely.
    assert sum(right < 17 for right in honest) / 2000 <= 0.005
    assert sum(right >= 17 for right in bought) / 2000 <= 0.005


def test_the_audit_is_logged_and_counts_only_from_somebody_else() -> None:
    made = Chain.begun(EVALUATOR, SECOND)
    monitor = small_chain.key("monitor.example")
    made.add(role(monitor, "monitor", "Monitor M"), *GOVERNANCE[:2])
    said = record.VerifierAudit(
        auditor="Monitor M", evaluator=EVALUATOR, planted=PLANTED, planted_right=9, repeated=10, repeated_agreeing=3,
        evidence=small_chain.NOTHING,
    )  # fmt: skip

    assert made.add(said, monitor).does_count
    assert made.rules.auditors(EVALUATOR) == {"Monitor M"}
    assert made.rules.auditors(SECOND) == frozenset()


@pytest.mark.parametrize(("judges", "is_enough"), [((EVALUATOR,), False), ((EVALUATOR, SECOND), True)])
def test_one_organisation_alone_is_not_enough_where_two_are_needed(judges: tuple[str, ...], is_enough: bool) -> None:  # noqa: FBT001 - a table
    made = Chain.begun(EVALUATOR, SECOND, THIRD)
    for name in judges:
        made.measured(name)
    made.measured(judges[0])

    assert (len(made.independent()) >= 2) is is_enough


def test_a_result_that_is_taken_back_or_contested_is_seen() -> None:
    made = Chain.begun()
    result = made.measured()
    dispute = record.Dispute(organisation=SECOND, entry=result.entry, reason="does not repeat", evidence="")
    retract = record.Retract(organisation=EVALUATOR, entry=result.entry, reason="a wrong suite")

    assert made.add(dispute, KEYS[SECOND]).does_count
    assert made.rules.disputed_by(result.entry) == {SECOND}
    assert made.independent() == {EVALUATOR}
    assert made.add(retract, KEYS[EVALUATOR]).does_count
    assert made.rules.is_retracted(result.entry)
    assert made.independent() == frozenset()
    assert [head.entry for head in made.rules.heads()] == [result.entry]
