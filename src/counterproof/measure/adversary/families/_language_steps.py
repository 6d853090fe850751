"""Language shift and decomposition: each part in a conversation of its own, in another language."""

from __future__ import annotations

from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line, in_language


def _lines(ground: Ground, number: int) -> tuple[Line, ...]:
    saying, which = divmod(number, len(ground.lore.languages))
    language = ground.lore.languages[which]
    return tuple(in_language(line, language) for line in ground.by_part("step", saying))


def _lacks(ground: Ground) -> str:
    return "" if ground.lore.languages else "the suite has no second language"


FAMILY = Family("language-steps", _lines, _lacks)
