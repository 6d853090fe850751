"""The error rates in the manual are those that the program measured, and it measures what it says."""

from __future__ import annotations

import importlib.util
import re
import sys
from types import ModuleType

import pytest

from tests.house.source_tree import ROOT

TABLE = (ROOT / "benchmarks/silence_errors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("silence_errors", ROOT / "benchmarks/silence_errors.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["silence_errors"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_prints_what_was_measured() -> None:
    text = (ROOT / "docs/silence.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- table: silence -->\n(.*?)<!-- /table -->", text, flags=re.DOTALL)

    assert found is not None
    assert found[1] == TABLE


def test_no_word_is_said_wrongly_more_often_than_promised(program: ModuleType) -> None:
    wrong = [float(x) for x in re.findall(r"\*(0\.\d{3}|1\.000)\*", TABLE)]

    assert len(wrong) == 6 * sum(len(t.wrong) for t in program.TRUTHS)
    assert max(wrong) <= program.MOST_WRONG


@pytest.mark.parametrize(("truth", "word"), [(0, "resolved"), (-1, "silence")])
def test_a_few_draws_say_the_same(program: ModuleType, truth: int, word: str) -> None:
    found = program.shares(program.TRUTHS[truth], program.WIDTHS["narrow"], 10, 5)

    assert found[word] == 1.0
    assert sum(found.values()) == pytest.approx(1)
