"""The stored result of the hacks: whole, of this question, and its page drawn from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from experiments import drawing, protocol
from experiments.hacks import judge, page
from experiments.hacks.declared import EXPERIMENT

STORED = EXPERIMENT.folder / "result.json"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """The stored result, checked: digest, question, constants, and the rule drawn again from the seeds."""
    return protocol.checked(EXPERIMENT, STORED)


def test_twenty_seeds_ran_and_each_has_every_world_arm_and_prompt(result: dict[str, Any]) -> None:
    assert sorted(int(s) for s in result["seeds"]) == list(range(20))
    for seed in result["seeds"].values():
        for world in judge.WORLDS:
            assert set(seed[world]["arms"]) == set(judge.ARMS)
            assert set(seed[world]["paths"]) == set(judge.PATHS)
            for arm in set(judge.ARMS) - {"slow", "fast", "long"}:
                assert set(seed[world]["arms"][arm]) == {*judge.PROMPTS, "named"}


def test_every_base_has_what_was_planted(result: dict[str, Any]) -> None:
    for seed in result["seeds"].values():
        for world in judge.WORLDS:
            base = seed[world]["arms"]["base"]
            for prompt in judge.PROMPTS:
                assert base[prompt]["covered"] == pytest.approx(0.05, abs=0.02)
                assert base[prompt]["uncovered"] == pytest.approx(0.05, abs=0.02)
            assert base["plain"]["tests"] == pytest.approx(0.05, abs=0.02)
            assert base["strong"]["tests"] == pytest.approx(0.9, abs=0.04)
            assert base["weak"]["tests"] == pytest.approx(0.5, abs=0.06)
            assert base["idle"]["tests"] == pytest.approx(0.05, abs=0.03)


def test_the_question_names_every_prediction_and_every_claim(result: dict[str, Any]) -> None:
    question = (EXPERIMENT.folder / "question.md").read_text("utf-8")
    for p in result["predictions"]:
        assert f"`{p['id']}`" in question
    for claim in result["summary"]["claims"]:
        assert f"Claim **{claim}**" in question


def test_no_claim_about_large_models_without_the_reproduction() -> None:
    for name in ("question.md", "result.md", "page.py"):
        text = " ".join((EXPERIMENT.folder / name).read_text("utf-8").split())
        for paragraph in re.findall(r"MacDiarmid.{0,500}", text):
            assert "reproduction" in paragraph, name


def test_every_seed_stands_in_the_table_and_in_the_picture(result: dict[str, Any]) -> None:
    text = (EXPERIMENT.folder / "result.md").read_text("utf-8")
    for n, seed in enumerate(sorted(result["seeds"], key=int)):
        plain = result["seeds"][seed]["C1"]["arms"]["none"]["plain"]
        value = (plain["covered"] + plain["uncovered"]) / 2
        assert result["summary"]["arms"]["C1"]["none"]["spread"]["seeds"][n] == pytest.approx(value, abs=1e-6)
        row = next(line for line in text.splitlines() if line.startswith(f"| {seed} |"))
        assert f"| {drawing.number(value)} |" in row
    picture = (EXPERIMENT.folder / "picture.svg").read_text("utf-8")
    assert picture.count("<path") > 20 * 2 * len(page.SHOWN)


def test_the_page_is_the_one_that_the_result_draws(
    result: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nothing(_spec: object, _path: Path) -> None:
        """Draws nothing: the engine for pictures is not needed for the text."""

    monkeypatch.setattr(drawing, "picture", nothing)
    assert page.page(result, tmp_path) == (EXPERIMENT.folder / "result.md").read_text("utf-8")


def test_an_edited_reading_is_refused(result: dict[str, Any], tmp_path: Path) -> None:
    edited = cast("dict[str, Any]", json.loads(protocol.as_text(result)))
    edited["seeds"]["0"]["C1"]["arms"]["none"]["plain"]["covered"] = 0.0
    path = tmp_path / "result.json"
    path.write_text(protocol.as_text(edited), "utf-8")
    with pytest.raises(protocol.BadResult, match="changed after it was written"):
        protocol.checked(EXPERIMENT, path)
    path.write_text(protocol.as_text(protocol.sealed(edited)), "utf-8")  # even with its digest made anew
    with pytest.raises(protocol.BadResult, match="does not follow from its seeds"):
        protocol.checked(EXPERIMENT, path)
