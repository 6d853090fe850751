"""Where in a JSON text each of its texts and names stands, so that one can be replaced and all else stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from counterproof.rely.gate._walk_exact import member

_TOKEN = re.compile(r'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s,\]}:]+)')
_LETTER = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)


class Token(NamedTuple):
    """A part of a JSON text: its address, and from where to where it stands."""

    where: str
    start: int
    end: int
    kind: Literal["text", "name", "scalar", "holder"]


class _Holder:
    """An object or list that is open: `at` is the address of the value that comes next."""

    __slots__ = ("at", "count", "is_list", "names_next", "start", "where")

    def __init__(self, where: str, start: int, *, is_list: bool) -> None:
        self.where, self.start, self.is_list = where, start, is_list
        self.count, self.names_next = 0, not is_list
        self.at = where + "[0]"

    def goes_on(self) -> None:
        """Behind a comma."""
        self.count += 1
        self.names_next = not self.is_list
        self.at = f"{self.where}[{self.count}]"


def tokens(text: str) -> Iterator[Token]:
    """Every one of a JSON text that is known to be valid; an object or list after all that it holds.

    The address of a name is that of its member, with `|name`.
    """
    open_ones: list[_Holder] = []
    for found in _TOKEN.finditer(text):
        (start, end), first = found.span(1), found.group(1)[0]
        top = open_ones[-1] if open_ones else None
        where = top.at if top else ""
        if first in "{[":
            open_ones.append(_Holder(where, start, is_list=first == "["))
        elif first in "}]":
            closed = open_ones.pop()
            yield Token(closed.where, closed.start, end, "holder")
        elif top and first in ",:":
            if first == ",":
                top.goes_on()
        elif top and top.names_next:
            top.names_next, top.at = False, member(top.where, json.loads(found.group(1)))
            yield Token(top.at + "|name", start, end, "name")
        else:
            yield Token(where, start, end, "text" if first == '"' else "scalar")


def within(text: str, token: Token, start: int, end: int) -> tuple[int, int]:
    """Which of the letters that a text or name says stand between two places of the JSON text; (0, 0): none."""
    at, count, first, last = token.start + 1, 0, -1, 0
    while letter := _LETTER.match(text, at, token.end - 1):
        if letter.end() > start and at < end:
            first = count if first < 0 else first
            last = count + 1
        at, count = letter.end(), count + 1
    return (first, last) if first >= 0 else (0, 0)
