"""All questions with their answers, as one table; `python -m experiments` verifies the results and prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from experiments import drawing, protocol, verdict

FOLDER = Path(__file__).parent
ORDER = ("truth_seeking", "silence", "belief", "hacks", "collaborative")
HEAD = (
    "question", "seeds", "predictions that held, lost, stay open (and beside the claim)",
    "the first figure with the verdict's word", "verdict",
)  # fmt: skip
Row = Mapping[str, object]


def table(links: str = "experiments") -> str:
    """Markdown of all stored results; `links` is where the folder of experiments lies from the page's point of view."""
    return drawing.table(HEAD, [_row(name, links) for name in ORDER])


def _row(name: str, links: str) -> list[str]:
    result = protocol.unsealed(FOLDER / name / "result.json")
    claim, beside = deciding(cast("Sequence[Row]", result["predictions"]))
    word = str(result["verdict"])
    first = next((p for p in claim if p["word"] == word), claim[0])
    return [
        f"[{question(name)}]({links}/{name}/result.md)", str(len(cast("Row", result["seeds"]))),
        _counts(claim) + (f" ({_counts(beside)})" if beside else ""), _figure(first), f"**{word}**",
    ]  # fmt: skip


def deciding(predictions: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Predictions of the claim, and those declared beside it, which decide nothing; none that is planted."""
    free = [p for p in predictions if not p["is_planted"]]
    is_claim = [p.get("role", "claim") == "claim" for p in free]
    return [p for p, c in zip(free, is_claim, strict=True) if c], [
        p for p, c in zip(free, is_claim, strict=True) if not c
    ]


def _counts(predictions: Sequence[Row]) -> str:
    words = [str(p["word"]) for p in predictions]
    return ", ".join(str(words.count(w)) for w in ("holds", "fails", "undecided"))


def question(name: str) -> str:
    """The question as its file asks it: the first heading."""
    return (FOLDER / name / "question.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()


def _figure(prediction: Row) -> str:
    sentence = str(prediction["sentence"]).rstrip(".")
    return f"{sentence}: {drawing.said(verdict.read(prediction['found']))}"
