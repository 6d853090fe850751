"""Every silenced check names its rule and has a reason on its line; nothing is skipped without one."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, modules, parse

CODES = r"[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*"
MARKS = re.compile(rf"#\s*(?:noqa(?::\s*{CODES})?|(?:type|pyright|mypy|ruff):\s*(?:ignore|noqa)(?:\[[^\]]*\])?)")
BLANKET = re.compile(r"#\s*(?:noqa(?!:)|(?:type|pyright): ignore(?!\[)|ruff: noqa|mypy: ignore-errors)")
REASON = re.compile(r"[A-Za-z]{4,}")  # "same" points to the line above


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def faults(source: str) -> list[str]:
    """Comments that silence everything, or something without saying why."""
    found: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or not MARKS.search(token.string):
            continue
        if BLANKET.search(token.string):
            found.append(f"line {token.start[0]}: silences everything: {token.string}")
        elif not REASON.search(MARKS.sub("", token.string)):
            found.append(f"line {token.start[0]}: no reason: {token.string}")
    return found


def skips_without_reason(tree: ast.AST) -> list[int]:
    """Lines of skip and xfail marks and calls that do not say why."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.Attribute)
        and re.search(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)$", ast.unparse(getattr(node, "func", node)))
        and not (isinstance(node, ast.Call) and (any(k.arg == "reason" for k in node.keywords) or _says_why(node)))
        and not _is_called(tree, node)
    ]


def _says_why(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "pytest.skip" and bool(call.args)


def _is_called(tree: ast.AST, attribute: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) and n.func is attribute for n in ast.walk(tree))


@pytest.mark.parametrize("path", modules("src", "tests", "organisms", "benchmarks", "experiments"), ids=_short)
def test_silence_has_a_reason(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", modules("tests"), ids=_short)
def test_skipping_has_a_reason(path: Path) -> None:
    assert skips_without_reason(parse(path)) == []


@pytest.mark.parametrize(
    "comment",
    ["# noqa", "# noqa: E741", "# type: ignore", "# type: ignore[attr]", "# pyright: ignore[any]", "# ruff: noqa"],
)
def test_the_rule_catches(comment: str) -> None:
    assert faults(f"x = 1  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    ["# noqa: E741 - the letter that it has", "# type: ignore[attr]  # the stub lacks it", "# plain words"],
)
def test_the_rule_lets_through(comment: str) -> None:
    assert faults(f"x = 1  {comment}\n") == []


@pytest.mark.parametrize(
    "code", ["@pytest.mark.skip\ndef f(): ...", "pytest.skip()", "@pytest.mark.xfail()\ndef f(): ..."]
)
def test_the_skip_rule_catches(code: str) -> None:
    assert skips_without_reason(ast.parse(code))
