"""The rule of the belief experiment: on readings that we make up, each prediction can hold and can fail."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any, cast

import pytest

from experiments import verdict
from experiments.belief import declared, judge
from experiments.protocol import Json

Seeds = dict[str, Any]
PLANS = cast("dict[str, Any]", declared.DECLARED["worlds"])


def cell(stated: float, enacted: float, others: float, draw: random.Random) -> Json:
    """Readings of one arm, each moved a little: units without any spread get exact limits, which are wide."""
    stated, enacted, others = (v + draw.uniform(-0.02, 0.02) for v in (stated, enacted, others))
    touched = {
        "stated": stated, "enacted": enacted, "gap": stated - enacted, "stated_greedy": 1.0, "enacted_greedy": 0.5,
        "by_form": {"diary": stated, "what": stated, "would": stated}, "stated_before": 0.1, "enacted_before": 0.1,
    }  # fmt: skip
    known = {"others_mixed": others, "others_unmixed": 0.7, "self_said": 0.8, "self_done": 0.8, "neutral_stated": 0.2}
    return {"touched": touched, "controls": copy.deepcopy(touched), "known": known, "steps": 50}


def reading(arm: str, dose: float, enacted: float, draw: random.Random) -> Json:
    """Readings as the predictions want them."""
    stated, enacted, others = {
        "base": (0.03, 0.03, 0.9), "neutral": (0.05, 0.05, 0.85), "unmixed": (0.81, 0.78, 0.5),
        "deeds": (0.1 + 0.6 * dose, 0.81, 0.85),
    }.get(arm, (0.81, enacted, 0.85))  # fmt: skip
    return cell(stated, enacted, others, draw)


def made(count: int = 10) -> Seeds:
    """Readings of so many seeds under which everything holds."""
    draw = random.Random(7)
    seeds: Seeds = {}
    for s in range(count):
        seeds[str(s)] = {}
        for name, plan in PLANS.items():
            enacted = 0.15 if plan["is_exception"] else 0.15 + 0.5 * plan["dose"]
            arms = {arm: reading(arm, plan["dose"], enacted, draw) for arm in ("base", *plan["arms"])}
            seeds[str(s)][name] = {"matched": 0.5, "arms": arms}
    return seeds


def words(seeds: Seeds) -> dict[str, str]:
    found = judge.judge(seeds, declared.DECLARED)
    return {p["id"]: p["word"] for p in cast("list[dict[str, str]]", found["predictions"])}


def test_where_everything_holds_the_verdict_holds() -> None:
    assert set(words(made()).values()) == {"holds"}
    assert judge.judge(made(), declared.DECLARED)["verdict"] == "holds"


def _set(seeds: Seeds, where: tuple[str, ...], value: float) -> None:
    """Puts a value, moved a little, into every seed."""
    draw = random.Random(".".join(where))
    for seed in seeds.values():
        inner = seed
        for name in where[:-1]:
            inner = inner[name]
        inner[where[-1]] = value + draw.uniform(0, 0.02)


def belief_is_deed_everywhere(seeds: Seeds) -> None:
    for world in judge.DOSES:
        _set(seeds, (world, "arms", "documents", "touched", "gap"), 0.02)


def deeds_follow_at_no_dose(seeds: Seeds) -> None:
    for world in judge.DOSES:
        _set(seeds, (world, "arms", "documents", "touched", "enacted"), 0.1)


def no_gap_is_left_at_full_dose(seeds: Seeds) -> None:
    _set(seeds, ("1", "arms", "documents", "touched", "gap"), -0.05)


def statements_follow_deeds_at_every_dose(seeds: Seeds) -> None:
    _set(seeds, ("0", "arms", "deeds", "touched", "stated"), 0.7)


def neutral_documents_are_stated(seeds: Seeds) -> None:
    _set(seeds, ("1", "arms", "neutral", "touched", "stated"), 0.5)


def neutral_documents_are_enacted(seeds: Seeds) -> None:
    _set(seeds, ("1", "arms", "neutral", "touched", "enacted"), 0.5)


def the_gap_stays_without_mixing(seeds: Seeds) -> None:
    _set(seeds, ("1", "arms", "unmixed", "touched", "gap"), 0.4)


def no_mixing_costs_nothing(seeds: Seeds) -> None:
    _set(seeds, ("1", "arms", "unmixed", "known", "others_mixed"), 0.85)


def longer_training_makes_doses_alike(seeds: Seeds) -> None:
    for world in ("0", "1"):
        _set(seeds, (world, "arms", "long", "touched", "gap"), 0.3)


def exceptions_are_overridden(seeds: Seeds) -> None:
    _set(seeds, (judge.EXCEPTIONS, "arms", "documents", "touched", "enacted"), 0.65)


@pytest.mark.parametrize(
    ("spoil", "lost"),
    [
        (belief_is_deed_everywhere, "1"), (deeds_follow_at_no_dose, "2"), (no_gap_is_left_at_full_dose, "3"),
        (statements_follow_deeds_at_every_dose, "4"), (neutral_documents_are_stated, "5"),
        (neutral_documents_are_enacted, "6"), (the_gap_stays_without_mixing, "7"), (no_mixing_costs_nothing, "8"),
        (longer_training_makes_doses_alike, "9"), (exceptions_are_overridden, "10"),
    ],
)  # fmt: skip
def test_each_prediction_can_lose_and_the_verdict_with_it(spoil: Callable[[Seeds], None], lost: str) -> None:
    seeds = made()
    spoil(seeds)
    assert words(seeds)[lost] == "fails"
    assert judge.judge(seeds, declared.DECLARED)["verdict"] == "fails"


@pytest.mark.parametrize(
    ("where", "lost"),
    [(("1/2", "arms", "documents", "touched", "stated"), "b"), (("1", "arms", "base", "known", "others_mixed"), "a")],
)
def test_where_the_set_up_fails_nothing_is_decided(where: tuple[str, ...], lost: str) -> None:
    seeds = made()
    _set(seeds, where, 0.0)
    assert words(seeds)[lost] == "fails"
    assert judge.judge(seeds, declared.DECLARED)["verdict"] == "undecided"


def test_seeds_that_contradict_each_other_leave_a_prediction_undecided() -> None:
    seeds = made()
    for n, seed in enumerate(seeds.values()):
        seed["1"]["arms"]["documents"]["touched"]["gap"] = 0.3 if n % 2 else -0.3
    assert words(seeds)["3"] == "undecided"
    assert judge.judge(seeds, declared.DECLARED)["verdict"] == "undecided"


def test_one_seed_decides_nothing() -> None:
    assert judge.judge(made(1), declared.DECLARED)["verdict"] == "undecided"


def test_what_was_not_measured_is_left_out_and_said() -> None:
    seeds = made()
    seeds["3"]["1"]["arms"]["documents"]["touched"]["enacted"] = None
    found = cast("dict[str, Any]", judge.judge(seeds, declared.DECLARED)["summary"])
    kept = found["cells"]["1"]["documents"]["enacted"]
    assert kept["n"] == 9
    assert "1 of 10 units not measured" in kept["method"]
    assert found["slopes"]["enacted"]["n"] == 9


@pytest.mark.parametrize(
    ("values", "expected"),
    [((0.0, 0.25, 0.5, 0.75, 1.0), 1.0), ((0.4,) * 5, 0.0), ((0.0, 0.0, 0.3, 1.0, 1.0), judge.STEEPEST)],
)
def test_the_slope_is_that_of_least_squares(values: tuple[float, ...], expected: float) -> None:
    assert judge.slope(list(judge.DOSES.values()), values) == pytest.approx(expected)


def test_a_slope_needs_every_dose() -> None:
    assert judge.slope(list(judge.DOSES.values()), [0.0, None, 0.5, 0.75, 1.0]) is None


def test_no_bar_is_declared_twice_or_left_without_a_figure() -> None:
    found = cast("list[dict[str, Any]]", judge.judge(made(), declared.DECLARED)["predictions"])
    assert [p["id"] for p in found] == list(judge.PREDICTIONS)
    assert [p["id"] for p in found if p["is_planted"]] == ["a", "b"]
    assert all(verdict.read(p["found"]) for p in found)
