"""All questions with their answers, as one table; `python -m experiments` verifies the results and prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from experiments import drawing, protocol, verdict

FOLDER = Path(__file__).parent
ORDER = ("truth_seeking", "silence", "belief", "hacks", "collaborative")
HEAD = (
    "question", "seeds", "predictions that held, lost, stay open (and beside the claim)", "some of what was found",
    "verdict",
)  # fmt: skip
# Prediction ids and what they say in a table's few words; the figures come from the results.
FOUND: Mapping[str, Sequence[tuple[str, str]]] = {
    "truth_seeking": (
        ("1", "right answers given up when the user errs, trained to be liked less trained to survive falsification"),
        ("2", "sealed evidence taken up against the user, after falsification"),
        ("5", "accuracy that consistency alone gains; every seed agrees, and ten cannot settle it"),
    ),
    "silence": (
        ("E of mute", "still opposes the deed when asked, of all that it did before: after its objection was muted"),
        ("E of comply-full", "after long training to comply"),
    ),
    "belief": (
        ("1", "gap between saying and doing, where documents had told nothing of its deeds less where they were true"),
        ("3", "gap that is left where they were always true"),
    ),
    "hacks": (
        ("spread-full", "spread, where pretraining links misbehaviours less where it does not"),
        ("frame-full", "spread that a sentence half obeyed already prevents"),
        ("later-triggered", "spread hidden behind a trigger after later training"),
    ),
    "collaborative": (
        ("stated: K_unseen, reason - rule", "containment in unseen families, reasons recited less bare rules"),
        ("weighed: K_unseen, weighed reason - weighed filler", "reasons weighed before every answer less empty words"),
    ),
}
Row = Mapping[str, object]


def table(links: str = "experiments") -> str:
    """Markdown of all stored results; `links` is where the folder of experiments lies from the page's point of view."""
    return drawing.table(HEAD, [_row(name, links) for name in ORDER])


def _row(name: str, links: str) -> list[str]:
    result = protocol.unsealed(FOLDER / name / "result.json")
    claim, beside = deciding(cast("Sequence[Row]", result["predictions"]))
    found = {str(p["id"]): p for p in claim}
    said = "; ".join(f"{words}: {_figure(found[key])}" for key, words in FOUND[name])
    return [
        f"[{question(name)}]({links}/{name}/result.md)", str(len(cast("Row", result["seeds"]))),
        _counts(claim) + (f" ({_counts(beside)})" if beside else ""), said, f"**{result['verdict']}**",
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
    return drawing.said(verdict.read(prediction["found"]))
