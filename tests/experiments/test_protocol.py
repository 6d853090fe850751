"""The protocol itself, with an experiment that needs no torch: what is kept, resumed, refused."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors
from experiments import protocol
from tests.house.source_tree import ROOT

TASK = """
import os, pathlib, time
def one_seed(seed, declared):
    ran = pathlib.Path(os.environ["RAN"])
    with ran.open("a") as file:
        file.write(f"{seed}\\n")
    if seed == 3 and "KILL" in os.environ:
        os.kill(os.getpid(), 9)
    time.sleep(float(os.environ.get("SLOW", 0)) if seed else 0)
    return {"share": (seed + 1) / 7, "empty": None, "by": declared["by"]}
"""
MAIN = """
import sys, pathlib
from tests.experiments.test_protocol import small
from experiments import protocol
protocol.main(small(pathlib.Path(sys.argv[1])), sys.argv[2:])
"""


def judged(seeds: Mapping[str, protocol.Json], declared: protocol.Json) -> protocol.Json:
    """Counts: holds with three seeds."""
    return {"summary": {"seeds": len(seeds)}, "predictions": [], "verdict": "holds" if len(seeds) > 2 else "undecided"}


def paged(result: protocol.Json, folder: Path) -> str:
    """One line."""
    return f"**{result['verdict']}**\n"


def small(folder: Path) -> protocol.Experiment:
    """An experiment whose training is a division."""
    return protocol.Experiment("small", folder, {"by": 7, "seeds": "0-2"}, "sevenths:one_seed", judged, paged)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A question and a task, importable here and in working processes; torch counts as installed."""
    (tmp_path / "question.md").write_text("What is a seventh?\n")
    (tmp_path / "sevenths.py").write_text(TASK)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(protocol, "need_torch", lambda: None)
    return tmp_path


def _ran(folder: Path) -> list[str]:
    return (folder / "ran").read_text().split() if (folder / "ran").exists() else []


def _changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    body = json.loads(path.read_bytes())
    change(body)
    path.write_text(json.dumps(body))


def test_a_result_follows_from_its_seeds_and_says_so(folder: Path) -> None:
    result = protocol.run(small(folder), [0, 1, 2], 1, folder)

    assert result["seeds"] == {
        "0": {"share": 0.142857, "empty": None, "by": 7}, "1": {"share": 0.285714, "empty": None, "by": 7},
        "2": {"share": 0.428571, "empty": None, "by": 7},
    }  # fmt: skip
    assert protocol.checked(small(folder), folder / "result.json") == result
    assert (folder / "result.md").read_text() == "**holds**\n"


def test_the_same_seeds_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    protocol.run(small(folder), [0, 1], 2, tmp_path / "one")
    protocol.run(small(folder), [1, 0], 1, tmp_path / "two")

    assert (tmp_path / "one/result.json").read_bytes() == (tmp_path / "two/result.json").read_bytes()


def test_a_run_goes_on_with_the_seeds_that_are_missing(folder: Path) -> None:
    protocol.run(small(folder), [0, 2], 1, folder)
    protocol.run(small(folder), [0, 1, 2], 1, folder)

    assert sorted(_ran(folder)) == ["0", "1", "2"]


def test_a_part_of_another_version_is_run_again(folder: Path) -> None:
    protocol.run(small(folder), [0], 1, folder)
    (folder / "question.md").write_text("What is an eighth?\n")
    protocol.run(small(folder), [0], 1, folder)
    (folder / "sevenths.py").write_text(TASK + "\n# mended\n")
    protocol.run(small(folder), [0], 1, folder)
    protocol.run(dataclasses.replace(small(folder), declared={"by": 8}), [0], 1, folder)

    assert _ran(folder) == ["0"] * 4


def test_a_damaged_part_is_run_again(folder: Path) -> None:
    protocol.run(small(folder), [0, 1], 1, folder)
    _changed(folder / "work/seed-0.json", lambda body: body["readings"].update(share=0.5))
    (folder / "work/seed-1.json").write_text('{"key": ')
    result = protocol.run(small(folder), [0, 1], 1, folder)

    assert sorted(_ran(folder)) == ["0", "0", "1", "1"]
    assert "0.5" not in json.dumps(result["seeds"])


def test_a_result_edited_by_hand_is_refused(folder: Path) -> None:
    protocol.run(small(folder), [0, 1, 2], 1, folder)
    path = folder / "result.json"
    _changed(path, lambda body: body["seeds"]["0"].update(share=0.9))

    with pytest.raises(protocol.BadResult, match=r"result\.json: its digest is not the digest of its contents"):
        protocol.checked(small(folder), path)


