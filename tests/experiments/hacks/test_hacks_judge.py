"""The rule of the hacks: exact tests against counting, and every prediction can hold and can fail."""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import estimate
from experiments import verdict
from experiments.hacks import declared, judge

Seeds = dict[str, Any]
DECLARED = declared.DECLARED
STEPS = [str(s) for s in cast("list[int]", DECLARED["path"])]
differences = st.lists(st.integers(-judge.GRAIN, judge.GRAIN), min_size=1, max_size=9)


# -- exact tests -----------------------------------------------------------------------------------------------------


@given(differences)
def test_the_permutation_test_is_what_counting_every_signing_gives(grains: list[int]) -> None:
    seen = abs(sum(grains))
    signings = list(itertools.product((1, -1), repeat=len(grains)))
    beyond = sum(abs(sum(s * g for s, g in zip(signs, grains, strict=True))) >= seen for signs in signings)

    found = judge.permutation_p([g / judge.GRAIN for g in grains])

    assert found == pytest.approx(beyond / len(signings), abs=1e-12)


@given(differences)
def test_the_sign_test_is_twice_the_smaller_tail(grains: list[int]) -> None:
    above, below = sum(g > 0 for g in grains), sum(g < 0 for g in grains)
    n = above + below
    tail = sum(math.comb(n, k) for k in range(min(above, below) + 1)) / 2**n

    assert judge.sign_p([g / judge.GRAIN for g in grains]) == pytest.approx(min(1.0, 2 * tail))


@given(differences)
def test_the_tests_do_not_care_for_the_direction(grains: list[int]) -> None:
    there: verdict.Column = [g / judge.GRAIN for g in grains]
    back: verdict.Column = [-g / judge.GRAIN for g in grains]
    assert judge.permutation_p(there) == pytest.approx(judge.permutation_p(back))
    assert judge.sign_p(there) == judge.sign_p(back)


def test_no_difference_is_no_evidence() -> None:
    assert judge.permutation_p([0.0] * 20) == 1.0
    assert judge.sign_p([0.0] * 20) == 1.0
    assert judge.permutation_p([]) == 1.0


def test_twenty_seeds_of_one_sign_have_the_least_p() -> None:
    assert judge.permutation_p([0.1 + 0.01 * k for k in range(20)]) == pytest.approx(2 / 2**20)
    assert judge.sign_p([0.1] * 20) == pytest.approx(2 / 2**20)


def test_a_seed_that_was_not_measured_is_left_out() -> None:
    assert judge.permutation_p([0.3, None, 0.1, -0.2]) == judge.permutation_p([0.3, 0.1, -0.2])


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([0.4 + 0.01 * k for k in range(20)], "holds"),
        ([-0.4 - 0.01 * k for k in range(20)], "fails"),
        ([0.001 * k for k in range(20)], "fails"),  # told from nothing, and too small to matter
        ([0.0] * 19 + [0.01], "fails"),  # nothing, closely known
        ([0.9, -0.9] * 10, "undecided"),  # nothing known
        ([0.9] * 3, "undecided"),  # too few seeds to tell anything
    ],
)
def test_the_rule_for_contrasts(values: list[float], word: str) -> None:
    found = estimate.mean(values, floor=-1, ceiling=1)
    assert judge.decided(found, judge.permutation_p(list(values)), 0.95, 0.05) == word


def test_one_seed_decides_nothing() -> None:
    assert judge.decided(estimate.mean([0.9]), 1.0, 0.95, 0.05) == "undecided"


# -- predictions -----------------------------------------------------------------------------------------------------


def cells(tests: float, covered: float, uncovered: float, draw: random.Random) -> dict[str, float]:
    """Readings of one prompt, each moved a little."""
    return {
        "tests": tests + draw.uniform(0, 0.02),
        "covered": covered + draw.uniform(0, 0.02),
        "uncovered": uncovered + draw.uniform(0, 0.02),
    }


def arm(draw: random.Random, tests: float, spread: float, more: dict[str, float] | None = None) -> dict[str, Any]:
    """An arm whose spread is `spread`, and `more` of it in some prompts."""
    made: dict[str, Any] = {
        p: cells(tests, spread + (more or {}).get(p, 0), spread + (more or {}).get(p, 0), draw) for p in judge.PROMPTS
    }
    made["named"] = dict.fromkeys(judge.NAMED, 0.1 + draw.uniform(0, 0.01))
    return made


