"""The engines behind `Patterns`: Hyperscan, RE2, and plain search for literal texts. All give the same answers.

An answer is which expressions are found, and for one of them the union of all its matches as separate stretches: two
matches that overlap are one stretch. That is the same whatever order an engine reports in, and however greedy it is.
"""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from counterproof import errors

MOST_MATCHES = 4_096
"""Ends (or beginnings) of matches of one expression looked at in one text; then the last goes to the text's end."""
MOST_BYTES = 8_000_000
"""What RE2 may read in all for the stretches of one expression in one text."""
RE2_MEMORY_BYTES = 256 << 20
ENGINES = ("hyperscan", "re2", "literal")


class Expression(NamedTuple):
    """One expression as an engine gets it. `where`: for refusals. `literal`: the one text it stands for, or None."""

    text: str
    where: str
    literal: str | None
    reads_folded: bool


class Stretches(NamedTuple):
    """Where an expression is found, in bytes; `is_cut`: it was found so often that the last one goes to the end."""

    spans: list[tuple[int, int]]
    is_cut: bool


class Engine(Protocol):
    """Searches UTF-8 (which it must be: Hyperscan's answer for anything else is not defined)."""

    def which(self, raw: bytes) -> Sequence[int]:
        """The numbers of the expressions that are found, in any order, perhaps twice."""
        ...

    def stretches(self, number: int, raw: bytes) -> Stretches:
        """Where one of them is found."""
        ...


def engine(expressions: Sequence[Expression], name: str = "") -> Engine:
    """The best installed engine for these expressions, or the one that is named.

    Raises:
        MissingExtra: neither Hyperscan nor RE2 is installed, and an expression is more than a literal text.
        BadGate: an engine does not take an expression.
    """
    for kind, make in (("hyperscan", Hyperscan), ("re2", Re2)):
        if name in ("", kind):
            try:
                return make(expressions)
            except ImportError:
                continue
    for expression in expressions:
        if expression.literal is None:
            raise errors.MissingExtra(
                "is a pattern and neither Hyperscan nor RE2 is installed",
                where=expression.where,
                mend="install counterproof[gate]; without it only literal texts are searched for",
            )
    return Literal(expressions)


