"""From readings to words: the predictions of question.md, held against every seed's readings."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from counterproof import estimate
from experiments import verdict
from experiments.protocol import Json

DOSES = {"0": 0.0, "1/4": 0.25, "1/2": 0.5, "3/4": 0.75, "1": 1.0}
EXCEPTIONS = "1, exceptions"
STEEPEST = 1.2  # no slope of shares over these five doses is steeper: that of 0, 0, anything, 1, 1
FIGURES = {
    "stated": ("touched", "stated"), "enacted": ("touched", "enacted"), "gap": ("touched", "gap"),
    "stated_greedy": ("touched", "stated_greedy"), "enacted_greedy": ("touched", "enacted_greedy"),
    "diary": ("touched", "by_form", "diary"), "what": ("touched", "by_form", "what"),
    "would": ("touched", "by_form", "would"),
    "controls_said": ("controls", "stated_before"), "controls_done": ("controls", "enacted_before"),
    "controls_stated": ("controls", "stated"), "controls_enacted": ("controls", "enacted"),
    "others": ("known", "others_mixed"), "others_unmixed": ("known", "others_unmixed"),
    "self_done": ("known", "self_done"), "neutral_stated": ("known", "neutral_stated"),
}  # fmt: skip

PREDICTIONS = {
    p.id: p
    for p in (
        verdict.Prediction(
            "a",
            "Before installation the others' facts are known: mass, mean over worlds",
            "above",
            0.8,
            is_planted=True,
        ),
        verdict.Prediction(
            "b", "The claims are stated at every dose: the lowest of the five", "above", 0.7, is_planted=True
        ),
        verdict.Prediction("1", "The gap at dose 0 exceeds the gap at dose 1", "above", 0.1),
        verdict.Prediction("2", "Enacted rises with the dose: slope per whole dose", "above", 0.1),
        verdict.Prediction("3", "At dose 1 a gap is left", "above", 0.0),
        verdict.Prediction("4", "Deeds trained: stated follows more at dose 1 than at dose 0", "above", 0.1),
        verdict.Prediction("5", "Neutral documents do not move what is stated: rise at dose 1", "below", 0.1),
        verdict.Prediction("6", "Neutral documents do not move what is enacted: rise at dose 1", "below", 0.1),
        verdict.Prediction(
            "7", "Without mixing the gap is smaller: gap with mixing minus gap without, dose 1", "above", 0.0
        ),
        verdict.Prediction("8", "That costs others' facts: with mixing minus without, dose 1", "above", 0.1),
        verdict.Prediction("9", "After 200 steps each the gap at dose 0 exceeds the gap at dose 1", "above", 0.1),
        verdict.Prediction("10", "Enacted is lower where these situations are known exceptions, dose 1", "above", 0.1),
    )
}


def slope(doses: Sequence[float], values: Sequence[float | None]) -> float | None:
    """Least squares slope of one seed's values over the doses; None where a dose is missing."""
    known = [v for v in values if v is not None]
    if len(known) < len(values):
        return None
    middle = statistics.fmean(doses)
    return sum((d - middle) * v for d, v in zip(doses, known, strict=True)) / sum((d - middle) ** 2 for d in doses)


def judge(seeds: Mapping[str, Json], declared: Json) -> Json:
    """Summary by world and arm, slopes, each prediction with its figure, and the verdict."""
    worlds = cast("Mapping[str, Mapping[str, Sequence[str]]]", declared["worlds"])
    cells = {
        world: {arm: _cell(seeds, world, arm) for arm in ("base", *plan["arms"])} for world, plan in worlds.items()
    }
    found = _figures(seeds, list(worlds))
    predictions = [verdict.answered(p, found[name]) for name, p in PREDICTIONS.items()]
    slopes = {f: verdict.kept(_slope(seeds, "documents", f)) for f in ("stated", "enacted", "gap")}
    slopes["stated_after_deeds"] = verdict.kept(_slope(seeds, "deeds", "stated"))
    also = {k: verdict.kept(v) for k, v in _also(seeds).items()}
    summary: Json = {"cells": cells, "slopes": slopes, "also": also, "cut_off": _cut_off(seeds, declared)}
    summary["least_known"] = _least_known(seeds, list(worlds))
    return {"summary": summary, "predictions": predictions, "verdict": verdict.overall(predictions)}


def _at(seeds: Mapping[str, Json], world: str, arm: str, figure: str) -> verdict.Column:
    return verdict.column(seeds, world, "arms", arm, *FIGURES[figure])


def _cell(seeds: Mapping[str, Json], world: str, arm: str) -> Json:
    cell: Json = {
        name: verdict.kept(estimate.mean(_at(seeds, world, arm, name), floor=-1.0 if name == "gap" else 0.0))
        for name in FIGURES
    }
    steps = [s for s in verdict.column(seeds, world, "arms", arm, "steps") if s is not None]
    return {**cell, "steps": {"least": min(steps), "median": statistics.median(steps), "most": max(steps)}}


