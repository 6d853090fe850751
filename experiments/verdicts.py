"""All questions with their answers, as one table; `python -m experiments` verifies the results and prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from experiments import drawing, protocol, verdict

FOLDER = Path(__file__).parent
ORDER = ("truth_seeking", "silence", "belief", "hacks", "collaborative")
HEAD = ("question", "seeds", "predictions that held, lost, stay open", "the figure that decides first", "verdict")
Row = Mapping[str, object]


def table(links: str = "experiments") -> str:
    """Markdown of all stored results; `links` is where the folder of experiments lies from the page's point of view."""
    return drawing.table(HEAD, [_row(name, links) for name in ORDER])


def _row(name: str, links: str) -> list[str]:
    result = protocol.unsealed(FOLDER / name / "result.json")
    free = [p for p in cast("Sequence[Row]", result["predictions"]) if not p["is_planted"]]
    words = [str(p["word"]) for p in free]
    counts = ", ".join(str(words.count(w)) for w in ("holds", "fails", "undecided"))
    return [
        f"[{question(name)}]({links}/{name}/result.md)", str(len(cast("Row", result["seeds"]))), counts,
        _figure(free[0]), f"**{result['verdict']}**",
    ]  # fmt: skip


def question(name: str) -> str:
    """The question as its file asks it: the first heading."""
    return (FOLDER / name / "question.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()


def _figure(prediction: Row) -> str:
    sentence = str(prediction["sentence"]).rstrip(".")
    return f"{sentence}: {drawing.said(verdict.read(prediction['found']))}"
