"""Whether two samples of replies to the same questions come from one and the same system, and how far they lie apart.

The distance of one question, of replies X before and Y after, with d the share of places at which two texts differ:

    D = E d(X, Y) - E d(X, X') / 2 - E d(Y, Y') / 2

which is half the squared maximum mean discrepancy under the kernel 1 - d (Gretton et al. 2012, section 2.2, lemma 6),
the Hamming kernel on completions of Gao, Liang and Guestrin, "Model Equality Testing" (ICLR 2025, section 3). 0:
replies of the two differ as much as each system's own. 1: nothing in common, and neither ever varies. The estimate is
the U-statistic (unbiased, so it may lie below 0), averaged over questions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from counterproof.estimate._special import FloatArray
from counterproof.record import Interval, rounded

PERMUTATION, EXACT = "mmd-hamming-permutation/1", "exact-hamming/1"
MOST_CHARACTERS = 1000
"""As much of a reply as is compared (Gao et al., section 4.1)."""
DRAWS = 1999
_TIE = 1e-9  # sums in another order differ in their last bits; what is equal must count as equal
_AT_A_TIME = 4_000_000


@dataclass(frozen=True)
class Shift:
    """How far two samples lie apart. `each`: the distance question by question, in the order given.

    `p`: how often replies dealt out at random within each question lie as far apart or farther. `noise`: the distance
    that they exceed with probability `level` when they come from one system.
    """

    test: str
    distance: Interval
    p: float
    noise: float
    each: tuple[float, ...]


def least_p(before: int, after: int, questions: int) -> float:
    """The smallest p that this many replies a question can ever give, however different the systems are.

    One dealing in C(before + after, before) is the true one; where both sides are as large, so is its mirror image.
    """
    ways = math.comb(before + after, before) / (2 if before == after else 1)
    return max(math.exp(-questions * math.log(ways)), 1 / (1 + DRAWS))


def two_sample(
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
    *,
    seed: int,
    level: float = 0.05,
    draws: int = DRAWS,
) -> Shift:
    """The permutation test within questions, p = (1 + b) / (1 + m) (Phipson and Smyth 2010, section 4).

    Exact at every level if the replies to a question are exchangeable, which independent replies of one system are. The
    order of questions and of replies, and which side is called which, make no difference.

    Raises:
        ValueError: no question, or another number of replies from question to question, or fewer than 2 on a side.
    """
    first, second = _sizes(before, after, 2)
    keys = [sorted([*b, *a]) for b, a in zip(before, after, strict=True)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    apart_Q = np.array([_of_pool(b, a) for b, a in zip(before, after, strict=True)])
    distances_Q_N_N = np.array([_apart(keys[q]) for q in order])
    least = min(first, second)
    found, reached = float(apart_Q[order].mean()), 0
    drawn: list[FloatArray] = []
    for picked_Q_C_N in _dealings(len(keys), first + second, least, draws, np.random.default_rng([seed, 1])):
        dealt_C = _dealt(distances_Q_N_N, picked_Q_C_N, least)
        reached += int((dealt_C >= found - _TIE).sum())
        drawn.append(dealt_C)
    noise = float(np.quantile(np.concatenate(drawn), 1 - level))
    return _shift(PERMUTATION, apart_Q, (1 + reached) / (1 + draws), noise, seed=seed, n=first + second)


def exact_sample(before: Sequence[str], after: Sequence[str], *, noise: float, seed: int) -> Shift:
    """One reply a question of systems declared to repeat themselves, but for a share `noise` of the questions.

    p: the probability that so many questions or more differ by that noise alone, binomially. Without any, a single
    difference gives 0: it refutes that one deterministic system stands on both sides.

    Raises:
        ValueError: no question, or not one reply to each on both sides.
    """
    _sizes([[b] for b in before], [[a] for a in after], 1)
    apart_Q = np.array([float(_apart([b, a])[0, 1]) for b, a in zip(before, after, strict=True)])
    differ = sum(b != a for b, a in zip(before, after, strict=True))
    return _shift(EXACT, apart_Q, _tail(differ, len(before), noise), noise, seed=seed, n=2)


def _sizes(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]], least: int) -> tuple[int, int]:
    if not before or len(before) != len(after):
        raise ValueError("two samples need replies to the same questions, one at least")
    first, second = len(before[0]), len(after[0])
    if any(len(b) != first for b in before) or any(len(a) != second for a in after) or min(first, second) < least:
        raise ValueError(f"every question needs as many replies as the others, {least} at least on both sides")
    return first, second


def _apart(texts: Sequence[str]) -> FloatArray:
    """The share of places at which each two texts differ, out of the longest text's, (N, N).

    Where both have ended they agree; where one has, they do not.
    """
    most = min(MOST_CHARACTERS, max(map(len, texts)))
    different = sorted(set(texts))
    codes = np.zeros((len(different), most), dtype=np.uint32)
    for row, text in enumerate(different):
        data = text[:most].encode("utf-32-le", "surrogatepass")
        codes[row, : len(data) // 4] = np.frombuffer(data, dtype="<u4") + 1
    unlike = (codes[:, None, :] != codes[None, :, :]).sum(axis=2) / max(1, most)
    number = {text: row for row, text in enumerate(different)}
    rows = np.array([number[text] for text in texts])
    return np.asarray(unlike[rows[:, None], rows[None, :]], dtype=np.float64)


def _of_pool(before: Sequence[str], after: Sequence[str]) -> float:
    """The distance of one question as it was found."""
    picked = np.zeros((1, 1, len(before) + len(after)))
    picked[0, 0, : len(before)] = 1
    return float(_dealt(_apart([*before, *after])[None], picked, len(before))[0])


def _dealings(
    questions: int, replies: int, picks: int, draws: int, generator: np.random.Generator
) -> Iterator[FloatArray]:
    """`draws` ways to pick so many of each question's replies at random, in parts of bounded size, (Q, C, N) each."""
    part = max(1, _AT_A_TIME // (questions * replies))
    for at in range(0, draws, part):
        size = min(part, draws - at)
        chance = generator.random((size, questions, replies))
        bar = np.partition(chance, picks - 1, axis=2)[:, :, picks - 1 : picks]
        yield np.ascontiguousarray((chance <= bar).transpose(1, 0, 2), dtype=np.float64)


def _dealt(distances_Q_N_N: FloatArray, picked_Q_C_N: FloatArray, picks: int) -> FloatArray:
    """The distance, averaged over questions, of each way to deal the replies out, (C,)."""
    rest = distances_Q_N_N.shape[1] - picks
    from_picked_Q_C_N = picked_Q_C_N @ distances_Q_N_N
    within_Q_C = (from_picked_Q_C_N * picked_Q_C_N).sum(axis=2)
    touching_Q_C = from_picked_Q_C_N.sum(axis=2)
    outside_Q_C = distances_Q_N_N.sum(axis=(1, 2))[:, None] - 2 * touching_Q_C + within_Q_C
    across_Q_C = (touching_Q_C - within_Q_C) / (picks * rest)
    apart_Q_C = across_Q_C - within_Q_C / (2 * picks * (picks - 1)) - outside_Q_C / (2 * rest * (rest - 1))
    return np.asarray(apart_Q_C.mean(axis=0), dtype=np.float64)


def _shift(test: str, apart_Q: FloatArray, p: float, noise: float, *, seed: int, n: int) -> Shift:
    low, high = mean_limits(apart_Q, least=-1.0 if test == PERMUTATION else 0.0, most=1.0, seed=seed)
    distance = Interval(
        value=rounded(float(apart_Q.mean())), low=rounded(low), high=rounded(high), level=0.95,
        n=n * len(apart_Q), clusters=len(apart_Q), method="Dirichlet bootstrap by question",
    )  # fmt: skip
    return Shift(test, distance, rounded(p), rounded(noise), tuple(rounded(float(a)) for a in apart_Q))


def mean_limits(
    values: FloatArray, *, least: float, most: float, seed: int, level: float = 0.95, draws: int = 4000
) -> tuple[float, float]:
    """Limits of a mean of values between `least` and `most`: of Learned-Miller and Thomas (2020, section 3).

    Questions are reweighted by a flat Dirichlet distribution together with one more question at the worst that could
    be, so that the limits keep their distance where all values agree; for zeros and ones they are Clopper and
    Pearson's.
    """
    sorted_Q = np.sort(values)
    generator = np.random.default_rng([seed, 2])
    weights = generator.dirichlet(np.ones(len(sorted_Q) + 1), size=draws)
    lows, highs = weights @ np.append(sorted_Q, least), weights @ np.append(sorted_Q, most)
    return float(np.quantile(lows, (1 - level) / 2)), float(np.quantile(highs, (1 + level) / 2))


def _tail(least: int, of: int, share: float) -> float:
    """P(Binomial(of, share) >= least)."""
    return math.fsum(math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(least, of + 1))
