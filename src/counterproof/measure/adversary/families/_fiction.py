"""The whole answer told by somebody in a story."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    line = ground.whole("fiction", number)
    return (line,) if line else ()


FAMILY = Family("fiction", _lines)
