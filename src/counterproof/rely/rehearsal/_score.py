"""From examples with what they should have got and what they got to error rates with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from counterproof import estimate
from counterproof.record import Estimate, NotMeasured
from counterproof.rely.gate import RatesCell, RuleRates

_FIRST = 5
RuleKind = Literal["policy", "patterns", "threshold", "condition", "prompt"]


class Outcome(NamedTuple):
    """One example. `is_stopped` None: a check failed, and what would have become of it says nothing about the rule."""

    text: str
    expected: str
    given: str
    should_stop: bool
    is_stopped: bool | None


def score(rule: str, kind: RuleKind, outcomes: Sequence[Outcome]) -> RuleRates:
    """The rates of a rule. Examples of the same text stand or fall together."""
    heard = [each for each in outcomes if each.is_stopped is not None]
    failed = len(outcomes) - len(heard)
    return RuleRates(
        rule=rule, kind=kind, failed=failed,
        allowed=sum(not each.should_stop for each in outcomes), stopped=sum(each.should_stop for each in outcomes),
        false_positives=_share(heard, should=False, what="meant to be allowed"),
        recall=_share(heard, should=True, what="meant to be stopped"),
        precision=_precision(heard),
        worst_false_positives=_share(_taken(outcomes, wrong=True), should=False, what="meant to be allowed"),
        best_false_positives=_share(_taken(outcomes, wrong=False), should=False, what="meant to be allowed"),
        worst_recall=_share(_taken(outcomes, wrong=True), should=True, what="meant to be stopped"),
        best_recall=_share(_taken(outcomes, wrong=False), should=True, what="meant to be stopped"),
        matrix=_matrix(outcomes),
    )  # fmt: skip


def not_measured(rule: str, kind: RuleKind, reason: str) -> RuleRates:
    """A rule of which nothing is known, and why."""
    none = NotMeasured(reason=reason)
    return RuleRates(
        rule=rule, kind=kind, allowed=0, stopped=0, failed=0, false_positives=none, recall=none, precision=none,
        worst_false_positives=none, best_false_positives=none, worst_recall=none, best_recall=none, matrix=(),
    )  # fmt: skip


def _taken(outcomes: Sequence[Outcome], *, wrong: bool) -> list[Outcome]:
    """Those on which a check failed taken for mistakes, or for none."""
    return [
        each._replace(is_stopped=each.should_stop != wrong) if each.is_stopped is None else each for each in outcomes
    ]


def _share(outcomes: Sequence[Outcome], *, should: bool, what: str) -> Estimate:
    of = [each for each in outcomes if each.should_stop is should]
    if not of:
        return NotMeasured(reason=f"there is no example {what} that was answered")
    return estimate.clustered_rate([bool(each.is_stopped) for each in of], [each.text for each in of])


def _precision(outcomes: Sequence[Outcome]) -> Estimate:
    of = [each for each in outcomes if each.is_stopped]
    if not of:
        return NotMeasured(reason="nothing was stopped")
    return estimate.clustered_rate([each.should_stop for each in of], [each.text for each in of])


def _matrix(outcomes: Sequence[Outcome]) -> tuple[RatesCell, ...]:
    cells: dict[tuple[str, str], list[int]] = {}
    for number, each in enumerate(outcomes, 1):
        cells.setdefault((each.expected, each.given), []).append(number)
    return tuple(
        RatesCell(expected=expected, given=given, count=len(numbers), examples=tuple(numbers[:_FIRST]))
        for (expected, given), numbers in sorted(cells.items())
    )
