r"""Expressions that RE2 and Hyperscan understand alike: read here, and written out for both, nothing left to either.

The syntax is RE2's (https://github.com/google/re2/wiki/Syntax) without what Hyperscan lacks. Classes are ASCII as in
RE2 (`\d \w \s \b`), `\s` with the vertical tab. Everything is written out as explicit classes of code points, so
neither engine's tables of Unicode decide anything. Greed means nothing here: what counts is the union of all matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from counterproof import errors
from counterproof.rely.gate._patterns_chars import (
    EVERYTHING,
    NAMED_CLASSES,
    PERL_CLASSES,
    Ranges,
    category,
    complement,
    is_category,
    merged,
    with_cases,
)

MOST_LENGTH = 2_000
MOST_REPEAT = 1_000
MOST_SIZE = 2_000
MOST_DEPTH = 40
MEND = "see spec/gate-policy.md for the syntax of patterns"

EdgeKind = Literal["start", "end", "line start", "line end", "word", "no word"]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of `ranges`; `but` is what was negated to get there (`[^...]`), None where nothing was."""

    ranges: Ranges
    but: Ranges | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` to `most` times; `most` None: without bound."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A place rather than a character."""

    kind: EdgeKind


Node: TypeAlias = Chars | Join | Either | Repeat | Edge


def parse(expression: str, where: str) -> Node:
    """The expression as a tree.

    Raises:
        BadGate: it is not in the syntax that both engines share, too long, or what it repeats is too much.
    """
    if len(expression) > MOST_LENGTH:
        raise _bad(where, f"is longer than {MOST_LENGTH:,} characters")
    reader = _Reader(expression, where)
    node = reader.alternatives(_Flags(), 0)
    if not reader.is_done:
        raise _bad(where, "has a `)` that nothing opens")
    if size(node) > MOST_SIZE:
        raise _bad(where, f"repeats too much: written out it has more than {MOST_SIZE:,} places")
    _check_edges(node, where, first=True, last=True)
    return node


def size(node: Node) -> int:
    """How many characters' places the expression has when its repeats are written out."""
    match node:
        case Chars():
            return 1
        case Edge():
            return 0
        case Join(parts) | Either(parts):
            return sum(map(size, parts))
        case Repeat(part, least, most):
            return size(part) * max(least, most or least + 1)


def width(node: Node) -> tuple[int, int | None]:
    """The least and the most characters that a match can have; None: no bound."""
    match node:
        case Chars():
            return 1, 1
        case Edge():
            return 0, 0
        case Join(parts):
            spans = [width(part) for part in parts]
            return sum(least for least, _ in spans), _sum([most for _, most in spans])
        case Either(parts):
            spans = [width(part) for part in parts]
            mosts = [most for _, most in spans]
            known = [most for most in mosts if most is not None]
            return min(low for low, _ in spans), max(known) if len(known) == len(mosts) else None
        case Repeat(part, least, most):
            low, high = width(part)
            return low * least, 0 if high == 0 else None if high is None or most is None else high * most


def has_edges(node: Node) -> bool:
    """Whether the expression names the beginning or end of a text or line: looked for in one text at a time."""
    match node:
        case Edge(kind):
            return kind not in ("word", "no word")
        case Join(parts) | Either(parts):
            return any(map(has_edges, parts))
        case Repeat(part):
            return has_edges(part)
        case Chars():
            return False


def literal(node: Node) -> str | None:
    """The one text that the expression matches, None where there are several."""
    match node:
        case Chars(ranges):
            return chr(ranges[0][0]) if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else None
        case Join(parts):
            texts = [literal(part) for part in parts]
            return None if None in texts else "".join(text for text in texts if text is not None)
        case Repeat(part, least, most) if least == most:
            text = literal(part)
            return None if text is None else text * least
        case _:
            return None


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _bad(where: str, what: str) -> errors.BadGate:
    return errors.BadGate(what, where=where, mend=MEND)


def _check_edges(node: Node, where: str, *, first: bool, last: bool) -> None:
    """Refuses `^` after and `$` before a character: the engines differ on whether that can match."""
    match node:
        case Edge("start" | "line start") if not first:
            raise _bad(where, "has a `^` that is not at its beginning")
        case Edge("end" | "line end") if not last:
            raise _bad(where, "has a `$` that is not at its end")
        case Join(parts):
            takes = [width(part)[1] != 0 for part in parts]
            for at, part in enumerate(parts):
                is_first, is_last = not any(takes[:at]), not any(takes[at + 1 :])
                _check_edges(part, where, first=first and is_first, last=last and is_last)
        case Either(parts):
            for part in parts:
                _check_edges(part, where, first=first, last=last)
        case Repeat(part):
            _check_edges(part, where, first=False, last=False)
        case _:
            pass


@dataclass(frozen=True, slots=True)
class _Flags:
    ignores_case: bool = False
    is_multiline: bool = False
    dot_takes_all: bool = False


_FLAG_NAMES = {"i": "ignores_case", "m": "is_multiline", "s": "dot_takes_all"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_EDGES: dict[str, EdgeKind] = {"A": "start", "z": "end", "b": "word", "B": "no word"}
_REFUSED_ESCAPES = {
    **dict.fromkeys("123456789kg", "a backreference"),
    "Z": "`\\Z` (write `\\z`)",
    "C": "`\\C`, a single byte",
    "R": "`\\R` (write `\\r?\\n`)",
    "X": "`\\X`",
    "K": "`\\K`",
    "G": "`\\G`",
    "Q": "`\\Q` (escape each character)",
    "E": "`\\E` (escape each character)",
    "h": "`\\h` (write `[ \\t]`)",
    "N": "`\\N` (write `[^\\n]`)",
    "u": "`\\u` (write `\\x{...}`)",
}
_REFUSED_GROUPS = {
    "=": "lookahead",
    "!": "negative lookahead",
    "<=": "lookbehind",
    "<!": "negative lookbehind",
    ">": "an atomic group",
    "(": "a conditional group",
    "#": "a comment",
    "|": "a branch reset",
    "R": "recursion",
    "&": "recursion",
    "P=": "a backreference",
    "P>": "recursion",
    "'": "a quoted group name",
}


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str, where: str) -> None:
        self._text, self._where, self._at = text, where, 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._text)

    def alternatives(self, flags: _Flags, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise self._bad(f"is nested more than {MOST_DEPTH} deep")
        branches: list[Node] = []
        items: list[Node] = []
        while not self.is_done and self._peek() != ")":
            if self._take("|"):
                branches.append(_joined(items))
                items = []
            elif (changed := self._flags_from_here(flags)) is not None:
                flags = changed
            else:
                items.append(self._repeated(self._item(flags, depth)))
        branches.append(_joined(items))
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def _item(self, flags: _Flags, depth: int) -> Node:  # noqa: PLR0911 - one line per kind of item
        char = self._next()
        match char:
            case "(":
                return self._group(flags, depth)
            case "[":
                return self._bracket(flags)
            case ".":
                newline = ((10, 10),)
                return Chars(EVERYTHING, ()) if flags.dot_takes_all else Chars(complement(newline), newline)
            case "^":
                return Edge("line start" if flags.is_multiline else "start")
            case "$":
                return Edge("line end" if flags.is_multiline else "end")
            case "\\":
                return self._escape(flags)
            case "*" | "+" | "?":
                raise self._bad(f"repeats nothing with `{char}`")
            case _:
                return _one(ord(char), flags)

    def _group(self, flags: _Flags, depth: int) -> Node:
        if self._take("?"):
            flags = self._group_head(flags)
        node = self.alternatives(flags, depth + 1)
        if not self._take(")"):
            raise self._bad("has a `(` that nothing closes")
        return node

    def _group_head(self, flags: _Flags) -> _Flags:
        if self._take(":"):
            return flags
        for head, name in _REFUSED_GROUPS.items():
            if self._text.startswith(head, self._at):
                raise self._bad(f"uses {name}, which no engine in linear time has")
        if self._take("P<") or self._take("<"):
            name = self._until(">")
            if not name.isidentifier():
                raise self._bad(f"names a group {name[:40]!r}")
            return flags
        changed, closer = self._flag_letters(flags)
        if closer != ":":
            raise self._bad("has a group `(?...` of an unknown kind")
        return changed

    def _flags_from_here(self, flags: _Flags) -> _Flags | None:
        """`(?i)`: flags for the rest of the group."""
        if not self._text.startswith("(?", self._at):
            return None
        head = self._text[self._at + 2 : self._text.find(")", self._at) + 1]
        if not head or any(letter not in "ims-)" for letter in head) or head == ")":
            return None
        self._at += 2
        return self._flag_letters(flags)[0]

    def _flag_letters(self, flags: _Flags) -> tuple[_Flags, str]:
        held = {name: getattr(flags, name) for name in _FLAG_NAMES.values()}
        is_on = True
        while (letter := self._next()) not in ("", ":", ")"):
            if letter == "-" and is_on:
                is_on = False
            elif letter in _FLAG_NAMES:
                held[_FLAG_NAMES[letter]] = is_on
            else:
                raise self._bad(f"sets the flag `{letter}`; known are i, m and s")
        return _Flags(**held), letter

    def _repeated(self, node: Node) -> Node:
        if (bounds := self._bounds()) is None:
            return node
        if isinstance(node, Edge):
            raise self._bad("repeats a place (`^`, `$`, `\\b`), which takes no characters")
        least, most = bounds
        if max(least, most or 0) > MOST_REPEAT:
            raise self._bad(f"repeats more than {MOST_REPEAT:,} times")
        if most is not None and most < least:
            raise self._bad(f"repeats at least {least} and at most {most} times")
        if self._take("+"):
            raise self._bad("uses a possessive repeat (`*+`), which no engine in linear time has")
        self._take("?")  # lazy: which match is found first does not matter here
        if self._bounds() is not None:
            raise self._bad("repeats a repeat; put the inner one in brackets")
        return Repeat(node, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if self._peek() != "{":
            return None
        inside, closed, _ = self._text[self._at + 1 : self._at + 24].partition("}")
        least, comma, most = inside.partition(",")
        if not closed or not _is_number(least) or not (most == "" or _is_number(most)):
            return None  # a brace like any other character, as in RE2
        self._at += len(inside) + 2
        return int(least), int(least) if not comma else int(most) if most else None

    def _escape(self, flags: _Flags) -> Node:
        char = self._peek()
        if char in _EDGES:
            self._at += 1
            return Edge(_EDGES[char])
        found = self._escaped_class()
        if found is not None:
            return found
        return _one(self._escaped_char(), flags)

    def _escaped_class(self) -> Chars | None:
        r"""`\d`, `\pL`, `\P{Lu}` after the backslash; None: it is no class."""
        char = self._peek()
        if char.lower() in PERL_CLASSES and char:
            self._at += 1
            ranges = PERL_CLASSES[char.lower()]
            return Chars(ranges) if char.islower() else Chars(complement(ranges), ranges)
        if char not in ("p", "P") or not char:
            return None
        self._at += 1
        name = self._until("}") if self._take("{") else self._next()
        is_negated = (char == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if not is_category(name):
            raise self._bad(f"names the class \\p{{{name[:20]}}}; only general categories (L, Lu, Nd, ...) are known")
        ranges = category(name)
        return Chars(complement(ranges), ranges) if is_negated else Chars(ranges)

    def _escaped_char(self) -> int:
        char = self._next()
        if char in _REFUSED_ESCAPES and char:
            raise self._bad(f"uses {_REFUSED_ESCAPES[char]}, which the engines do not share")
        if char in _ESCAPES and char:
            return ord(_ESCAPES[char])
        if char == "0":
            return 0
        if char == "x":
            digits = self._until("}") if self._take("{") else self._next() + self._next()
            if not digits or len(digits) > 6 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
                raise self._bad("has a `\\x` without a hexadecimal number")
            code = int(digits, 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise self._bad(f"names U+{code:04X}, which is no character")
            return code
        if not char or (char.isascii() and (char.isalnum() or char == "_")):
            raise self._bad(f"has an unknown escape `\\{char}`")
        return ord(char)

    def _bracket(self, flags: _Flags) -> Chars:
        is_negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        is_first = True
        while is_first or self._peek() != "]":
            if self.is_done:
                raise self._bad("has a `[` that nothing closes")
            is_first = False
            ranges += self._member()
        self._at += 1
        chosen = merged(ranges)
        chosen = with_cases(chosen) if flags.ignores_case else chosen
        if not is_negated:
            return Chars(chosen)
        if not (rest := complement(chosen)):
            raise self._bad("has a class that holds nothing")
        return Chars(rest, chosen)

    def _member(self) -> Ranges:
        """One member of a bracket: a class, a character, or a range of them."""
        if self._text.startswith("[:", self._at) and (end := self._text.find(":]", self._at)) > 0:
            name = self._text[self._at + 2 : end]
            ranges = NAMED_CLASSES.get(name.removeprefix("^"))
            if ranges is None:
                raise self._bad(f"names the class [:{name[:20]}:]")
            self._at = end + 2
            return complement(ranges) if name.startswith("^") else ranges
        low = self._member_char()
        if not isinstance(low, int):
            return low
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return ((low, low),)
        self._at += 1
        high = self._member_char()
        if not isinstance(high, int) or high < low:
            raise self._bad("has a range that goes backwards or ends in a class")
        return ((low, high),)

    def _member_char(self) -> int | Ranges:
        char = self._next()
        if char == "[" and self._peek() in (".", "="):
            raise self._bad("uses a collating class")
        if not char:
            raise self._bad("has a `[` that nothing closes")
        if char != "\\":
            return ord(char)
        if self._peek() in ("b", "B", "A", "z"):
            raise self._bad("has a place (`\\b`) inside a class")
        found = self._escaped_class()
        return found.ranges if found is not None else self._escaped_char()

    def _until(self, closer: str) -> str:
        end = self._text.find(closer, self._at)
        if end < 0:
            raise self._bad(f"lacks a `{closer}`")
        said, self._at = self._text[self._at : end], end + 1
        return said

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += 1
        return char

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _bad(self, what: str) -> errors.BadGate:
        return _bad(self._where, f"{what} (at character {min(self._at, len(self._text))} of {self._text[:80]!r})")


def _one(code: int, flags: _Flags) -> Chars:
    ranges = ((code, code),)
    return Chars(with_cases(ranges) if flags.ignores_case else ranges)


def _joined(items: list[Node]) -> Node:
    return items[0] if len(items) == 1 else Join(tuple(items))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
