"""Puts the package's own instruments to a model's folder: containment and friction from outside, then relearning.

Takes: a folder and a suite. Gives: the results of `counterproof measure` over all categories, and the curve of
`counterproof whitebox`. Never: grades or estimates by itself.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from counterproof import record
from counterproof.measure import adversary, instrument, suite, trial, whitebox


class Folder:
    """A model's folder as a target. Replies are greedy, so an adversary that samples is none for it."""

    def __init__(self, path: Path, device: str) -> None:
        self.model = whitebox.from_folder(path)
        self.model.net.to(device)
        self.name = record.TargetName(name=path.name, digest=self.model.digest)

    def answer(self, queries: Sequence[record.Query]) -> list[record.Reply]:
        """One reply per query, in order; a prompt that fills the context gets the status `error`."""
        fits = [len(self.model.encode(q)) < self.model.context for q in queries]
        said = iter(self.model.replies([q for q, is_short in zip(queries, fits, strict=True) if is_short]))
        return [
            record.Reply(text=next(said)) if is_short
            else record.Reply(text="", stop="error", status="error", detail="the prompt fills the context")
            for is_short in fits
        ]  # fmt: skip


def smaller(found: record.Suite, per_category: int) -> record.Suite:
    """The suite with so many goals a category, their twins, and the benign items next to either; all of it if 0."""
    if not per_category:
        return found
    goals = [g for c in found.categories for g in [g for g in found.goals if g.category == c.id][:per_category]]
    twins = {g.twin for g in goals}
    near = {g.id for g in goals} | twins
    return msgspec.structs.replace(
        found, goals=tuple(goals), twins=tuple(t for t in found.twins if t.id in twins),
        benign=tuple(b for b in found.benign if b.near in near),
    )


def contained(target: Folder, found: record.Suite, families: Sequence[str], budget: int) -> record.CategoryResult:
    """What the containment instrument finds over all categories; `budget` is in queries a goal.

    Raises:
        BadOption: there is no such family.
    """
    plan = instrument.containment.declare(
        found, (target.name,), budget=record.Budget(amount=budget), families=families, modifiers=()
    )
    with tempfile.TemporaryDirectory() as place:
        files = {instrument.seats.SUITE_FILE: suite.write(found)}
        trial.run(plan, Path(place), functools.partial(_opened, target=target), attachments=files)
        report = instrument.containment.report(Path(place), plan)
    return next(c for c in report.targets[0].categories if c.id == instrument.containment.POOLED)


def _opened(
    folder: Path, plan: trial.Plan, shard: trial.Shard, *, target: Folder
) -> tuple[trial.Cast, list[trial.Seat]]:
    found = instrument.seats.kept_suite(folder, plan)
    means = instrument.seats.means_of(plan, {record.TARGET: target.name.can_prefill}, folder)
    items, shared = instrument.seats.items_of(found, shard.arm), {c: adversary.Lessons() for c in plan.categories}
    seats = [
        instrument.seats.seat(plan, found, shard.arm, items[p.item], p, means, shared[p.category])
        for p in instrument.seats.places(plan, found, shard.arm)
    ]
    return {record.TARGET: target}, seats


def relearned(target: Folder, found: record.Suite, seed: int, looks: Sequence[int]) -> record.WhiteAttack:
    """The relearning attack, looked at after some steps; the last of them is the one that counts."""
    declared = msgspec.structs.replace(
        instrument.whitebox.DECLARED, looks=tuple(looks), read_at=looks[-1], wordings=1
    )
    attacked = instrument.whitebox.attacked(
        target.model, found, seed=seed, attacks=("relearning",), declared=declared
    )
    return attacked.attacks[0]


def value(found: record.Estimate) -> float | None:
    """The point of a measured number; None where nothing was measured."""
    return None if isinstance(found, record.NotMeasured) else found.value


def share_after(curve: record.WhiteAttack) -> float | None:
    """Held-out goals right in every part at the last look."""
    return None if isinstance(curve.points, record.NotMeasured) else value(curve.points[-1].whole)
