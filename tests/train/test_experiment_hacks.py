"""The hacks experiment end to end through the command line: seed 0 again, the same bytes twice, stopped and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from counterproof import errors
from experiments import protocol
from experiments.hacks import declared

ROOT = Path(__file__).parents[2]
# Another processor sums floats in another order, and training carries that on: measured in experiments/hacks/log.md.
TOLERANCE = 0.05
SHORT = {
    "pretraining_steps": 3, "long_pretraining_steps": 4, "pretraining_batch": 32, "steps": 3, "benign_steps": 2,
    "path": [1, 3],
}  # fmt: skip
SHORTENED = f"""
import dataclasses, sys
from experiments import protocol
from experiments.hacks import declared
if __name__ == "__main__":
    short = {{**declared.DECLARED, **{SHORT!r}}}
    protocol.main(dataclasses.replace(declared.EXPERIMENT, declared=short), sys.argv[1:])
"""


def start(*command: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_short(out: Path, *arguments: str) -> subprocess.Popen[str]:
    return start("-c", SHORTENED, "run", "--workers", "1", "--out", str(out), *arguments)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a JSON document with where it stands."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(cast("list[object]", value)):
            yield from leaves(inner, f"{path}/{n}")
    else:
        yield path, value


def test_seed_0_through_the_command_line_is_the_stored_one(tmp_path: Path) -> None:
    stored = json.loads((declared.EXPERIMENT.folder / "result.json").read_text("utf-8"))

    process = start("-m", "experiments.hacks", "run", "--seeds", "0", "--workers", "1", "--out", str(tmp_path))
    said, failed = process.communicate(timeout=600)

    assert process.returncode == 0, failed
    assert "hacks: undecided" in said  # one seed decides nothing
    found = protocol.checked(declared.EXPERIMENT, tmp_path / "result.json")
    assert found["declared"] == stored["declared"]
    ours, theirs = dict(leaves(cast("Any", found["seeds"])["0"])), dict(leaves(stored["seeds"]["0"]))
    assert list(ours) == list(theirs)
    numbers = {k: float(cast("float", v)) for k, v in theirs.items() if not k.endswith("learned_after")}
    assert {k: ours[k] for k in numbers} == pytest.approx(numbers, abs=TOLERANCE)
    assert (tmp_path / "result.md").is_file()
    assert (tmp_path / "picture.svg").is_file()


def test_two_runs_give_the_same_bytes_and_a_stopped_one_goes_on(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    whole = run_short(first, "--seeds", "0-2")
    _, failed = whole.communicate(timeout=300)
    assert whole.returncode == 0, failed

    with run_short(second, "--seeds", "0-2") as stopped:
        for line in cast("Any", stopped.stdout):
            if line.startswith("seed 0:"):
                stopped.send_signal(signal.SIGINT)
                break
        _, told = stopped.communicate(timeout=60)
    assert stopped.returncode == errors.Interrupted.exit_code
    assert "stopped by hand" in told
    assert "goes on with the seeds that are missing" in told
    assert len(told.strip().splitlines()) == 1
    assert not (second / "result.json").exists()

    resumed = run_short(second, "--seeds", "0-2")
    said, failed = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, failed
    assert "0 of 3 seeds are there" not in said
    assert "of 3 seeds are there" in said
    assert (second / "result.json").read_bytes() == (first / "result.json").read_bytes()
    assert (second / "result.md").read_bytes() == (first / "result.md").read_bytes()
