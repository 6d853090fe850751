"""Gates, as the log has them: what each decides by, and how far each of its records had come."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from counterproof import record
from counterproof.chain._case import Case

RISING = (
    "allowed", "modified", "escalated", "held", "rejected", "terminated", "overrides", "sheds", "timeouts", "failures",
    "faults", "appeals", "upheld", "denied",
)  # fmt: skip
"""Counts of a head: each is from the gate's first record on, so that none may fall."""


@dataclass(frozen=True, slots=True)
class LoggedHead:
    """A head of a gate. `shown_by`: the entries that show that its organisation said so."""

    said: record.GateHead
    payload: bytes
    entry: str
    shown_by: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoggedPolicy:
    """A policy of a gate."""

    said: record.LoggedGatePolicy
    shown_by: tuple[int, ...]


def why_rewritten(before: record.GateHead, after: record.GateHead) -> str:
    """Why two heads of a gate cannot both be heads of one record, the first having the lower number; empty if they can.

    That is so whatever was logged between them, and in whichever order.
    """
    held = {one.worker: one for one in after.workers}
    for one in before.workers:
        now = held.get(one.worker)
        if now is None:
            return f"worker {one.worker!r} had {one.n} records and is gone"
        if now.n < one.n:
            return f"worker {one.worker!r} had {one.n} records and has {now.n}"
        if now.n == one.n and now.hash != one.hash:
            return f"the first {one.n} records of worker {one.worker!r} have another hash"
    fallen = next((name for name in RISING if getattr(after, name) < getattr(before, name)), "")
    return f"its count of {fallen} fell" if fallen else ""


@dataclass(slots=True)
class _Heads:
    """A gate's heads by number, each taken once."""

    seqs: list[int] = field(default_factory=list[int])
    heads: list[LoggedHead] = field(default_factory=list[LoggedHead])

    def contradicts(self, said: record.GateHead, payload: bytes) -> tuple[LoggedHead, str] | None:
        """The neighbour with which a head cannot be of one record, and why."""
        at = bisect_left(self.seqs, said.seq)
        if at < len(self.seqs) and self.seqs[at] == said.seq:
            other = self.heads[at]
            return (other, f"it is another head {said.seq}") if other.payload != payload else None
        if at and (why := why_rewritten(self.heads[at - 1].said, said)):
            return self.heads[at - 1], why
        if at < len(self.heads) and (why := why_rewritten(said, self.heads[at].said)):
            return self.heads[at], f"by the later one, {why}"
        return None

    def add(self, head: LoggedHead) -> None:
        at = bisect_left(self.seqs, head.said.seq)
        if at == len(self.seqs) or self.seqs[at] != head.said.seq:
            self.seqs.insert(at, head.said.seq)
            self.heads.insert(at, head)


@dataclass(slots=True)
class Gates:
    """Every gate's heads and policies."""

    _heads: dict[tuple[str, str], _Heads] = field(default_factory=dict[tuple[str, str], _Heads])
    _policies: dict[tuple[str, str, str], LoggedPolicy] = field(
        default_factory=dict[tuple[str, str, str], LoggedPolicy]
    )

    def last(self, organisation: str, gate: str) -> LoggedHead | None:
        """A gate's head with the highest number."""
        found = self._heads.get((organisation, gate))
        return found.heads[-1] if found and found.heads else None

    def policy(self, organisation: str, gate: str, digest: str) -> LoggedPolicy | None:
        """What was said of a policy first."""
        return self._policies.get((organisation, gate, digest))

    def contradicts(self, said: record.GateHead, payload: bytes) -> tuple[LoggedHead, str] | None:
        """A head of the same gate with which this one cannot be of one record, and why."""
        found = self._heads.get((said.organisation, said.gate))
        return found.contradicts(said, payload) if found else None

    def add_head(self, said: record.GateHead, case: Case) -> None:
        """Takes a head that contradicts none."""
        shown = tuple(sorted({*case.shown_by, case.index}))
        self._heads.setdefault((said.organisation, said.gate), _Heads()).add(
            LoggedHead(said, case.payload, case.entry, shown)
        )

    def add_policy(self, said: record.LoggedGatePolicy, case: Case) -> None:
        """Takes a policy; what was said of one first stays."""
        shown = tuple(sorted({*case.shown_by, case.index}))
        self._policies.setdefault((said.organisation, said.gate, said.policy), LoggedPolicy(said, shown))
