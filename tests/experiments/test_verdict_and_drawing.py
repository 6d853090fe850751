from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import estimate, record
from experiments import drawing, verdict

PREDICTION = verdict.Prediction("a", "a is above a half", "above", 0.5)


def _interval(low: float, high: float) -> record.Interval:
    return record.Interval(
        value=(low + high) / 2, low=low, high=high, level=0.95, n=10, clusters=10, method="Student, units"
    )


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [
        (0.6, 0.9, "holds", "fails"), (0.1, 0.4, "fails", "holds"), (0.4, 0.6, "undecided", "undecided"),
        (0.5, 0.9, "undecided", "fails"), (0.1, 0.5, "fails", "undecided"),
    ],
)  # fmt: skip
def test_the_whole_interval_decides(low: float, high: float, above: str, below: str) -> None:
    found = _interval(low, high)

    assert (verdict.decide(found, "above", 0.5), verdict.decide(found, "below", 0.5)) == (above, below)


@given(st.floats(-1, 1), st.floats(0.001, 1), st.floats(-1, 1))
def test_above_and_below_never_both_hold(low: float, width: float, bar: float) -> None:
    words = {verdict.decide(_interval(low, low + width), d, bar) for d in ("above", "below")}

    assert words != {"holds"}
    assert ("holds" in words) <= ("fails" in words)


def test_what_is_not_measured_is_undecided() -> None:
    assert verdict.decide(record.NotMeasured(reason="no unit was measured"), "above", 0.0) == "undecided"


@pytest.mark.parametrize(
    ("words", "planted", "said"),
    [
        (("holds", "holds"), (), "holds"), (("holds", "fails"), (), "fails"), (("undecided", "fails"), (), "fails"),
        (("holds", "undecided"), (), "undecided"), (("holds",), ("holds",), "holds"),
        (("holds",), ("fails",), "undecided"), (("fails",), ("undecided",), "undecided"), ((), ("holds",), "undecided"),
    ],
)  # fmt: skip
def test_one_lost_prediction_loses_and_a_failed_set_up_decides_nothing(
    words: tuple[str, ...], planted: tuple[str, ...], said: str
) -> None:
    rows = [{"is_planted": False, "word": w} for w in words] + [{"is_planted": True, "word": w} for w in planted]

    assert verdict.overall(rows) == said


def test_an_answer_keeps_its_figure_and_reads_back() -> None:
    found = estimate.mean([0.6, 0.7, 0.65])
    kept = verdict.answered(PREDICTION, found)

    assert verdict.read(kept["found"]) == found
    assert (kept["word"], kept["bar"], kept["is_planted"]) == ("holds", 0.5, False)


def test_columns_are_taken_seed_by_seed() -> None:
    seeds: dict[str, dict[str, object]] = {"0": {"a": {"x": 0.5, "y": None}}, "1": {"a": {"x": 1, "y": 0.25}}}

    assert verdict.column(seeds, "a", "x") == [0.5, 1.0]
    assert verdict.column(seeds, "a", "y") == [None, 0.25]
    assert verdict.paired(verdict.column(seeds, "a", "x"), verdict.column(seeds, "a", "y")) == [None, 0.75]


def test_a_column_that_is_not_there_is_no_empty_one() -> None:
    with pytest.raises(KeyError, match=r"a\.z: there is no 'z'"):
        verdict.column({"0": {"a": {"x": 0.5}}}, "a", "z")
    with pytest.raises(TypeError, match="is no number"):
        verdict.column({"0": {"a": "x"}}, "a")


def test_an_empty_column_is_not_measured() -> None:
    assert isinstance(verdict.share([None, None, 0.5]), record.NotMeasured)
    assert isinstance(verdict.difference([None, None], [0.5, 0.5]), record.NotMeasured)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.514, ".51"),
        (1.0, "1.00"),
        (0.0, ".00"),
        (-0.004, ".00"),
        (-0.07, "-.07"),
        (-1.5, "-1.50"),
        (22.0, "22.00"),
        (10.5, "10.50"),
    ],
)
def test_numbers_are_written_as_the_reports_write_them(value: float, text: str) -> None:
    assert drawing.number(value) == text


def test_an_estimate_says_its_interval_or_why_there_is_none() -> None:
    assert drawing.said(_interval(0.37, 0.61)) == ".49 [.37, .61]"
    assert drawing.said(record.NotMeasured(reason="no unit was measured")) == "not measured (no unit was measured)"


def test_a_prediction_that_only_agreement_keeps_open_says_so() -> None:
    bar = verdict.Prediction("5", "a less b", "below", 0.05)
    tied = verdict.answered(bar, verdict.difference([0.5] * 10, [0.5] * 10))
    assert tied["word"] == "undecided"
    said = drawing.all_alike("Prediction 5", tied)
    assert said.startswith("Prediction 5 is open only because all 10 seeds agree exactly: each reads .00, ")
    assert "up to .31 of all seeds" in said
    assert "[-.31, .31]" in said
    columns: list[verdict.Column] = [[0.1, 0.0, 0.2], [0.0, 0.9, 0.0], [0.3] * 10, [None] * 10]
    for values in columns:
        other = verdict.answered(bar, verdict.difference(values, [0.0] * len(values)))
        assert drawing.all_alike("Prediction 5", other) == ""
    assert drawing.all_alike("1", verdict.answered(bar, verdict.share([0.0] * 100))) == ""  # it holds


def test_a_table_has_a_cell_under_every_head() -> None:
    assert drawing.table(["arm", "x"], [["a|b", ".5"]]) == "| arm | x |\n| --- | ---: |\n| a\\|b | .5 |\n"
    with pytest.raises(ValueError, match="cell under every head"):
        drawing.table(["arm", "x"], [["a"]])


def test_a_picture_is_drawn_twice(tmp_path: Path) -> None:
    spec = {
        "data": {"values": [{"x": 1, "y": 2}]},
        "mark": "point",
        "encoding": {"x": {"field": "x", "type": "quantitative"}},
    }
    drawing.picture(spec, tmp_path / "picture")

    assert (tmp_path / "picture.svg").read_text().startswith("<svg")
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
