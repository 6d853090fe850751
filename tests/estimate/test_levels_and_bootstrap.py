"""Several statements at once, and the bootstrap that serves as a yardstick."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
# The numeric oracles ship no types.

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from counterproof import estimate


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    oracle = multipletests(p_values, method="holm")[1]
    assert estimate.holm(p_values) == pytest.approx(oracle, abs=1e-9)


def test_holm_of_nothing_is_nothing() -> None:
    assert estimate.holm([]) == ()


def test_joint_levels_by_hand() -> None:
    assert estimate.bonferroni_level(0.95, 3) == pytest.approx(1 - 0.05 / 3)
    assert estimate.sidak_level(0.95, 3) == pytest.approx(0.95 ** (1 / 3))
    assert estimate.bonferroni_level(0.95, 1) == pytest.approx(0.95)
    with pytest.raises(ValueError, match="at least one statement"):
        estimate.bonferroni_level(0.95, 0)


@given(st.floats(0.5, 0.999), st.integers(1, 50))
def test_sidaks_level_is_never_above_bonferronis(level: float, statements: int) -> None:
    assert estimate.sidak_level(level, statements) <= estimate.bonferroni_level(level, statements) + 1e-12


ARM = ([1.0, 0.0, 1.0, 1.0, 0.0, 1.0], ["a", "a", "b", "b", "c", "d"])


def test_the_bootstrap_repeats_by_its_seed_and_knows_no_order() -> None:
    first = estimate.cluster_bootstrap([ARM], lambda share: share, seed=3)
    turned = ([*reversed(ARM[0])], [*reversed(ARM[1])])
    assert estimate.cluster_bootstrap([ARM], lambda share: share, seed=3) == first
    assert estimate.cluster_bootstrap([turned], lambda share: share, seed=3) == first
    assert estimate.cluster_bootstrap([ARM], lambda share: share, seed=4, draws=50) != first


def test_the_bootstrap_is_near_the_delta_method_where_that_holds() -> None:
    generator = np.random.default_rng(5)
    arms = [
        ([float(v) for v in generator.random(400) < p], [str(k) for k in range(400)]) for p in (0.5, 0.3)
    ]
    a, b = (float(np.mean(values)) for values, _ in arms)
    low, high = estimate.cluster_bootstrap(arms, lambda x, y: x - y, seed=1, draws=8000)
    half = estimate.two_sided_z(0.95) * math.sqrt(a * (1 - a) / 400 + b * (1 - b) / 400)
    assert (low, high) == pytest.approx((a - b - half, a - b + half), abs=0.01)


def test_the_bootstrap_sees_no_spread_where_all_agree() -> None:
    assert estimate.cluster_bootstrap([([1.0] * 9, list("aabbccdde"))], lambda share: share, seed=1) == (1.0, 1.0)


def test_the_bootstrap_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one outcome"):
        estimate.cluster_bootstrap([([], [])], lambda share: share, seed=1)
