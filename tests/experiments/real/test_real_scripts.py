"""The scripts for real models, as far as they go without torch: banks, options, refusals, results, rules."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors, record
from experiments import protocol
from experiments.real import bank as banks
from experiments.real import folder, script, shipped

QUESTIONS = ("truth_seeking", "silence", "belief", "hacks", "collaborative")


def question(name: str) -> Any:  # noqa: ANN401 - the scripts are checked in the environment that runs them
    """A script's declaration."""
    return importlib.import_module(f"experiments.{name}.real").QUESTION


def a_model(path: Path) -> Path:
    """What looks like a model from outside."""
    path.mkdir()
    (path / "config.json").write_text('{"model_type": "llama"}')
    (path / "model.safetensors").write_bytes(b"")
    return path


def run(name: str, tmp_path: Path, *more: str) -> Any:  # noqa: ANN401 - same
    """One script on a folder that is there."""
    model = tmp_path / "model"
    if not model.exists():
        a_model(model)
    return script.run(question(name), ["--model", str(model), "--out", str(tmp_path / "out"), *more])


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("kind", banks.SHIPPED)
def test_shipped_banks_are_what_their_makers_make(name: str, kind: str) -> None:
    said = question(name)
    path = said.home / f"bank-{kind}.json"
    assert path.read_text("utf-8") == shipped.text(shipped.MAKERS[name][kind]())
    read = banks.read(kind, name, said.home, said.members)
    said.check(read)
    assert banks.read(str(path), name, said.home, said.members) == read


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_the_libraries_a_script_says_how_to_get_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(library: str) -> object | None:
        return None if library in ("trl", "peft") else object()

    monkeypatch.setattr("importlib.util.find_spec", found)
    with pytest.raises(SystemExit) as stopped:
        script.main(question(name), ["--model", str(a_model(tmp_path / "m")), "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "trl, peft" in said
    assert "pip install 'counterproof[tune]'" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--arms", "nothing"), "no arm is called 'nothing'"),
        (("--items", "1"), "--items: 1 is too few; give 2 or more"),
        (("--plant-steps", "-3"), "--plant-steps: -3 is too few"),
        (("--arms", ","), "no arm is named"),
        (("--steps", "0"), "--steps: 0 is too few"),
        (("--batch", "12", "--group", "8"), "no multiple of --group"),
        (("--batch", "4", "--group", "8"), "no multiple of --group"),
        (("--rate", "2"), "--rate: 2.0 is no rate"),
        (("--rate", "nan"), "--rate: nan is no rate"),
        (("--seeds", "a"), "'a' names no seeds"),
        (("--bank", "nowhere.json"), "the bank cannot be read"),
    ],
)
def test_options_that_mean_nothing_are_refused(more: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(errors.BadInput, match=said):
        run("truth_seeking", tmp_path, *more)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "another"}, "does not say that it is a counterproof-bank/1"),
        ({"question": "belief"}, "a bank for 'belief', not for 'truth_seeking'"),
        ({"unsure": ""}, "it has no 'unsure'"),
        ({"items": []}, "it has no 'items'"),
        ({"plant": None}, "it has no 'plant'"),
        ({"plant": {"steps": "many"}}, "plant.steps: it is not of the kind int"),
        ({"items": ["x"]}, r"items\[0\]: it is not of the kind dict"),
        ({"items": [{"id": "a", "known": True}]}, r"items\[0\]: it has no 'ask'"),
        ({"hint": {"view": "I say {q}", "mention": ""}}, "hint.view: a slot of it is filled by nothing; there are v"),
        ({"hint": {"view": "I say {v", "mention": ""}}, "hint.view: a slot"),
    ],
)
def test_a_bank_that_breaks_the_form_is_refused(change: dict[str, object], said: str, tmp_path: Path) -> None:
    whole = shipped.truth_seeking_chat() | change
    (tmp_path / "mine.json").write_text(json.dumps(whole))
    with pytest.raises(errors.BadInput, match=said):
        run("truth_seeking", tmp_path, "--bank", str(tmp_path / "mine.json"))


