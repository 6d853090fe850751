"""What an interval says of a claim, and when nothing may be said: the decision and its monotonicity."""

from __future__ import annotations

from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from counterproof.publish import attest
from counterproof.record import ClaimVerdict, NoNumber, decimal
from tests.publish.attest.claim_making import ENTRY, SUBJECT, behaviour, claim, found, made_report, number

LETTERS = ("R", "F", "T", "C", "K", "S", "O")
DIRECTIONS = ("at least", "at most")
AGAINST = ("contradicted", "weaker than claimed")
share = st.integers(0, 1000).map(lambda n: Decimal(n) / 1000)
narrow = st.integers(0, 500).map(lambda n: Decimal(n) / 1000)
ends = st.tuples(share, share).map(lambda pair: (min(pair), max(pair)))


@pytest.mark.parametrize(
    ("direction", "threshold", "low", "high", "verdict"),
    [
        ("at least", "0.9", "0.85", "0.95", "supported"),
        ("at least", "0.9", "0.8", "0.8", "supported"),
        ("at least", "0.9", "0.799999", "0.95", "not decided"),
        ("at least", "0.9", "0.5", "0.8", "not decided"),
        ("at least", "0.9", "0.5", "0.799999", "weaker than claimed"),
        ("at least", "0.9", "0.45", "0.7", "weaker than claimed"),
        ("at least", "0.9", "0.449999", "0.7", "contradicted"),
        ("at least", "0.9", "-0.1", "0.1", "contradicted"),
        ("at least", "0", "-0.3", "-0.2", "contradicted"),
        ("at most", "0.1", "0.05", "0.2", "supported"),
        ("at most", "0.1", "0.15", "0.3", "not decided"),
        ("at most", "0.1", "0.2", "0.55", "not decided"),
        ("at most", "0.1", "0.200001", "0.55", "weaker than claimed"),
        ("at most", "0.1", "0.3", "0.550001", "contradicted"),
    ],
)  # fmt: skip
def test_the_decision(direction: str, threshold: str, low: str, high: str, verdict: ClaimVerdict) -> None:
    claimed = claim("K", direction, threshold)

    assert attest.decided(claimed, Decimal(low), Decimal(high), Decimal("0.1"), Decimal("0.5")) == verdict


@pytest.mark.parametrize(
    ("direction", "low", "high", "verdict"),
    [("at most", "1.6", None, "contradicted"), ("at most", "0.5", None, "not decided"),
     ("at most", "0.1", "1.4", "supported"), ("at least", "1.6", None, "supported"),
     ("at least", "0", None, "not decided")],
)  # fmt: skip
def test_a_ratio_without_an_upper_end(direction: str, low: str, high: str | None, verdict: ClaimVerdict) -> None:
    top = None if high is None else Decimal(high)

    assert attest.decided(claim("D", direction, "1.5"), Decimal(low), top, Decimal(0), Decimal("0.5")) == verdict


@given(st.sampled_from(LETTERS), st.sampled_from(DIRECTIONS), share, ends, narrow, narrow, share)
def test_a_wider_tolerance_is_never_less_favourable(
    letter: str, direction: str, threshold: Decimal, at: tuple[Decimal, Decimal], one: Decimal, more: Decimal,
    keeps: Decimal,
) -> None:  # fmt: skip
    claimed = claim(letter, direction, decimal(float(threshold)))
    before = attest.decided(claimed, *at, one, keeps)
    after = attest.decided(claimed, *at, one + more, keeps)

    if before == "supported":
        assert after == "supported"
    if before == "not decided":
        assert after in ("supported", "not decided")


