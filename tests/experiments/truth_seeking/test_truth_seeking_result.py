"""The stored result: what it says follows from its seeds, and from the closed form made anew here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest

from experiments import protocol
from experiments.truth_seeking import declared as _declared
from experiments.truth_seeking import judge as _judge

Json = dict[str, object]
PATH = _declared.EXPERIMENT.folder / "result.json"


@pytest.fixture(scope="module")
def stored() -> Json:
    return protocol.unsealed(PATH)


def test_the_verdict_follows_from_the_seeds(stored: Json) -> None:
    assert protocol.checked(_declared.EXPERIMENT, PATH)["verdict"] == stored["verdict"]


def test_all_declared_seeds_and_arms_are_there(stored: Json) -> None:
    seeds = cast("dict[str, dict[str, Json]]", stored["seeds"])
    assert list(seeds) == [str(n) for n in range(10)]
    for body in seeds.values():
        assert set(body["cells"]) == {"base", *_declared.ARMS}


def test_an_edited_reading_is_refused(stored: Json, tmp_path: Path) -> None:
    other = json.loads(protocol.as_text(stored))
    other["seeds"]["0"]["cells"]["F"]["held_out"]["valid_v_wrong_hint"] = 0.1
    path = tmp_path / "result.json"
    path.write_text(protocol.as_text(other), "utf-8")
    with pytest.raises(protocol.BadResult, match="digest"):
        protocol.checked(_declared.EXPERIMENT, path)


def test_an_edited_verdict_under_a_new_digest_is_refused(stored: Json, tmp_path: Path) -> None:
    other = {"holds": "fails", "fails": "undecided", "undecided": "holds"}
    path = tmp_path / "result.json"
    path.write_text(protocol.as_text(protocol.sealed({**stored, "verdict": other[str(stored["verdict"])]})), "utf-8")
    with pytest.raises(protocol.BadResult, match="does not follow"):
        protocol.checked(_declared.EXPERIMENT, path)


def test_the_verdict_is_that_of_the_claims_own_predictions(stored: Json) -> None:
    predictions = cast("list[Json]", stored["predictions"])
    own = [p["word"] for p in predictions if p["role"] == "claim"]
    assert len(own) == len(_judge.CLAIM)
    assert all(p["word"] == "holds" for p in predictions if p["is_planted"])
    assert (stored["verdict"] == "holds") == (set(own) == {"holds"})


def test_a_falsifier_that_learned_nothing_loses_the_claim(stored: Json) -> None:
    seeds = json.loads(json.dumps(stored["seeds"]))
    for body in seeds.values():
        body["cells"]["F"] = body["cells"]["base"]
    judged = _judge.judge(seeds, cast("Json", stored["declared"]))
    second = cast("list[Json]", judged["predictions"])[1]
    assert (second["id"], second["word"]) == ("2", "fails")  # its flips are as few as ever, and so are its updates


def test_the_page_is_drawn_from_the_result(stored: Json, tmp_path: Path) -> None:
    text = _declared.EXPERIMENT.page(stored, tmp_path)
    assert text == (PATH.parent / "result.md").read_text("utf-8")
    first = cast("list[Json]", stored["predictions"])[0]
    assert f"**{first['word']}**" in text
    assert {p.name for p in tmp_path.iterdir()} == {"picture.svg", "picture.png"}


def test_cells_that_leave_the_closed_form_are_named_on_the_page(stored: Json) -> None:
    text = (PATH.parent / "result.md").read_text("utf-8")
    rows = cast("list[Json]", cast("Json", stored["summary"])["closed_form"])
    apart = [r for r in rows if r["half"] == "trained" and not r["agrees_in_value"]]
    for row in apart:
        assert f"{row['arm']}, trained: {row['cell']}" in text