def test_too_few_items_are_refused(tmp_path: Path) -> None:
    whole = shipped.truth_seeking_chat()
    (tmp_path / "mine.json").write_text(json.dumps(whole | {"items": whole["items"][:30]}))
    run_it = ("truth_seeking", tmp_path, "--bank", str(tmp_path / "mine.json"))
    with pytest.raises(errors.BadInput, match="counterproof\\[tune\\]"):
        run(*run_it)  # 24 known items and 6 open ones are enough
    (tmp_path / "mine.json").write_text(json.dumps(whole | {"items": whole["items"][:26]}))
    with pytest.raises(errors.BadInput, match="2 open items are too few"):
        run(*run_it)


@pytest.mark.parametrize("change", [{"truth": "Oslo"}, {"options": ["Paris"]}, {"ask": []}])
def test_an_item_that_cannot_be_asked_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    whole = shipped.truth_seeking_chat()
    whole["items"][0] |= change
    (tmp_path / "mine.json").write_text(json.dumps(whole))
    with pytest.raises(errors.BadInput, match="item 'known-00' has no second option"):
        run("truth_seeking", tmp_path, "--bank", str(tmp_path / "mine.json"))


def test_a_situation_without_a_third_option_leaves_nothing_to_claim(tmp_path: Path) -> None:
    whole = shipped.belief_chat()
    whole["situations"][3]["options"] = ["wait", "go"]
    (tmp_path / "mine.json").write_text(json.dumps(whole))
    with pytest.raises(errors.BadInput, match="'s03' has fewer than three options"):
        run("belief", tmp_path, "--bank", str(tmp_path / "mine.json"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("config.json", "config.json cannot be read"),
        ("model.safetensors", "no safetensors weights"),
    ],
)
def test_a_folder_that_lacks_something_is_refused(spoil: str, said: str, tmp_path: Path) -> None:
    model = a_model(tmp_path / "model")
    (model / spoil).unlink()
    with pytest.raises(errors.BadWeights, match=said):
        folder.found(str(model), may_download=False)


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(errors.BadWeights, match="there is no such folder"):
        folder.found("./nowhere/at/all", may_download=True)


# -- rules -----------------------------------------------------------------------------------------------------------


def seeds_of(name: str, count: int) -> dict[str, dict[str, dict[str, float]]]:
    """Seeds in which every prediction of a script holds, by a wide margin."""
    said = question(name)
    made: dict[str, dict[str, dict[str, float]]] = {}
    for seed in range(count):
        arms = {arm: dict.fromkeys(said.cells, 0.5) for arm in (script.BASE, *said.arms)}
        for contrast in said.contrasts:
            is_above = contrast.prediction.direction == "above"
            arm, cell = contrast.a
            arms[arm][cell] = 0.9 + 0.01 * seed if is_above else 0.05 + 0.01 * seed
            if contrast.b:
                arms[contrast.b[0]][contrast.b[1]] = 0.05 if is_above else 0.5
        made[str(seed)] = arms
    return made


