# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# The oracle ships no types.
from __future__ import annotations

import math
import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from counterproof import estimate
from counterproof.record import Interval, NotMeasured

SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=30)


def _interval(values: list[float | None], floor: float = 0.0, ceiling: float = 1.0) -> Interval:
    found = estimate.mean(values, floor=floor, ceiling=ceiling)
    assert isinstance(found, Interval)
    return found


@given(SHARES.filter(lambda v: max(v) - min(v) > 1e-3))
def test_it_is_students_interval(values: list[float]) -> None:
    low, high = stats.t.interval(0.95, len(values) - 1, loc=statistics.fmean(values), scale=stats.sem(values))
    found = _interval([*values])

    assert found.low == pytest.approx(max(0.0, low), abs=2e-6)
    assert found.high == pytest.approx(min(1.0, high), abs=2e-6)


@pytest.mark.parametrize("n", [2, 3, 10, 20])
def test_units_that_agree_at_an_end_have_the_exact_limits(n: int) -> None:
    all_of_them, none = stats.binomtest(n, n).proportion_ci(0.95), stats.binomtest(0, n).proportion_ci(0.95)

    ones, zeros = _interval([1.0] * n), _interval([0.0] * n)
    assert (ones.high, zeros.low) == (1.0, 0.0)
    assert ones.low == pytest.approx(all_of_them.low, abs=2e-6)
    assert zeros.high == pytest.approx(none.high, abs=2e-6)


def test_units_that_agree_elsewhere_leave_room_on_both_sides() -> None:
    found = _interval([0.4] * 10)
    agree = 0.025 ** (1 / 10)

    assert found.low == pytest.approx(0.4 * agree, abs=2e-6)
    assert found.high == pytest.approx(1 - 0.6 * agree, abs=2e-6)
    assert found.method == "exact, units agree"


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12), st.floats(0.5, 40))
def test_the_scale_is_only_a_scale(values: list[float], by: float) -> None:
    one = _interval([*values], -1, 1)
    other = _interval([v * by for v in values], -by, by)

    assert other.value == pytest.approx(one.value * by, abs=1e-4)
    assert other.low == pytest.approx(one.low * by, abs=1e-4)
    assert other.high == pytest.approx(one.high * by, abs=1e-4)


def test_what_was_not_measured_is_left_out_and_said() -> None:
    found = _interval([0.2, None, 0.4, None])

    assert (found.value, found.n) == (0.3, 2)
    assert found.method.endswith("2 of 4 units not measured")


@pytest.mark.parametrize(("values", "why"), [([], "no unit"), ([None], "no unit"), ([0.5, None], "one unit")])
def test_fewer_than_two_units_are_not_measured(values: list[float | None], why: str) -> None:
    found = estimate.mean(values)

    assert isinstance(found, NotMeasured)
    assert found.reason.startswith(why)


@pytest.mark.parametrize("wrong", [1.5, -0.1, math.nan, math.inf])
def test_a_value_off_the_scale_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="does not lie between"):
        estimate.mean([0.5, wrong])


def test_a_scale_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="floor up to its ceiling"):
        estimate.mean([0.5, 0.5], floor=1, ceiling=1)


def test_more_units_know_more() -> None:
    widths = [(i := _interval([1.0] * n)).high - i.low for n in (2, 5, 10, 40)]

    assert all(a > b for a, b in pairwise(widths))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.97])
def test_units_that_may_all_agree_are_covered(share: float) -> None:
    """Ten units, each wholly on or off: their mean is covered, also where a sample shows no spread."""
    draw, hits, draws = random.Random(f"mean/{share}"), 0, 4000
    for _ in range(draws):
        found = _interval([float(draw.random() < share) for _ in range(10)])
        hits += found.low <= share <= found.high

    assert hits / draws >= 0.93