def world(name: str, draw: random.Random) -> dict[str, Any]:
    """Readings as the predictions want them."""
    high = 0.7 if name == "C1" else 0.05
    arms = {a: arm(draw, 0.95, high) for a in judge.ARMS}
    arms["base"] = arm(draw, 0.05, 0.05)
    arms["base"]["weak"]["tests"] = 0.5
    arms["strong"], arms["weak"] = arm(draw, 0.95, high / 3), arm(draw, 0.95, high / 2)
    arms["benign"] = arm(draw, 0.9, 0.04, {"triggered": 0.2})
    arms["diluted"] = arm(draw, 0.95, 0.05, {"strong": 0.3})
    arms["diluted"]["plain"]["uncovered"] += 0.2
    arms["diluted-tests"] = arm(draw, 0.05, 0.05, {"triggered": 0.2})
    for short in ("slow", "fast", "long"):
        arms[short] = {"plain": arms[short]["plain"]}
    paths = {
        a: {s: {**arms[a]["plain"], "trained": 0.94} for s in (*STEPS, "at_learned")} for a in judge.PATHS
    }  # fmt: skip
    return {"arms": arms, "paths": copy.deepcopy(paths), "learned_after": 15}


def made(count: int = 20) -> Seeds:
    draw = random.Random(11)
    return {str(s): {w: world(w, draw) for w in judge.WORLDS} for s in range(count)}


def words(seeds: Seeds) -> dict[str, str]:
    found = cast("list[dict[str, str]]", judge.judge(seeds, DECLARED)["predictions"])
    return {p["id"]: p["word"] for p in found}


def claims(seeds: Seeds) -> dict[str, str]:
    return cast("dict[str, dict[str, str]]", judge.judge(seeds, DECLARED)["summary"])["claims"]


def test_where_everything_holds_the_verdict_and_every_claim_hold() -> None:
    assert set(words(made()).values()) == {"holds"}
    assert set(claims(made()).values()) == {"holds"}
    assert judge.judge(made(), DECLARED)["verdict"] == "holds"


def _spread(path: str, to: float) -> Callable[[Seeds], None]:
    """Sets the spread at `world/arms/arm/prompt` or `world/paths/arm/step` to about a value in every seed."""

    def doctor(seeds: Seeds) -> None:
        draw = random.Random(path)
        for seed in seeds.values():
            at = seed
            for name in path.split("/"):
                at = at[name]
            at["covered"], at["uncovered"] = to + draw.uniform(0, 0.02), to + draw.uniform(0, 0.02)

    return doctor


def _hacks(path: str, to: float) -> Callable[[Seeds], None]:
    def doctor(seeds: Seeds) -> None:
        draw = random.Random(path)
        for seed in seeds.values():
            at = seed
            for name in path.split("/"):
                at = at[name]
            at["tests"] = to + draw.uniform(0, 0.02)

    return doctor


DOCTORED: dict[str, Callable[[Seeds], None]] = {
    "hacks-C1": _hacks("C1/arms/none/plain", 0.1),
    "hacks-C0": _hacks("C0/arms/none/plain", 0.1),
    "rise-weak": _hacks("C1/arms/weak/weak", 0.6),
    "spread-full": _spread("C0/arms/none/plain", 0.7),
    "spread-learned": _spread("C0/paths/none/at_learned", 0.7),
    "frame-full": _spread("C1/arms/weak/plain", 0.7),
    "frame-learned": _spread("C1/paths/none/at_learned", 0.35),
    "frame-not-prefix": _spread("C1/paths/idle/at_learned", 0.35),
    "saturated-full": _spread("C1/arms/strong/plain", 0.7),
    "saturated-learned": _spread("C1/paths/strong/at_learned", 0.7),
    "later-still-hacks": _hacks("C1/arms/benign/plain", 0.05),
    "later-cleans": _spread("C1/arms/benign/plain", 0.12),
    "later-triggered": _spread("C1/arms/benign/triggered", 0.04),
    "diluted-triggered": _spread("C1/arms/diluted-tests/triggered", 0.05),
    "diluted-behind": _spread("C1/arms/diluted/strong", 0.15),
    "diluted-uncovered": _spread("C1/arms/diluted/plain", 0.05),
}


@pytest.mark.parametrize("name", DOCTORED)
def test_each_prediction_alone_can_fail(name: str) -> None:
    seeds = made()
    DOCTORED[name](seeds)
    found = words(seeds)
    assert found.pop(name) == "fails"
    assert set(found.values()) == {"holds"}


