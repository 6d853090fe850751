"""The stored result of the belief experiment: whole, of this question, and saying what its seeds say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from experiments import protocol
from experiments.belief.declared import EXPERIMENT

STORED = EXPERIMENT.folder / "result.json"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """The stored result, checked: digest, question, constants, and the rule drawn again from the seeds."""
    return protocol.checked(EXPERIMENT, STORED)


def test_ten_seeds_ran_and_each_has_every_world_and_arm(result: dict[str, Any]) -> None:
    assert [int(s) for s in result["seeds"]] == list(range(10))
    for seed in result["seeds"].values():
        assert {w: set(v["arms"]) for w, v in seed.items()} == {
            w: {"base", *plan["arms"]} for w, plan in result["declared"]["worlds"].items()
        }


def test_an_installation_stopped_because_it_stood_or_is_named(result: dict[str, Any]) -> None:
    out_of_steps = {
        f"seed {seed}, dose {world}, {arm}"
        for seed, worlds in result["seeds"].items()
        for world, readings in worlds.items()
        for arm, found in readings["arms"].items()
        if arm not in ("base", "long") and found["steps"] >= 150
    }
    assert set(result["summary"]["cut_off"]) == out_of_steps
    page = (EXPERIMENT.folder / "result.md").read_text("utf-8")
    assert all(name in page for name in out_of_steps)


def test_the_verdict_is_the_weakest_word_of_its_predictions(result: dict[str, Any]) -> None:
    words = {p["word"] for p in result["predictions"] if not p["is_planted"]}
    assert all(p["word"] == "holds" for p in result["predictions"] if p["is_planted"])
    assert result["verdict"] == ("fails" if "fails" in words else "holds" if words == {"holds"} else "undecided")


def test_the_question_states_every_prediction_that_counts(result: dict[str, Any]) -> None:
    question = (EXPERIMENT.folder / "question.md").read_text("utf-8")
    for p in result["predictions"]:
        assert (f"- **{p['id']}.** " if p["is_planted"] else f"\n{p['id']}. ") in question


def test_an_edited_reading_is_refused(result: dict[str, Any], tmp_path: Path) -> None:
    edited = cast("dict[str, Any]", json.loads(protocol.as_text(result)))
    edited["seeds"]["0"]["1"]["arms"]["documents"]["touched"]["gap"] = 0.9
    path = tmp_path / "result.json"
    path.write_text(protocol.as_text(edited), "utf-8")
    with pytest.raises(protocol.BadResult, match="changed after it was written"):
        protocol.checked(EXPERIMENT, path)
    path.write_text(protocol.as_text(protocol.sealed(edited)), "utf-8")  # even with its digest made anew
    with pytest.raises(protocol.BadResult, match="does not follow from its seeds"):
        protocol.checked(EXPERIMENT, path)


def test_the_page_is_drawn_from_the_result(result: dict[str, Any], tmp_path: Path) -> None:
    assert EXPERIMENT.page(result, tmp_path) == (EXPERIMENT.folder / "result.md").read_text("utf-8")
    assert (tmp_path / "picture.svg").read_text("utf-8").startswith("<svg")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_every_bar_is_the_one_of_the_question(result: dict[str, Any]) -> None:
    """Bars stand beside the rule, which may be mended after a run: only the question's digest cannot follow them."""
    question = (EXPERIMENT.folder / "question.md").read_text("utf-8")
    for p in result["predictions"]:
        start = f"- **{p['id']}.** " if p["is_planted"] else f"\n{p['id']}. "
        stated = re.split(r"\n(?:\d+\.|\n|- )", question.split(start, 1)[1], maxsplit=1)[0]
        words = r"(above|more than|less than)\s+(\d*\.?\d+)"
        side, bar = re.findall(words, " ".join(stated.split()))[0]
        assert (p["direction"], p["bar"]) == ("below" if side == "less than" else "above", float(bar)), p["id"]
