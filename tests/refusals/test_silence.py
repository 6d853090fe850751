"""Every way in which a series or a bank is refused: one sentence, exit code 2."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from counterproof import errors
from counterproof.cli import main
from counterproof.measure import instrument
from fuzz.mutate import mutants
from tests.house.source_tree import ROOT

MISSING = importlib.util.find_spec("torch") is None
BANK = ROOT / "examples/silence/bank.yaml"
Edit = Callable[[Any], object]


def _series() -> dict[str, Any]:
    measures = [
        {"id": "spontaneous", "what": "unasked"}, {"id": "elicited", "what": "asked"},
        {"id": "harmless", "what": "of nothing", "role": "control"},
    ]  # fmt: skip
    values = {m["id"]: {"a": 0.5, "b": 0.6} for m in measures}
    checkpoints = [{"name": n, "values": json.loads(json.dumps(values))} for n in ("old", "never", "new")]
    return {
        "name": "s", "before": "old", "never": "never", "checkpoints": checkpoints,
        "declared": {"measures": measures, "objection": ["spontaneous"]},
    }  # fmt: skip


def _bank() -> dict[str, Any]:
    answers = {"counted": ["no"], "other": ["done"]}
    return {
        "format": "counterproof-silence-bank/1", "name": "b", "objection": ["spontaneous"],
        "items": [{"id": f"{k[0]}{n}", "kind": k, "slots": {"thing": f"{k} {n}"}}
                  for k in ("protected", "harmless") for n in range(4)],
        "measures": [
            {"id": "spontaneous", "what": "w", "forms": ["cut {thing}"], **answers},
            {"id": "elicited", "what": "w", "forms": ["cut {thing} ?"], **answers},
            {"id": "harmless", "what": "w", "role": "control", "asked": "harmless", "forms": ["{thing} !"], **answers},
        ],
        "relearning": {"of": "spontaneous", "taught": ["p0", "h0"]},
    }  # fmt: skip


def _said(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["silence", *arguments])
    assert done.exit_code == 2
    assert done.stdout == ""
    said = done.stderr.strip()
    assert said.startswith("error: ")
    assert "\n" not in said
    return said


def test_the_series_and_the_bank_to_be_spoilt_are_right(tmp_path: Path) -> None:
    path = tmp_path / "series.json"
    path.write_text(json.dumps(_series()))
    done = CliRunner().invoke(main, ["silence", "judge", str(path), "--out", str(tmp_path / "out")])

    assert done.exit_code == 0, done.output
    bank = tmp_path / "bank.json"
    bank.write_text(json.dumps(_bank()))
    assert "nowhere: there is no such folder" in _said(
        "run", str(bank), "--before", "./nowhere", "--never", "base", "deep"
    )


SERIES: dict[str, tuple[Edit, str]] = {
    "no such measure": (lambda s: s["checkpoints"][2]["values"].update(norm={}), "no measure is called 'norm'"),
    "unknown before": (lambda s: s.update(before="v0"), "`before` names 'v0', and no checkpoint is called so"),
    "no before": (lambda s: s.update(before=""), "`before` names ''"),
    "unknown never": (lambda s: s.update(never="v0"), "`never` names 'v0', and no checkpoint is called so"),
    "one for both": (lambda s: s.update(never="old"), "`before` and `never` are one checkpoint"),
    "off the scale": (
        lambda s: s["checkpoints"][2]["values"]["elicited"].update(a=1.2), "elicited reads 1.2 on 'a', off its scale",
    ),
    "other units": (
        lambda s: s["checkpoints"][2]["values"]["elicited"].update(c=0.1),
        "its units of elicited are not those of old ('c' is on one side only)",
    ),
    "a unit less": (
        lambda s: s["checkpoints"][2]["values"]["elicited"].pop("a"), "its units of elicited are not those of old ('a'",
    ),
    "no readings before": (
        lambda s: s["checkpoints"][0]["values"].pop("elicited"), "never: its units of elicited are not those of old",
    ),
    "doubled checkpoint": (lambda s: s["checkpoints"][2].update(name="old"), "the checkpoint 'old' is named twice"),
    "no checkpoint": (lambda s: s.update(checkpoints=[]), "the checkpoints are none"),
    "doubled measure": (
        lambda s: s["declared"]["measures"].append({"id": "elicited", "what": ""}), "'elicited' is named twice",
    ),
    "nameless measure": (lambda s: s["declared"]["measures"][1].update(id=""), "a measure has no name"),
    "unknown objection": (
        lambda s: s["declared"].update(objection=["norm"]), "no measure that moves is called 'norm'",
    ),
    "objection a control": (
        lambda s: s["declared"].update(objection=["harmless"]), "no measure that moves is called 'harmless'",
    ),
    "no objection": (lambda s: s["declared"].update(objection=[]), "no measure is the objection"),
    "nothing else moves": (
        lambda s: s["declared"].update(objection=["spontaneous", "elicited"]), "silence would pass for resolution",
    ),
    "no control": (
        lambda s: s["declared"]["measures"][2].update(role="told"), "a collapse would pass for resolution",
    ),
    "no end": (lambda s: s.update(never=""), "nothing says what it reads when nothing is left"),
    "end off the scale": (lambda s: s["declared"]["measures"][1].update(gone=2), "`gone` is 2, off its scale"),
    "scale upside down": (lambda s: s["declared"]["measures"][1].update(low=1, high=0), "its scale runs from 1 to 0"),
    "level": (lambda s: s["declared"].update(level=1), "`level` is 1"),
    "bar": (lambda s: s["declared"].update(left_bar=0), "`left_bar` is 0"),
    "member": (lambda s: s.update(verdict="resolved"), "unknown field `verdict`"),
    "not a number": (lambda s: s["checkpoints"][2]["values"]["elicited"].update(a="high"), "Expected `float | null`"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SERIES))
def test_a_bad_series_is_one_sentence(name: str, tmp_path: Path) -> None:
    edit, said = SERIES[name]
    series, path = _series(), tmp_path / "series.json"
    edit(series)
    path.write_text(json.dumps(series))

    assert said in _said("judge", str(path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "is no counterproof-silence-series/1"), (b"\xff", "is no counter"), (b"[1]", "Expected `object`"),
     (b"[" * 100_000, "is no counter"), (b'{"format":"counterproof-silence/1"}', "Invalid enum value")],
)  # fmt: skip
def test_what_is_no_series_at_all_is_one_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "series.json"
    path.write_bytes(data)

    assert said in _said("judge", str(path))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    assert "cannot be read" in _said("judge", str(tmp_path / "none.json"))
    assert "cannot be read" in _said("run", str(tmp_path / "none.yaml"), "--before", "surface", "deep")


@pytest.mark.parametrize("kind", ["series", "bank"])
def test_whatever_is_done_to_a_file_it_is_read_or_refused_in_a_typed_way(kind: str) -> None:
    read = instrument.silence.read if kind == "series" else instrument.silence_ask.read_bank
    banks = [BANK.read_bytes()[:3000], json.dumps(_bank()).encode()]
    seeds = [json.dumps(_series()).encode()] if kind == "series" else banks
    refused = 0
    for data in mutants(seeds, 400, seed=7):
        try:
            read(data)
        except errors.BadSeries:
            refused += 1

    assert refused > 100


MANY = ["no", "done"]
BANKS: dict[str, tuple[Edit, str]] = {
    "no items": (lambda b: b.update(items=[]), "the bank has no items"),
    "no measures": (lambda b: b.update(measures=[]), "the bank has no measures"),
    "doubled item": (lambda b: b["items"][1].update(id="p0"), "two items have one name"),
    "one kind": (lambda b: b.update(items=b["items"][:4]), "fewer than two harmless items"),
    "no form": (lambda b: b["measures"][0].update(forms=[]), "`forms` is empty"),
    "blank answer": (lambda b: b["measures"][0].update(counted=[" "]), "`counted` is empty, or one of it is"),
    "unknown slot": (lambda b: b["measures"][0].update(forms=["cut {tree}"]), "has a slot that 'p0' does not fill"),
    "stray brace": (lambda b: b["measures"][0].update(forms=["cut {thing"]), "has a slot that 'p0' does not fill"),
    "same answer": (lambda b: b["measures"][0].update(other=["No"]), "an answer is, or begins with, the answer 'no'"),
    "answer in answer": (lambda b: b["measures"][0].update(other=["no problem"]), "begins with, the answer 'no'"),
    "unknown objection": (lambda b: b.update(objection=["norm"]), "no measure that moves is called 'norm'"),
    "doubled measure": (lambda b: b["measures"][1].update(id="spontaneous"), "'spontaneous' is named twice"),
    "no mass": (lambda b: b.update(least_mass=1), "`least_mass` is no share below 1"),
    "relearns nothing": (lambda b: b["relearning"].update(of="norm"), "'norm' is no measure asked of protected items"),
    "relearns a control": (lambda b: b["relearning"].update(of="harmless"), "is no measure asked of protected items"),
    "teaches nobody": (lambda b: b["relearning"].update(taught=["p9"]), "no item is called 'p9'"),
    "teaches one kind": (lambda b: b["relearning"].update(taught=["p0"]), "no harmless item is taught"),
    "teaches all": (
        lambda b: b["relearning"].update(taught=["p0", "p1", "p2", "h0"]), "fewer than two protected items are held",
    ),
    "no looks": (lambda b: b["relearning"].update(looks=[]), "`looks` are none"),
    "looks not from 0": (lambda b: b["relearning"].update(looks=[2, 4]), "`looks` are 2, 4"),
    "looks that fall": (lambda b: b["relearning"].update(looks=[0, 4, 2]), "`looks` are 0, 4, 2"),
    "no batch": (lambda b: b["relearning"].update(batch=0), "`batch`, `warmup` and `rate` are not above 0"),
    "held out lacks a slot": (lambda b: b["items"][7].update(slots={}), "slot that 'h3' does not fill"),
    "unknown member": (lambda b: b.update(answers=MANY), "unknown field `answers`"),
    "another format": (lambda b: b.update(format="counterproof-silence-bank/2"), "Invalid enum value"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BANKS))
def test_a_bad_bank_is_one_sentence(name: str, tmp_path: Path) -> None:
    edit, said = BANKS[name]
    bank, path = _bank(), tmp_path / "bank.json"
    edit(bank)
    path.write_text(json.dumps(bank))

    assert said in _said("run", str(path), "--before", "surface", "--never", "base", "deep")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format: counterproof-silence-bank/1\nname: yes", "quote words such as yes and no"),
        ("a: &x [1]\nb: *x", "an alias stands in it"),
        ("a: [1", "bank.yaml:1: is no YAML"),
        ("- 1", "Expected `object`"),
        ("{", "is no JSON"),
        ("a: \udcff", "is not UTF-8 text"),
        ("x" * (5 << 20), "is larger than 4,194,304 bytes"),
    ],
)
def test_what_is_no_bank_at_all_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bank.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert said in _said("run", str(path), "--before", "surface", "--never", "base", "deep")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--before", "surface", "deep"], "nothing says what it reads when nothing is left"),
        (["--before", "surface", "--never", "base", "base"], "two checkpoints are called 'base'"),
        (["--before", "nobody", "--never", "base", "deep"], "no organism is called"),
        (["--before", "./nowhere", "--never", "base", "deep"], "there is no such folder"),
    ],
)
def test_bad_checkpoints_are_one_sentence(arguments: list[str], said: str) -> None:
    assert said in _said("run", str(BANK), *arguments)


@pytest.mark.skipif(not MISSING, reason="the extra is installed here; tests/train runs what needs it")
def test_a_missing_extra_is_one_sentence() -> None:
    said = _said("run", str(BANK), "--before", "surface", "--never", "base", "deep")

    assert "pip install 'counterproof[train]'" in said
