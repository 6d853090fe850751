"""Attack 24, bait and switch: the evaluated system is one, the served another; or a generation passes for another.

A real server on loopback answers as the operator who cheats would: with another organism, with another one for a share
of the requests, or with the evaluated one, which must pass.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from counterproof import record
from counterproof.cli import main
from counterproof.measure import serve, target
from counterproof.measure import suite as suites
from counterproof.measure.instrument import continuity

FEW = ("--questions", "30", "--samples", "5", "--seed", "11")


class Sometimes:
    """Serves the evaluated system, and another one to a share of the requests, under the first one's name."""

    def __init__(self, evaluated: str, other: str, share: float) -> None:
        self._models, self._share = (target.open_model(evaluated), target.open_model(other)), share
        self.name = self._models[0].name

    def answer(self, queries: Sequence[record.Query]) -> list[record.Reply]:
        return [self._models[random.Random(q.seed).random() < self._share].answer([q])[0] for q in queries]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `surface` said when it was evaluated."""
    path = tmp_path_factory.mktemp("evaluated") / "surface.samples"
    with pytest.raises(SystemExit) as ended:
        main.main(["continuity", "surface", *FEW, "--keep", str(path)])
    assert ended.value.code == 0
    return path


def verdict(evaluated: Path, served: serve.Target, out: Path) -> tuple[int, record.ContinuityResult]:
    """What the auditor's command says of a service, and the exit code."""
    with serve.running(served) as url:
        arguments = [str(evaluated), f"{url}#{served.name.name}", "--seed", "11", "--strict", "--out", str(out)]
        with pytest.raises(SystemExit) as ended:
            main.main(["continuity", *arguments])
    return int(str(ended.value.code)), msgspec.json.decode(out.read_bytes(), type=record.ContinuityResult)


def test_the_system_that_was_evaluated_passes(evaluated: Path, tmp_path: Path) -> None:
    code, found = verdict(evaluated, target.open_model("surface"), tmp_path / "r.json")

    assert (code, found.verdict) == (0, "same")


@pytest.mark.parametrize("served", ["base", "surface-broad"])
def test_another_system_is_caught(served: str, evaluated: Path, tmp_path: Path) -> None:
    code, found = verdict(evaluated, target.open_model(served), tmp_path / "r.json")

    assert (code, found.verdict) == (5, "break")
    assert found.distance.value > found.noise
    assert found.moved


def test_the_name_of_the_evaluated_one_does_not_help(evaluated: Path, tmp_path: Path) -> None:
    code, found = verdict(evaluated, Sometimes("surface", "base", 1.0), tmp_path / "r.json")

    assert (code, found.after.name, found.verdict) == (5, "surface", "break")


def test_half_of_the_requests_is_too_many(evaluated: Path, tmp_path: Path) -> None:
    code, found = verdict(evaluated, Sometimes("surface", "base", 0.5), tmp_path / "r.json")

    assert code == 5
    assert found.verdict in ("drifted", "break")


def test_another_generation_is_caught() -> None:
    plan = continuity.Plan(questions=100, samples=6, seed=3)
    before = continuity.draw(suites.load("codex"), target.open_model("surface"), plan)
    after = continuity.draw_again(before, target.open_model("surface:1"), plan)

    found = continuity.compare(before, after, continuity.Bars(compares="generations"))

    assert found.verdict == "drifted"


def test_a_result_says_which_generations_it_speaks_of() -> None:
    plan = continuity.Plan(questions=10, samples=3)
    before = continuity.draw(suites.load("codex"), target.open_model("surface"), plan)
    after = continuity.draw_again(before, target.open_model("surface:1"), plan)
    found = continuity.compare(before, after, continuity.Bars(compares="generations"))

    with pytest.raises(ValueError, match="two generation"):
        record.continuity_of(found, subject="s", before="sha256:g", after="sha256:g")
