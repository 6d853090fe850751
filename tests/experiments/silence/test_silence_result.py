"""The stored result of the silence experiment: whole, of this question, and saying what its seeds say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from experiments import protocol
from experiments.silence import judge
from experiments.silence.declared import EXPERIMENT

STORED = EXPERIMENT.folder / "result.json"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """The stored result, checked: digest, question, constants, and the rule drawn again from the seeds."""
    return protocol.checked(EXPERIMENT, STORED)


def test_ten_seeds_ran_and_each_has_every_row_and_measure(result: dict[str, Any]) -> None:
    assert [int(s) for s in result["seeds"]] == list(range(30, 40))
    rows = {*judge.ROWS, *(f"comply@{n}" for n in result["declared"]["doses"])}
    for seed in result["seeds"].values():
        assert set(seed["rows"]) == set(seed["steps"]) == set(seed["voiced_where_trained"]) == rows
        for readings in seed["rows"].values():
            assert None not in readings.values()


def test_every_arm_kept_to_its_dose(result: dict[str, Any]) -> None:
    plan = result["declared"]["retraining"]
    for seed in result["seeds"].values():
        for name, arm in result["declared"]["arms"].items():
            took = seed["steps"][name]
            if "steps" in arm:
                assert took == arm["steps"]
            else:
                assert took <= plan["most"]
                assert took == plan["most"] or seed["voiced_where_trained"][name] < plan["stop"]


def test_the_verdict_is_what_the_claim_and_the_set_up_come_to(result: dict[str, Any]) -> None:
    words = {role: [p["word"] for p in result["predictions"] if p["role"] == role] for role in ("claim", "set-up")}
    assert len(words["claim"]) == len(judge.CLAIM) * len(judge.BEHIND)
    expected = "fails" if "fails" in words["claim"] else "undecided" if "undecided" in words["claim"] else "holds"
    assert result["verdict"] == (expected if set(words["set-up"]) == {"holds"} else "undecided")


def test_every_other_row_than_the_base_reads_alike_where_the_objection_was_trained_away(result: dict[str, Any]) -> None:
    rows = result["summary"]["checkpoints"]
    assert {name for name, row in rows.items() if row["readings"]["O"]["state"] != "moved"} == {"base"}


def test_the_page_is_the_one_that_is_drawn_from_it(result: dict[str, Any], tmp_path: Path) -> None:
    assert EXPERIMENT.page(result, tmp_path) == (EXPERIMENT.folder / "result.md").read_text("utf-8")
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_an_edited_reading_is_refused(result: dict[str, Any], tmp_path: Path) -> None:
    edited = cast("dict[str, Any]", json.loads(protocol.as_text(result)))
    edited["seeds"]["30"]["rows"]["comply"]["E"] = 0.01
    path = tmp_path / "result.json"
    path.write_text(protocol.as_text(edited), "utf-8")
    with pytest.raises(protocol.BadResult, match="changed after it was written"):
        protocol.checked(EXPERIMENT, path)
    path.write_text(protocol.as_text(protocol.sealed(edited)), "utf-8")  # even with its digest made anew
    with pytest.raises(protocol.BadResult, match="does not follow from its seeds"):
        protocol.checked(EXPERIMENT, path)