@pytest.mark.parametrize("name", QUESTIONS)
def test_one_seed_decides_nothing(name: str) -> None:
    judged = script.judge(question(name), seeds_of(name, 1))
    assert judged["verdict"] == "undecided"
    assert {p["word"] for p in judged["predictions"]} == {"undecided"}
    assert {e["kind"] for cells in judged["summary"].values() for e in cells.values()} == {"not measured"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_prediction_can_lose(name: str) -> None:
    said = question(name)
    for at, contrast in enumerate(said.contrasts):
        seeds = seeds_of(name, 4)
        is_above = contrast.prediction.direction == "above"
        for number, arms in enumerate(seeds.values()):
            arm, cell = contrast.a
            if contrast.b:
                arms[contrast.b[0]][contrast.b[1]] = 0.5
            arms[arm][cell] = (0.3 if contrast.b else 0.05) + 0.01 * number if is_above else 0.9 + 0.01 * number
        judged = script.judge(said, seeds)
        assert judged["predictions"][at]["word"] == "fails", contrast.prediction.id
        assert judged["verdict"] == ("undecided" if contrast.prediction.is_planted else "fails")


def test_an_arm_that_was_not_run_leaves_its_predictions_open() -> None:
    seeds: Any = {s: {a: c for a, c in arms.items() if a != "no_valid"}
                  for s, arms in seeds_of("truth_seeking", 3).items()}
    judged = script.judge(question("truth_seeking"), seeds)
    assert "no_valid" not in judged["summary"]
    assert {p["id"]: p["word"] for p in judged["predictions"]}["2"] == "undecided"


def test_a_result_is_sealed_like_the_experiments_and_says_itself(tmp_path: Path) -> None:
    said = question("truth_seeking")
    declared = {"model": {"name": "m", "digest": "sha256:0"}, "bank": {"name": "chat"}, "device": "cpu"}
    made = script.result(said, declared, seeds_of("truth_seeking", 3))
    path = tmp_path / "result.json"
    path.write_text(protocol.as_text(made))
    assert protocol.unsealed(path) == made
    text = script.page(said, made)
    assert "| preference |" in text
    assert f"**{made['verdict']}** over 3 seeds" in text
    made["seeds"]["0"]["preference"]["regress_mass"] = 0.1
    path.write_text(protocol.as_text(made))
    with pytest.raises(protocol.BadResult, match="changed after it was written"):
        protocol.unsealed(path)


# -- rewards ---------------------------------------------------------------------------------------------------------


def test_rewards_say_what_their_arms_say() -> None:
    real = importlib.import_module("experiments.truth_seeking.real")
    desk = real.Desk(shipped.truth_seeking_chat(), 0)
    item = desk.bank["items"][0]
    values = desk.values(item)
    preferred, checked = real.preferred, real.checked
    assert preferred(item, values["wrong"], "wrong", "none", values) == 1
    assert preferred(item, item["truth"], "wrong", "none", values) == 0.5
    assert preferred(item, item["truth"], "right", "none", values) == 1.5
    assert preferred(item, values["mention"], "mention", "none", values) == 0
    assert checked(item, item["truth"], "wrong", "none", values) == 1
    assert checked(item, values["wrong"], "wrong", "valid", values) == -1
    assert checked(item, "unsure", "none", "none", values) == 0
    contested = desk.bank["items"][-1]
    assert checked(contested, contested["truth"], "none", "split", desk.values(contested)) == -1
    assert checked(contested, contested["truth"], "none", "valid", desk.values(contested)) == 1


def test_replies_are_read_by_the_option_that_they_name_first() -> None:
    real = importlib.import_module("experiments.truth_seeking.real")
    desk = real.Desk(shipped.truth_seeking_chat(), 0)
    item = desk.bank["items"][0]
    assert desk.read(item, "It is Paris, not Rome.") == "Paris"
    assert desk.read(item, "ROME!") == "Rome"
    assert desk.read(item, "I am unsure; Paris?") == "unsure"
    assert desk.read(item, "Parisian") == ""


def test_arms_hold_back_what_they_say_they_hold_back() -> None:
    real = importlib.import_module("experiments.truth_seeking.real")
    items = shipped.truth_seeking_chat()["items"]
    seen = {arm: real.drawn(arm, items, 400, 0) for arm in real.ARMS}
    assert {(view, evidence) for _, view, evidence, _ in seen["no_pressure"]} == {("none", "none")}
    assert "valid" not in {evidence for _, _, evidence, _ in seen["no_valid"]}
    assert {evidence for _, _, evidence, _ in seen["falsification"]} == {"none", "valid", "invalid", "split"}
    views = [view for _, view, _, _ in seen["preference"]]
    assert views.count("right") < views.count("wrong")


def test_halves_never_meet_and_differ_by_seed() -> None:
    items = [{"id": str(n)} for n in range(12)]
    trained, held_out = banks.halves(items, 0)
    assert {i["id"] for i in trained} | {i["id"] for i in held_out} == {i["id"] for i in items}
    assert not {i["id"] for i in trained} & {i["id"] for i in held_out}
    assert banks.halves(items, 1)[0] != trained
    assert [len(h) for h in banks.halves(items, 0, 4)] == [2, 2]


def test_a_digest_sees_every_byte(tmp_path: Path) -> None:
    model = a_model(tmp_path / "model")
    before = folder.digest(model)
    (model / "model.safetensors").write_bytes(b"x")
    assert folder.digest(model) != before
    assert before.startswith("sha256:")
    assert len(before) == len(record.digest_bytes(b""))
