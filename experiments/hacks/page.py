"""result.md and its picture, from result.json alone."""

from __future__ import annotations

from pathlib import Path

from experiments import protocol


def page(result: protocol.Json, folder: Path) -> str:
    """The text of result.md."""
    return f"{folder.name}: {result['verdict']}\n"
