"""The percentile bootstrap over clusters: for what has no formula, and as a yardstick."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from counterproof.estimate._special import FloatArray

Sample = tuple[Sequence[float], Sequence[str]]


def cluster_bootstrap(
    arms: Sequence[Sample],
    statistic: Callable[..., FloatArray],
    *,
    seed: int,
    level: float = 0.95,
    draws: int = 2000,
) -> tuple[float, float]:
    """Percentile limits of a function of the arms' means, whole clusters redrawn with replacement, arm by arm.

    Each arm is its outcomes and one cluster name for each; `statistic` takes one array of `draws` means per arm. The
    order of the outcomes makes no difference. Where all outcomes of an arm agree it shows no spread at all, which is
    why no interval of a report is made this way (decisions/0002).
    """
    generator = np.random.default_rng(seed)
    means = [_means(values, clusters, generator, draws) for values, clusters in arms]
    found = np.asarray(statistic(*means), dtype=np.float64)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _means(values: Sequence[float], clusters: Sequence[str], generator: np.random.Generator, draws: int) -> FloatArray:
    if not values or len(values) != len(clusters):
        raise ValueError("a bootstrap needs at least one outcome and one cluster name for each")
    sums: dict[str, tuple[float, int]] = {}
    for value, cluster in sorted(zip(values, clusters, strict=True), key=lambda pair: (pair[1], pair[0])):
        total, size = sums.get(cluster, (0.0, 0))
        sums[cluster] = (total + value, size + 1)
    pairs = np.array(sorted(sums.values()), dtype=np.float64)
    drawn = generator.integers(0, len(pairs), size=(draws, len(pairs)))
    totals: FloatArray = pairs[drawn].sum(axis=1)
    return totals[:, 0] / totals[:, 1]
