"""What one process of a gate has done so far, as a value that can be sent and summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

from counterproof import record
from counterproof.rely import guard

Key = TypeVar("Key", bound=Hashable)


class HeldNow(record.Record, frozen=True, kw_only=True):
    """An event that waits for a person: no content, only what was seen."""

    name: str
    since_ms: int
    kind: str
    door: str
    tool: str
    rules: tuple[str, ...]


class Snapshot(record.Record, frozen=True, kw_only=True):
    """Counts of one process, or of several summed.

    `decisions`: kind, door, outcome, how many; `rules`, `answers`: rule, status, how many. `latency`: how many took at
    most `guard.BOUNDS_S`, each bucket by itself, the last for what took longer. `faults`: errors of the gate itself;
    `unkept`: refused because the record could not be written. `problems`: one sentence for each thing that is not as it
    should be. `is_ready`: whether it takes traffic. `measured`: whether the policy's error rates are known.
    """

    worker: str
    policy: str
    policy_name: str
    is_measured: bool
    is_ready: bool
    began_ms: int
    decisions: tuple[tuple[str, str, str, int], ...] = ()
    rules: tuple[tuple[str, str, int], ...] = ()
    answers: tuple[tuple[str, str, int], ...] = ()
    overrides: tuple[tuple[str, int], ...] = ()
    latency: tuple[int, ...] = ()
    latency_sum_s: float = 0.0
    sheds: int = 0
    unkept: int = 0
    faults: int = 0
    anchors: int = 0
    held: tuple[HeldNow, ...] = ()
    problems: tuple[str, ...] = ()


def snapshot(
    watched: guard.Guard,
    worker: str,
    *,
    began_ms: int,
    is_ready: bool,
    is_measured: bool,
    problems: tuple[str, ...] = (),
) -> Snapshot:
    """The counts of a guard, now."""
    counts = watched.counts
    return Snapshot(
        worker=worker, policy=watched.rules.digest, policy_name=watched.rules.policy.name,
        is_measured=is_measured, is_ready=is_ready, began_ms=began_ms,
        decisions=tuple((*k, n) for k, n in sorted(counts.decisions.items())),
        rules=tuple((*k, n) for k, n in sorted(counts.rules.items())),
        answers=tuple((*k, n) for k, n in sorted(counts.answers.items())),
        overrides=tuple(sorted(counts.overrides.items())),
        latency=tuple(counts.latency), latency_sum_s=counts.latency_sum_s,
        sheds=counts.sheds, unkept=counts.unkept, faults=counts.faults, anchors=len(watched.memory),
        held=tuple(
            HeldNow(
                name=h.name, since_ms=h.since_ms, kind=h.sighting.kind, door=h.sighting.door, tool=h.sighting.tool,
                rules=h.rules,
            )
            for h in watched.held
        ),
        problems=problems,
    )  # fmt: skip


def summed(parts: Iterable[Snapshot]) -> Snapshot:
    """Several processes as one: counts added, problems joined; ready only if all are, under one policy or none.

    Raises:
        ValueError: there is nothing to sum.
    """
    known = sorted(parts, key=lambda s: s.worker)
    if not known:
        raise ValueError("no process has answered")
    policies = {s.policy for s in known}
    problems = tuple(dict.fromkeys(p for s in known for p in s.problems))
    if len(policies) > 1:
        problems = (*problems, f"the processes are under {len(policies)} different policies")
    latency = [sum(column) for column in zip(*(s.latency for s in known), strict=True)]
    return Snapshot(
        worker=", ".join(s.worker for s in known), policy=known[0].policy, policy_name=known[0].policy_name,
        is_measured=all(s.is_measured for s in known), is_ready=all(s.is_ready for s in known) and len(policies) == 1,
        began_ms=min(s.began_ms for s in known),
        decisions=tuple((*k, n) for k, n in _added((d[:3], d[3]) for s in known for d in s.decisions)),
        rules=tuple((*k, n) for k, n in _added((r[:2], r[2]) for s in known for r in s.rules)),
        answers=tuple((*k, n) for k, n in _added((a[:2], a[2]) for s in known for a in s.answers)),
        overrides=tuple(_added(o for s in known for o in s.overrides)),
        latency=tuple(latency), latency_sum_s=sum(s.latency_sum_s for s in known),
        sheds=sum(s.sheds for s in known), unkept=sum(s.unkept for s in known), faults=sum(s.faults for s in known),
        anchors=sum(s.anchors for s in known), held=tuple(h for s in known for h in s.held), problems=problems,
    )  # fmt: skip


def _added(counts: Iterable[tuple[Key, int]]) -> list[tuple[Key, int]]:
    total: Counter[Key] = Counter()
    for key, n in counts:
        total[key] += n
    return sorted(total.items(), key=lambda item: str(item[0]))


def quantile_s(latency: tuple[int, ...], share: float) -> float | None:
    """The bucket's upper end below which `share` of the decisions came, in seconds; None where there were none.

    Infinite where it lies beyond the last bucket.
    """
    total = sum(latency)
    if not total:
        return None
    seen = 0
    for bound, n in zip((*guard.BOUNDS_S, float("inf")), latency, strict=True):
        seen += n
        if seen >= share * total:
            return bound
    return float("inf")
