"""The decision: every candidate judged by itself, then those allowed put in the declared order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from counterproof import record
from counterproof.errors import NotVerified
from counterproof.rely import verify
from counterproof.rely.select import _leaves, _policy
from counterproof.rely.select._judge import Found, Given, judge
from counterproof.rely.select._whole import WholeLog

_ALWAYS = (
    "what was logged after the head that all of it lies under",
    "what was never logged: a measurement that nobody declared",
    "that organisations under different names are independent: governance says so",
)
_SUMMARY = (
    "that the summary follows from the log: a watcher of the log sees that, or whoever reads the whole of it",
    "whether a result was taken back or contested, breaks a rule of the chain, or is of a system that changed since",
)


def decide(
    policy: record.SelectionPolicy,
    verified: Sequence[verify.Verified],
    heads: verify.Verified,
    leaves: Sequence[record.Head],
    now_s: int,
    log: WholeLog | None = None,
) -> record.Selection:
    """Allows or denies every candidate: those that the policy names, or all that `verified` speaks of.

    Steps: 1 policy; 2 heads: the log's summary, whole and recent; 3 log: the whole of it, where the policy wants it;
    4 results: those that lie under the same head; 5 each candidate by itself; 6 order among those allowed.
    Whatever is left out of what is handed over can only deny. `now_s`: the reader's clock, in seconds since 1970.

    Raises:
        BadPolicy: the policy makes no sense.
        BadStatement: a result states what is no number.
        NotVerified: the summary, or the log, is not what the policy wants; `where` is the step.
    """
    # 1 policy
    _policy.check(policy)
    # 2 heads
    _leaves.check(policy, heads, leaves, now_s)
    # 3 log
    if policy.reads == "whole log":
        leaves = _of_the_log(heads, leaves, log)
    # 4 results
    head = (heads.origin, heads.size, heads.root)
    results = {one.entry: one for one in verified if (one.origin, one.size, one.root) == head}
    series: dict[tuple[str, str], list[record.Head]] = {}
    for leaf in leaves:
        series.setdefault((leaf.subject, leaf.category), []).append(leaf)
    given = Given(policy, results, series, log if policy.reads == "whole log" else None)
    # 5 each candidate by itself
    found = {subject: judge(subject, given) for subject in _candidates(policy, verified)}
    # 6 order among those allowed
    return record.Selection(
        policy=record.digest_of(policy), origin=heads.origin, size=heads.size, root=heads.root, heads=heads.entry,
        reads=policy.reads, at_s=now_s, choices=_ordered(policy, found),
        unchecked=_ALWAYS if policy.reads == "whole log" else (*_ALWAYS, *_SUMMARY),
    )  # fmt: skip


def _of_the_log(heads: verify.Verified, leaves: Sequence[record.Head], log: WholeLog | None) -> Sequence[record.Head]:
    """The latest results up to the head itself, once the log's own summary is found to follow from the log."""
    if log is None:
        raise NotVerified("the policy wants the whole log read", where="log", mend="hand over the log's folder")
    if (log.size, log.root) != (heads.size, heads.root):
        raise NotVerified(f"a log of {log.size} entries, not the one here", where="log", mend="read it again")
    later = {h for h in log.heads if h.index >= _summed_up(heads)}
    if not set(log.heads) - later <= set(leaves):
        raise NotVerified("the summary does not follow from the log", where="log", mend="do not trust the log")
    return log.heads


def _summed_up(heads: verify.Verified) -> int:
    return heads.statement.predicate.size if isinstance(heads.statement.predicate, record.Heads) else 0


def _candidates(policy: record.SelectionPolicy, verified: Sequence[verify.Verified]) -> list[str]:
    if policy.subjects:
        return list(policy.subjects)
    said = (one.statement.predicate for one in verified)
    return sorted({one.subject for one in said if isinstance(one, record.Behaviour)})


def _ordered(policy: record.SelectionPolicy, found: Mapping[str, Found]) -> tuple[record.Choice, ...]:
    allowed = {subject: _standing(policy, one) for subject, one in found.items() if not one.denials}
    keys = {subject: _key(policy, found[subject]) for subject in allowed}
    made: list[record.Choice] = []
    for subject, one in found.items():
        is_allowed = subject in allowed
        rank = 1 + sum(key < keys[subject] for key in keys.values()) if is_allowed else 0
        tied = is_allowed and sum(key == keys[subject] for key in keys.values()) > 1
        choice = record.Choice(
            subject=subject, decision="allow" if is_allowed else "deny", rank=rank, standing=allowed.get(subject, {}),
            reasons=(*one.denials, *one.notes, *(["the declared order leaves it tied with others"] if tied else [])),
            rests_on=tuple(sorted(set(one.rests_on))),
        )  # fmt: skip
        made.append(choice)
    return tuple(sorted(made, key=lambda c: (c.decision == "deny", c.rank, c.subject)))


def _key(policy: record.SelectionPolicy, one: Found) -> tuple[Decimal, ...]:
    """Smaller is better."""
    by = {"K": -one.least_k, "F": one.most_f, "organisations": -Decimal(one.fewest)}
    return tuple(by[name] for name in policy.order)


def _standing(policy: record.SelectionPolicy, one: Found) -> dict[str, str]:
    as_text = {
        "K": f"{one.least_k.normalize():f}", "F": f"{one.most_f.normalize():f}", "organisations": str(one.fewest),
    }  # fmt: skip
    return {name: as_text[name] for name in policy.order}
