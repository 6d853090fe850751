"""The two-sample test: against brute force, under the null, and under everything that must make no difference."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from counterproof import estimate
from counterproof.estimate import _two_sample

TEXT = st.text(alphabet="ab \U0001f600", max_size=4)
SIDES = st.integers(1, 4).flatmap(
    lambda count: st.tuples(
        st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=count, max_size=count),
        st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=count, max_size=count),
    )
)


def apart(one: str, other: str, longest: int) -> float:
    """By the definition, a place at a time."""
    places = itertools.zip_longest(one, other, fillvalue=None)
    return sum(a != b for a, b in places) / longest if longest else 0.0


def distance(before: Sequence[str], after: Sequence[str]) -> float:
    """D of one question by its formula."""
    longest = max(map(len, [*before, *after]))

    def mean(pairs: Sequence[tuple[str, str]]) -> float:
        return sum(apart(a, b, longest) for a, b in pairs) / len(pairs)

    across = mean([(a, b) for a in before for b in after])
    return across - mean([*itertools.combinations(before, 2)]) / 2 - mean([*itertools.combinations(after, 2)]) / 2


def replies(chance: random.Random, questions: int, times: int, heat: float) -> list[list[str]]:
    """A system that says one of two things to each question."""
    return [["steep it twice" if chance.random() < heat else "i must decline" for _ in range(times)]
            for _ in range(questions)]


@given(SIDES)
@settings(max_examples=60)
def test_the_distance_is_its_formula(sides: tuple[list[list[str]], list[list[str]]]) -> None:
    before, after = sides

    found = estimate.two_sample(before, after, seed=0, draws=9)

    assert found.each == pytest.approx([distance(b, a) for b, a in zip(before, after, strict=True)], abs=2e-6)
    assert found.distance.value == pytest.approx(np.mean(found.each), abs=2e-6)


def test_p_is_the_share_of_dealings_that_reach_as_far() -> None:
    before, after = [["aa", "ab", "ba"], ["a", "b", "b"]], [["bb", "bb", "ab"], ["c", "c", "b"]]
    pools = [[*b, *a] for b, a in zip(before, after, strict=True)]
    ways = [[*itertools.combinations(range(6), 3)]] * 2

    def dealt(picked: tuple[tuple[int, ...], ...]) -> float:
        return sum(distance([p[i] for i in own], [p[i] for i in range(6) if i not in own])
                   for p, own in zip(pools, picked, strict=True))

    truth = dealt(((0, 1, 2), (0, 1, 2)))
    share = np.mean([dealt(w) >= truth - 1e-9 for w in itertools.product(*ways)])

    assert estimate.two_sample(before, after, seed=0, draws=20_000).p == pytest.approx(share, abs=0.01)


@given(SIDES, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_neither_order_nor_side_matters(
    sides: tuple[list[list[str]], list[list[str]]], chance: random.Random
) -> None:
    before, after = sides
    found = estimate.two_sample(before, after, seed=1, draws=99)

    other = estimate.two_sample(after, before, seed=1, draws=99)
    order = chance.sample(range(len(before)), len(before))
    mixed = estimate.two_sample(
        [chance.sample(before[q], 3) for q in order], [chance.sample(after[q], 2) for q in order], seed=1, draws=99
    )

    assert (other.p, other.noise, other.distance) == (found.p, found.noise, found.distance)
    assert (mixed.p, mixed.noise, mixed.distance) == (found.p, found.noise, found.distance)


def test_a_system_that_always_says_the_same_is_itself() -> None:
    found = estimate.two_sample([["x"] * 4] * 9, [["x"] * 4] * 9, seed=0)

    assert (found.distance.value, found.p, found.noise) == (0.0, 1.0, 0.0)
    assert found.distance.high > 0.1  # nine questions say little about a tenth


def test_nothing_in_common_is_a_distance_of_one() -> None:
    found = estimate.two_sample([["aaa"] * 4] * 9, [["bbb"] * 4] * 9, seed=0)

    assert found.distance.value == 1.0
    assert found.p == 1 / (1 + _two_sample.DRAWS)


@pytest.mark.parametrize("times", [2, 3, 10])
def test_one_system_is_rejected_no_more_often_than_the_level(times: int) -> None:
    chance, runs, level = random.Random(times), 300, 0.05
    rejected = sum(
        estimate.two_sample(replies(chance, 8, times, 0.5), replies(chance, 8, times, 0.5), seed=n, draws=99).p <= level
        for n in range(runs)
    )

    assert rejected <= stats.binom.ppf(0.999, runs, level)
    assert rejected >= 1  # a test that never rejects would pass the line above


def test_a_drift_is_seen_ten_times_out_of_ten_at_ten_replies() -> None:
    chance = random.Random(0)

    found = [estimate.two_sample(replies(chance, 40, 10, 0.5), replies(chance, 40, 10, 0.8), seed=n, draws=99).p
             for n in range(10)]

    assert max(found) <= 0.05


def test_only_the_first_thousand_characters_count() -> None:
    long = "a" * _two_sample.MOST_CHARACTERS

    assert estimate.two_sample([[long] * 3] * 5, [[long + "b"] * 3] * 5, seed=0, draws=99).distance.value == 0.0


@pytest.mark.parametrize(("before", "after", "count"), [(2, 2, 3), (3, 2, 2), (10, 10, 1), (4, 1, 5)])
def test_the_least_p_is_one_dealing_of_all(before: int, after: int, count: int) -> None:
    ways = len([*itertools.combinations(range(before + after), before)]) / (2 if before == after else 1)

    assert estimate.least_p(before, after, count) == pytest.approx(max(ways**-count, 1 / (1 + _two_sample.DRAWS)))


def test_one_reply_a_question_can_tell_nothing() -> None:
    assert estimate.least_p(1, 1, 1000) == 1.0


@pytest.mark.parametrize(("ones", "of"), [(0, 20), (3, 20), (20, 20), (50, 200)])
def test_limits_of_a_share_are_clopper_and_pearson_s(ones: int, of: int) -> None:
    values = np.array([1.0] * ones + [0.0] * (of - ones))

    found = _two_sample.mean_limits(values, least=0.0, most=1.0, seed=0, draws=100_000)

    expected = stats.binomtest(ones, of).proportion_ci(method="exact")
    assert found == pytest.approx((expected.low, expected.high), abs=0.004)


def test_limits_cover_a_mean_that_is_known() -> None:
    chance, runs = np.random.default_rng(0), 400
    covered = 0
    for _ in range(runs):
        low, high = _two_sample.mean_limits(chance.beta(0.3, 2.0, 30), least=-1.0, most=1.0, seed=0, draws=500)
        covered += low <= 0.3 / 2.3 <= high

    assert covered >= stats.binom.ppf(0.001, runs, 0.95)


@pytest.mark.parametrize(("differ", "noise"), [(0, 0.0), (0, 0.1), (1, 0.0), (3, 0.1), (20, 0.5), (20, 1.0)])
def test_the_exact_test_is_a_binomial_tail(differ: int, noise: float) -> None:
    after = ["b"] * differ + ["a"] * (20 - differ)

    found = estimate.exact_sample(["a"] * 20, after, noise=noise, seed=0)

    assert found.p == pytest.approx(float(stats.binom.sf(differ - 1, 20, noise)), abs=1e-6)
    assert found.distance.value == pytest.approx(differ / 20)


@pytest.mark.parametrize(
    ("before", "after"),
    [([], []), ([["a", "b"]], []), ([["a"]], [["b", "c"]]), ([["a", "b"], ["a"]], [["a", "b"], ["a", "b"]])],
)
def test_samples_that_cannot_be_compared(before: list[list[str]], after: list[list[str]]) -> None:
    with pytest.raises(ValueError, match=r"questions|every question"):
        estimate.two_sample(before, after, seed=0)
