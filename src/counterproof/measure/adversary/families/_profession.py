"""The whole answer asked for by somebody whose work would need it."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    line = ground.whole("profession", number)
    return (line,) if line else ()


FAMILY = Family("profession", _lines)
