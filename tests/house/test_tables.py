"""No figure in a document's table is typed by hand: each is rendered again from its source and compared."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from experiments import verdicts
from tests.house.source_tree import ROOT


def program(path: str) -> ModuleType:
    """A program read from its file: the package never imports these folders, and neither do its tests."""
    spec = importlib.util.spec_from_file_location("tables", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    return program("organisms/tables.py")


def printed(document: str, name: str) -> str:
    """The table that stands in a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- /table -->", text, flags=re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", ["truth", "training"])
def test_the_organisms_page_says_what_the_files_say(tables: ModuleType, name: str) -> None:
    assert printed("docs/organisms.md", name) == getattr(tables, name)()


@pytest.mark.parametrize("name", ["figures", "confusion", "kinds", "languages"])
def test_the_judges_page_says_what_the_detector_does(name: str) -> None:
    assert printed("docs/judges.md", name) == getattr(program("vectors/refusals/tables.py"), name)()


def test_the_readme_shows_what_gates_do_as_it_was_measured() -> None:
    gated = program("benchmarks/gate_measured.py")

    assert printed("README.md", "gated") == gated.table(json.loads(gated.RESULT.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("document", "links"), [("README.md", "experiments"), ("docs/experiments.md", "../experiments")]
)
def test_the_verdicts_of_the_experiments_are_those_of_their_results(document: str, links: str) -> None:
    assert printed(document, "verdicts") == verdicts.table(links)


def test_the_policies_that_were_measured_are_those_that_are_shipped() -> None:
    for path, text in program("benchmarks/gate_measured.py").policy_files():
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.slow
@pytest.mark.parametrize(("policy", "sign"), [("classes", -1), ("contents", 1)])
def test_a_gate_is_measured_through_its_socket(policy: str, sign: int, tmp_path: Path) -> None:
    """The whole way, in small: one category and few queries; the sign is that of the table."""
    gated = program("benchmarks/gate_measured.py")

    found = gated.measured("base", policy, tmp_path, "--category", "storm", "--budget", "12q", "--wordings", "1")

    (row,) = (
        r for r in json.loads(gated.RESULT.read_text(encoding="utf-8")) if (r["model"], r["policy"]) == ("base", policy)
    )
    assert sign * found["S"]["value"] > 0
    assert sign * row["S"]["value"] > 0
    assert found["refused"] > 0


@pytest.mark.slow
def test_the_readme_shows_what_the_demo_measures(tables: ModuleType, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "counterproof"), "demo", "--display", "none"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    report = json.loads((tmp_path / "demo-report/report.json").read_text(encoding="utf-8"))

    assert printed("README.md", "demo") == tables.demo(report)