def test_seeds_stand_in_their_own_order_wherever_they_come_from(folder: Path) -> None:
    protocol.run(small(folder), [10, 2, 0], 1, folder)

    assert list(json.loads((folder / "result.json").read_bytes())["seeds"]) == ["0", "10", "2"]
    assert list(protocol.unsealed(folder / "result.json")["seeds"]) == ["0", "2", "10"]  # type: ignore[call-overload]  # JSON


def test_a_verdict_that_does_not_follow_is_refused_even_with_a_new_digest(folder: Path) -> None:
    protocol.run(small(folder), [0, 1], 1, folder)
    path = folder / "result.json"
    body = json.loads(path.read_bytes()) | {"verdict": "holds"}
    path.write_text(protocol.as_text(protocol.sealed(body)))

    with pytest.raises(protocol.BadResult, match=r"does not follow from its seeds \(verdict\)"):
        protocol.checked(small(folder), path)


def test_a_question_changed_after_the_run_is_refused(folder: Path) -> None:
    protocol.run(small(folder), [0, 1, 2], 1, folder)
    (folder / "question.md").write_text("What did we find?\n")

    with pytest.raises(protocol.BadResult, match=r"under another declaration \(question_sha256\)"):
        protocol.checked(small(folder), folder / "result.json")


@pytest.mark.parametrize("what", ["judge", "check", "page"])
def test_no_conclusion_is_drawn_anew_under_another_question_or_other_constants(
    folder: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    protocol.run(small(folder), [0, 1, 2], 1, folder)
    before = (folder / "result.json").read_bytes()
    (folder / "question.md").write_text("What did we find?\n")
    changed = dataclasses.replace(small(folder), declared={"by": 8, "seeds": "0-2"})

    with pytest.raises(SystemExit):
        protocol.main(changed, [what, "--out", str(folder)])

    assert "made under another declaration (by, question_sha256)" in capsys.readouterr().err
    assert (folder / "result.json").read_bytes() == before


def test_a_question_rewritten_while_it_ran_is_not_the_one_that_was_run(folder: Path) -> None:
    def rewritten(seeds: Mapping[str, protocol.Json], declared: protocol.Json) -> protocol.Json:
        (folder / "question.md").write_text("What did we find?\n")
        return judged(seeds, declared)

    asked = protocol.declared_of(small(folder))
    result = protocol.run(dataclasses.replace(small(folder), judge=rewritten), [0], 1, folder)
    (folder / "question.md").write_text("What did we find?\n")
    again = protocol.result_of(small(folder), {"0": {}}, asked)

    assert result["declared"] == again["declared"] == asked
    with pytest.raises(protocol.BadResult, match=r"another declaration \(question_sha256\)"):
        protocol.checked(small(folder), folder / "result.json")


def test_a_seeds_part_under_another_seeds_name_is_run_again(folder: Path) -> None:
    protocol.run(small(folder), [0], 1, folder)
    shutil.copy(folder / "work/seed-0.json", folder / "work/seed-1.json")
    (folder / "work/seed-2.json").write_text("[]")
    result = protocol.run(small(folder), [0, 1, 2], 1, folder)

    assert sorted(_ran(folder)) == ["0", "1", "2"]
    assert result["seeds"] == {str(s): {"share": round((s + 1) / 7, 6), "empty": None, "by": 7} for s in range(3)}


def test_every_program_that_bears_on_a_reading_is_in_the_key() -> None:
    programs = {p.relative_to(ROOT).as_posix() for p in protocol.programs(protocol.named("collaborative"))}
    others = {p.relative_to(ROOT).as_posix() for p in protocol.programs(protocol.named("hacks"))}

    assert {"experiments/trainer.py", "organisms/model.py", "organisms/corpus.py"} <= others & programs
    assert "src/counterproof/measure/instrument/_containment.py" in programs - others
    assert "experiments/hacks/train.py" in others - programs
    assert not {p for p in programs | others if p.endswith(("/judge.py", "/page.py", "/real.py"))}


def test_a_part_made_with_another_torch_is_run_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = protocol.key_of(small(folder))
    monkeypatch.setattr("importlib.metadata.version", "99.{}".format)

    assert protocol.key_of(small(folder)) != one


def test_other_seeds_never_stand_in_the_place_of_the_declared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        protocol.main(small(folder), ["run", "--seeds", "0-1"])

    assert "not the declared seeds" in capsys.readouterr().err
    protocol.main(small(folder), ["run", "--seeds", "0-1", "--out", str(folder / "two")])
    protocol.main(small(folder), ["check", "--out", str(folder / "two")])
    assert "undecided; not of the declared seeds; digest" in capsys.readouterr().out
    protocol.main(small(folder), ["run"])
    protocol.main(small(folder), ["check"])
    assert "not of the declared" not in capsys.readouterr().out


def test_a_result_of_another_experiment_is_refused(folder: Path) -> None:
    protocol.run(small(folder), [0, 1, 2], 1, folder)

    with pytest.raises(protocol.BadResult, match="a result of 'small', not of 'other'"):
        protocol.checked(dataclasses.replace(small(folder), name="other"), folder / "result.json")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no such result"),
        ("{", "cannot be read as JSON"),
        ("[]", "does not say"),
        ('{"format": "x"}', "does not say"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"format": "counterproof experiment result, version 1", "seeds": {"0": NaN}}', "cannot be read as JSON"),
    ],
)
def test_what_is_no_result_is_refused(folder: Path, text: str | None, why: str) -> None:
    if text is not None:
        (folder / "result.json").write_text(text)

    with pytest.raises(protocol.BadResult, match=why):
        protocol.checked(small(folder), folder / "result.json")


