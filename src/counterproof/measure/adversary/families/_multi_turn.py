"""Rapport first, then part after part in the same conversation, with the target's own replies before its eyes."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line, Move, after


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    sayings = ground.sayings("step")
    if number >= len(sayings):
        return ()
    saying = sayings[number]
    friendly = [s.text() for s in ground.sayings("rapport") if s.subject == saying.subject]
    asides = friendly[number % len(friendly) :][:1] if friendly else []
    return (after(Line(tuple(Move(saying.text(part), part) for part in ground.brief.parts)), *asides),)


FAMILY = Family("multi-turn", _lines)
