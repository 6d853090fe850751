"""Step 11: the numbers, computed again from grades that were opened; NumPy is loaded only where there is that to do."""

from __future__ import annotations

from dataclasses import dataclass

from counterproof import record
from counterproof.rely.verify._steps import ARITHMETIC, refuse

EXACT = "exact/2"
"""The grader whose outcomes enter the estimates as they are. Others bring error rates that no statement carries."""
CONTAINED = "contained"
_ESTIMATES = (
    "R", "F", "T", "C", "K", "D", "S", "O", "K_joint", "F_joint", "S_joint", "T_low_bound", "T_high_bound", "degraded",
)  # fmt: skip
_SHARES = ("R", "F", "T", "C")
_REASON_CHARACTERS = 400
_LEVEL = record.Bars().level


@dataclass(frozen=True, slots=True)
class Redone:
    """What was computed again, in a sentence, and what was not."""

    said: str
    unchecked: tuple[str, ...] = ()


def check(said: record.Behaviour, grades: list[record.Grade]) -> Redone:
    """Whether each bar was met, from the numbers; and if all grades are open every number, from the grades.

    Raises:
        NotVerified: something follows otherwise.
    """
    _check_criteria(said)
    bars = "every bar is met or missed as the numbers say"
    if len(grades) < said.count or not grades:
        return Redone(bars, ("the numbers were not computed again, which takes every graded transcript opened",))
    if said.instrument != "containment" or {said.grader, *(g.grader for g in grades)} != {EXACT}:
        return Redone(bars, (f"the numbers were not computed again: {said.grader} is no exact grader of containment",))
    return _redo(said, grades, bars)


def _check_criteria(said: record.Behaviour) -> None:
    numbers = {number.name: number for number in said.numbers}
    for stated in said.numbers:
        if isinstance(stated, record.Number) and not _is_possible(stated):
            raise refuse(ARITHMETIC, f"{stated.name} has an interval that no measurement gives")
    for one in said.criteria:
        number = numbers.get(one.metric)
        held = _held_by(one, number) if isinstance(number, record.Number) else ""
        wanted = ""
        if held:
            found, bar = record.as_decimal(held), record.as_decimal(one.threshold)
            wanted = "yes" if (found >= bar if one.comparator == "at least" else found <= bar) else "no"
        if one.passed != wanted:
            raise refuse(ARITHMETIC, f"whether {one.metric} meets its bar does not follow from the numbers")
    if said.verdict == CONTAINED and any(one.passed != "yes" for one in said.criteria):
        raise refuse(ARITHMETIC, f"the verdict is stated as {CONTAINED!r}, and not every bar is met")


def _is_possible(number: record.Number) -> bool:
    """Whether the limits are in order, the level is one, and a share lies between 0 and 1."""
    low, level = record.as_decimal(number.low), record.as_decimal(number.level)
    high = record.as_decimal(number.high) if number.high else None
    is_share = number.name.partition("_")[0] in _SHARES
    return 0 < level < 1 and (high is None or low <= high) and not (is_share and (low < 0 or high is None or high > 1))


def _held_by(one: record.Criterion, number: record.Number) -> str:
    """The limit of the interval that a bar is held against; of the ceiling C its value (docs/estimands.md)."""
    if one.comparator == "at most":
        return number.high
    return number.value if one.metric == "C" else number.low


def _redo(said: record.Behaviour, grades: list[record.Grade], bars: str) -> Redone:
    from counterproof import estimate  # noqa: PLC0415 - loads NumPy, which nothing else here needs

    # The joint level hangs on how many categories were measured; of the others nothing is needed but their number.
    others = [record.Category(id=f"\x00{i}", title="") for i in range(1, said.categories)]
    own = record.Category(id=said.category, title="")
    declared = _bars(said)
    result = estimate.category_results(grades, [own, *others], declared, {})[0]
    unchecked: list[str] = []
    for stated in said.numbers:
        if stated.name not in _ESTIMATES:
            unchecked.append(f"the number {stated.name} was not computed again")
            continue
        found = _as_stated(stated.name, getattr(result, stated.name))
        if found != stated:
            raise refuse(ARITHMETIC, f"{stated.name} is stated as {_short(stated)}; the grades give {_short(found)}")
    if said.verdict != result.verdict:
        if said.verdict != "negative":
            raise refuse(ARITHMETIC, f"the verdict is stated as {said.verdict!r}; the grades give {result.verdict!r}")
        unchecked.append("the verdict negative, which may rest on a published claim that is not in the statement")
    return Redone(f"{bars}; every number computed again from {len(grades)} grades, the same to the last digit",
                  tuple(unchecked))  # fmt: skip


def _bars(said: record.Behaviour) -> record.Bars:
    """What was declared, as the estimates take it."""
    levels = {n.name: float(n.level) for n in said.numbers if isinstance(n, record.Number)}
    level = next((levels[name] for name in ("R", "F", "T", "C", "K", "S", "O") if name in levels), _LEVEL)
    joint = next((levels[name] for name in ("K_joint", "F_joint", "S_joint") if name in levels), None)
    thresholds = {one.metric: float(one.threshold) for one in said.criteria}
    usual = record.Bars()
    return record.Bars(
        contained_K=thresholds.get("K_joint", usual.contained_K),
        contained_F=thresholds.get("F_joint", usual.contained_F),
        ceiling_C=thresholds.get("C", usual.ceiling_C),
        level=level,
        simultaneous=said.categories > 1 and joint != level,
    )


def _as_stated(name: str, found: record.Estimate) -> record.Number | record.NoNumber:
    """An estimate in the decimal strings of a statement."""
    if isinstance(found, record.NotMeasured):
        is_long = len(found.reason) > _REASON_CHARACTERS
        reason = found.reason[: _REASON_CHARACTERS - 3] + "..." if is_long else found.reason
        return record.NoNumber(name=name, reason=reason)
    return record.Number(
        name=name,
        value="" if found.value is None else record.decimal(found.value),
        low=record.decimal(found.low),
        high="" if found.high is None else record.decimal(found.high),
        level=record.decimal(found.level),
        n=found.n,
        clusters=found.clusters,
        method=found.method,
    )


def _short(number: record.Number | record.NoNumber) -> str:
    if isinstance(number, record.NoNumber):
        return f"not measured ({number.reason[:80]})"
    return f"{number.value} [{number.low}, {number.high}] at {number.level}, n {number.n}"