class Hyperscan:
    """Hyperscan: all expressions in one pass, and one database per expression that is asked where it stands."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._hs: Any = importlib.import_module("hyperscan")
        self._expressions = expressions
        self._each: dict[int, Any] = {}
        self._local = threading.local()  # scratch space is for one thread at a time, and a child process has its own
        flags = int(self._hs.HS_FLAG_UTF8)
        self._all = self._compiled([e.text for e in expressions], flags | int(self._hs.HS_FLAG_SINGLEMATCH))
        for number, expression in enumerate(expressions):
            if "{" in expression.text.replace("\\x{", "") or "*" in expression.text:
                self._one(number)  # what is refused must be refused when a policy is loaded

    def which(self, raw: bytes) -> Sequence[int]:
        found: list[int] = []
        if self._all is not None:
            self._all.scan(raw, partial(_note, found), scratch=self._scratch(-1, self._all))
        return found

    def stretches(self, number: int, raw: bytes) -> Stretches:
        ends: list[tuple[int, int]] = []
        database = self._one(number)
        is_cut = False
        try:
            database.scan(raw, partial(_end, ends), scratch=self._scratch(number, database))
        except self._hs.ScanTerminated:
            is_cut = True
        return _united(sorted(ends), len(raw), is_cut=is_cut)

    def _one(self, number: int) -> Any:  # noqa: ANN401 - the library has no types
        if (database := self._each.get(number)) is None:
            flags = int(self._hs.HS_FLAG_UTF8) | int(self._hs.HS_FLAG_SOM_LEFTMOST)
            database = self._compiled([self._expressions[number].text], flags, self._expressions[number].where)
            self._each[number] = database
        return database

    def _scratch(self, number: int, database: Any) -> Any:  # noqa: ANN401 - same
        held = self._local.__dict__
        name = str(number)
        if (scratch := held.get(name)) is None:
            scratch = held[name] = self._hs.Scratch(database)
        return scratch

    def _compiled(self, texts: Sequence[str], flags: int, where: str = "") -> Any:  # noqa: ANN401 - same
        if not texts:
            return None
        database = self._hs.Database(mode=self._hs.HS_MODE_BLOCK)
        try:
            database.compile([text.encode() for text in texts], flags=flags)
        except self._hs.error as exc:
            if len(texts) > 1:
                for expression in self._expressions:
                    self._compiled([expression.text], flags, expression.where)
            raise errors.BadGate(f"is not taken by Hyperscan ({exc})", where=where, mend="make it simpler") from exc
        return database


class Re2:
    """RE2: one set for all expressions, and each by itself for where it stands."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        re2: Any = importlib.import_module("re2")
        self._re2 = re2
        self._expressions = expressions
        self._each: dict[int, Any] = {}
        self._options: Any = re2.Options()
        self._options.max_mem = RE2_MEMORY_BYTES
        self._options.log_errors = False
        self._options.longest_match = True
        self._options.never_capture = True
        self._all = re2.Set.SearchSet(self._options)
        for expression in expressions:
            try:
                self._all.Add(expression.text.encode())
            except re2.error as exc:
                what = f"is not taken by RE2 ({exc})"
                raise errors.BadGate(what, where=expression.where, mend="make it simpler") from exc
        self._always = self._all.Add(b"")  # found in every text: where it is missing, the engine gave up
        self._all.Compile()

    def which(self, raw: bytes) -> Sequence[int]:
        found: list[int] = self._all.Match(raw)
        if self._always not in found:
            raise errors.BadGate("RE2 ran out of memory", where="patterns", mend="use fewer or simpler patterns")
        found.remove(self._always)
        return found

    def stretches(self, number: int, raw: bytes) -> Stretches:
        one = self._one(number)
        spans: list[tuple[int, int]] = []
        at = read = 0
        while (match := one.search(raw, at)) is not None:
            start, end = match.span()
            spans.append((start, end))
            read += len(raw) - at
            at = start + 1
            while at < len(raw) and raw[at] & 0xC0 == 0x80:
                at += 1
            if len(spans) > MOST_MATCHES or read > MOST_BYTES:
                return _united(spans, len(raw), is_cut=True)
        return _united(spans, len(raw), is_cut=False)

    def _one(self, number: int) -> Any:  # noqa: ANN401 - the library has no types
        if (one := self._each.get(number)) is None:
            one = self._each[number] = self._re2.compile(self._expressions[number].text.encode(), self._options)
        return one


class Literal:
    """Literal texts alone, with what Python has: `bytes.find`, and for folded text an expression without choices."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._finders = [_finder(expression) for expression in expressions]

    def which(self, raw: bytes) -> Sequence[int]:
        return [number for number, find in enumerate(self._finders) if find(raw, 0) is not None]

    def stretches(self, number: int, raw: bytes) -> Stretches:
        spans: list[tuple[int, int]] = []
        find, at = self._finders[number], 0
        while (span := find(raw, at)) is not None:
            spans.append(span)
            if len(spans) > MOST_MATCHES:
                return _united(spans, len(raw), is_cut=True)
            at = span[0] + 1
        return _united(spans, len(raw), is_cut=False)


def _finder(expression: Expression) -> Callable[[bytes, int], tuple[int, int] | None]:
    text = expression.literal or ""
    if expression.reads_folded:
        words = [re.escape(word.encode()) for word in re.split(r"[\t-\r ]+", text)]
        pattern = re.compile(rb"[\t-\r ]+".join(words), re.IGNORECASE)

        def search(raw: bytes, at: int) -> tuple[int, int] | None:
            match = pattern.search(raw, at)
            return match.span() if match else None

        return search
    literal = text.encode()

    def find(raw: bytes, at: int) -> tuple[int, int] | None:
        start = raw.find(literal, at)
        return None if start < 0 else (start, start + len(literal))

    return find


def _note(found: list[int], number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
    found.append(number)


def _end(ends: list[tuple[int, int]], _number: int, start: int, end: int, _flags: int, _context: object) -> bool:
    ends.append((start, end))
    return len(ends) > MOST_MATCHES


def _united(spans: list[tuple[int, int]], length: int, *, is_cut: bool) -> Stretches:
    """Sorted matches as stretches: those that overlap are one."""
    out: list[tuple[int, int]] = []
    for start, end in spans:
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    if is_cut and out:
        out[-1] = (out[-1][0], length)
    return Stretches(out, is_cut)
