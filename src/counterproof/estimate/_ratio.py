"""Two shares: their difference by squaring and adding, and their ratio by inverting the score test."""

from __future__ import annotations

import math
from collections.abc import Callable

from counterproof.estimate import _rate, _special

_HALVINGS = 200
_ENOUGH = 1e-15


def newcombe_difference(
    successes: float, trials: float, other_successes: float, other_trials: float, level: float = 0.95
) -> tuple[float, float]:
    """Limits of one share minus another (Newcombe 1998, method 10): Wilson limits, squared and added."""
    a, b = successes / trials, other_successes / other_trials
    return mover_difference(
        (a, *_rate.wilson(successes, trials, level)), (b, *_rate.wilson(other_successes, other_trials, level))
    )


def mover_difference(
    first: tuple[float, float, float], second: tuple[float, float, float], correlation: float = 0.0
) -> tuple[float, float]:
    """Limits of a difference from two estimates (value, low, high) of the same level: MOVER (Zou and Donner 2008).

    `correlation` is that of the two estimates (Zou 2008, equation 5); 0 for independent ones.
    """
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    below = (a - a_low) ** 2 + (b_high - b) ** 2 - 2 * correlation * (a - a_low) * (b_high - b)
    above = (a_high - a) ** 2 + (b - b_low) ** 2 - 2 * correlation * (a_high - a) * (b - b_low)
    return a - b - math.sqrt(max(0.0, below)), a - b + math.sqrt(max(0.0, above))


def score_ratio(
    successes: float,
    trials: float,
    other_successes: float,
    other_trials: float,
    level: float = 0.95,
    *,
    is_corrected: bool = True,
) -> tuple[float, float | None]:
    """The score set for the ratio of two shares: Koopman (1984), `is_corrected` as in Miettinen and Nurminen (1985).

    All ratios that the score test does not reject. 0/n over y/m starts at 0; x/n over 0/m has no upper end (None); 0/n
    over 0/m rejects nothing and is the whole half-line. Counts may be broken numbers.
    """
    z = _special.two_sided_z(level)
    if successes <= 0 and other_successes <= 0:
        return 0.0, None
    counts = (successes, trials, other_successes, other_trials)
    total = trials + other_trials
    largest = z * z * (total / (total - 1) if is_corrected else 1.0)

    def is_rejected(log_ratio: float) -> bool:
        return _score(math.exp(log_ratio), *counts) > largest

    point = math.log(max(successes, 1e-9) / trials) - math.log(max(other_successes, 1e-9) / other_trials)
    low = 0.0 if successes <= 0 else math.exp(_edge(is_rejected, point, -1.0))
    high = None if other_successes <= 0 else math.exp(_edge(is_rejected, point, 1.0))
    return low, high


def _edge(is_rejected: Callable[[float], bool], inside: float, direction: float) -> float:
    """Where rejection starts on the logarithmic scale, going from a point that stands in the set."""
    step = 1.0
    while not is_rejected(inside + direction * step):
        step *= 2
    outside = inside + direction * step
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if is_rejected(middle):
            outside = middle
        else:
            inside = middle
        if abs(outside - inside) <= _ENOUGH * max(1.0, abs(inside)):
            break
    return (inside + outside) / 2


def _score(ratio: float, x: float, n: float, y: float, m: float) -> float:
    """The squared score statistic against `ratio`; its constrained estimate is a root of a quadratic (Koopman 1984)."""
    a, b, c = (n + m) * ratio, -(ratio * (n + y) + x + m), x + y
    second = min(1.0, 2 * c / (-b + math.sqrt(max(0.0, b * b - 4 * a * c))))
    first = min(1.0, ratio * second)
    gap = x / n - ratio * y / m
    variance = first * (1 - first) / n + ratio * ratio * second * (1 - second) / m
    if variance <= 0:
        return 0.0 if abs(gap) < _ENOUGH else math.inf
    return gap * gap / variance
