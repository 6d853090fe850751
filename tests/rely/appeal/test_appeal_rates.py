"""What verdicts say of the error rates, and that they never say more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import estimate
from counterproof.record import Interval, NotMeasured
from counterproof.rely import appeal


def test_nothing_decided_is_nothing_measured() -> None:
    found = appeal.rates(refused=10, passed=90, upheld=0, denied=0)

    assert [found.among_decided, found.among_refused, found.friction] == [
        NotMeasured(reason="no appeal was decided")
    ] * 3
    assert appeal.rates(0, 5, 0, 0).friction == NotMeasured(reason="nobody was refused")


def test_the_share_among_decided_has_the_house_interval() -> None:
    found = appeal.rates(refused=100, passed=900, upheld=3, denied=7)

    assert found.among_decided == estimate.rate(estimate.Tally(3, 10, n=10, clusters=10))


def test_the_bounds_take_what_nobody_decided_for_right_and_for_wrong() -> None:
    found = appeal.rates(refused=100, passed=900, upheld=3, denied=7)

    assert isinstance(found.among_refused, appeal.Bounds)
    assert (found.among_refused.low, found.among_refused.high) == (0.03, 0.93)
    assert isinstance(found.friction, appeal.Bounds)
    assert found.friction.low == pytest.approx(3 / 903, abs=1e-6)
    assert found.friction.high == pytest.approx(93 / 993, abs=1e-6)


def test_where_all_were_decided_the_bounds_meet() -> None:
    found = appeal.rates(refused=10, passed=0, upheld=4, denied=6)

    assert isinstance(found.among_refused, appeal.Bounds)
    assert found.among_refused.low == found.among_refused.high == 0.4
    assert isinstance(found.among_decided, Interval)
    assert (found.among_refused.outer_low, found.among_refused.outer_high) == (
        found.among_decided.low,
        found.among_decided.high,
    )


def test_where_nobody_is_known_to_be_honest_there_is_no_friction() -> None:
    assert isinstance(appeal.rates(refused=2, passed=0, upheld=0, denied=2).friction, NotMeasured)


_N = st.integers(0, 400)


@given(_N, _N, _N, _N, _N)
def test_the_truth_lies_within_the_bounds(upheld: int, denied: int, wrong: int, right: int, passed: int) -> None:
    """Whatever the undecided refusals were, and whoever chose to appeal."""
    refused = upheld + denied + wrong + right
    found = appeal.rates(refused, passed, upheld, denied)
    if upheld + denied == 0:
        assert isinstance(found.among_refused, NotMeasured)
        return
    assert isinstance(found.among_refused, appeal.Bounds)
    truth = (upheld + wrong) / refused
    assert found.among_refused.low - 1e-6 <= truth <= found.among_refused.high + 1e-6
    assert found.among_refused.outer_low <= found.among_refused.low
    assert found.among_refused.high <= found.among_refused.outer_high
    if isinstance(found.friction, appeal.Bounds) and upheld + wrong + passed:
        truth = (upheld + wrong) / (upheld + wrong + passed)
        assert found.friction.low - 1e-6 <= truth <= found.friction.high + 1e-6


@pytest.mark.parametrize("counts", [(1, 0, 1, 1), (-1, 0, 0, 0), (1, 1, -1, 1), (0, 0, 1, 0)])
def test_counts_that_cannot_be(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="more verdicts than refusals"):
        appeal.rates(*counts)


def test_the_bias_is_said() -> None:
    assert "Appeals choose themselves" in " ".join(appeal.rates(1, 1, 1, 0).says)
