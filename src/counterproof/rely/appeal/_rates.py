"""What verdicts on appeals say of a gate's errors, and what they cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from counterproof.record import Estimate, Interval, NotMeasured

BIAS: Final = (
    "Appeals choose themselves: who was wrongly refused and went away is not among them, and who was rightly refused"
    " may appeal too. The share among decided appeals is no estimate of the share among refusals; the bounds are."
)
_WHO: Final = "Who decides can err; each refusal counts once, though one person may stand behind many."


@dataclass(frozen=True)
class Bounds:
    """Between what a share lies, whatever the refusals that nobody decided on were, with their sampling limits.

    `low`, `high`: as counted, every undecided refusal taken for right and for wrong. `outer_low`, `outer_high`: the
    same with the mid-P limits of both ends at `level`.
    """

    low: float
    high: float
    outer_low: float
    outer_high: float
    level: float
    n: int


@dataclass(frozen=True)
class Rates:
    """Counts, and the shares that rest on them.

    `among_decided`: share of decided appeals that were upheld. `among_refused`: share of refusals that were wrong (the
    false-discovery rate of the gate). `friction`: share of honest requests refused (F), taking every request that was
    let through for honest, which makes it smaller where some were not.
    """

    refused: int
    passed: int
    upheld: int
    denied: int
    among_decided: Estimate
    among_refused: Bounds | NotMeasured
    friction: Bounds | NotMeasured
    says: tuple[str, ...] = (BIAS, _WHO)


def rates(refused: int, passed: int, upheld: int, denied: int, level: float = 0.95) -> Rates:
    """The error rates from counts of decisions of one record and of the verdicts on its refusals.

    Raises:
        ValueError: a count is negative, or more was decided than refused.
    """
    decided = upheld + denied
    if min(refused, passed, upheld, denied) < 0 or decided > refused:
        raise ValueError("counts below 0, or more verdicts than refusals")
    if decided == 0:
        why = NotMeasured(reason="nobody was refused" if refused == 0 else "no appeal was decided")
        return Rates(refused, passed, 0, 0, why, why, why)
    most = refused - denied
    return Rates(
        refused, passed, upheld, denied,
        _share(upheld, decided, level),
        _bounds((upheld, refused), (most, refused), level),
        _bounds((upheld, passed + upheld), (most, passed + most), level),
    )  # fmt: skip


def _share(successes: int, n: int, level: float) -> Interval:
    from counterproof import estimate  # noqa: PLC0415 - loads NumPy, which hearing an appeal does not need

    return estimate.rate(estimate.Tally(successes, n, n=n, clusters=n), level)


def _bounds(least: tuple[int, int], most: tuple[int, int], level: float) -> Bounds | NotMeasured:
    if least[1] == 0 or most[1] == 0:
        return NotMeasured(reason="no request is known to have been honest")
    low, high = _share(*least, level), _share(*most, level)
    return Bounds(low.value, high.value, low.low, high.high, level, most[1])
