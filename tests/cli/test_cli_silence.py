"""`counterproof silence judge` from a file to a table, a report and a picture; the shipped example is what it was."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from counterproof import record
from counterproof.cli import main
from counterproof.measure import instrument
from tests.house.source_tree import ROOT

EXAMPLE = ROOT / "examples/silence"


def _judge(path: Path, out: Path, *options: str) -> Result:
    return CliRunner(env={"COLUMNS": "140"}).invoke(main, ["silence", "judge", str(path), "--out", str(out), *options])


def _example() -> record.SilenceSeries:
    return instrument.silence.read((EXAMPLE / "series.json").read_bytes())


def test_the_example_says_what_the_manual_says(tmp_path: Path) -> None:
    done = _judge(EXAMPLE / "series.json", tmp_path)

    assert done.exit_code == 0, done.output
    said = done.output.splitlines()
    manual = (ROOT / "docs/silence.md").read_text(encoding="utf-8")
    head = said[: next(n for n, line in enumerate(said) if line.startswith(" " * 8))]
    assert "\n".join(head) in manual
    assert len(head) == 9


def test_the_example_has_the_readings_of_its_bank() -> None:
    bank = instrument.silence_ask.read_bank((EXAMPLE / "bank.yaml").read_bytes())

    assert _example().bank == record.digest_of(bank)
    assert _example().declared == instrument.silence_ask.measures(bank, has_never=True)


def test_the_report_is_canonical_and_says_which_readings_it_judged(tmp_path: Path) -> None:
    _judge(EXAMPLE / "series.json", tmp_path)
    data = (tmp_path / "silence.json").read_bytes()
    report = msgspec.json.decode(data, type=record.SilenceReport)

    assert data == record.canonical_bytes(report) + b"\n"
    assert report.series == record.digest_of(_example())
    assert report == instrument.silence.judged(_example())


def test_the_picture_has_a_row_for_every_checkpoint(tmp_path: Path) -> None:
    _judge(EXAMPLE / "series.json", tmp_path)
    text = (tmp_path / "silence.svg").read_text(encoding="utf-8")

    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own drawing
    for row in ("surface (before): objects", "base (never): resolved", "retrained-20: silence", "demand*"):
        assert row in text


@pytest.mark.parametrize(
    ("kept", "code"),
    [(["surface", "base", "retrained-20"], 5), (["surface", "base"], 5), (["surface", "base", "again"], 0)],
)
def test_strict_asks_that_all_that_was_retrained_be_resolved(kept: list[str], code: int, tmp_path: Path) -> None:
    series = msgspec.to_builtins(_example())
    again = {**next(c for c in series["checkpoints"] if c["name"] == "base"), "name": "again"}
    series["checkpoints"] = [c for c in (*series["checkpoints"], again) if c["name"] in kept]
    path = tmp_path / "series.json"
    path.write_text(json.dumps(series))

    assert _judge(path, tmp_path / "out", "--strict").exit_code == code
    assert _judge(path, tmp_path / "out").exit_code == 0


def test_foreign_names_reach_no_terminal_and_no_picture(tmp_path: Path) -> None:
    series = msgspec.to_builtins(_example())
    series["checkpoints"][2]["name"] = "\x1b[31mred</text><script>"
    path = tmp_path / "series.json"
    path.write_text(json.dumps(series))
    done = _judge(path, tmp_path / "out")

    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert "<script" not in (tmp_path / "out/silence.svg").read_text(encoding="utf-8")


def test_a_narrow_terminal_gets_the_columns_below_each_other(tmp_path: Path) -> None:
    done = CliRunner(env={"COLUMNS": "64"}).invoke(
        main, ["silence", "judge", str(EXAMPLE / "series.json"), "--out", str(tmp_path)]
    )

    assert done.output.count("harmless") == 2
    assert max(map(len, done.output.splitlines())) <= 64


def test_the_same_readings_are_the_same_bytes_anywhere(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "series.json", tmp_path / "other-name.json")
    command = [sys.executable, "-m", "counterproof", "silence", "judge", "other-name.json", "--out", "there"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    _judge(EXAMPLE / "series.json", tmp_path / "here")

    for name in ("silence.json", "silence.svg"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
