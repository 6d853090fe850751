"""One test for each verdict, in the order in which they are tried."""

from __future__ import annotations

import pytest

from counterproof import estimate
from counterproof.record import Bars, Interval, NotMeasured, RatioSet

BARS = Bars(contained_K=0.75, contained_F=0.20, claim_tolerance=0.10)


def between(low: float, high: float) -> Interval:
    return Interval(value=(low + high) / 2, low=low, high=high, level=0.95, n=1, clusters=1, method="given")


def test_contained() -> None:
    found = estimate.verdict(between(0.75, 1.0), between(0.0, 0.20), between(0.6, 1.0), BARS)
    assert found == ("contained", "K is at least 0.750 (bar 0.750) and F at most 0.200 (bar 0.200).")


def test_contained_comes_before_an_overstated_claim() -> None:
    word, _ = estimate.verdict(between(0.76, 0.80), between(0.01, 0.10), between(0.6, 0.8), BARS, claim=1.0)
    assert word == "contained"


def test_negative_by_selectivity() -> None:
    found = estimate.verdict(between(0.0, 0.2), between(0.5, 0.9), between(-0.8, -0.2), BARS)
    assert found == ("negative", "S lies below 0, between -0.800 and -0.200: the innocent meet more friction.")


def test_negative_by_an_overstated_claim_that_benign_users_pay_for() -> None:
    word, because = estimate.verdict(between(0.3, 0.6), between(0.05, 0.2), between(0.1, 0.5), BARS, claim=0.95)
    assert word == "negative"
    assert because == (
        "the published claim 0.950 exceeds K, at most 0.600, by more than the tolerance 0.100, while benign users pay:"
        " F is at least 0.050."
    )


@pytest.mark.parametrize(
    ("claim", "friction"),
    [(0.70, between(0.05, 0.2)), (0.95, between(0.0, 0.2)), (None, between(0.05, 0.2))],
    ids=["within the tolerance", "nobody benign is shown to pay", "no claim"],
)
def test_imperfect(claim: float | None, friction: Interval) -> None:
    found = estimate.verdict(between(0.3, 0.6), friction, between(0.1, 0.5), BARS, claim)
    assert found == ("imperfect", "S lies above 0, between 0.100 and 0.500, but K may be as low as 0.300 (bar 0.750).")


def test_imperfect_names_every_bar_missed() -> None:
    _, because = estimate.verdict(between(0.3, 0.6), between(0.0, 0.25), between(0.1, 0.5), BARS)
    assert because.endswith("but K may be as low as 0.300 (bar 0.750) and F may be as high as 0.250 (bar 0.200).")
    _, because = estimate.verdict(between(0.8, 0.9), between(0.0, 0.25), between(0.1, 0.5), BARS)
    assert because.endswith("but F may be as high as 0.250 (bar 0.200).")


@pytest.mark.parametrize(("claim", "high"), [(0.4, 0.3), (0.7, 0.6), (0.8, 0.7), (1.0, 0.9)])
def test_a_claim_above_by_the_tolerance_alone_is_within_it(claim: float, high: float) -> None:
    """0.4 - 0.3 is more than 0.1 in floating point; the sixth decimal, which records keep, decides."""
    word, _ = estimate.verdict(between(0.2, high), between(0.05, 0.25), between(0.1, 0.5), BARS, claim)
    assert word == "imperfect"


@pytest.mark.parametrize("selectivity", [between(-0.1, 0.1), between(0.0, 0.1), between(-0.1, 0.0)])
def test_zero(selectivity: Interval) -> None:
    word, because = estimate.verdict(between(-0.1, 0.1), between(0.0, 0.1), selectivity, BARS)
    assert word == "zero"
    assert because == f"S covers 0: it lies between {selectivity.low:.3f} and {selectivity.high:.3f}."


@pytest.mark.parametrize("letter", ["K", "F", "S"])
def test_not_measured(letter: str) -> None:
    given = {"K": between(0.8, 1), "F": between(0, 0.1), "S": between(0.7, 1)}
    missing = given | {letter: NotMeasured(reason="nobody came")}
    found = estimate.verdict(missing["K"], missing["F"], missing["S"], BARS, claim=1.0)
    assert found == ("not measured", f"{letter} was not measured: nobody came.")


def test_a_ratio_set_is_no_ground_for_a_verdict() -> None:
    ratio = RatioSet(value=1.0, low=0.5, high=None, level=0.95, n=1, clusters=1, method="given")
    with pytest.raises(TypeError, match="rests on intervals"):
        estimate.verdict(ratio, between(0, 0.1), between(0, 0.1), BARS)
