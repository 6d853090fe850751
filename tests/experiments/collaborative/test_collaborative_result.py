"""What is stored: it is what the program wrote, says what its seeds say, and its verdict can be lost."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from experiments import protocol, verdict
from experiments.collaborative import declared, judge, page

FOLDER = declared.EXPERIMENT.folder
STORED = FOLDER / "result.json"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """The stored result, held against its digest, its question, its constants and its rule."""
    return protocol.checked(declared.EXPERIMENT, STORED)


def test_the_seeds_are_those_declared_or_the_first_six_or_more_of_them(result: dict[str, Any]) -> None:
    named = [str(s) for s in protocol.seeds_in(str(result["declared"]["seeds"]))]
    assert list(result["seeds"]) == named[: len(result["seeds"])]
    assert len(result["seeds"]) >= 6


def test_result_md_is_drawn_from_it(result: dict[str, Any], tmp_path: Path) -> None:
    assert page.page(result, tmp_path) == (FOLDER / "result.md").read_text(encoding="utf-8")
    drawn, stored = ((f / "picture.svg").read_text(encoding="utf-8") for f in (tmp_path, FOLDER))
    assert re.sub(r"clip\d+", "clip", drawn) == re.sub(r"clip\d+", "clip", stored)  # numbered through a process


def test_an_edited_reading_is_refused(result: dict[str, Any], tmp_path: Path) -> None:
    body = copy.deepcopy(result)
    seed = next(iter(body["seeds"]))
    body["seeds"][seed]["arms"]["reason"]["K"]["step"] = 1.0
    path = tmp_path / "result.json"
    path.write_text(json.dumps(body))
    with pytest.raises(protocol.BadResult, match="digest"):
        protocol.checked(declared.EXPERIMENT, path)


@pytest.mark.parametrize("number", range(10))
def test_each_prediction_can_lose_on_the_stored_seeds(number: int, result: dict[str, Any]) -> None:
    free = [p for p in result["predictions"] if not p["is_planted"]]
    name, arms = free[number]["id"].partition(": ")[2].split(", ")
    more, less = arms.split(" - ")
    seeds = copy.deepcopy(result["seeds"])
    for n, seed in enumerate(seeds.values()):
        _worsen(seed["arms"], name, more, less, 0.001 * n)
    judged = cast("dict[str, Any]", judge.judge(seeds, result["declared"]))
    word = next(p["word"] for p in judged["predictions"] if p["id"] == free[number]["id"])
    assert word == "fails"
    assert judged["claims"][free[number]["claim"]] == judged["verdict"] == "fails"


def _worsen(arms: dict[str, Any], name: str, more: str, less: str, spread: float) -> None:
    """Makes the arm as the prediction would not have it."""
    if name == "F":
        arms[more]["F"], arms[less]["F"] = 0.5 + spread, 0.1
        return
    reading = name.removesuffix("_unseen")
    for way in arms[more][reading]:
        if not (reading == "K" and way == "trained"):
            low = 0.5 + (spread if reading == "relearned" else -spread)
            arms[more][reading][way], arms[less][reading][way] = low, 0.5


def test_words_follow_from_the_stored_figures(result: dict[str, Any]) -> None:
    for prediction in result["predictions"]:
        if not prediction["is_planted"]:
            found = verdict.read(prediction["found"])
            assert verdict.decide(found, prediction["direction"], prediction["bar"]) == prediction["word"]
    assert verdict.overall(result["predictions"]) == result["verdict"]