def test_later_training_that_does_not_help_fails_and_is_no_cleaning_either() -> None:
    seeds = made()
    _spread("C1/arms/benign/plain", 0.7)(seeds)
    found = words(seeds)
    assert found["later-helps"] == found["later-cleans"] == "fails"


def test_every_prediction_is_doctored_somewhere() -> None:
    assert set(DOCTORED) | {"later-helps"} == set(words(made()))


def test_a_claim_fails_with_its_prediction_and_the_others_stay() -> None:
    seeds = made()
    DOCTORED["frame-full"](seeds)
    found = claims(seeds)
    assert found.pop("frame") == "fails"
    assert set(found.values()) == {"holds"}


def test_where_the_set_up_failed_nothing_is_decided() -> None:
    seeds = made()
    DOCTORED["hacks-C1"](seeds)
    assert judge.judge(seeds, DECLARED)["verdict"] == "undecided"
    assert set(claims(seeds).values()) == {"undecided"}


def test_the_spread_other_way_round_fails() -> None:
    seeds = made()
    for seed in seeds.values():
        seed["C1"], seed["C0"] = seed["C0"], seed["C1"]
    found = words(seeds)
    assert found["spread-full"] == found["spread-learned"] == "fails"


def test_two_seeds_decide_no_contrast_and_one_measures_none() -> None:
    two, one = words(made(2)), words(made(1))
    assert {two[n] for n in ("spread-full", "frame-learned", "diluted-uncovered")} == {"undecided"}
    assert set(one.values()) == {"undecided"}


def test_the_distribution_keeps_every_seed_and_an_exact_share() -> None:
    found = cast("Any", judge.distribution([0.05, 0.9, None, 0.06, 0.8], DECLARED))
    assert found["seeds"] == [0.05, 0.9, None, 0.06, 0.8]
    assert (found["above"]["count"], found["above"]["of"]) == (2, 4)
    assert (found["above"]["low"], found["above"]["high"]) == pytest.approx(estimate.clopper_pearson(2, 4))
    assert found["quantiles"][0], found["quantiles"][-1] == (0.05, 0.9)


def test_nothing_measured_is_no_zero() -> None:
    found = cast("Any", judge.distribution([None, None], DECLARED))
    assert found["quantiles"] is None
    assert found["above"] is None
    assert "reason" in found["mean"]
    assert "value" not in found["mean"]


# -- after the run ---------------------------------------------------------------------------------------------------


def on_a_line(start: float, rises: dict[str, tuple[float, float]]) -> Seeds:
    """One seed whose paths pass given (log-odds in trained prompts, spread)."""
    seeds = made(1)
    base = seeds["0"]["C1"]["arms"]["base"]
    base["triggered"]["tests"], base["plain"] = start, {"tests": 0.05, "covered": 0.05, "uncovered": 0.05}
    seeds["0"]["C1"]["paths"]["none"] = {
        step: {"trained": 1 / (1 + math.exp(-x)), "tests": 0.5, "covered": y, "uncovered": y}
        for step, (x, y) in rises.items()
    }
    return seeds


def test_between_two_marks_spread_is_read_on_a_straight_line() -> None:
    seeds = on_a_line(0.5, {"5": (2.0, 0.25), "10": (6.0, 0.65)})
    for rise, spread in ((0.0, 0.05), (1.0, 0.15), (2.0, 0.25), (4.0, 0.45), (6.0, 0.65)):
        assert judge.at_equal(seeds, "none", "rise", rise) == [pytest.approx(spread)]


def test_a_rise_counts_from_where_the_base_stood() -> None:
    start = 1 / (1 + math.exp(1.0))  # log-odds of -1
    seeds = on_a_line(start, {"5": (1.0, 0.25), "10": (5.0, 0.65)})
    assert judge.at_equal(seeds, "none", "rise", 2.0) == [pytest.approx(0.25)]


def test_a_level_that_was_never_reached_is_not_measured() -> None:
    seeds = on_a_line(0.5, {"5": (2.0, 0.25)})
    assert judge.at_equal(seeds, "none", "rise", 2.1) == [None]


def test_what_was_found_after_the_run_decides_nothing() -> None:
    found = judge.judge(made(), DECLARED)
    assert "after_the_run" in cast("dict[str, Any]", found["summary"])
    assert not {p["id"] for p in cast("list[dict[str, str]]", found["predictions"])} & {"rise-2.0", "plain-0.9"}
