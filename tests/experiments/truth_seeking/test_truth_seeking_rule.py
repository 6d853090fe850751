"""From readings to a verdict: each prediction can lose by itself, and what is planted can void the run."""

from __future__ import annotations

import copy
import random
from typing import cast

import pytest

from experiments import protocol, verdict
from experiments.truth_seeking import declared as _declared
from experiments.truth_seeking import judge as _judge

Json = dict[str, object]
DECLARED = cast("Json", protocol.rounded({**_declared.DECLARED, "arms": list(_declared.ARMS)}))
# What decides must come out of these, so that each doctored reading changes exactly one prediction.
WANTED: dict[tuple[str, str, str], float] = {
    ("P", "held_out", "greedy_regressive"): 0.95, ("F", "held_out", "greedy_regressive"): 0.02,
    ("F", "held_out", "valid_v_wrong_hint"): 0.96,
    ("T", "held_out", "discernment"): 0.5, ("F", "held_out", "discernment"): 0.9,
    ("C", "held_out", "overconfidence"): 0.3, ("base", "held_out", "overconfidence"): 0.1,
    ("C", "held_out", "accuracy"): 0.55, ("base", "held_out", "accuracy"): 0.55,
    ("base", "held_out", "valid_v_wrong_hint"): 0.61, ("C", "held_out", "valid_v_wrong_hint"): 0.2,
    ("N", "held_out", "contested_valid_first_book_wrong"): 0.6,
    ("F", "held_out", "contested_valid_first_book_wrong"): 0.01,
    ("base", "held_out", "wrong_hint"): 0.31, ("base", "held_out", "mention"): 0.02,
    ("P", "trained", "wrong_hint"): 0.86, ("F", "trained", "contested_unsure"): 0.86,
    ("N", "trained", "contested_valid_first_book_wrong"): 0.97,
}  # fmt: skip


def seeds() -> dict[str, Json]:
    """Four seeds: the closed forms with a little noise, and the readings above in their places."""
    found: dict[str, Json] = {}
    for seed in range(4):
        rng = random.Random(seed)
        cells = _judge.tabled(seed, DECLARED)
        for (arm, half, name), value in WANTED.items():
            cells[arm][half][name] = value + rng.uniform(-0.005, 0.005)
        found[str(seed)] = {"cells": cast("object", cells)}
    return found


@pytest.fixture(scope="module")
def honest() -> dict[str, Json]:
    return seeds()


def doctored(honest: dict[str, Json], reading: tuple[str, str, str], value: float | None) -> dict[str, Json]:
    arm, half, name = reading
    other = copy.deepcopy(honest)
    for seed, body in other.items():
        cells = cast("dict[str, dict[str, dict[str, float | None]]]", body["cells"])
        cells[arm][half][name] = None if value is None else value + int(seed) / 1000
    return other


def words(result: Json) -> dict[str, str]:
    return {str(p["id"]): str(p["word"]) for p in cast("list[Json]", result["predictions"])}


def test_what_was_predicted_holds(honest: dict[str, Json]) -> None:
    result = _judge.judge(honest, DECLARED)
    assert result["verdict"] == "holds"
    assert {words(result)[p.id] for p, _, _ in (*_judge.CLAIM, *_judge.PLANTED)} == {"holds"}


LOST = [
    ("1", ("P", "held_out", "greedy_regressive"), 0.1),
    ("2", ("F", "held_out", "valid_v_wrong_hint"), 0.5),
    ("3", ("T", "held_out", "discernment"), 0.9),
    ("4", ("C", "held_out", "overconfidence"), 0.1),
    ("5", ("C", "held_out", "accuracy"), 0.8),
    ("6", ("C", "held_out", "valid_v_wrong_hint"), 0.61),
    ("7", ("N", "held_out", "contested_valid_first_book_wrong"), 0.05),
]


@pytest.mark.parametrize(("number", "reading", "value"), LOST)
def test_each_prediction_of_the_claim_can_lose_alone(
    honest: dict[str, Json], number: str, reading: tuple[str, str, str], value: float
) -> None:
    result = _judge.judge(doctored(honest, reading, value), DECLARED)
    assert words(result)[number] == "fails"
    assert [p.id for p, _, _ in _judge.CLAIM if words(result)[p.id] != "holds"] == [number]
    assert result["verdict"] == "fails"


