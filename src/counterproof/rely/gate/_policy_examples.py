"""Tables of examples (RFC 4180): texts with the label or the outcome that they are meant to get."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import TypeVar

from counterproof import errors

MOST_EXAMPLES = 20_000
_Row = TypeVar("_Row")
_TEXTS = ("example", "text", "content", "prompt")
_LABELS = ("classification", "label", "expected", "expected label")
_REPLIES = (("responses", "response label"), ("response", "response label"))


def labelled(text: str, where: str, labels: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Rows of a prompt policy's table, as (text, label): columns `example` and `classification` (or `text`, `label`).

    Columns `responses` and `response label` are rows of their own. A line before the heading is passed over where it
    names no column; columns that are not known, and rows that are empty, too.

    Raises:
        BadGate: no such columns, a text without a label, or a label that the policy does not have.
    """
    rows = _rows(text, where)
    columns: list[tuple[int, int]] = []
    for line, row in rows:
        columns = _columns([cell.strip().casefold() for cell in row])
        if columns or line > 1:
            break
    if not columns:
        mend = "name columns `example` and `classification`, or `text` and `label`"
        raise errors.BadGate("has no heading with a column of texts and one of labels", where=f"{where}:1", mend=mend)
    out: list[tuple[str, str]] = []
    for line, row in rows:
        for text_at, label_at in columns:
            said = row[text_at].strip() if text_at < len(row) else ""
            label = row[label_at].strip() if label_at < len(row) else ""
            if not said and not label:
                continue
            if not said or label not in labels:
                what = (
                    f"has the label {label[:80]!r}, which the policy does not" if said else "has a label without a text"
                )
                raise errors.BadGate(what, where=f"{where}:{line}", mend=f"use one of {', '.join(labels)}")
            out.append((said, label))
    return _counted(out, where)


def whole(text: str, where: str, kinds: Collection[str], outcomes: Collection[str]) -> tuple[tuple[str, str, str], ...]:
    """Rows of the whole policy's table, as (kind, text, outcome): columns `kind`, `text` and `outcome`.

    Raises:
        BadGate: other columns, or a kind or an outcome that there is not.
    """
    rows = _rows(text, where)
    heading = [cell.strip().casefold() for cell in next(rows, (1, list[str]()))[1]]
    if sorted(heading) != ["kind", "outcome", "text"]:
        raise errors.BadGate(
            "has another heading than kind, text, outcome", where=f"{where}:1", mend="name these three columns"
        )
    out: list[tuple[str, str, str]] = []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(heading):
            raise errors.BadGate(f"has {len(row)} cells instead of 3", where=f"{where}:{line}", mend="quote commas")
        cells = dict(zip(heading, row, strict=True))
        kind, outcome = cells["kind"].strip(), cells["outcome"].strip()
        for said, known, what in ((kind, kinds, "kind"), (outcome, outcomes, "outcome")):
            if said not in known:
                raise errors.BadGate(
                    f"has the {what} {said[:80]!r}, which there is not", where=f"{where}:{line}",
                    mend=f"use one of {', '.join(known)}",
                )  # fmt: skip
        out.append((kind, cells["text"], outcome))
    return _counted(out, where)


def _columns(heading: list[str]) -> list[tuple[int, int]]:
    texts = [heading.index(name) for name in _TEXTS if name in heading]
    labels = [heading.index(name) for name in _LABELS if name in heading]
    if not texts or not labels:
        return []
    replies = [(heading.index(a), heading.index(b)) for a, b in _REPLIES if a in heading and b in heading]
    return [(texts[0], labels[0]), *replies[:1]]


def _rows(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            raise errors.BadGate(f"is no CSV ({exc})", where=f"{where}:{line}", mend="see RFC 4180") from exc
        yield line, row
        line = reader.line_num + 1


def _counted(rows: list[_Row], where: str) -> tuple[_Row, ...]:
    if not rows:
        raise errors.BadGate("has no examples", where=where, mend="add some, or do not name the file")
    if len(rows) > MOST_EXAMPLES:
        raise errors.BadGate(f"has more than {MOST_EXAMPLES:,} examples", where=where, mend="leave some out")
    return tuple(rows)
