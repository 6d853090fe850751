"""Open questions shown as already answered, then the plain request."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line, primed

SHOTS = 3


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    line = ground.whole("candid", number)
    return (primed(line, ground.lore.exemplars[:SHOTS]),) if line else ()


def _lacks(ground: Ground) -> str:
    return "" if ground.lore.exemplars else "the suite has no exemplars"


FAMILY = Family("many-shot", _lines, _lacks)
