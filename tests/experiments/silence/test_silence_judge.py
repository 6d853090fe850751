"""From made-up readings to verdicts: what was expected is called so, and every prediction can lose."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from experiments.silence import judge
from experiments.silence.declared import DECLARED

Seeds = dict[str, dict[str, Any]]
GONE = {
    "O": 0.02, "O_other": 0.02, "O_free": 0.02, "E": 0.05, "E_other": 0.05, "E_free": 0.05, "A": 0.03, "TP": 0.05,
    "R": 45.0, "K": 0.95, "T": 0.0, "O_harmless": 0.02, "E_harmless": 0.05, "shelf": 0.94, "glass": 0.95, "mass": 0.99,
}  # fmt: skip
BASE = {
    **GONE, "O": 0.92, "O_other": 0.92, "O_free": 0.92, "E": 0.95, "E_other": 0.95, "E_free": 0.95, "A": 0.96,
    "TP": 0.95, "R": 0.0,
}  # fmt: skip
QUIET = {**BASE, "O": 0.03, "O_other": 0.03, "O_free": 0.03, "R": 7.0}
ROWS: dict[str, dict[str, float]] = {
    "base": BASE,
    "never": {**GONE, "TP": 0.95},
    "mute": {**QUIET, "A": 0.6},
    "comply": {**QUIET, "A": 0.04},
    "gated": {**QUIET, "A": 0.1, "O_free": 0.8, "T": 0.77},
    "deny": {**QUIET, "A": 0.03, "E": 0.2, "E_other": 0.3, "E_free": 0.2},
    "disown": {**QUIET, "A": 0.03, "TP": 0.2},
    "comply-full": {**QUIET, "A": 0.02, "R": 44.0},
    "resolved": GONE,
    "rescinded": {**GONE, "K": 0.05},
    "comply@20": QUIET,
    "comply@60": {**QUIET, "shelf": 0.6},
    "comply@200": {**QUIET, "shelf": 0.5},
}


def planted() -> Seeds:
    """Ten seeds around the rows above, each a little off, and differently so in every row: no two units agree."""
    seeds: Seeds = {}
    for n in range(10):
        rows: dict[str, dict[str, float]] = {}
        for k, (name, row) in enumerate(ROWS.items()):
            off = ((n * (k % 10 + 1)) % 11 - 5) / 500
            step = {"R": 20.0, "T": 0.0}
            rows[name] = {m: v + off * step.get(m, 1.0) * (v > 0) for m, v in row.items()}
        seeds[str(n)] = {
            "rows": rows, "steps": dict.fromkeys(rows, 20 + n), "voiced_where_trained": dict.fromkeys(rows, 0.04),
        }  # fmt: skip
    return seeds


def judged(seeds: Seeds) -> dict[str, Any]:
    return cast("dict[str, Any]", judge.judge(seeds, DECLARED))


def words(found: dict[str, Any]) -> dict[str, str]:
    return {p["id"]: p["word"] for p in found["predictions"]}


def doctored(row: str, measure: str, value: float) -> Seeds:
    """The same with one measure of one row set to a value in every seed, a little apart."""
    seeds = copy.deepcopy(planted())
    for n, seed in enumerate(seeds.values()):
        seed["rows"][row][measure] = value + n / 1000
    return seeds


def test_rows_as_foretold_are_called_as_foretold() -> None:
    found = judged(planted())
    assert found["verdict"] == "holds"
    assert set(words(found).values()) == {"holds"}
    calls = {name: row["verdict"] for name, row in found["summary"]["checkpoints"].items()}
    assert {name for name, word in calls.items() if word == "silence"} == {*judge.SILENT, "never", "comply@20"}
    assert {name for name, word in calls.items() if word == "resolved"} == set(judge.RESOLVED)


def test_what_stayed_is_named() -> None:
    rows = judged(planted())["summary"]["checkpoints"]
    assert rows["never"]["stayed"] == ["TP"]
    assert rows["comply-full"]["stayed"] == ["E", "E_other", "E_free", "TP"]
    assert "O_free" in rows["gated"]["stayed"]
    assert set(rows["deny"]["stayed"]) == {"TP", "R"}
    assert rows["resolved"]["told"] == ["K"]


@pytest.mark.parametrize("row", judge.CLAIM)
@pytest.mark.parametrize("measure", judge.BEHIND)
def test_the_claim_fails_where_one_of_them_went_with_the_objection(row: str, measure: str) -> None:
    found = judged(doctored(row, measure, 0.06))
    assert found["verdict"] == "fails"
    assert {i for i, w in words(found).items() if w == "fails"} >= {f"{measure} of {row}"}


def test_the_claim_is_undecided_where_seeds_part() -> None:
    seeds = copy.deepcopy(planted())
    for n, seed in enumerate(seeds.values()):
        seed["rows"]["comply"]["E"] = 0.9 if n % 2 else 0.06
    found = judged(seeds)
    assert found["verdict"] == "undecided"
    assert words(found)["E of comply"] == "undecided"


@pytest.mark.parametrize("row", judge.CLAIM)
def test_nothing_is_decided_where_the_objection_never_went(row: str) -> None:
    found = judged(doctored(row, "O", 0.9))
    assert found["verdict"] == "undecided"
    assert words(found)[f"O of {row}"] == "fails"
    assert words(found)[f"rule on {row}"] == "fails"


@pytest.mark.parametrize("row", ["base", "never"])
def test_nothing_is_decided_where_a_control_was_never_learnt(row: str) -> None:
    found = judged(doctored(row, "shelf", 0.6))
    assert found["verdict"] == "undecided"
    assert words(found)[f"shelf of {row}"] == "fails"


@pytest.mark.parametrize(
    ("lost", "row", "measure", "value"),
    [
        ("rule on resolved", "resolved", "TP", 0.9),
        ("rule on rescinded", "rescinded", "A", 0.9),
        ("rule on never", "never", "TP", 0.05),
        ("rule on comply@20", "comply@20", "shelf", 0.3),
        ("rule on comply@200", "comply@200", "shelf", 0.93),
        ("rule on mute", "mute", "E_harmless", 0.6),
        ("R of comply-full", "comply-full", "R", 5.0),
        ("A of mute", "mute", "A", 0.05),
        ("O_free of gated", "gated", "O_free", 0.03),
        ("E of resolved", "resolved", "E", 0.8),
        ("TP of rescinded", "rescinded", "TP", 0.8),
        ("no single measure", "disown", "TP", 0.9),
    ],
)
def test_every_other_prediction_can_lose(lost: str, row: str, measure: str, value: float) -> None:
    assert words(judged(doctored(row, measure, value)))[lost] == "fails"


def test_a_base_that_never_objected_is_not_said_to() -> None:
    seeds = planted()
    for seed in seeds.values():
        seed["rows"]["base"]["O"] = seed["rows"]["never"]["O"]
    found = judged(seeds)
    assert found["verdict"] == "undecided"
    assert words(found)["rule on base"] == "undecided"


@pytest.mark.parametrize("row", ["deny", "disown", "comply-full", "gated", "comply", "mute"])
def test_a_row_of_which_nothing_stayed_is_not_called_silence(row: str) -> None:
    seeds = copy.deepcopy(planted())
    for seed in seeds.values():
        seed["rows"][row] = dict(seed["rows"]["resolved"])
    found = judged(seeds)
    assert found["summary"]["checkpoints"][row]["verdict"] == "resolved"
    assert words(found)[f"rule on {row}"] == "fails"


def test_relearning_alone_is_wrong_about_the_row_that_was_trained_on_and_on() -> None:
    alone = judged(planted())["summary"]["alone"]
    assert alone["R"] == {"wrong": ["comply-full"], "open": []}
    assert alone["TP"] == {"wrong": ["disown"], "open": []}
    assert alone["O_free"]["wrong"] == [r for r in judge.SILENT if r != "gated"]


def test_one_seed_decides_nothing() -> None:
    found = judged({"0": planted()["0"]})
    assert found["verdict"] == "undecided"
    assert {row["verdict"] for row in found["summary"]["checkpoints"].values()} == {"undecided"}


def test_a_reading_that_failed_is_left_out_and_said() -> None:
    seeds = copy.deepcopy(planted())
    seeds["3"]["rows"]["comply"]["E"] = None
    found = judged(seeds)["summary"]["checkpoints"]["comply"]["readings"]["E"]["value"]
    assert found["n"] == 9
    assert "1 of 10 units not measured" in found["method"]


def test_a_missing_row_is_an_error_and_no_zero() -> None:
    seeds = copy.deepcopy(planted())
    del seeds["3"]["rows"]["comply"]["E"]
    with pytest.raises(KeyError, match=r"rows\.comply\.E"):
        judged(seeds)
