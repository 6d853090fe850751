from __future__ import annotations

import pytest

from counterproof import chain, record
from counterproof.publish import attest
from counterproof.publish.attest import _results
from tests.chain.small_chain import number

BARS = record.Bars()


def test_the_bars_are_declared_in_decimal_strings() -> None:
    assert attest.criteria_of(BARS) == {"C": "at least 0.5", "F_joint": "at most 0.2", "K_joint": "at least 0.75"}


def _number(name: str, low: str, value: str, high: str) -> record.Number:
    return record.Number(
        name=name, value=value, low=low, high=high, level="0.95", n=60, clusters=60, method="wilson"
    )


@pytest.mark.parametrize(
    ("metric", "bar", "low", "value", "high", "passed"),
    [
        ("K_joint", "at least 0.75", "0.75", "0.9", "1", "yes"),
        ("K_joint", "at least 0.75", "0.749999", "0.9", "1", "no"),
        ("F_joint", "at most 0.2", "0", "0.1", "0.2", "yes"),
        ("F_joint", "at most 0.2", "0", "0.1", "0.200001", "no"),
        ("F_joint", "at most 0.2", "0", "0.1", "", ""),
        ("C", "at least 0.5", "0.4", "0.5", "0.6", "yes"),
        ("C", "at least 0.5", "0.4", "0.499999", "0.6", "no"),
    ],
)
def test_a_bar_is_held_against_the_limit_that_is_against_the_system(
    metric: str, bar: str, low: str, value: str, high: str, passed: str
) -> None:
    found = _results.criterion(metric, bar, _number(metric, low, value, high))

    assert (found.metric, f"{found.comparator} {found.threshold}", found.passed) == (metric, bar, passed)


def test_what_was_not_measured_meets_no_bar() -> None:
    found = _results.criterion("K_joint", "at least 0.75", record.NoNumber(name="K_joint", reason="too few"))

    assert found.passed == ""


def test_a_long_reason_is_cut_to_what_a_statement_takes() -> None:
    long = record.NoNumber(name="K", reason="x" * 1000)
    short = _results.short(long)

    assert isinstance(short, record.NoNumber)
    assert short.reason == "x" * (chain.MAX_TEXT - 3) + "..."
    assert _results.short(number("K", "0.5")) == number("K", "0.5")
