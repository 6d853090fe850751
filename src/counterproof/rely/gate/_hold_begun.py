"""From a pattern the expression of all beginnings of its matches: every text that more text could complete to one."""

from __future__ import annotations

from counterproof.rely.gate._patterns_syntax import Chars, Edge, Either, Join, Node, Repeat, width
from counterproof.rely.gate._patterns_write import written

LONG_ROW = 48
"""Rows longer than this are halved, so that the nesting of their beginnings stays far below RE2's limit of 1,000."""


def bare(node: Node) -> Node:
    """The pattern without its conditions on places (`^`, `$`, the edge of a word): it matches more, never less.

    Whether such a condition holds is known only when the text on both sides is.
    """
    match node:
        case Edge():
            return Join(())
        case Chars():
            return node
        case Join(parts):
            return Join(tuple(part for part in map(bare, parts) if part != Join(())))
        case Either(parts):
            return Either(tuple(map(bare, parts)))
        case Repeat(part, least, most):
            return Repeat(bare(part), least, most)


def begun(node: Node) -> str:
    """The expression, for RE2, of every beginning of a match of a pattern without places; the empty text is one too."""
    match node:
        case Chars():
            return f"{written(node)}?"
        case Join(parts):
            return _begun_row(parts)
        case Either(parts):
            return f"(?:{'|'.join(map(begun, parts))})"
        case Repeat(part, _, most):
            return _begun_repeat(part, most)
        case Edge():
            return ""


def _begun_row(parts: tuple[Node, ...]) -> str:
    if len(parts) > LONG_ROW:
        middle = len(parts) // 2
        first = Join(parts[:middle])
        return f"(?:{_begun_row(first.parts)}|{written(first)}{_begun_row(parts[middle:])})"
    source = ""
    for part in reversed(parts):
        if isinstance(part, Chars):
            source = f"(?:{written(part)}{source})?"
        else:
            source = f"(?:{begun(part)}|(?:{written(part)}){source})" if source else begun(part)
    return source


def _begun_repeat(part: Node, most: int | None) -> str:
    inner = written(part)
    if width(part)[1] == 0 or most == 0:
        return ""
    if isinstance(part, Chars):
        return f"{inner}*" if most is None else f"{inner}{{0,{most}}}"
    if most is None:
        return f"(?:(?:{inner})*{begun(part)})"
    return f"(?:(?:{inner}){{0,{most - 1}}}{begun(part)})" if most > 1 else begun(part)
