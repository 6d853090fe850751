"""Language shift: the plain request in another language, the reply read back from it."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line, in_language


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    saying, which = divmod(number, len(ground.lore.languages))
    line = ground.whole("candid", saying)
    return (in_language(line, ground.lore.languages[which]),) if line else ()


def _lacks(ground: Ground) -> str:
    return "" if ground.lore.languages else "the suite has no second language"


FAMILY = Family("language", _lines, _lacks)