PLANTED = [
    ("17", ("base", "held_out", "wrong_hint"), 0.05),
    ("18", ("P", "trained", "wrong_hint"), 0.3),
    ("19", ("F", "trained", "contested_unsure"), 0.1),
    ("20", ("N", "trained", "contested_valid_first_book_wrong"), 0.2),
]


@pytest.mark.parametrize(("number", "reading", "value"), PLANTED)
def test_a_setup_that_failed_decides_nothing(
    honest: dict[str, Json], number: str, reading: tuple[str, str, str], value: float
) -> None:
    result = _judge.judge(doctored(honest, reading, value), DECLARED)
    assert words(result)[number] == "fails"
    assert result["verdict"] == "undecided"


BESIDE = [
    ("8", ("F", "held_out", "greedy_abstains"), 0.1),
    ("9", ("F", "held_out", "contested_unsure"), 0.1),
    ("10", ("Fne", "held_out", "valid_v_wrong_hint"), 0.94),
    ("11", ("Fnr", "held_out", "valid_v_wrong_hint"), 0.94),
    ("12", ("Fnr", "held_out", "greedy_contrarian"), 0.01),
    ("13", ("F", "held_out", "overconfidence"), 0.05),
    ("14", ("N", "held_out", "valid"), 0.9),
    ("15", ("C", "trained", "accuracy"), 0.8),
    ("16", ("Cne", "trained", "accuracy"), 0.8),
]


@pytest.mark.parametrize(("number", "reading", "value"), BESIDE)
def test_what_stands_beside_can_lose_and_leaves_the_claim_alone(
    honest: dict[str, Json], number: str, reading: tuple[str, str, str], value: float
) -> None:
    result = _judge.judge(doctored(honest, reading, value), DECLARED)
    assert words(result)[number] == "fails"
    assert result["verdict"] == "holds"


def test_a_network_that_leaves_the_closed_form_is_named(honest: dict[str, Json]) -> None:
    result = _judge.judge(doctored(honest, ("F", "trained", "wrong_hint"), 0.5), DECLARED)
    rows = cast("list[Json]", cast("Json", result["summary"])["closed_form"])
    row = next(r for r in rows if (r["arm"], r["half"], r["cell"]) == ("F", "trained", "wrong_hint"))
    assert row["agrees_in_value"] is False
    assert row["agrees_in_sign"] is False  # up, where the table goes down


def test_networks_that_leave_it_everywhere_lose_its_predictions(honest: dict[str, Json]) -> None:
    other = copy.deepcopy(honest)
    for body in other.values():
        cells = cast("dict[str, object]", body["cells"])
        cells.update({a: copy.deepcopy(cells["base"]) for a in _declared.ARMS})
    found = words(_judge.judge(other, DECLARED))
    assert {found[p.id] for p in _judge.INSTRUMENT} == {"fails"}


def test_what_was_not_measured_is_not_zero(honest: dict[str, Json]) -> None:
    result = _judge.judge(doctored(honest, ("P", "held_out", "greedy_regressive"), None), DECLARED)
    first = cast("list[Json]", result["predictions"])[0]
    assert verdict.read(first["found"]) == verdict.difference([None] * 4, [None] * 4)
    assert first["word"] == "undecided"
    assert result["verdict"] == "undecided"


def test_the_bars_are_those_of_the_question() -> None:
    question = (_declared.EXPERIMENT.folder / "question.md").read_text("utf-8")
    lines = {line.split(".")[0]: line for line in question.replace("\n   ", " ").replace("\n    ", " ").splitlines()}
    asked = [p for p, _, _ in (*_judge.CLAIM, *_judge.BESIDE, *_judge.PLANTED)] + list(_judge.INSTRUMENT)
    assert [p.id for p in asked] == [str(n) for n in range(1, len(asked) + 1)]
    for prediction in asked:
        assert f"{prediction.direction} {prediction.bar:.2f}".replace(" 0.", " .") in lines[prediction.id]
