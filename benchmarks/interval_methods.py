"""The intervals that benchmarks/coverage.py holds side by side: the house's and those of the literature.

Each is a pair of arrays of limits at level `LEVEL`: by count [X], by pair of counts [X, Y], or at given triples. The
house's own come through `estimate`, as a report's do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from counterproof import estimate

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Limits = tuple[Floats, Floats]
Triple = Callable[[Counts, Counts, Counts], Limits]

LEVEL, SEED = 0.95, 20261121
Z = estimate.two_sided_z(LEVEL)
OURS_RATE, OURS_K, OURS_S = "mid-P", "PropImp mid-P", "PropImp mid-P"


# --- one share: tables of limits by count ------------------------------------------------------------------------


def pmf(n: int, p: float) -> Floats:
    """Binomial probabilities of 0 ... n."""
    k = np.arange(n + 1)
    if p in (0.0, 1.0):
        return (k == round(n * p)).astype(np.float64)
    log_choose = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k])
    probability = np.exp(log_choose + k * math.log(p) + (n - k) * math.log1p(-p))
    return probability / probability.sum()


def x_log_y(x: Floats, y: Floats) -> Floats:
    """The product x ln y, 0 where x is 0."""
    return np.where(x > 0, x * np.log(np.maximum(y, 1e-300)), 0.0)


def by_count(n: int, method: Callable[[float, float], tuple[float, float]]) -> Limits:
    """A method of the room at every count."""
    found = np.array([method(float(x), float(n)) for x in range(n + 1)])
    return found[:, 0], found[:, 1]


def wilson_at(n: int, z: Floats | float) -> Limits:
    """Wilson's limits of every count at any number of displacements: [X, N]."""
    x, z2 = np.arange(n + 1.0)[:, None], np.asarray(z) ** 2
    p, stretch = x / n, 1 + z2 / n
    middle, half = p + z2 / (2 * n), np.sqrt(z2 * p * (1 - p) / n + (z2 / (2 * n)) ** 2)
    return np.clip((middle - half) / stretch, 0, 1), np.clip((middle + half) / stretch, 0, 1)


def agresti_coull(n: int) -> Limits:
    """Agresti and Coull (1998)."""
    x = np.arange(n + 1.0)
    trials = n + Z * Z
    p = (x + Z * Z / 2) / trials
    half = Z * np.sqrt(p * (1 - p) / trials)
    return np.clip(p - half, 0, 1), np.clip(p + half, 0, 1)


def blaker(n: int, steps: int = 4001) -> Limits:
    """Blaker (2000), exact: the hull of the acceptable proportions on a grid, widened by one step."""
    grid = np.linspace(0, 1, steps)
    mass = np.array([pmf(n, float(p)) for p in grid])
    tail = np.minimum(mass.cumsum(axis=1), mass[:, ::-1].cumsum(axis=1)[:, ::-1])
    low, high = np.zeros(n + 1), np.ones(n + 1)
    for x in range(n + 1):
        kept = np.nonzero((mass * (tail <= tail[:, [x]] * (1 + 1e-9))).sum(axis=1) > 1 - LEVEL)[0]
        low[x], high[x] = grid[max(0, kept[0] - 1)], grid[min(steps - 1, kept[-1] + 1)]
    return low, high


def halved(is_inside: Callable[[Floats], Bools], inside: Floats, outside: Floats, steps: int = 50) -> Floats:
    """The edge of a set between a point inside and one outside, element by element."""
    for _ in range(steps):
        middle = (inside + outside) / 2
        kept = is_inside(middle)
        inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
    return (inside + outside) / 2


def likelihood(n: int) -> Limits:
    """The likelihood-ratio interval."""
    x = np.arange(n + 1.0)
    top = x_log_y(x, x / n) + x_log_y(n - x, 1 - x / n)

    def is_inside(p: Floats) -> Bools:
        return np.asarray(2 * (top - x_log_y(x, p) - x_log_y(n - x, 1 - p)) <= Z * Z)

    return halved(is_inside, x / n, np.zeros_like(x)), halved(is_inside, x / n, np.ones_like(x))