@pytest.mark.parametrize("value", [float("nan"), [1.0, float("inf")], {"a": {"b": float("nan")}}])
def test_a_reading_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not finite"):
        protocol.rounded(value)


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "-1", "1,,2", "1.5"])
def test_seeds_that_name_nothing_are_refused(text: str) -> None:
    with pytest.raises(errors.BadOption, match="names no seeds"):
        protocol.seeds_in(text)


def test_seeds_are_read_in_order_and_once() -> None:
    assert protocol.seeds_in("5,0-2, 2") == [0, 1, 2, 5]


def test_an_unknown_experiment_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(errors.BadOption, match="one of belief"):
        protocol.named("belif")


def _nowhere(_: str) -> None:
    """As if no library were installed."""


def test_without_torch_a_run_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "question.md").write_text("?\n")
    monkeypatch.setattr("importlib.util.find_spec", _nowhere)

    with pytest.raises(SystemExit) as left:
        protocol.main(small(tmp_path), ["run", "--out", str(tmp_path)])

    said = capsys.readouterr().err
    assert left.value.code == 2
    assert said.count("\n") == 1
    assert "torch, which this installation has not; install it with: pip install 'counterproof[train]'" in said


def _started(folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    code = MAIN.replace("protocol.main(", "protocol.need_torch = lambda: None\nprotocol.main(")
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), "run", "--out", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on_and_goes_on(folder: Path) -> None:
    started = _started(folder, "--workers", "1", SLOW="60")
    until = time.monotonic() + 60
    while not (folder / "work/seed-0.json").exists() or "1" not in _ran(folder):
        assert time.monotonic() < until
        time.sleep(0.05)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: to every process
    _, said = started.communicate(timeout=60)

    assert started.returncode == 130
    assert said.count("\n") == 1
    assert "stopped by hand with 1 of 3 seeds done; the same command goes on with the seeds that are missing" in said
    again = _started(folder)
    said, wrong = again.communicate(timeout=120)
    assert again.returncode == 0, wrong
    assert "1 of 3 seeds are there, 2 to run" in said
    assert _ran(folder).count("0") == 1


@pytest.mark.slow
def test_a_killed_worker_loses_no_finished_seed(folder: Path) -> None:
    started = _started(folder, "--workers", "1", "--seeds", "0,3", "--out", str(folder / "other"), KILL="1")
    _, said = started.communicate(timeout=120)

    assert started.returncode == 130
    assert "a working process was killed with 1 of 2 seeds done" in said
    assert (folder / "other/work/seed-0.json").exists()


def test_a_folder_that_cannot_be_written_is_a_failed_storage(folder: Path) -> None:
    (folder / "out").write_text("a file where a folder should be")

    with pytest.raises(errors.StorageFailed, match="it could not be written"):
        protocol.run(small(folder), [0], 1, folder / "out")


def test_a_full_disk_is_a_failed_storage_and_leaves_nothing_half_written(folder: Path) -> None:
    one = folder / "one"
    protocol.run(small(folder), [0, 1, 2], 1, one)
    kept = {p.name: p.read_bytes() for p in one.iterdir() if p.is_file()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))  # a part fits in, a result does not
    try:
        with pytest.raises(errors.StorageFailed, match=r"result\.json: it could not be written"):
            protocol.run(small(folder), [0, 1, 2], 1, one)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert {p.name: p.read_bytes() for p in one.iterdir() if p.is_file()} == kept
