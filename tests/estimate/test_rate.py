"""One share: against scipy and statsmodels, by hand at the ends, and by enumeration of what it covers."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
# The numeric oracles ship no types.

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from counterproof import estimate
from counterproof.estimate import _special
from counterproof.record import Interval, NotMeasured

SIZES = (12, 24, 50, 200)
TRUTHS = (0.0, 0.05, 0.5, 0.95, 1.0)
ORACLE = 1e-9

Method = Callable[[float, float, float], tuple[float, float]]

counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.8, 0.95, 1 - 0.05 / 3, 0.99])
METHODS = (estimate.mid_p, estimate.wilson, estimate.clopper_pearson, estimate.jeffreys)


@pytest.mark.parametrize("probability", [1e-12, 0.025, 0.3, 0.5, 0.975, 1 - 1e-9])
def test_normal_quantile_is_scipys(probability: float) -> None:
    assert estimate.normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), abs=ORACLE)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5])
def test_a_level_outside_its_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        estimate.two_sided_z(level)


def test_beta_distribution_is_scipys() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.uniform(0.01, 400, 500), generator.uniform(0.01, 400, 500)
    x, p = generator.uniform(0, 1, 500), generator.uniform(0.001, 0.999, 500)
    assert np.abs(_special.beta_cdf(a, b, x) - special.betainc(a, b, x)).max() < ORACLE
    assert np.abs(estimate.beta_quantile(a, b, p) - special.betaincinv(a, b, p)).max() < ORACLE


def test_beta_distribution_at_the_ends() -> None:
    one = np.array([1.0])
    assert _special.beta_cdf(2 * one, 3 * one, 0 * one)[0] == 0
    assert _special.beta_cdf(2 * one, 3 * one, one)[0] == 1


@pytest.mark.parametrize("degrees", [1, 2, 11, 23, 400])
def test_student_quantile_is_scipys(degrees: int) -> None:
    assert _special.student_quantile(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees), abs=ORACLE)


@given(counts, levels)
def test_wilson_and_clopper_pearson_are_scipys(count: tuple[int, int], level: float) -> None:
    x, n = count
    oracle = stats.binomtest(x, n)
    wilson, exact = (oracle.proportion_ci(level, method=m) for m in ("wilson", "exact"))
    assert estimate.wilson(x, n, level) == pytest.approx((wilson.low, wilson.high), abs=ORACLE)
    assert estimate.clopper_pearson(x, n, level) == pytest.approx((exact.low, exact.high), abs=ORACLE)


@given(counts, levels)
def test_jeffreys_is_statsmodels_inside(count: tuple[int, int], level: float) -> None:
    x, n = count
    low, high = proportion_confint(x, n, 1 - level, method="jeffreys")
    ours = estimate.jeffreys(x, n, level)
    assert ours == pytest.approx((low if x > 0 else 0.0, high if x < n else 1.0), abs=ORACLE)


@given(counts, levels)
def test_mid_p_limits_leave_the_stated_half_counted_tails(count: tuple[int, int], level: float) -> None:
    x, n = count
    low, high = estimate.mid_p(x, n, level)
    tail = (1 - level) / 2
    if x < n:
        assert stats.binom.cdf(x - 1, n, high) + stats.binom.pmf(x, n, high) / 2 == pytest.approx(tail, abs=ORACLE)
    if x > 0:
        assert stats.binom.sf(x, n, low) + stats.binom.pmf(x, n, low) / 2 == pytest.approx(tail, abs=ORACLE)


def test_wilson_of_nothing_in_sixty_one_and_of_half_of_fifty() -> None:
    assert estimate.wilson(0, 61) == pytest.approx((0.0, 0.0592), abs=5e-5)
    assert estimate.wilson(25, 50) == pytest.approx((0.366, 0.634), abs=5e-4)


@pytest.mark.parametrize("n", SIZES)
def test_mid_p_at_the_ends_by_hand(n: int) -> None:
    reach = 1 - 0.05 ** (1 / n)
    assert estimate.mid_p(0, n) == pytest.approx((0.0, reach), abs=1e-12)
    assert estimate.mid_p(n, n) == pytest.approx((1 - reach, 1.0), abs=1e-12)


@given(counts, levels, st.sampled_from(METHODS))
def test_limits_hold_the_point_and_stay_in_range(count: tuple[int, int], level: float, method: Method) -> None:
    x, n = count
    low, high = method(x, n, level)
    assert 0 <= low <= x / n <= high <= 1


@given(counts, levels, st.sampled_from(METHODS))
def test_limits_mirror_under_complement(count: tuple[int, int], level: float, method: Method) -> None:
    x, n = count
    low, high = method(x, n, level)
    assert method(n - x, n, level) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(counts, levels, st.sampled_from(METHODS))
def test_limits_rise_with_the_count(count: tuple[int, int], level: float, method: Method) -> None:
    x, n = count
    now, then = method(x, n, level), method(min(n, x + 1), n, level)
    assert then[0] >= now[0]
    assert then[1] >= now[1]


@given(st.floats(0, 1), st.floats(1, 300), levels)
def test_broken_counts_have_limits_too(share: float, trials: float, level: float) -> None:
    low, high = estimate.mid_p(share * trials, trials, level)
    assert 0 <= low <= high <= 1
    assert low - 1e-12 <= share <= high + 1e-12


@pytest.mark.parametrize("n", [*SIZES, 18, 36, 75, 300])
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 3])
def test_mid_p_covers_the_declared_truths(n: int, level: float) -> None:
    limits = np.array([estimate.mid_p(x, n, level) for x in range(n + 1)])
    for truth in (*TRUTHS, 0.3):
        weight = stats.binom.pmf(np.arange(n + 1), n, truth)
        hit = (limits[:, 0] <= truth + 1e-12) & (truth <= limits[:, 1] + 1e-12)
        assert weight[hit].sum() >= level - 0.02


# --- clusters -------------------------------------------------------------------------------------------------------


def test_outcomes_of_their_own_count_whole() -> None:
    found = estimate.tally([True, False, False, True, False], ["a", "b", "c", "d", "e"])
    assert (found.successes, found.trials, found.n, found.clusters) == (2.0, 5.0, 5, 5)


def test_clusters_that_agree_within_count_once_each() -> None:
    found = estimate.tally([True, True, False, False, False, False], ["a", "a", "b", "b", "c", "c"])
    assert found.trials == 3
    assert found.share == pytest.approx(1 / 3)


def test_outcomes_that_all_agree_count_their_clusters() -> None:
    found = estimate.tally([False] * 12, list("aaabbbcccddd"))
    assert (found.successes, found.trials, found.n, found.clusters) == (0.0, 4.0, 12, 4)


def test_unequal_clusters_that_all_agree_count_less_than_their_number() -> None:
    found = estimate.tally([True] * 6, list("aaaabc"))
    assert found.trials == pytest.approx(36 / 18)


def test_outcomes_spread_evenly_over_clusters_count_whole() -> None:
    found = estimate.tally([True, False] * 4, list("aabbccdd"))
    assert found.trials == 8


def test_one_cluster_counts_as_one() -> None:
    assert estimate.tally([True, False, True], ["a", "a", "a"]).trials == 1


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), min_size=1, max_size=40), st.randoms())
def test_a_tally_knows_its_ends_and_no_order(pairs: list[tuple[bool, str]], random: object) -> None:
    found = estimate.tally([o for o, _ in pairs], [c for _, c in pairs])
    sizes = [sum(c == k for _, c in pairs) for k in {c for _, c in pairs}]
    kish = len(pairs) ** 2 / sum(s * s for s in sizes)
    assert kish - 1e-9 <= found.trials <= len(pairs) + 1e-9
    assert found.share == pytest.approx(sum(o for o, _ in pairs) / len(pairs))
    shuffled = sorted(pairs, key=lambda _: getattr(random, "random")())  # noqa: B009 - hypothesis' Random is untyped here
    assert estimate.tally([o for o, _ in shuffled], [c for _, c in shuffled]) == found


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), min_size=1, max_size=40))
def test_a_tally_mirrors_under_complement(pairs: list[tuple[bool, str]]) -> None:
    clusters = [c for _, c in pairs]
    found = estimate.tally([o for o, _ in pairs], clusters)
    mirrored = estimate.tally([not o for o, _ in pairs], clusters)
    assert mirrored.trials == pytest.approx(found.trials)
    assert mirrored.share == pytest.approx(1 - found.share)


@pytest.mark.parametrize("arguments", [([], []), ([True], []), ([True], ["a", "b"])])
def test_a_tally_of_nothing_is_refused(arguments: tuple[list[bool], list[str]]) -> None:
    with pytest.raises(ValueError, match="at least one outcome"):
        estimate.tally(*arguments)


def test_a_rate_of_nothing_is_not_measured() -> None:
    assert estimate.clustered_rate([], []) == NotMeasured(reason="there are no outcomes")


def test_a_rate_says_what_lies_behind_it() -> None:
    found = estimate.clustered_rate([True, True, False, False], ["a", "a", "b", "b"], 0.9)
    assert isinstance(found, Interval)
    assert (found.value, found.level, found.n, found.clusters) == (0.5, 0.9, 4, 2)
    assert found.method == "mid-P on effective counts"
    assert (found.low, found.high) == pytest.approx(estimate.mid_p(1, 2, 0.9), abs=1e-6)


@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("truth", [0.05, 0.5])
def test_clustered_rates_cover(alike: float, truth: float) -> None:
    generator = np.random.default_rng(7)
    clusters, size, draws = 24, 3, 500
    names = [str(k) for k in range(clusters) for _ in range(size)]
    hits = 0
    for _ in range(draws):
        shares = np.full(clusters, truth)
        if alike == 1:
            shares = (generator.random(clusters) < truth).astype(float)
        elif alike > 0:
            shares = generator.beta(truth * (1 / alike - 1), (1 - truth) * (1 / alike - 1), clusters)
        outcomes = generator.random((clusters, size)) < shares[:, None]
        found = estimate.tally([bool(o) for o in outcomes.ravel()], names)
        low, high = estimate.mid_p(found.successes, found.trials)
        hits += low <= truth <= high
    assert hits / draws >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / draws)
