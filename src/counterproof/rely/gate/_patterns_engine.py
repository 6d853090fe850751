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
"""How many matches are looked at in one search, of all expressions together."""
MOST_BYTES = 16_000_000
"""What may be read once more in one search to tell where matches stand."""
RE2_MEMORY_BYTES = 256 << 20
_ONE_WHITE = bytes(32 if 9 <= code <= 13 else code for code in range(256))
ENGINES = ("hyperscan", "re2", "literal")


class Expression(NamedTuple):
    """One expression as an engine gets it. `where`: for refusals. `literal`: the one text it stands for, or None.

    `small`: the same where case is ignored, beyond ASCII too; `quick`: where case is ignored in ASCII alone, and a run
    of white space is one long. None where there is no such form.
    """

    text: str
    where: str
    literal: str | None
    reads_folded: bool
    small: str | None = None
    quick: str | None = None


class Effort:
    """What one search may still spend on telling where matches stand: whatever is searched for, and in whatever."""

    __slots__ = ("bytes_left", "matches_left")

    def __init__(self) -> None:
        self.matches_left, self.bytes_left = MOST_MATCHES, MOST_BYTES

    def is_spent(self, read: int) -> bool:
        """Counts one match, and what was read to find it."""
        self.matches_left -= 1
        self.bytes_left -= read
        return self.matches_left < 0 or self.bytes_left < 0


class Stretches(NamedTuple):
    """Where an expression is found, in bytes; `is_cut`: so much was found that the last one goes to the end."""

    spans: list[tuple[int, int]]
    is_cut: bool


class Engine(Protocol):
    """Searches UTF-8 (which it must be: Hyperscan's answer for anything else is not defined)."""

    def which(self, raw: bytes) -> Sequence[int]:
        """The numbers of the expressions that are found, in any order, perhaps twice."""
        ...

    def stretches(self, number: int, raw: bytes, effort: Effort) -> Stretches:
        """Where one of them, which is found, stands."""
        ...


def engine(expressions: Sequence[Expression], name: str = "") -> Engine:
    """The best installed engine for these expressions, or the one that is named.

    Raises:
        MissingExtra: RE2 is not installed, which Hyperscan needs too, and an expression is more than a literal text.
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
                "is a pattern, and RE2 is not installed (beside Hyperscan, too, it says where a match stands)",
                where=expression.where,
                mend="install counterproof[gate]; without it only literal texts are searched for",
            )
    return Literal(expressions)


class Hyperscan:
    """Hyperscan for which are found, in one pass; RE2 for where, which is asked only then.

    Expressions that have a `quick` form are searched for in it, and where the text has runs of white space, which most
    have not and which take longer to shorten than to find, once more without them. What Hyperscan finds too large (a
    class of all letters, say) is left to RE2: the same policy can be used everywhere. A `small` form may be found where
    the expression is not; where it stands, RE2 knows.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._hs: Any = importlib.import_module("hyperscan")
        self._where = Re2(expressions, has_set=False)
        self._run = len(expressions)
        self._quick = self._compiled_quick(expressions)
        numbers = [at for at, each in enumerate(expressions) if self._quick is None or each.quick is None]
        self._all = self._compiled(expressions, numbers)
        self._rest: tuple[list[int], Re2] | None = None
        if self._all is None and numbers:
            taken = [at for at in numbers if self._compiled(expressions, [at]) is not None]
            others = [at for at in numbers if at not in set(taken)]
            self._all = self._compiled(expressions, taken)
            self._rest = others, Re2([expressions[at] for at in others])

    def which(self, raw: bytes) -> Sequence[int]:
        found: list[int] = []
        if self._quick is not None:
            self._quick.scan(raw, partial(_note, found))
            if self._run in found:
                found.clear()
                self._quick.scan(_without_runs(raw), partial(_note, found))
        if self._all is not None:
            self._all.scan(raw, partial(_note, found))
        if self._rest is not None:
            numbers, others = self._rest
            found += [numbers[at] for at in others.which(raw)]
        return found

    def stretches(self, number: int, raw: bytes, effort: Effort) -> Stretches:
        return self._where.stretches(number, raw, effort)

    def _compiled(self, expressions: Sequence[Expression], numbers: Sequence[int]) -> _Database | None:
        utf8, single, caseless = (
            int(flag) for flag in (self._hs.HS_FLAG_UTF8, self._hs.HS_FLAG_SINGLEMATCH, self._hs.HS_FLAG_CASELESS)
        )
        chosen = [
            (each.text, utf8 | single) if each.small is None else (each.small, utf8 | single | caseless)
            for each in map(expressions.__getitem__, numbers)
        ]
        return self._made([text for text, _ in chosen], list(numbers), [flags for _, flags in chosen])

    def _compiled_quick(self, expressions: Sequence[Expression]) -> _Database | None:
        """The expressions that have a quick form, and, as number `_run`, two white characters side by side."""
        single, caseless = int(self._hs.HS_FLAG_SINGLEMATCH), int(self._hs.HS_FLAG_CASELESS)
        chosen = [(at, each.quick) for at, each in enumerate(expressions) if each.quick is not None]
        if not chosen:
            return None
        texts, numbers = [text for _, text in chosen], [at for at, _ in chosen]
        return self._made([*texts, r"[\t-\r ]{2}"], [*numbers, self._run], [single | caseless] * (len(chosen) + 1))

    def _made(self, texts: list[str], numbers: list[int], flags: list[int]) -> _Database | None:
        if not texts:
            return None
        database = self._hs.Database(mode=self._hs.HS_MODE_BLOCK)
        try:
            database.compile([text.encode() for text in texts], ids=numbers, flags=flags)
        except self._hs.error:
            return None
        return _Database(database, self._hs.Scratch)


