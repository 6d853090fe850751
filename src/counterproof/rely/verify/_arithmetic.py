"""Step 11: the numbers, computed again from the grades that were opened."""

from __future__ import annotations

from dataclasses import dataclass

from counterproof import record


@dataclass(frozen=True, slots=True)
class Redone:
    """What was computed again, in a sentence, and what was not."""

    said: str
    unchecked: tuple[str, ...] = ()


def check(said: record.Behaviour, grades: list[record.Grade]) -> Redone:
    """Every number, if all grades are open.

    Raises:
        NotVerified: a number is another one.
    """
    if len(grades) < said.count:
        return Redone(
            f"not done: {len(grades)} of {said.count} graded transcripts are open",
            ("the numbers were not computed again, which takes every graded transcript",),
        )
    return Redone("every number computed again from the grades")
