"""A report and its graded transcripts in, one `behaviour` for each category of a target out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from counterproof import chain, record
from counterproof.errors import BadOption
from counterproof.publish.attest._measured import budget_text, of_report

POOLED = "*"


@dataclass(frozen=True, kw_only=True)
class Series:
    """Whose results they are, of what. `before`: category to the entry that the next one follows on, with its `seq`."""

    evaluator: str
    subject: str
    generation: str
    prereg: str
    before: Mapping[str, tuple[int, str]]


def criteria_of(bars: record.Bars) -> dict[str, str]:
    """The bars as a preregistration declares them.

    `K_joint` is held by its lower limit, `F_joint` by its upper one; `C` by its value, for below it K is not measured.
    """
    return {
        "C": f"at least {record.decimal(bars.ceiling_C)}",
        "F_joint": f"at most {record.decimal(bars.contained_F)}",
        "K_joint": f"at least {record.decimal(bars.contained_K)}",
    }


def target_of(report: record.Report, name: str) -> record.TargetResult:
    """The one target of a report, or the one of this name.

    Raises:
        BadOption: there is none of this name, or several and none is named.
    """
    found = [target for target in report.targets if name in ("", target.name)]
    if len(found) != 1:
        known = ", ".join(target.name for target in report.targets)
        raise BadOption(f"{len(found)} targets fit {name!r}", where="--target", mend=f"name one of {known}")
    return found[0]


def behaviours(
    report: record.Report, target: record.TargetResult, leaves: Mapping[str, Sequence[bytes]], series: Series
) -> dict[str, record.Behaviour]:
    """Category to statement, in the report's order. `leaves`: category to its graded leaves.

    Raises:
        BadInput: a number of the report is not one.
        BadOption: the target has no digest, so that nobody could say what was measured.
    """
    if not chain.is_digest(target.digest):
        raise BadOption(f"the target {target.name!r} has no digest", where="run", mend="measure a target that has one")
    measured = next(m for m in of_report(report) if m.heard.target == target.name)
    rows = [row for row in target.categories if row.id != POOLED]
    return {
        row.id: _behaviour(report, target, row, measured.rows[row.id].numbers, leaves[row.id], series) for row in rows
    }


def _behaviour(
    report: record.Report,
    target: record.TargetResult,
    row: record.CategoryResult,
    numbers: Mapping[str, record.Number | record.NoNumber],
    leaves: Sequence[bytes],
    series: Series,
) -> record.Behaviour:
    source = report.provenance
    seq, prev = series.before.get(row.id, (-1, ""))
    return record.Behaviour(
        evaluator=series.evaluator,
        subject=series.subject,
        generation=series.generation,
        category=row.id,
        prereg=series.prereg,
        seq=seq + 1,
        prev=prev,
        instrument=report.instrument,
        grader=source.grader,
        report=record.digest_of(report),
        target=target.digest,
        suite=source.suite_digest,
        budget=budget_text(source.budget),
        seed=source.seed,
        version=source.version,
        numbers=tuple(short(number) for number in numbers.values()),
        criteria=tuple(criterion(m, bar, numbers[m]) for m, bar in sorted(criteria_of(report.bars).items())),
        verdict=row.verdict,
        count=len(leaves),
        transcripts=chain.transcripts_root(leaves),
        categories=sum(one.id != POOLED for one in target.categories),
        assurance="third_party",
    )


def short(number: record.Number | record.NoNumber) -> record.Number | record.NoNumber:
    """The number as a statement takes it: a reason for there being none is cut to size."""
    if isinstance(number, record.NoNumber) and len(number.reason) > chain.MAX_TEXT:
        return record.NoNumber(name=number.name, reason=number.reason[: chain.MAX_TEXT - 3] + "...")
    return number


def criterion(metric: str, bar: str, number: record.Number | record.NoNumber) -> record.Criterion:
    """Whether a declared bar was met, by the limit that speaks against the system."""
    words, _, threshold = bar.rpartition(" ")
    comparator: Literal["at least", "at most"] = "at least" if words == "at least" else "at most"
    held = ""
    if isinstance(number, record.Number):
        held = number.high if comparator == "at most" else number.value if metric == "C" else number.low
    if not held:
        return record.Criterion(metric=metric, comparator=comparator, threshold=threshold, passed="")
    found, wanted = Decimal(held), Decimal(threshold)
    is_met = found >= wanted if comparator == "at least" else found <= wanted
    return record.Criterion(
        metric=metric, comparator=comparator, threshold=threshold, passed="yes" if is_met else "no"
    )
