"""Measurements in one shape: what a report or a `behaviour` statement says of one target, in decimal strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterproof.errors import BadInput
from counterproof.publish.attest import _card_terms
from counterproof.record import (
    Behaviour,
    Budget,
    CategoryResult,
    Estimate,
    Heard,
    NoNumber,
    NotMeasured,
    Number,
    Report,
    TargetResult,
    as_decimal,
    decimal,
    digest_of,
)

_BESIDE = ("K_joint", "F_joint", "S_joint", "T_low_bound", "T_high_bound")
_SHARES = ("R", "F", "T", "C")
_UNITS = {"queries": "q", "tokens": "t", "ms": "ms"}
_MEND = "fetch an undamaged copy, or measure again"


@dataclass(frozen=True)
class Row:
    """One category of one target: its title and its numbers by name."""

    title: str
    numbers: Mapping[str, Number | NoNumber]


@dataclass(frozen=True)
class Measurement:
    """What was measured of one target, and under which conditions."""

    heard: Heard
    rows: Mapping[str, Row]


def of_report(report: Report, *, where: str = "report") -> tuple[Measurement, ...]:
    """Every target of a report.

    Raises:
        BadInput: a number is not one: an interval upside down, a share outside [0, 1], a level outside (0, 1), digits
            beyond reason.
    """
    digest, source = digest_of(report), report.provenance
    return tuple(
        Measurement(
            Heard(kind="report", digest=digest, evaluator="", subject="", target=target.name,
                  target_digest=target.digest, suite_name=source.suite, suite=source.suite_digest,
                  budget=budget_text(source.budget), instrument=report.instrument, grader=source.grader,
                  version=source.version),
            {category.id: _row(target, category, where) for category in target.categories},
        )
        for target in report.targets
    )


def of_behaviour(said: Behaviour, entry: str, *, where: str = "behaviour") -> Measurement:
    """One statement, whose signatures the caller has verified; `entry` is the digest of the logged entry.

    Raises:
        BadInput: as in `of_report`.
    """
    for number in said.numbers:
        if isinstance(number, Number):
            _check(number, where)
    heard = Heard(kind="behaviour", digest=entry, evaluator=said.evaluator, subject=said.subject, target="",
                  target_digest=said.target, suite_name="", suite=said.suite, budget=said.budget,
                  instrument=said.instrument, grader=said.grader, version=said.version)
    return Measurement(heard, {said.category: Row(said.category, {n.name: n for n in said.numbers})})


def budget_text(budget: Budget) -> str:
    """`40q`, `200000t`, `1800000ms`."""
    return f"{budget.amount}{_UNITS[budget.currency]}"


def _row(target: TargetResult, category: CategoryResult, where: str) -> Row:
    names = (*_card_terms.SCALES, *_BESIDE)
    place = f"{where}, {target.name[:40]}, {category.id[:40]}"
    return Row(category.title, {name: _number(name, getattr(category, name), place) for name in names})


def _number(name: str, estimate: Estimate, where: str) -> Number | NoNumber:
    if isinstance(estimate, NotMeasured):
        return NoNumber(name=name, reason=estimate.reason)
    try:
        said = Number(
            name=name, value="" if estimate.value is None else decimal(estimate.value), low=decimal(estimate.low),
            high="" if estimate.high is None else decimal(estimate.high), level=decimal(estimate.level), n=estimate.n,
            clusters=estimate.clusters, method=estimate.method,
        )
    except ValueError as error:
        raise BadInput(f"{name} is no number that could have been measured", where=where, mend=_MEND) from error
    _check(said, where)
    return said


def _check(number: Number, where: str) -> None:
    """Refuses what is in no estimand's nature, whoever wrote it."""
    try:
        level, low = as_decimal(number.level), as_decimal(number.low)
        high = as_decimal(number.high) if number.high else None
        as_decimal(number.value or "0")
    except ValueError as error:
        raise BadInput(f"{number.name[:20]}: {error}", where=where, mend=_MEND) from error
    name = number.name.partition("_")[0]
    is_ended = high is not None or name == "D"
    is_ordered = high is None or low <= high
    is_share = name not in _SHARES or (low >= 0 and high is not None and high <= 1)
    if not (0 < level < 1 and is_ended and is_ordered and is_share):
        raise BadInput(f"{number.name[:20]} has an interval that no measurement gives", where=where, mend=_MEND)
