"""Functions stay under 60 lines (docstring not counted), files under 600: a ratchet that only tightens."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, modules, parse

FUNCTION_LINES = 60
FILE_LINES = 600

# "file" or "file:function" to its length on the day it was let through. Entries may shrink or go, never come or grow.
LET_THROUGH: dict[str, int] = {}


def function_lengths(tree: ast.Module) -> dict[str, int]:
    """Name to lines from `def` to the end, less the docstring."""
    lengths: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            is_spoken = ast.get_docstring(node, clean=False) is not None
            docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_spoken else 0
            lengths[node.name] = max(lengths.get(node.name, 0), (node.end_lineno or 0) - node.lineno + 1 - docstring)
    return lengths


def _too_long() -> dict[str, int]:
    found: dict[str, int] = {}
    for path in modules("src", "tests", "organisms", "benchmarks", "experiments"):
        name = str(path.relative_to(ROOT))
        lines = len(path.read_text(encoding="utf-8").splitlines())
        found |= {name: lines} if lines > FILE_LINES else {}
        found |= {f"{name}:{f}": n for f, n in function_lengths(parse(path)).items() if n > FUNCTION_LINES}
    return found


def test_nothing_is_longer_than_the_ceiling() -> None:
    assert {k: n for k, n in _too_long().items() if n > LET_THROUGH.get(k, 0)} == {}


def test_the_ratchet_tightens() -> None:
    now = _too_long()

    assert {k: n for k, n in LET_THROUGH.items() if now.get(k) != n} == {}


@pytest.mark.parametrize(("lines", "docstring"), [(61, 0), (61, 20), (10, 90)])
def test_lengths_are_counted_without_the_docstring(lines: int, docstring: int, tmp_path: Path) -> None:
    spoken = ['    """' + "x\n" * (docstring - 1) + '    """'] if docstring else []
    path = tmp_path / "long.py"
    path.write_text("\n".join(["def f():", *spoken, *["    x = 1"] * (lines - 1)]), encoding="utf-8")

    assert function_lengths(parse(path)) == {"f": lines}