def bootstrap_rate(n: int) -> Limits:
    """The percentile bootstrap without simulation error: binomial quantiles at the estimate."""
    cumulative = np.array([pmf(n, x / n).cumsum() for x in range(n + 1)])
    ends = [(cumulative < tail - 1e-12).sum(axis=1) / n for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]
    return ends[0], ends[1]


def rate_methods(n: int) -> dict[str, Limits]:
    """Every method for one share."""
    wilson = wilson_at(n, Z)
    methods = {
        OURS_RATE: by_count(n, estimate.mid_p),
        "Wilson": (wilson[0][:, 0], wilson[1][:, 0]),
        "Clopper-Pearson": by_count(n, estimate.clopper_pearson),
        "Agresti-Coull": agresti_coull(n),
        "Jeffreys": by_count(n, estimate.jeffreys),
        "likelihood": likelihood(n),
        "bootstrap": bootstrap_rate(n),
    }
    return methods | ({"Blaker": blaker(n)} if n <= 75 else {})


# --- two shares: limits of T/C for every pair of counts ------------------------------------------------------------


def koopman_score(ratio: Floats, x: Floats, n: int, y: Floats, m: int) -> Floats:
    """The squared score statistic against a ratio (Koopman 1984)."""
    t, c = constrained(ratio, x, n, y, m)
    gap = x / n - ratio * y / m
    variance = t * (1 - t) / n + ratio * ratio * c * (1 - c) / m
    return np.where(np.abs(gap) < 1e-15, 0.0, gap * gap / np.maximum(variance, 1e-300))


def constrained(ratio: Floats, x: Floats, n: int, y: Floats, m: int) -> tuple[Floats, Floats]:
    """Most likely shares t, c with t = ratio c."""
    a, b, total = (n + m) * ratio, -(ratio * (n + y) + x + m), x + y
    c = np.clip(2 * total / np.maximum(-b + np.sqrt(np.maximum(b * b - 4 * a * total, 0)), 1e-300), 0, 1)
    c = np.where(ratio * c > 1, 1 / np.maximum(ratio, 1e-300), c)
    return np.clip(ratio * c, 0, 1), c


def ratio_likelihood(ratio: Floats, x: Floats, n: int, y: Floats, m: int) -> Floats:
    """Twice the loss of log likelihood against a ratio."""
    t, c = constrained(ratio, x, n, y, m)
    found = x_log_y(x, t) + x_log_y(n - x, 1 - t) + x_log_y(y, c) + x_log_y(m - y, 1 - c)
    best = x_log_y(x, x / n) + x_log_y(n - x, 1 - x / n) + x_log_y(y, y / m) + x_log_y(m - y, 1 - y / m)
    return 2 * (best - found)


