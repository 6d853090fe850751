"""The package as files and syntax trees, for the rules that are tests."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "counterproof"
WINGS = ("measure", "publish", "rely")
"""Folders of rooms, each with nothing but a docstring of its own."""


@functools.cache
def parse(path: Path) -> ast.Module:
    """One file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@functools.cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """The files that version control knows, and those that it would take in."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout
    return tuple(sorted(p for name in listed.split("\0") if name and (p := ROOT / name).is_file()))


def modules(*under: str) -> tuple[Path, ...]:
    """Python files below folders of the repository (default: the package)."""
    return tuple(p for p in tracked("*.py") if any(p.is_relative_to(ROOT / u) for u in under or ("src",)))


@functools.cache
def rooms() -> dict[str, Path]:
    """Every folder of the package that holds Python files and is no wing: `measure.suite` to its folder."""
    folders = {p.parent for p in modules()} - {PACKAGE} - {PACKAGE / w for w in WINGS}
    return {".".join(f.relative_to(PACKAGE).parts): f for f in sorted(folders)}


def room_of(path: Path) -> str:
    """The room a file belongs to: `measure.suite`, or the module's own name for files that stand alone."""
    inside = path.relative_to(PACKAGE)
    return inside.stem if inside.parent == Path() else ".".join(inside.parent.parts)


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported dotted name with its line, lazy ones too; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            head = "." * node.level + (node.module or "")
            yield from ((f"{head}.{alias.name}", node.lineno) for alias in node.names)
