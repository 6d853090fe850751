"""Puts the package's own instrument to an organism that was trained a moment ago.

Takes: a folder of organisms (manifest, tokenizer, weights), a suite, what the adversary may use. Gives: the report that
`counterproof measure` would give, and the relearning curve of `counterproof whitebox`. Never: grades or estimates by
itself. Loads torch only for the relearning.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from counterproof import record
from counterproof.measure import adversary, instrument, suite, target, trial, whitebox


def contained(
    organisms: Path, name: str, found: record.Suite, *, families: Sequence[str], modifiers: Sequence[str], budget: int
) -> record.CategoryResult:
    """What the containment instrument finds about one organism over all categories.

    `budget` is in queries per goal; the adversary has the named families and modifiers and no others. The run is the
    package's (plan, campaigns in lockstep, grading, estimates); only where the organism lies is said here, for its
    command line opens shipped ones.

    Raises:
        BadInput: the organism, a family or a modifier cannot be used.
    """
    plan = instrument.containment.declare(
        found, (target.open_organism(name, organisms).name,), budget=record.Budget(amount=budget), families=families,
        modifiers=tuple(modifiers),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        files = {instrument.seats.SUITE_FILE: suite.write(found)}
        trial.run(plan, Path(place), functools.partial(opened, organisms=organisms), attachments=files)
        report = instrument.containment.report(Path(place), plan)
    return next(c for c in report.targets[0].categories if c.id == instrument.containment.POOLED)


def opened(
    folder: Path, plan: trial.Plan, shard: trial.Shard, *, organisms: Path
) -> tuple[trial.Cast, list[trial.Seat]]:
    """Who answers and who asks in one shard: as the package seats them, the organism from its own folder."""
    found, organism = instrument.seats.kept_suite(folder, plan), target.open_organism(shard.target, organisms)
    instrument.seats.same(folder, plan.targets[0], organism.name)
    means = instrument.seats.means_of(plan, {record.TARGET: organism.name.can_prefill}, folder)
    items, shared = instrument.seats.items_of(found, shard.arm), {c: adversary.Lessons() for c in plan.categories}
    seats = [
        instrument.seats.seat(plan, found, shard.arm, items[p.item], p, means, shared[p.category])
        for p in instrument.seats.places(plan, found, shard.arm)
    ]
    return {record.TARGET: organism}, seats


def relearned(organisms: Path, name: str, found: record.Suite, *, seed: int) -> record.WhiteAttack:
    """The relearning attack of the white-box instrument at its declared course."""
    entry, state = target.open_weights(name, organisms)
    organism, shape = target.open_organism(name, organisms), entry.shape
    sizes = whitebox.Sizes(
        layers=shape.layers, heads=shape.heads, mlp=shape.mlp, context=shape.context, theta=shape.theta, eps=shape.eps
    )
    special = organism.tokenizer.specials
    model = whitebox.from_arrays(
        organism.name.name, organism.name.digest, state, sizes, encode=organism.prompt_ids,
        decode=organism.tokenizer.decode, end=special["<|eos|>"], pad=special["<|pad|>"],
    )  # fmt: skip
    return instrument.whitebox.attacked(model, found, seed=seed, attacks=("relearning",)).attacks[0]


def value(found: record.Estimate) -> float | None:
    """The point of a measured number; None where nothing was measured."""
    return None if isinstance(found, record.NotMeasured) else found.value


def points(curve: record.WhiteAttack) -> tuple[record.WhitePoint, ...]:
    """The looks of a curve; none where nothing was measured."""
    return () if isinstance(curve.points, record.NotMeasured) else curve.points


def spared(curve: record.WhiteAttack) -> float | None:
    """The open items still right after the declared steps: what relearning cost."""
    return None if isinstance(curve.collateral, record.NotMeasured) else value(curve.collateral.twins_after)