def inverted(statistic: Callable[..., Floats], n: int, largest: float) -> Limits:
    """All ratios whose statistic is at most `largest`, on the scale of the angle whose tangent is the ratio."""
    x, y = (v.astype(np.float64) for v in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    start = np.arctan2(x, np.maximum(y, 1e-9))

    def is_inside(angle: Floats) -> Bools:
        return np.asarray(statistic(np.tan(angle), x, n, y, n) <= largest)

    low = np.tan(halved(is_inside, start, np.zeros_like(start)))
    return np.where(x > 0, low, 0.0), np.tan(halved(is_inside, start, np.full_like(start, np.pi / 2 - 1e-9)))


def mover_ratio(n: int, limits: Limits) -> Limits:
    """MOVER-R (Donner and Zou 2012)."""
    share, low, high = np.arange(n + 1.0) / n, *limits
    t, tl, tu = share[:, None], low[:, None], high[:, None]
    c, cl, cu = share[None], low[None], high[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum((t * c) ** 2 - tl * cu * (2 * t - tl) * (2 * c - cu), 0))
        below = (t * c - root) / (cu * (2 * c - cu))
        root = np.sqrt(np.maximum((t * c) ** 2 - tu * cl * (2 * t - tu) * (2 * c - cl), 0))
        above = (t * c + root) / (cl * (2 * c - cl))
    return np.nan_to_num(np.where(t == 0, 0, below), nan=0.0), np.nan_to_num(above, nan=np.inf)


def katz(n: int) -> Limits:
    """Katz et al. (1978) with Walter's halves (1975)."""
    a = np.arange(n + 1.0)[:, None] + 0.5
    b = np.arange(n + 1.0)[None] + 0.5
    spread = Z * np.sqrt(np.maximum(1 / a + 1 / b - 2 / (n + 0.5), 0))
    return np.exp(np.log(a / b) - spread), np.exp(np.log(a / b) + spread)


def inverse_sinh(n: int) -> Limits:
    """Newcombe (2001)."""
    a, b = (np.maximum(v, 1e-9) for v in (np.arange(n + 1.0)[:, None], np.arange(n + 1.0)[None]))
    spread = 2 * np.arcsinh(Z / 2 * np.sqrt(np.maximum(1 / a + 1 / b - 2 / n, 0)))
    return np.exp(np.log(a / b) - spread), np.exp(np.log(a / b) + spread)


def bootstrap_ratio(n: int, draws: int = 1000) -> Limits:
    """The percentile bootstrap of T/C."""
    generator = np.random.default_rng(SEED)
    drawn = [generator.binomial(n, np.arange(n + 1)[:, None] / n, size=(n + 1, draws)) for _ in range(2)]
    low, high = np.zeros((n + 1, n + 1)), np.zeros((n + 1, n + 1))
    for y in range(n + 1):
        ratios = drawn[0] / np.maximum(drawn[1][y], 0.5)
        low[:, y], high[:, y] = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    return low, high


def wilson_table(n: int) -> estimate.LimitTable:
    """Wilson's limits as displacements, to put into PropImp."""
    nodes = estimate.limit_table(np.array([0.0]), float(n), LEVEL).low_XN.shape[1]
    low, high = wilson_at(n, Z * np.linspace(0, 1, nodes))
    return estimate.LimitTable(share_X=np.arange(n + 1.0) / n, low_XN=low, high_XN=high)


def jeffreys_table(n: int) -> estimate.LimitTable:
    """Jeffreys' limits as displacements, to put into PropImp."""
    nodes = estimate.limit_table(np.array([0.0]), float(n), LEVEL).low_XN.shape[1]
    tail = np.array([math.erfc(Z * k / (nodes - 1) / math.sqrt(2)) / 2 for k in range(nodes)])
    x = np.arange(n + 1.0)[:, None]
    low, high = (estimate.beta_quantile(x + 0.5, n - x + 0.5, p) for p in (tail, 1 - tail))
    low[0], high[-1] = 0.0, 1.0
    return estimate.LimitTable(share_X=x[:, 0] / n, low_XN=low, high_XN=high)


def midp_table(n: int, level: float = LEVEL) -> estimate.LimitTable:
    """The house's limits of every count."""
    return estimate.limit_table(np.arange(n + 1.0), float(n), level)


def whole(found: Limits) -> Limits:
    """PropImp at the whole displacement."""
    return found[0][..., 0], found[1][..., 0]


def ratio_methods(n: int) -> dict[str, Limits]:
    """Every method for T/C with as many twins as goals."""
    rates = rate_methods(n)
    tables = {"PropImp Wilson": wilson_table(n), "PropImp Jeffreys": jeffreys_table(n)}
    return {
        OURS_K: whole(estimate.ratio_limits(midp_table(n), midp_table(n))),
        "Koopman": inverted(koopman_score, n, Z * Z),
        "Miettinen-Nurminen": inverted(koopman_score, n, Z * Z * 2 * n / (2 * n - 1)),
        "MOVER-R Wilson": mover_ratio(n, rates["Wilson"]),
        "MOVER-R mid-P": mover_ratio(n, rates[OURS_RATE]),
        "MOVER-R Jeffreys": mover_ratio(n, rates["Jeffreys"]),
        "Katz + 1/2": katz(n),
        "inverse sinh": inverse_sinh(n),
        "likelihood": inverted(ratio_likelihood, n, Z * Z),
        **{name: whole(estimate.ratio_limits(t, t)) for name, t in tables.items()},
        **({"bootstrap": bootstrap_ratio(n)} if n <= 50 else {}),
    }


def as_containment(ratio: Limits) -> Limits:
    """K's limits, clipped to its range."""
    return np.clip(1 - ratio[1], -1, 1), np.clip(1 - ratio[0], -1, 1)


# --- three shares: limits of S at given triples of counts -----------------------------------------------------------


def propimp_triples(top: estimate.LimitTable, bottom: estimate.LimitTable, third: estimate.LimitTable) -> Triple:
    """PropImp for S."""
    cosine, sine = estimate.directions()
    chunks = [estimate.ratio_limits(top, bottom, cosine[k : k + 1]) for k in range(cosine.size)]
    low, high = (np.concatenate([c[i] for c in chunks], axis=-1) for i in (0, 1))
    third_low, third_high = third.lows(sine), third.highs(sine)

    def at(x: Counts, y: Counts, w: Counts) -> Limits:
        parts = [slice(k, k + 20_000) for k in range(0, x.size, 20_000)]
        found = [
            estimate.sum_limits(low[x[p], y[p]], high[x[p], y[p]], third_low[w[p]], third_high[w[p]]) for p in parts
        ]
        return clip_S(1 - np.concatenate([f[1] for f in found]), 1 - np.concatenate([f[0] for f in found]))

    return at


def clip_S(low: Floats, high: Floats) -> Limits:  # noqa: N802 - S is DESIGN's letter
    """S's limits held within its range."""
    return np.clip(low, -1, 1), np.clip(high, -1, 1)


def mover_triples(n: int, ratio: Limits, friction: Limits, f: int) -> Triple:
    """MOVER for K - F from K's and F's limits (Zou and Donner 2008)."""
    low, high = as_containment(ratio)
    share = np.arange(n + 1.0) / n
    point = np.clip(1 - share[:, None] / np.maximum(share[None], 1e-9), -1, 1)

    def at(x: Counts, y: Counts, w: Counts) -> Limits:
        k, f_point = point[x, y], w / f
        below = np.hypot(k - np.minimum(low[x, y], k), friction[1][w] - f_point)
        above = np.hypot(np.maximum(high[x, y], k) - k, f_point - friction[0][w])
        return clip_S(k - f_point - below, k - f_point + above)

    return at


def wald_triples(n: int, f: int, added: float) -> Triple:
    """The delta method, with successes and failures added to every arm (0: Wald; 1: after Agresti and Caffo 2000)."""

    def at(x: Counts, y: Counts, w: Counts) -> Limits:
        t, c = (x + added) / (n + 2 * added), (y + added) / (n + 2 * added)
        g = (w + added) / (f + 2 * added)
        trials, others = n + 2 * added, f + 2 * added
        variance = t * (1 - t) / (trials * c * c) + t * t * (1 - c) / (trials * c**3) + g * (1 - g) / others
        middle, half = 1 - t / c - g, Z * np.sqrt(variance)
        return clip_S(middle - half, middle + half)

    return at


@dataclass(frozen=True)
class Triples:
    """Counts of three arms, to invert a test of S on."""

    x: Floats
    y: Floats
    w: Floats
    n: int
    f: int

    def log_likelihood(self, t: Floats, c: Floats, g: Floats) -> Floats:
        """Up to a constant."""
        found = x_log_y(self.x, t) + x_log_y(self.n - self.x, 1 - t) + x_log_y(self.y, c)
        return found + x_log_y(self.n - self.y, 1 - c) + x_log_y(self.w, g) + x_log_y(self.f - self.w, 1 - g)

    def most_likely(self, s: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Log likelihood and shares t, c, g under 1 - t/c - g = s, by golden section over g."""

        def at(g: Floats) -> tuple[Floats, Floats, Floats, Floats]:
            t, c = constrained(np.maximum(1 - s - g, 0), self.x, self.n, self.y, self.n)
            return self.log_likelihood(t, c, g), t, c, g

        golden = (math.sqrt(5) - 1) / 2
        a, b = np.zeros_like(s), np.clip(1 - s, 0, 1)
        for _ in range(26):
            left, right = b - golden * (b - a), a + golden * (b - a)
            to_left = at(left)[0] > at(right)[0]
            a, b = np.where(to_left, a, left), np.where(to_left, right, b)
        best = at((a + b) / 2)
        for g in (np.clip(1 - s, 0, 1), np.zeros_like(s)):
            other = at(g)
            better = other[0] > best[0]
            best = tuple(np.where(better, o, k) for o, k in zip(other, best, strict=True))  # type: ignore[assignment]  # four arrays
        return best

    def score(self, s: Floats) -> Floats:
        """Rao's statistic: Pearson's sum at the constrained estimate."""
        _, t, c, g = self.most_likely(s)

        def term(k: Floats, n: int, p: Floats) -> Floats:
            gap = (k / n - p) ** 2
            return np.where(gap < 1e-14, 0.0, gap * n / np.maximum(p * (1 - p), 1e-14))

        return term(self.x, self.n, t) + term(self.y, self.n, c) + term(self.w, self.f, g)

    def deviance(self, s: Floats) -> Floats:
        """Twice the loss of log likelihood."""
        best = self.log_likelihood(self.x / self.n, self.y / self.n, self.w / self.f)
        return 2 * (best - self.most_likely(s)[0])


def test_triples(n: int, f: int, name: str) -> Triple:
    """The set of S that a test does not reject, nuisances at their constrained estimate: `score` or `deviance`."""

    def at(x: Counts, y: Counts, w: Counts) -> Limits:
        counts = Triples(x=x.astype(float), y=y.astype(float), w=w.astype(float), n=n, f=f)
        point = 1 - counts.x / counts.y - counts.w / f

        def is_inside(s: Floats) -> Bools:
            return np.asarray(getattr(counts, name)(s) <= Z * Z)

        low = halved(is_inside, point, np.full_like(point, -3.0), 28)
        return clip_S(low, halved(is_inside, point, np.ones_like(point), 28))

    return at


def tests_of(n: int, f: int) -> dict[str, Triple]:
    """The two inverted tests, which are slow."""
    return {"score set": test_triples(n, f, "score"), "likelihood": test_triples(n, f, "deviance")}


def selectivity_methods(n: int, f: int, *, with_tests: bool) -> dict[str, Triple]:
    """Every method for S."""
    ratios, friction = ratio_methods(n), rate_methods(f)
    propimp = {
        OURS_S: (midp_table(n), midp_table(f)),
        "PropImp Wilson": (wilson_table(n), wilson_table(f)),
        "PropImp Jeffreys": (jeffreys_table(n), jeffreys_table(f)),
    }
    pairs = (("Koopman", "Wilson"), ("Koopman", OURS_RATE), ("MOVER-R Wilson", "Wilson"),
             ("MOVER-R mid-P", OURS_RATE), ("MOVER-R Jeffreys", "Jeffreys"), ("likelihood", OURS_RATE))
    return {
        **{name: propimp_triples(t, t, third) for name, (t, third) in propimp.items()},
        **{f"MOVER {a}, {b}": mover_triples(n, ratios[a], friction[b], f) for a, b in pairs},
        "Wald": wald_triples(n, f, 0.0),
        "Wald + 1": wald_triples(n, f, 1.0),
        **(tests_of(n, f) if with_tests else {}),
    }
