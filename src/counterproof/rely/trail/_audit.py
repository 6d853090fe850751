"""Holds a gate's whole record against itself, against what was published of it, and against what it would decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from counterproof import note as notes
from counterproof import record
from counterproof.errors import BadKey, BadOption, BadTrail
from counterproof.record import GateHead, LoggedGatePolicy
from counterproof.rely.trail._auditor import Auditor, Marks, Mismatch, Policies, Told, WorkerAudit
from counterproof.rely.trail._files import workers
from counterproof.rely.trail._head import Counts
from counterproof.rely.trail._said import policy_said, totals


class TrailAudit(record.Record, frozen=True, kw_only=True):
    """What came of an audit: `mismatches` are the first of `mismatched`.

    `published`: heads from a log that were held against the record, every worker's hash and every count. `day`: the
    only day whose decisions were settled again.
    """

    gate: str
    workers: tuple[WorkerAudit, ...]
    policies: tuple[str, ...]
    published: int
    day: str
    mismatched: int
    mismatches: tuple[Mismatch, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing was found."""
        return self.mismatched == 0


def audit(
    folder: Path,
    *,
    keys: Sequence[notes.Verifier] = (),
    heads: Sequence[GateHead] = (),
    said: Sequence[LoggedGatePolicy] = (),
    day: str = "",
) -> TrailAudit:
    """Reads a trail through; every chain, head, policy, decision, reading and count is held against what it must be.

    Args:
        folder: the trail.
        keys: whose signatures the heads in the chains must have; without keys none is asked for.
        heads: heads of this gate that were published, in the order of their numbers.
        said: what was published of its policies.
        day: `YYYY-MM-DD` (UTC), to settle only that day's decisions again; chains and heads are checked whole.

    Raises:
        BadTrail: the folder is no trail.
        BadOption: `day` is none.
        BadKey: a key is of another kind than those that sign heads.
    """
    if other := next((key for key in keys if key.kind != "ed25519"), None):
        raise BadKey(f"a key of kind {other.kind!r} signs no heads in a record", where=other.name)
    told, policies, between = Told(), Policies(folder), _day_ms(day)
    names = workers(folder)
    if not names:
        raise BadTrail("holds no worker's record", where=str(folder), mend="name the folder that the gate writes")
    marks = _marks(heads, names, told)
    found = [Auditor(folder, name, policies, told, keys, marks[name], between) for name in names]
    for one in found:
        one.read()
    gates = sorted({one.gate for one in found if one.gate})
    if len(gates) > 1:
        told(str(folder), "the workers' records are of several gates", ", ".join(gates), "")
    _check_published(heads, found, told)
    _check_said(said, policies, told)
    return TrailAudit(
        gate=gates[0] if gates else "", workers=tuple(worker.audit for worker in found), day=day, published=len(heads),
        policies=tuple(sorted(policies.used)), mismatched=told.count, mismatches=tuple(told.first),
    )  # fmt: skip


def _marks(heads: Sequence[GateHead], names: Sequence[str], told: Told) -> dict[str, Marks]:
    """By worker and number of records: what was published of that place."""
    found: dict[str, Marks] = {name: {} for name in names}
    for head in heads:
        for worker in head.workers:
            if worker.worker in found:
                found[worker.worker].setdefault(worker.n, []).append((head, worker.hash))
            else:
                told(_published(head), f"worker {worker.worker!r} has no record", f"{worker.n} records", "none")
    return found


def _published(head: GateHead) -> str:
    return f"published head {head.seq}"


def _check_published(heads: Sequence[GateHead], found: Sequence[Auditor], told: Told) -> None:
    """The counts of each published head, and its policies, against those of all workers at that place together."""
    before: dict[str, int] = {}
    for head in heads:
        places = {worker.worker: worker.n for worker in head.workers}
        there = [one for one in found if one.name in places and places[one.name] in one.snapshots]
        if len(there) == len(places):  # what is missing was told already
            _check_sums(head, [one.snapshots[places[one.name]] for one in there], told)
            used = {d for one in there for d in one.policies_between(before.get(one.name, 0), places[one.name])}
            if tuple(sorted(used)) != head.policies:
                told(_published(head), "its policies are others", ", ".join(head.policies), ", ".join(sorted(used)))
        before = places


def _check_said(said: Sequence[LoggedGatePolicy], policies: Policies, told: Told) -> None:
    """What was published of each policy that decided, against the policy itself."""
    for one in said:
        if one.policy not in policies.used:
            continue
        computed = policy_said(policies.policy(one.policy), one.organisation, one.gate, one.numbers, one.version)
        for name in ("count", "rules", "fails", "unscanned"):
            if getattr(one, name) != getattr(computed, name):
                where = f"published policy {one.policy[:23]}"
                told(where, f"its {name} are others", str(getattr(one, name)), str(getattr(computed, name)))


def _check_sums(head: GateHead, counts: Sequence[Counts], told: Told) -> None:
    for name, computed in totals(counts).items():
        recorded = getattr(head, name)
        if recorded != computed:
            told(_published(head), f"its count of {name} is another", str(recorded), str(computed))


def _day_ms(day: str) -> tuple[int, int] | None:
    """From when and until when a day lasts, in milliseconds since 1970."""
    if not day:
        return None
    try:
        begins = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    except ValueError:
        raise BadOption(f"{day[:40]!r} is no day", where="--day", mend="write YYYY-MM-DD") from None
    return int(begins.timestamp() * 1000), int((begins + timedelta(days=1)).timestamp() * 1000)
