"""`counterproof continuity`: asks, keeps, compares, writes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from counterproof import record
from counterproof.cli import main

FEW = ("--questions", "12", "--samples", "3")


def run(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main.main(["continuity", *arguments])
    return int(str(ended.value.code))


def test_a_swap_is_a_break_and_the_result_is_canonical(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "r.json"

    code = run("base", "surface", *FEW, "--compares", "generations", "--out", str(out))

    found = msgspec.json.decode(out.read_bytes(), type=record.ContinuityResult)
    assert code == 0
    assert out.read_bytes() == record.canonical_bytes(found) + b"\n"
    assert (found.verdict, found.compares) == ("break", "generations")
    assert capsys.readouterr().out.startswith("break: base against surface, generations")


def test_strict_ends_with_5_unless_it_is_the_same() -> None:
    assert run("base", "surface", *FEW, "--strict") == 5
    assert run("base", "base", *FEW, "--strict", "--seed", "2") == 0


def test_kept_replies_stand_for_either_side(tmp_path: Path) -> None:
    kept = str(tmp_path / "base.samples")

    assert run("base", *FEW, "--keep", kept) == 0
    assert run(kept, "surface", "--strict") == 5
    assert run("surface", kept, "--strict", "--samples", "4", "--seed", "1") == 5
    assert run(kept, "base", "--strict", "--seed", "2", "--suite", "codex") == 0


def test_the_same_command_writes_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "1.json", tmp_path / "2.json"

    for out in (one, other):
        run("base", "base:1", *FEW, "--out", str(out))

    assert one.read_bytes() == other.read_bytes()
    assert str(tmp_path) not in one.read_text()


def test_a_file_of_layers_is_a_system_too(tmp_path: Path) -> None:
    layers = tmp_path / "guarded.yaml"
    layers.write_text(
        json.dumps({"name": "guarded", "model": "base",
                    "filters": [{"name": "words", "at": "input", "patterns": ["."], "says": "no"}]})
    )  # fmt: skip

    assert run("base", str(layers), *FEW, "--strict") == 5