class _Database:
    """A compiled set; scratch space is for one thread at a time, and a child process has its own."""

    def __init__(self, database: Any, scratch: Callable[[Any], Any]) -> None:  # noqa: ANN401 - the library has no types
        self._database, self._scratch = database, scratch
        self._local = threading.local()

    def scan(self, raw: bytes, note: Callable[[int, int, int, int, object], bool | None]) -> None:
        """Calls `note` for every match: number, start (not told), end, flags, context."""
        try:
            scratch = self._local.scratch
        except AttributeError:
            scratch = self._local.scratch = self._scratch(self._database)
        self._database.scan(raw, note, scratch=scratch)


class Re2:
    """RE2: one set for all expressions, and each by itself for where it stands."""

    def __init__(self, expressions: Sequence[Expression], *, has_set: bool = True) -> None:
        self._re2: Any = importlib.import_module("re2")
        self._options: Any = self._re2.Options()
        self._options.max_mem = RE2_MEMORY_BYTES
        self._options.log_errors = False
        self._options.longest_match = True
        self._options.never_capture = True
        self._each = [self._compiled(expression) for expression in expressions]
        self._set: Any = self._joined(expressions) if has_set else None

    def which(self, raw: bytes) -> Sequence[int]:
        found: list[int] = self._set.Match(raw)
        if len(self._each) not in found:  # the empty expression, which every text has: the engine gave up
            raise errors.BadGate("RE2 ran out of memory", where="patterns", mend="use fewer or simpler patterns")
        found.remove(len(self._each))
        return found

    def stretches(self, number: int, raw: bytes, effort: Effort) -> Stretches:
        search = self._each[number].search

        def find(at: int) -> tuple[int, int] | None:
            match = search(raw, at)
            return None if match is None else match.span()

        return _stretches(find, raw, effort)

    def _joined(self, expressions: Sequence[Expression]) -> Any:  # noqa: ANN401 - the library has no types
        found = self._re2.Set.SearchSet(self._options)
        try:
            for expression in expressions:
                found.Add(expression.text.encode())
            found.Add(b"")
            found.Compile()
        except self._re2.error as exc:
            what = f"are too many or too large for RE2 ({exc})"
            raise errors.BadGate(what, where="patterns", mend="leave some out") from exc
        return found

    def _compiled(self, expression: Expression) -> Any:  # noqa: ANN401 - same
        try:
            return self._re2.compile(expression.text.encode(), self._options)
        except self._re2.error as exc:
            what = f"is not taken by RE2 ({exc})"
            raise errors.BadGate(what, where=expression.where, mend="make it simpler") from exc


class Literal:
    """Literal texts alone, with what Python has: `bytes.find`, and for folded text an expression without choices."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._finders = [_finder(expression) for expression in expressions]

    def which(self, raw: bytes) -> Sequence[int]:
        return [number for number, find in enumerate(self._finders) if find(raw, 0) is not None]

    def stretches(self, number: int, raw: bytes, effort: Effort) -> Stretches:
        return _stretches(partial(self._finders[number], raw), raw, effort)


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


def _without_runs(raw: bytes) -> bytes:
    """The text with one space for each run of white space."""
    raw = raw.translate(_ONE_WHITE)
    while b"  " in raw:
        raw = raw.replace(b"  ", b" ")
    return raw


def _stretches(find: Callable[[int], tuple[int, int] | None], raw: bytes, effort: Effort) -> Stretches:
    """Every match, by looking on from one character after the beginning of the last."""
    spans: list[tuple[int, int]] = []
    at = 0
    while not effort.is_spent(len(raw) - at):
        if (span := find(at)) is None:
            return _united(spans, len(raw), is_cut=False)
        spans.append(span)
        at = span[0] + 1
        while at < len(raw) and raw[at] & 0xC0 == 0x80:
            at += 1
    return _united(spans or [(0, len(raw))], len(raw), is_cut=True)


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
