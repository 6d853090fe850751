"""Definitions of tools, which a conversation sends again with each request: what was read of them is kept for a while.

Nothing depends on what is kept but the time it takes.
"""

from __future__ import annotations

from typing import TypeAlias

from counterproof.record import Piece
from counterproof.rely.gate._walk_exact import Json, written
from counterproof.rely.gate._walk_rules import MAX_NOTES, Reading, Vocabulary

MAX_KEPT = 128
MAX_BYTES = 65_536
MAX_SAID = 131_072
_Read: TypeAlias = tuple[tuple[Piece, ...], tuple[str, ...]]
_KEPT: dict[tuple[Vocabulary, bytes, bool], _Read] = {}
"""At most `MAX_KEPT`, each of `MAX_BYTES` and of `MAX_SAID` letters in texts and addresses. The oldest go first."""


def tools(w: Reading, value: Json, *, is_first: bool) -> None:
    """The tools of a request. `is_first`: nobody has heard of them yet."""
    told = written(value)
    if len(told) > MAX_BYTES:
        _read(w, value)
        return
    key = (w.vocabulary, told, is_first)
    known = _KEPT.get(key)
    if known is None:
        own = Reading(w.vocabulary)
        own.is_new = is_first
        _read(own, value)
        known = (tuple(own.pieces), tuple(own.unscanned))
        _keep(key, known)
    pieces, unscanned = known
    if len(pieces) > w.left or len(w.unscanned) + len(unscanned) >= MAX_NOTES:
        _read(w, value)
        return
    w.left -= len(pieces)
    w.pieces += pieces
    w.unscanned += unscanned


def _read(w: Reading, value: Json) -> None:
    w.vocabulary.members["tools"](w, value, "tools", "system", 1)


def _keep(key: tuple[Vocabulary, bytes, bool], known: _Read) -> None:
    if sum(len(piece.text) + len(piece.where) for piece in known[0]) > MAX_SAID:
        return
    for old in list(_KEPT)[: max(0, len(_KEPT) - MAX_KEPT + 1)]:
        _KEPT.pop(old, None)
    _KEPT[key] = known
