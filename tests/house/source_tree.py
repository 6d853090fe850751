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
    """Every folder of the package or of a wing that holds Python files: `measure.suite` to its folder."""
    names = {room_of(p) for p in modules() if p.parent != PACKAGE} - set(WINGS)
    return {name: PACKAGE.joinpath(*name.split(".")) for name in sorted(names)}


def room_of(path: Path) -> str:
    """The room a file belongs to: `measure.suite` (also for its subfolders), or the module's own name at the top."""
    inside = path.relative_to(PACKAGE)
    folders = inside.parent.parts
    return ".".join(folders[: 2 if folders[0] in WINGS else 1]) if folders else inside.stem


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported dotted name with its line, lazy ones too; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            head = "." * node.level + (node.module or "")
            yield from ((f"{head}.{alias.name}", node.lineno) for alias in node.names)
