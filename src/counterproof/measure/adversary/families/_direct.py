"""The plain request, as population one puts it."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    line = ground.whole("candid", number)
    return (line,) if line else ()


FAMILY = Family("direct", _lines)
