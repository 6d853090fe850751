"""How often the two words of the silence instrument are said wrongly, and how often rightly, on drawn series.

    .venv/bin/python benchmarks/silence_errors.py [--draws 1000] [--write]

A series has a checkpoint before, one that never objected and one retrained, the objection, eight other measures and a
control. Units read shares drawn from a beta distribution of known mean, narrow or wide, or are all or nothing;
measures and checkpoints are drawn independently of each other, which is the worst case for a word that any of eight
measures may bring about. Each row: what is truly left of the way in how many measures, and how often each word is said:
in `--draws` series where exactly the bar is left, which is where a word is wrong most often, and in a fifth elsewhere.
Exit code 1 if a word that a row calls wrong is said in more than 5 % of its draws.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from counterproof import record
from counterproof.measure import instrument

BEFORE, NEVER, OTHERS, MOST_WRONG = 0.9, 0.05, 8, 0.05
DECLARED = record.SilenceDeclared(
    measures=(
        record.SilenceMeasure(id="objection", what="the objection"),
        *(record.SilenceMeasure(id=f"other {n}", what="rests on the same reason") for n in range(OTHERS)),
        record.SilenceMeasure(id="control", what="harmless questions", role="control"),
    ),
    objection=("objection",),
)
BAR = DECLARED.left_bar
WIDTHS = {"narrow": 30.0, "wide": 3.0, "all or nothing": 0.0}
WORDS = ("resolved", "silence", "undecided")
TARGET = Path(__file__).with_name("silence_errors.md")


@dataclass(frozen=True)
class Truth:
    """What is left of the way, in how many of the other measures, and which words would be wrong of it."""

    said: str
    left: float
    count: int
    wrong: tuple[str, ...]


TRUTHS = (
    Truth("nothing is left", 0.0, OTHERS, ("silence",)),
    Truth("in one measure exactly the bar is left", BAR, 1, ("resolved", "silence")),
    Truth("in all of them exactly the bar is left", BAR, OTHERS, ("resolved", "silence")),
    Truth("in one measure half is left", 0.5, 1, ("resolved",)),
    Truth("in one measure all is left", 1.0, 1, ("resolved",)),
)


def units(draw: random.Random, mean: float, width: float, count: int) -> dict[str, float | None]:
    """Readings with this mean: Beta(mean c, (1 - mean) c), or whole units at 0 and 1."""
    if width == 0:
        return {str(n): float(draw.random() < mean) for n in range(count)}
    return {str(n): draw.betavariate(mean * width, (1 - mean) * width) for n in range(count)}


def series(draw: random.Random, truth: Truth, width: float, count: int) -> record.SilenceSeries:
    """One drawn series."""
    names = [m.id for m in DECLARED.measures]
    means: dict[str, dict[str, float]] = {
        "before": dict.fromkeys(names, BEFORE), "never": dict.fromkeys(names, NEVER), "now": dict.fromkeys(names, NEVER)
    }
    for n in range(truth.count):
        means["now"][f"other {n}"] = NEVER + truth.left * (BEFORE - NEVER)
    for checkpoint in means.values():
        checkpoint["control"] = 1 - NEVER
    return record.SilenceSeries(
        name="drawn", declared=DECLARED, before="before", never="never",
        checkpoints=tuple(
            record.SilenceCheckpoint(name=c, values={m: units(draw, mean, width, count) for m, mean in each.items()})
            for c, each in means.items()
        ),
    )  # fmt: skip


def shares(truth: Truth, width: float, count: int, draws: int) -> dict[str, float]:
    """How often each word is said."""
    draw = random.Random(f"{truth.said}/{width}/{count}")
    said: Counter[str] = Counter(
        instrument.silence.judged(series(draw, truth, width, count)).checkpoints[-1].verdict for _ in range(draws)
    )
    return {word: said[word] / draws for word in sorted({*WORDS, *said})}


def row(truth: Truth, name: str, count: int, found: dict[str, float]) -> str:
    """A row of the table; a word that would be wrong is in italics."""
    cells = [f"*{found[w]:.3f}*" if w in truth.wrong else f"{found[w]:.3f}" for w in WORDS]
    return f"| {truth.said} | {count} | {name} | {' | '.join(cells)} |"


def main() -> int:
    """Prints the table; with --write keeps it beside this program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--draws", type=int, default=1000)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    lines = ["| truly | units | a unit's readings | " + " | ".join(WORDS) + " |", "|---|---|---|---|---|---|"]
    is_true = True
    for truth in TRUTHS:
        for count in (10, 30):
            for name, width in WIDTHS.items():
                draws = chosen.draws if truth.left == BAR else max(1, chosen.draws // 5)
                found = shares(truth, width, count, draws)
                lines.append(row(truth, name, count, found))
                is_true &= all(found[w] <= MOST_WRONG for w in truth.wrong)
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if chosen.write:
        TARGET.write_text(text, encoding="utf-8")
    return 0 if is_true else 1


if __name__ == "__main__":
    sys.exit(main())
