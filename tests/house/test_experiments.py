"""Experiments stand beside the package (decisions/0008): nothing imports them, and few of their files know torch."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from counterproof.errors import CounterproofError
from experiments import protocol
from tests.house.source_tree import ROOT, imports, modules, parse

TORCH = {"torch", "transformers", "tokenizers", "safetensors", "trl", "peft", "datasets", "accelerate"}
ROOMS = {
    "chain", "errors", "estimate", "measure", "note", "publish", "quorum", "record", "rely", "server", "tlog", "cli",
}  # fmt: skip
FOLDER = ROOT / "experiments"
QUESTIONS = sorted(p.parent.name for p in FOLDER.glob("*/question.md"))
OWED = ("question.md", "declared.py", "run.sh", "result.json", "result.md", "log.md", "real.py", "picture.png")


def heads(tree: ast.AST) -> set[str]:
    """Top-level names of what a file imports."""
    return {name.split(".")[0] for name, _ in imports(tree)}


def trains(path: Path) -> bool:
    """Whether a file may load torch, by its name."""
    return path.name in ("train.py", "trainer.py", "real.py") or path.is_relative_to(FOLDER / "real")


def reaches(tree: ast.AST) -> list[str]:
    """Imports past the face of one of the package's rooms."""
    return [name for name, _ in imports(tree) if re.match(r"counterproof\.(.+\.)?_", name)]


@pytest.mark.parametrize("path", modules("src", "organisms"), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_imports_an_experiment(path: Path) -> None:
    assert "experiments" not in heads(parse(path))


@pytest.mark.parametrize("path", modules("experiments"), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_what_trains_knows_torch(path: Path) -> None:
    assert trains(path) or not TORCH & heads(parse(path))


@pytest.mark.parametrize("path", modules("experiments"), ids=lambda p: str(p.relative_to(ROOT)))
def test_experiments_see_faces_only(path: Path) -> None:
    assert reaches(parse(path)) == []


def test_a_breach_would_be_seen() -> None:
    tree = ast.parse("from counterproof.measure.grade import _judge\nimport torch\nfrom experiments import belief\n")

    assert reaches(tree) == ["counterproof.measure.grade._judge"]
    assert {"torch", "experiments"} <= heads(tree)


def test_all_five_questions_are_there() -> None:
    assert QUESTIONS == ["belief", "collaborative", "hacks", "silence", "truth_seeking"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_everything_that_an_answer_needs(name: str) -> None:
    assert [f for f in OWED if not (FOLDER / name / f).is_file()] == []


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_stored_answer_follows_from_its_seeds(name: str) -> None:
    experiment = protocol.named(name)
    found = protocol.checked(experiment, FOLDER / name / "result.json")

    assert f"**{found['verdict']}" in (FOLDER / name / "result.md").read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_page_is_the_one_that_its_result_draws(name: str, tmp_path: Path) -> None:
    experiment = protocol.named(name)
    found = protocol.unsealed(FOLDER / name / "result.json")

    assert experiment.page(found, tmp_path) == (FOLDER / name / "result.md").read_text(encoding="utf-8")


def test_refusals_of_experiments_stand_in_the_one_tree() -> None:
    assert issubclass(protocol.BadResult, CounterproofError)
    assert protocol.BadResult("x").exit_code == 2