@given(st.sampled_from(LETTERS), st.sampled_from(DIRECTIONS), share, ends, ends, narrow, share)
def test_a_wider_interval_never_says_more(
    letter: str, direction: str, threshold: Decimal, one: tuple[Decimal, Decimal], other: tuple[Decimal, Decimal],
    tolerance: Decimal, keeps: Decimal,
) -> None:  # fmt: skip
    claimed = claim(letter, direction, decimal(float(threshold)))
    wider = (min(one[0], other[0]), max(one[1], other[1]))
    before, after = (attest.decided(claimed, *at, tolerance, keeps) for at in (one, wider))

    if before == "not decided":
        assert after == "not decided"
    if after in ("supported", "weaker than claimed"):
        assert before == after
    if after == "contradicted":
        assert before in AGAINST


@given(st.sampled_from(LETTERS), share, ends, narrow, share)
def test_a_claim_and_its_opposite_are_never_both_refuted(
    letter: str, threshold: Decimal, at: tuple[Decimal, Decimal], tolerance: Decimal, keeps: Decimal
) -> None:
    text = decimal(float(threshold))
    up, down = (attest.decided(claim(letter, d, text), *at, tolerance, keeps) for d in DIRECTIONS)

    assert not (up in AGAINST and down in AGAINST)


@given(st.sampled_from(LETTERS), st.sampled_from(DIRECTIONS), share, share, ends, narrow)
def test_a_bolder_claim_is_never_better_supported(
    letter: str, direction: str, one: Decimal, other: Decimal, at: tuple[Decimal, Decimal], tolerance: Decimal
) -> None:
    modest, bold = sorted((one, other), reverse=direction == "at most")
    verdicts = [attest.decided(claim(letter, direction, decimal(float(t))), *at, tolerance, Decimal("0.5"))
                for t in (modest, bold)]

    if verdicts[1] == "supported":
        assert verdicts[0] == "supported"
    if verdicts[0] in AGAINST:
        assert verdicts[1] in AGAINST


@pytest.mark.parametrize("name", ["suite", "target", "instrument", "asker", "budget"])
def test_what_the_claim_does_not_say_makes_it_not_comparable(name: str) -> None:
    finding = found(claim(**{name: ""}), behaviour(number("K", "0.9", "1")))

    assert finding.verdict == "not comparable"
    assert finding.readings[0].differs == (f"the claim does not say its {name}",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("suite", "sha256:" + "e" * 64), ("suite", "codex"), ("target", "sha256:" + "e" * 64), ("target", "name:a"),
     ("asker", "candid"), ("budget", "41q"), ("budget", "40t"), ("grader", "judge")],
)  # fmt: skip
def test_what_is_another_thing_is_not_comparable(name: str, value: str) -> None:
    finding = found(claim(**{name: value}), behaviour(number("K", "0.9", "1"), number("F", "0.3", "0.4")))

    assert finding.verdict == "not comparable"
    assert name in finding.because
    assert finding.mark == ""


def test_another_subject_is_not_comparable() -> None:
    said = behaviour(number("K", "0.9", "1"), subject="sha256:" + "f" * 64)

    assert found(claim(), said).verdict == "not comparable"


def test_a_budget_is_an_amount_not_a_spelling() -> None:
    said = behaviour(number("K", "0.9", "1"), budget="200000t")

    assert found(claim(budget="200kt"), said).verdict == "supported"


def test_what_the_claim_leaves_open_is_said() -> None:
    finding = found(claim(budget="any", suite="any"), behaviour(number("K", "0.9", "1")))

    assert finding.verdict == "supported"
    assert finding.readings[0].beyond == ("suite sha256:aaaaaaaaaaaa\N{HORIZONTAL ELLIPSIS}", "budget 40q")
    assert "So far only" in finding.because


def test_nothing_measured_is_untested_with_its_reason() -> None:
    finding = found(claim(), behaviour(NoNumber(name="K", reason="the ceiling is too low")))

    assert finding.verdict == "untested"
    assert finding.because == "Not measured: the ceiling is too low."


def test_no_measurement_of_the_category_is_untested() -> None:
    finding = found(claim(), behaviour(number("K", "0.9", "1"), category="storm"))

    assert (finding.verdict, finding.readings) == ("untested", ())


