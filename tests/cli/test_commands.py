"""The commands, run for real on shipped organisms with small budgets."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import counterproof
from counterproof.cli import main

SMALL = ("measure", "surface", "--category", "storm", "--budget", "4q", "--wordings", "1", "--processes", "1")


def ended(arguments: Sequence[str]) -> object:
    with pytest.raises(SystemExit) as found:
        main.main(list(arguments))
    return found.value.code


def command(arguments: Sequence[str], folder: Path) -> list[str]:
    return [sys.executable, "-m", "counterproof", *arguments, "--out", str(folder)]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "run"
    assert ended([*SMALL, "--out", str(folder), "--display", "none"]) == 0
    return folder


def test_measure_leaves_reports_and_prints_where_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "r"
    assert ended([*SMALL, "--out", str(folder), "--display", "plain"]) == 0
    said = capsys.readouterr()
    report = json.loads((folder / "report.json").read_bytes())

    assert [t["name"] for t in report["targets"]] == ["surface"]
    assert report["targets"][0]["categories"][0]["id"] == "storm"
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert "report.json" in said.out
    assert "4/4 parts" in said.err


def test_the_report_names_the_command_that_repeats_it(measured: Path) -> None:
    found = json.loads((measured / "report.json").read_bytes())["provenance"]["command"]

    assert found == (
        "counterproof measure surface --suite codex --budget 4q --seed 0 --wordings 1 --category storm "
        "--bar-k 0.75 --bar-f 0.2"
    )


def test_the_report_holds_no_path_and_no_clock(measured: Path) -> None:
    data = (measured / "report.json").read_text()

    assert str(measured) not in data
    assert time.strftime("%Y-") not in data


def test_the_same_command_prints_a_finished_run_again_without_asking(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards = {p: p.stat().st_mtime_ns for p in (measured / "shards").iterdir()}
    report = (measured / "report.json").read_bytes()
    assert ended([*SMALL, "--out", str(measured), "--display", "plain"]) == 0

    assert capsys.readouterr().err == ""
    assert {p: p.stat().st_mtime_ns for p in (measured / "shards").iterdir()} == shards
    assert (measured / "report.json").read_bytes() == report


def test_the_default_folder_follows_from_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ended([*SMALL, "--display", "none"]) == 0
    (folder,) = (tmp_path / "runs").iterdir()

    assert len(folder.name) == 12
    assert (folder / "report.html").read_bytes() == (measured / "report.html").read_bytes()


def test_two_processes_leave_the_bytes_of_one(measured: Path, tmp_path: Path) -> None:
    arguments = [*SMALL[:-1], "2", "--display", "none"]
    subprocess.run(command(arguments, tmp_path / "two"), check=True, capture_output=True, timeout=120)

    for name in ("report.json", "report.html"):
        assert (tmp_path / "two" / name).read_bytes() == (measured / name).read_bytes()


def test_report_writes_the_same_bytes_again_from_the_folder_and_from_the_json(measured: Path, tmp_path: Path) -> None:
    for source in (measured, measured / "report.json"):
        html, json_file = tmp_path / "again.html", tmp_path / "again.json"
        assert ended(["report", str(source), "--html", str(html), "--json", str(json_file)]) == 0

        assert html.read_bytes() == (measured / "report.html").read_bytes()
        assert json_file.read_bytes() == (measured / "report.json").read_bytes()


def test_a_report_that_cannot_be_written_is_said_with_code_three(
    measured: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for place in ("/dev/full", str(tmp_path / "file" / "report.html"), str(tmp_path)):
        assert ended(["report", str(measured), "--html", place]) == 3
        assert f"error: {place}: cannot be written" in capsys.readouterr().err
    assert Path("/dev/full").is_char_device()
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_another_plan_in_the_same_folder_is_refused(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended([*SMALL, "--seed", "7", "--out", str(measured)]) == 2
    assert "belongs to another run (its seed, command differ); repeat that run with: counterproof" in (
        capsys.readouterr().err
    )


def test_a_suite_of_ones_own_is_measured(tmp_path: Path) -> None:
    shipped = Path(counterproof.__file__).parent / "measure" / "suite" / "codex.jsonl"
    (tmp_path / "mine.jsonl").write_bytes(shipped.read_bytes())
    arguments = [*SMALL, "--suite", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "run"), "--display", "none"]
    assert ended(arguments) == 0
    (tmp_path / "mine.jsonl").unlink()
    found = json.loads((tmp_path / "run" / "report.json").read_bytes())["provenance"]

    assert "--suite mine.jsonl" in found["command"]
    assert ended(["report", str(tmp_path / "run")]) == 0


def test_organisms_lists_every_one_with_its_digest(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["organisms"]) == 0
    said = capsys.readouterr().out

    assert [w for w in ("base", "surface-broad", "deep-max:1", "filtered") if w not in said] == []


def test_suite_check_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["suite", "check", "codex"]) == 0
    assert capsys.readouterr().out.startswith("codex: 72 goals, 72 twins, 108 benign\n")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["--version"]) == 0
    assert capsys.readouterr().out == f"counterproof, version {counterproof.__version__}\n"


def test_a_reader_that_stops_reading_does_no_harm() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "counterproof", "organisms"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.slow
def test_kills_through_the_command_line_change_no_byte_of_the_reports(tmp_path: Path) -> None:
    arguments = ["measure", "deep", "surface", "--category", "storm", "--budget", "25q", "--display", "none"]
    began = time.monotonic()
    subprocess.run(command(arguments, tmp_path / "calm"), check=True, capture_output=True, timeout=120)
    whole_s, rng, kills, folders = time.monotonic() - began, random.Random("cli"), 0, 0
    while kills < 5:
        folder, code = tmp_path / f"killed-{folders}", -signal.SIGKILL
        while code == -signal.SIGKILL:
            process = subprocess.Popen(
                command(arguments, folder), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(rng.uniform(0.3, 1.0) * whole_s)
            process.kill()
            code = process.wait(timeout=60)
            kills += code == -signal.SIGKILL
        subprocess.run(command(arguments, folder), check=True, capture_output=True, timeout=120)
        folders += 1

        for name in ("report.json", "report.html"):
            assert (folder / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()


def test_ctrl_c_names_the_command_that_resumes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = ["measure", "deep", "--budget", "40q", "--processes", "2", "--display", "none"]
    process = subprocess.Popen(
        command(arguments, folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
    )
    while not list((folder / "shards").glob("*.jsonl")):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, "")
    assert err == (
        f"error: {folder}: stopped by hand, nothing is lost; resume with: counterproof {' '.join(arguments)} "
        f"--out {folder}\n"
    )
