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
# Where the base comes out as stored, to six decimals, this processor sums as that one did: then everything must.
# Another kind sums in another order, training amplifies that, and a seed is another draw of the same lottery (readings
# .5 apart were seen, log.md). Then the planted base must still be there, and the rest lie where the stored seeds lie.
PLANTED_WITHIN, SEEDS_WITHIN = 0.06, 0.15
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


def numbers(seed: object) -> dict[str, float]:
    """A seed's readings, without those at the step that a seed and a processor choose."""
    chosen = {path for path, _ in leaves(seed) if "/paths/" in path and path.split("/")[4] not in MARKS}
    return {path: float(cast("float", v)) for path, v in leaves(seed) if path not in chosen}


MARKS = {*(str(s) for s in cast("list[int]", declared.DECLARED["path"])), "at_learned"}


def test_seed_0_through_the_command_line_is_the_stored_one(tmp_path: Path) -> None:
    stored = json.loads((declared.EXPERIMENT.folder / "result.json").read_text("utf-8"))

    process = start("-m", "experiments.hacks", "run", "--seeds", "0", "--workers", "1", "--out", str(tmp_path))
    said, failed = process.communicate(timeout=600)

    assert process.returncode == 0, failed
    assert "hacks: undecided" in said  # one seed decides nothing
    found = cast("Any", protocol.checked(declared.EXPERIMENT, tmp_path / "result.json"))
    assert found["declared"] == stored["declared"]
    assert (tmp_path / "result.md").is_file()
    assert (tmp_path / "picture.svg").is_file()
    _hold(found["seeds"]["0"], stored["seeds"])


def _hold(found: object, stored: dict[str, object]) -> None:
    """Equal on a processor that sums alike; else of the same structure, planted alike, and among the stored seeds."""
    ours, theirs = numbers(found), numbers(stored["0"])
    bases = [path for path in theirs if "/arms/base/" in path]
    if all(ours[path] == theirs[path] for path in bases):
        assert found == stored["0"]
        return
    assert list(ours) == list(theirs)
    assert {p: ours[p] for p in bases} == pytest.approx({p: theirs[p] for p in bases}, abs=PLANTED_WITHIN)
    every = [numbers(seed) for seed in stored.values()]
    for path in ours.keys() - {"/C1/learned_after", "/C0/learned_after"}:
        values = [seed[path] for seed in every]
        assert min(values) - SEEDS_WITHIN <= ours[path] <= max(values) + SEEDS_WITHIN, path


def test_a_seed_of_another_processor_is_held_to_where_the_stored_ones_lie() -> None:
    stored = json.loads((declared.EXPERIMENT.folder / "result.json").read_text("utf-8"))["seeds"]
    _hold(stored["0"], stored)
    other = json.loads(json.dumps(stored["3"]))
    _hold(other, stored)  # another draw of the same lottery
    other["C1"]["arms"]["benign"]["plain"]["covered"] = 0.9
    with pytest.raises(AssertionError, match="benign"):
        _hold(other, stored)
    edited = json.loads(json.dumps(stored["0"]))
    edited["C1"]["arms"]["none"]["plain"]["covered"] += 0.001
    with pytest.raises(AssertionError):
        _hold(edited, stored)


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