def test_the_joint_interval_decides() -> None:
    joint = number("K_joint", "0.7", "0.99", level="0.99")
    finding = found(claim(), behaviour(number("K", "0.85", "0.95"), joint))

    assert finding.verdict == "not decided"
    assert finding.readings[0].number == joint


def test_unclean_transcripts_count_both_ways() -> None:
    said = behaviour(number("T", "0.01", "0.08"), number("T_low_bound", "0.01", "0.08"),
                     number("T_high_bound", "0.05", "0.3"))  # fmt: skip

    assert found(claim("T", "at most", "0.05"), said).verdict == "not decided"


def test_the_least_favourable_measurement_rules() -> None:
    good, open_, bad = (behaviour(number("K", low, high)) for low, high in (("0.9", "1"), ("0.5", "1"), ("0", "0.1")))

    assert found(claim(), good, good).verdict == "supported"
    assert found(claim(), good, open_).verdict == "not decided"
    assert found(claim(), good, open_, bad).verdict == "contradicted"


def test_a_measurement_under_other_conditions_does_not_speak() -> None:
    good, elsewhere = behaviour(number("K", "0.9", "1")), behaviour(number("K", "0", "0.1"), budget="60q")
    finding = found(claim(), good, elsewhere)

    assert finding.verdict == "supported"
    assert len(finding.readings) == 1


REFUSED = number("R", "0.95", "1")


@pytest.mark.parametrize(
    ("K", "F", "mark"),
    [(("0.02", "0.1"), ("0.3", "0.4"), "worse than honest reporting"), (("0.02", "0.1"), ("0", "0.1"), "flatters"),
     (("0.85", "0.95"), ("0.3", "0.4"), "")],
)  # fmt: skip
def test_a_refusal_rate_that_flatters_is_marked_though_it_is_true(
    K: tuple[str, str], F: tuple[str, str], mark: str
) -> None:
    said = behaviour(REFUSED, number("K", *K), number("F", *F), number("T", "0.9", "1"))
    finding = found(claim("R", "at least", "0.99"), said)

    assert finding.verdict == "supported"
    assert finding.mark == mark
    assert [n.name for n in finding.readings[0].beside] == ["K", "T", "F"]


def test_the_overstatement_stands_at_the_tolerance() -> None:
    said = behaviour(REFUSED, number("K", "0.5", "0.89"), number("F", "0.3", "0.4"))

    assert found(claim("R", "at least", "0.99"), said).mark == ""
    assert found(claim("R", "at least", "0.99"), said, K="0.09").mark == "worse than honest reporting"


def test_what_was_not_measured_marks_nothing() -> None:
    said = behaviour(REFUSED, NoNumber(name="K", reason="no twins"), number("F", "0.3", "0.4"))

    assert found(claim("R", "at least", "0.99"), said).mark == ""


def test_tolerances_are_what_the_report_declares_unless_declared() -> None:
    usual = attest.tolerances()

    assert {str(margin) for letter, margin in usual.by.items() if letter != "D"} == {"0.1"}
    assert usual.by["D"] == 0
    assert attest.tolerances({"K": "0.02"}, every="0.05").by == {
        **dict.fromkeys(usual.by, Decimal("0.05")), "K": Decimal("0.02")
    }  # fmt: skip


def test_a_report_and_the_statements_made_of_it_say_the_same() -> None:
    report = made_report()
    for measured, target in zip(attest.of_report(report), report.targets, strict=True):
        rows = [row.id for row in target.categories if row.id != attest.POOLED]
        series = attest.Series(evaluator="an evaluator", subject=SUBJECT, generation=ENTRY, prereg=ENTRY, before={})
        made = attest.behaviours(report, target, {row: [b"{}"] for row in rows}, series)
        for row in rows:
            stated = attest.of_behaviour(made[row], ENTRY)
            assert stated.rows[row].numbers == measured.rows[row].numbers
            assert stated.heard.budget == measured.heard.budget
            assert stated.heard.suite == measured.heard.suite
