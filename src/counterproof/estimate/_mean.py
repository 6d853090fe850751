"""The mean of numbers on a known scale, one from each independent unit: seeds of an experiment, items of a bank."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from counterproof.estimate import _rate, _special
from counterproof.record import Interval, NotMeasured

_SAME = 1e-9  # spread below it is what adding floats in another order leaves


def mean(
    values: Sequence[float | None], *, level: float = 0.95, floor: float = 0.0, ceiling: float = 1.0
) -> Interval | NotMeasured:
    """The mean over units with Student's interval (1908), limits clipped to the scale [floor, ceiling].

    A unit in which nothing was measured is None: it is left out, and the method says how many were. For a paired
    contrast hand over the differences, unit by unit, with the difference's own scale (-1 to 1 for shares).

    Where all n units agree Student's interval has no width, which would claim a certainty that n units cannot give.
    Then a share p of the population at least must agree with them, p being the exact limit of Clopper and Pearson
    (1934) for n of n; the rest may lie anywhere on the scale, so the limits are the value moved by 1 - p of the way to
    either end. At 0 and 1 these are Clopper's and Pearson's own limits.

    Raises:
        ValueError: a value is not on the scale, or the scale has no width.
    """
    if not floor < ceiling:
        raise ValueError(f"a scale runs from its floor up to its ceiling, not from {floor} to {ceiling}")
    known = [v for v in values if v is not None]
    if any(not floor - _SAME <= v <= ceiling + _SAME for v in known):  # also what is not a number
        raise ValueError(f"a value does not lie between {floor} and {ceiling}")
    if len(known) < 2:
        return NotMeasured(reason=f"{_units(len(known))} measured, and an interval needs two")
    missing = f", {len(values) - len(known)} of {len(values)} units not measured" if len(known) < len(values) else ""
    middle = statistics.fmean(known)
    if max(known) - min(known) <= _SAME:
        agree = _rate.clopper_pearson(len(known), len(known), level)[0]
        low, high = middle - (1 - agree) * (middle - floor), middle + (1 - agree) * (ceiling - middle)
        method = "exact, units agree"
    else:
        reach = _special.student_quantile(0.5 + level / 2, len(known) - 1)
        # `statistics.stdev` adds in fractions: ten times the time, and no digit more of what is kept.
        variance = math.fsum((v - middle) ** 2 for v in known) / (len(known) - 1)
        half = reach * math.sqrt(variance / len(known))
        low, high = max(floor, middle - half), min(ceiling, middle + half)
        method = "Student, units"
    return _rate.interval(middle, low, high, level, n=len(known), clusters=len(known), method=method + missing)


def _units(count: int) -> str:
    return ("no unit was", "one unit was")[count]
