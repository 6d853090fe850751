"""One result, one category, one system: what the policy makes of it. Nothing is added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from counterproof import record
from counterproof.errors import BadStatement
from counterproof.rely import verify
from counterproof.rely.select._whole import WholeLog


@dataclass(frozen=True, slots=True)
class Given:
    """All that a decision may look at: `results` by entry digest, `series` by subject and category."""

    policy: record.SelectionPolicy
    results: Mapping[str, verify.Verified]
    series: Mapping[tuple[str, str], Sequence[record.Head]]
    log: WholeLog | None


@dataclass(frozen=True, slots=True)
class Word:
    """What one latest result comes to: it bars, says nothing, or counts with the limits that it states."""

    evaluator: str
    entry: str
    bars: str = ""
    silent: str = ""
    least_k: Decimal = Decimal(0)
    most_f: Decimal = Decimal(1)


@dataclass(slots=True)
class Found:
    """What all categories of one system come to."""

    denials: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    rests_on: list[str] = field(default_factory=list[str])
    least_k: Decimal = Decimal(1)
    most_f: Decimal = Decimal(0)
    fewest: int = 2**53


def judge(subject: str, given: Given) -> Found:
    """Every category that the policy names, and every evaluator that it hears.

    Raises:
        BadStatement: a result states what is no number.
    """
    found = Found()
    for category in given.policy.categories:
        _judge_category(subject, category, given, found)
    return found


def _judge_category(subject: str, category: str, given: Given, found: Found) -> None:
    heard = given.policy.evaluators
    series = [h for h in given.series.get((subject, category), ()) if not heard or h.evaluator in heard]
    words = [_word(head, given) for head in sorted(series, key=lambda h: (h.evaluator, h.entry))]
    found.denials += [f"{category}: {word.bars}" for word in words if word.bars]
    found.notes += [f"{category}: {word.silent}" for word in words if word.silent]
    found.rests_on += [word.entry for word in words if word.entry in given.results]
    # An organisation counts once, however many keys it signs with.
    counting = {word.evaluator: word for word in words if not word.bars and not word.silent}
    if len(counting) < given.policy.organisations:
        said = f"{len(counting)} of the {given.policy.organisations} organisations needed have a result that counts"
        found.denials.append(f"{category}: {said}; no data is not good data")
        return
    # The least favourable result rules.
    k, f = min(w.least_k for w in counting.values()), max(w.most_f for w in counting.values())
    found.least_k, found.most_f = min(found.least_k, k), max(found.most_f, f)
    found.fewest = min(found.fewest, len(counting))
    by = ", ".join(sorted(counting))
    found.notes.append(f"{category}: K_joint not below {k.normalize():f}, F_joint not above {f.normalize():f}, by {by}")


def _word(head: record.Head, given: Given) -> Word:
    name, one = head.evaluator, given.results.get(head.entry)
    # 1 what the whole log says of the evaluator: whoever left something out is not heard
    if void := _void(head, given):
        return void
    # 2 nothing that the summary names may be kept back
    if one is None:
        where = f"entry {head.index}, {head.entry[:20]}"
        return Word(name, head.entry, bars=f"the latest result of {name} ({where}) was not handed over under this head")
    said = one.statement.predicate
    if not isinstance(said, record.Behaviour) or not _is_that(said, one, head):
        return Word(name, head.entry, bars=f"what {name} said is not what the summary says of it")
    # 3 objections
    if objection := _objection(head, said, given):
        return Word(name, head.entry, bars=objection)
    # 4 conditions under which it was measured
    if other := _otherwise(said, given.policy):
        return Word(name, head.entry, silent=f"the result of {name} is not looked at: {other}")
    # 5 numbers
    return _measured(said, head, given.policy)


def _void(head: record.Head, given: Given) -> Word | None:
    log, name = given.log, head.evaluator
    if log is None or (head.subject, head.category, name) in log.independent:
        return None
    if head.entry in log.retracted and "retraction" in given.policy.bars:
        return Word(name, head.entry, bars=f"{name} took its latest result back")
    return Word(name, head.entry, silent=f"{name} is not heard: by the rules of the chain its latest result is void")


def _is_that(said: record.Behaviour, one: verify.Verified, head: record.Head) -> bool:
    named = (said.subject, said.category, said.evaluator, said.seq, one.index)
    is_signed = any(s.role == "evaluator" and s.organisation == said.evaluator for s in one.signers)
    return is_signed and named == (head.subject, head.category, head.evaluator, head.seq, head.index)


def _objection(head: record.Head, said: record.Behaviour, given: Given) -> str:
    log, bars = given.log, given.policy.bars
    if log is None:
        return ""
    numbers = log.generations.get(head.subject, {})
    own, last = numbers.get(said.generation), max(numbers.values(), default=0)
    if own is None:
        return f"{head.evaluator} measured a generation that the log does not hold"
    if "dispute" in bars and (by := log.disputed.get(head.entry)):
        return f"the result of {head.evaluator} is contested by {', '.join(by)}"
    if "outdated" in bars and own < last:
        return f"{head.evaluator} measured generation {own}, the latest is {last}"
    if "break" in bars:
        for one in log.breaks.get(head.subject, ()):
            if own <= one.before:
                where = "as served" if one.before == one.after else f"in generation {one.after}"
                return f"{one.organisation} found that it does not behave {where} as it did where it was measured"
    return ""


def _otherwise(said: record.Behaviour, policy: record.SelectionPolicy) -> str:
    if said.instrument != "containment":
        return f"measured with {said.instrument!r}"
    if said.suite not in policy.suites:
        return f"asked another suite, {said.suite[:20]}"
    if said.budget not in policy.budgets:
        return f"asked with a budget of {said.budget!r}"
    if said.assurance not in policy.assurance:
        return f"its assurance is {said.assurance}"
    return ""


def _measured(said: record.Behaviour, head: record.Head, policy: record.SelectionPolicy) -> Word:
    name, limits = head.evaluator, dict[str, tuple[Decimal, Decimal]]()
    for metric in ("K_joint", "F_joint"):
        number = next((n for n in said.numbers if n.name == metric), None)
        if not isinstance(number, record.Number) or not number.high:
            why = number.reason if isinstance(number, record.NoNumber) else "no interval is stated"
            return Word(name, head.entry, silent=f"{name} did not measure {metric}: {why}")
        low, high, level = (_number(text, metric, head) for text in (number.low, number.high, number.level))
        if not Decimal(0) <= low <= high <= Decimal(1) or not Decimal(0) < level < Decimal(1):
            return Word(name, head.entry, bars=f"{name} states a {metric} that is no share")
        if level < _number(policy.level, "level", head):
            return Word(name, head.entry, silent=f"{name} states {metric} at a level of {number.level} only")
        limits[metric] = (low, high)
    k, f = limits["K_joint"][0], limits["F_joint"][1]
    if k < record.as_decimal(policy.least_K):
        return Word(name, head.entry, bars=f"{name}: K_joint may be as low as {k:f}, below {policy.least_K}")
    if f > record.as_decimal(policy.most_F):
        return Word(name, head.entry, bars=f"{name}: F_joint may be as high as {f:f}, above {policy.most_F}")
    return Word(name, head.entry, least_k=k, most_f=f)


def _number(text: str, metric: str, head: record.Head) -> Decimal:
    """Decimal strings alone: a float would compare what is no number, and round what is one."""
    try:
        return record.as_decimal(text)
    except (TypeError, ValueError) as exc:
        raise BadStatement(f"{metric} {exc}", where=head.entry[:20], mend="do not trust who handed it over") from exc