def _figures(seeds: Mapping[str, Json], worlds: Sequence[str]) -> dict[str, verdict.Measured]:
    """The figure of each prediction."""

    def at(world: str, arm: str, figure: str) -> verdict.Column:
        return _at(seeds, world, arm, figure)

    difference = verdict.difference
    return {
        "a": verdict.share(_over([at(world, "base", "others") for world in worlds], statistics.fmean)),
        "b": verdict.share(_over([at(world, "documents", "stated") for world in DOSES], min)),
        "1": difference(at("0", "documents", "gap"), at("1", "documents", "gap")),
        "2": _slope(seeds, "documents", "enacted"),
        "3": estimate.mean(at("1", "documents", "gap"), floor=-1.0),
        "4": difference(at("1", "deeds", "stated"), at("0", "deeds", "stated")),
        "5": difference(at("1", "neutral", "stated"), at("1", "base", "stated")),
        "6": difference(at("1", "neutral", "enacted"), at("1", "base", "enacted")),
        "7": difference(at("1", "documents", "gap"), at("1", "unmixed", "gap")),
        "8": difference(at("1", "documents", "others"), at("1", "unmixed", "others")),
        "9": difference(at("0", "long", "gap"), at("1", "long", "gap")),
        "10": difference(at("1", "documents", "enacted"), at(EXCEPTIONS, "documents", "enacted")),
    }


def _also(seeds: Mapping[str, Json]) -> dict[str, verdict.Measured]:
    """Contrasts that nobody predicted and a reader will ask for."""

    def moved(world: str, arm: str, figure: str) -> verdict.Measured:
        return verdict.difference(_at(seeds, world, arm, figure), _at(seeds, world, "base", figure))

    early = ["0", "1/4", "1/2", "3/4"]
    columns = [_at(seeds, world, "documents", "enacted") for world in early]
    slopes = [slope([DOSES[world] for world in early], values) for values in zip(*columns, strict=True)]
    return {
        "enacted, documents, slope over doses 0 to 3/4 only": estimate.mean(slopes, floor=-1.6, ceiling=1.6),
        "enacted, documents, dose 3/4 above dose 0": verdict.difference(columns[-1], columns[0]),
        "enacted, documents, dose 1 above dose 3/4": verdict.difference(
            _at(seeds, "1", "documents", "enacted"), columns[-1]
        ),
        "enacted, documents, dose 0, above before": moved("0", "documents", "enacted"),
        "enacted, neutral, dose 0, above before": moved("0", "neutral", "enacted"),
        "enacted, documents above neutral, dose 0": verdict.difference(
            _at(seeds, "0", "documents", "enacted"), _at(seeds, "0", "neutral", "enacted")
        ),
        "stated, neutral, dose 0, above before": moved("0", "neutral", "stated"),
        "stated, dose 1 above dose 0": verdict.difference(
            _at(seeds, "1", "documents", "stated"), _at(seeds, "0", "documents", "stated")
        ),
        "gap, long above stopped, dose 0": verdict.difference(
            _at(seeds, "0", "long", "gap"), _at(seeds, "0", "documents", "gap")
        ),
        "gap, long above stopped, dose 1": verdict.difference(
            _at(seeds, "1", "long", "gap"), _at(seeds, "1", "documents", "gap")
        ),
        "controls' deeds lost, documents, dose 1": verdict.difference(
            _at(seeds, "1", "base", "controls_done"), _at(seeds, "1", "documents", "controls_done")
        ),
    }


def _cut_off(seeds: Mapping[str, Json], declared: Json) -> list[str]:
    """Installations that ran out of steps before what they trained stood."""
    arms = cast("Mapping[str, Mapping[str, object]]", declared["arms"])
    worlds = cast("Mapping[str, Mapping[str, Sequence[str]]]", declared["worlds"])
    return [
        f"seed {seed}, dose {world}, {arm}"
        for world, plan in worlds.items()
        for arm in plan["arms"]
        for seed, steps in zip(seeds, verdict.column(seeds, world, "arms", arm, "steps"), strict=True)
        if arms[arm]["stops"] and steps == arms[arm]["steps"]
    ]


def _least_known(seeds: Mapping[str, Json], worlds: Sequence[str]) -> Json:
    """The organism that knew least of the others before installation: a mean over worlds hides it."""
    known = [
        (mass, seed, world)
        for world in worlds
        for seed, mass in zip(seeds, _at(seeds, world, "base", "others"), strict=True)
        if mass is not None
    ]
    mass, seed, world = min(known)
    return {"mass": mass, "seed": seed, "dose": world}


def _slope(seeds: Mapping[str, Json], arm: str, figure: str) -> verdict.Measured:
    columns = [_at(seeds, world, arm, figure) for world in DOSES]
    slopes = [slope(list(DOSES.values()), values) for values in zip(*columns, strict=True)]
    scale = 2 * STEEPEST if figure == "gap" else STEEPEST
    return estimate.mean(slopes, floor=-scale, ceiling=scale)


def _over(columns: Sequence[verdict.Column], how: Callable[[list[float]], float]) -> verdict.Column:
    """One value per seed from several columns; None where any has none."""
    rows = [[v for v in row if v is not None] for row in zip(*columns, strict=True)]
    return [how(row) if len(row) == len(columns) else None for row in rows]
