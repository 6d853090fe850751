"""Two shares: against statsmodels inside, against limits derived by hand at the ends where it fails."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
# The numeric oracles ship no types.

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from counterproof import estimate

ORACLE = 1e-9
Z2 = estimate.two_sided_z(0.95) ** 2

inside = st.integers(2, 60).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))
whole = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(whole, whole)
def test_newcombe_is_statsmodels(first: tuple[int, int], second: tuple[int, int]) -> None:
    oracle = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert estimate.newcombe_difference(*first, *second) == pytest.approx(oracle, abs=ORACLE)


@given(whole, whole)
def test_a_difference_turns_with_its_sides(first: tuple[int, int], second: tuple[int, int]) -> None:
    low, high = estimate.newcombe_difference(*first, *second)
    assert estimate.newcombe_difference(*second, *first) == pytest.approx((-high, -low), abs=1e-12)
    assert -1 <= low <= first[0] / first[1] - second[0] / second[1] <= high <= 1


def test_mover_by_hand() -> None:
    assert estimate.mover_difference((0.5, 0.2, 0.9), (0.3, 0.0, 0.7)) == pytest.approx((-0.3, 0.7))
    positive = estimate.mover_difference((0.5, 0.2, 0.9), (0.3, 0.0, 0.7), correlation=0.5)
    assert positive[0] == pytest.approx(0.2 - math.sqrt(0.09 + 0.16 - 0.12))


@given(inside, inside, st.booleans())
def test_the_score_ratio_is_statsmodels_inside(
    first: tuple[int, int], second: tuple[int, int], is_corrected: bool  # noqa: FBT001 - drawn by hypothesis
) -> None:
    oracle = confint_proportions_2indep(*first, *second, method="score", compare="ratio", correction=is_corrected)
    low, high = estimate.score_ratio(*first, *second, is_corrected=is_corrected)
    assert high is not None
    assert (math.log(low), math.log(high)) == pytest.approx([math.log(v) for v in oracle], abs=1e-7)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((25, 50, 5, 50), 2.201, 11.991),
        ((100, 200, 20, 200), 3.263, 7.777),
        ((25, 50, 0, 50), 6.904, None),
        ((10, 100, 0, 100), 2.664, None),
        ((0, 50, 10, 50), 0.0, 0.367),
        ((0, 50, 0, 50), 0.0, None),
    ],
)
def test_the_score_ratio_of_the_fixtures(counts: tuple[int, int, int, int], low: float, high: float | None) -> None:
    found = estimate.score_ratio(*counts)
    assert found[0] == pytest.approx(low, abs=5e-4)
    assert found[1] == (None if high is None else pytest.approx(high, abs=5e-4))


@pytest.mark.parametrize("n", [12, 50, 200])
def test_the_score_ratio_of_all_over_all_by_hand(n: int) -> None:
    """Against a ratio r > 1 the constrained shares are 1 and 1/r, and the statistic is n (r - 1)."""
    low, high = estimate.score_ratio(n, n, n, n, is_corrected=False)
    assert high == pytest.approx(1 + Z2 / n, abs=ORACLE)
    assert low == pytest.approx(1 / (1 + Z2 / n), abs=ORACLE)


@pytest.mark.parametrize("n", [12, 50, 200])
def test_the_score_ratio_of_none_over_all_by_hand(n: int) -> None:
    """0/n over n/n: c solves 2 r c^2 - (2r + 1) c + 1 = 0, so c = min(1, 1/(2r)) and the statistic is n r / (1 - r)."""
    low, high = estimate.score_ratio(0, n, n, n, is_corrected=False)
    assert low == 0.0
    assert high is not None
    assert high < 0.5
    assert n * high / (1 - high) == pytest.approx(Z2, abs=1e-8)


@given(inside, whole.filter(lambda c: c[0] > 0))
def test_a_ratio_turns_over_with_its_sides(first: tuple[int, int], second: tuple[int, int]) -> None:
    low, high = estimate.score_ratio(*first, *second)
    turned_low, turned_high = estimate.score_ratio(*second, *first)
    assert high is not None
    assert turned_high is not None
    assert (turned_low * high, turned_high * low) == pytest.approx((1.0, 1.0), abs=1e-9)
    assert low <= (first[0] / first[1]) / (second[0] / second[1]) <= high


@given(whole)
def test_a_ratio_to_nothing_has_no_upper_end(first: tuple[int, int]) -> None:
    low, high = estimate.score_ratio(*first, 0, 40)
    assert high is None
    assert (low > 0) == (first[0] > 0)


@given(st.integers(0, 39))
def test_the_ratio_rises_with_its_upper_count(x: int) -> None:
    now, then = estimate.score_ratio(x, 40, 7, 40), estimate.score_ratio(x + 1, 40, 7, 40)
    assert then[0] > now[0]
    assert now[1] is not None
    assert then[1] is not None
    assert then[1] > now[1]
