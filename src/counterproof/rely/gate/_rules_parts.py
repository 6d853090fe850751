"""Parts of one turn: whoever reads them reads them one behind the other, and so does the search for patterns."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from counterproof.record import Piece
from counterproof.rely.gate._patterns import Match

_PART = "].text"


class Row(NamedTuple):
    """Texts that are parts of one list: `pieces` by number, the text they make together, where each begins in it."""

    pieces: tuple[int, ...]
    text: str
    starts: tuple[int, ...]


def rows(pieces: Sequence[Piece]) -> list[Row]:
    """Every list of at least two texts, `messages[0].content[0].text` and `messages[0].content[1].text`."""
    lists: dict[str, list[int]] = {}
    for at, piece in enumerate(pieces):
        if piece.where.endswith(_PART):
            lists.setdefault(piece.where[: piece.where.rindex("[")], []).append(at)
    return [_row(pieces, parts) for parts in lists.values() if len(parts) > 1]


def apart(found: Iterable[Match], count: int, rows: Sequence[Row]) -> Iterator[Match]:
    """Matches of `count` texts, and of the rows behind them those that lie in several parts: one for each part."""
    for match in found:
        if match.text < count:
            yield match
            continue
        row = rows[match.text - count]
        first, last = bisect_right(row.starts, match.start) - 1, bisect_right(row.starts, match.end - 1) - 1
        for part in range(first, last + 1) if last > first else ():
            start, end = row.starts[part], row.starts[part + 1] if part + 1 < len(row.starts) else len(row.text)
            yield Match(match.rule, row.pieces[part], max(match.start, start) - start, min(match.end, end) - start)


def is_made(start: int, end: int, replaced: Collection[tuple[int, int]], *, is_new: bool) -> bool:
    """Whether a match came about when something was replaced. `is_new`: its rule found nothing before."""
    if any(since <= start and end <= to for since, to in replaced):
        return False  # the replacement's own words
    return is_new or any(start <= to and end >= since for since, to in replaced)


def spliced(text: str, spans: Iterable[tuple[int, int, str]]) -> tuple[str, list[tuple[int, int]]]:
    """A text with spans, in order, replaced, and where the replacements stand in it."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    at = size = 0
    for start, end, new in spans:
        parts += [text[at:start], new]
        size += start - at + len(new)
        places.append((size - len(new), size))
        at = end
    return "".join([*parts, text[at:]]), places


def _row(pieces: Sequence[Piece], parts: Sequence[int]) -> Row:
    texts = [pieces[at].text for at in parts]
    starts = tuple(itertools.accumulate(map(len, texts[:-1]), initial=0))
    return Row(tuple(parts), "".join(texts), starts)
