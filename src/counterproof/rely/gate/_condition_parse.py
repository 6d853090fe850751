"""The words and grammar of conditions: the part of CEL (https://github.com/google/cel-spec, langdef) that gates use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterproof import errors

MOST_LENGTH = 4_000
MOST_DEPTH = 40
MOST_WORDS = 600
MEND = "see spec/gate-policy.md for what a condition can say"

_WORD = re.compile(
    r"""(?P<space>[\t\n\f\r ]+|//[^\n]*)
    |(?P<text>[rR]?"(?:[^"\\\n\r]|\\.)*"|[rR]?'(?:[^'\\\n\r]|\\.)*')
    |(?P<double>(?:[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+))
    |(?P<int>0x[0-9a-fA-F]+|[0-9]+)
    |(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    |(?P<sign>\|\||&&|[=!<>]=|[<>!+\-*/%?:.,()\[\]{}])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_SIMPLE = {
    "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?",
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_RESERVED = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
})  # fmt: skip
_NOT_HERE = {"/": "division", "%": "the remainder", "{": "maps and messages"}


class Word(NamedTuple):
    """One word of the text and where it begins."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Value:
    """A literal."""

    value: float | str  # bool and int are floats to a type checker
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, with its dots: `memory.signal`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Key:
    """`hits["name"]`."""

    of: Tree
    key: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function."""

    name: str
    given: tuple[Tree, ...]
    at: int


Tree: TypeAlias = Value | Name | Key | Items | Call


def parse(text: str, where: str) -> Tree:
    """A condition as a tree.

    Raises:
        BadGate: it is no condition; says at which character.
    """
    if len(text) > MOST_LENGTH:
        raise bad(where, f"is longer than {MOST_LENGTH:,} characters")
    words = _words(text, where)
    if len(words) > MOST_WORDS:
        raise bad(where, f"has more than {MOST_WORDS} words")
    reader = _Reader(words, where)
    tree = reader.whole(0)
    reader.end()
    return tree


def bad(where: str, what: str, at: int | None = None) -> errors.BadGate:
    """The refusal of a condition. `at`: of which character it speaks."""
    return errors.BadGate(what if at is None else f"{what} (at character {at})", where=where, mend=MEND)


def _words(text: str, where: str) -> list[Word]:
    words: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise bad(where, f"has a character that begins nothing: {text[at]!r}", at)
        kind = str(match.lastgroup)
        if kind in ("int", "double") and re.match(r"\w", text[match.end() : match.end() + 1]):
            raise bad(where, "has a number that goes on as a name (there are no unsigned numbers here)", at)
        if kind != "space":
            words.append(Word(kind, match[0], at))
        at = match.end()
    words.append(Word("end", "", at))
    return words


class _Reader:
    """By recursive descent, weakest operator first."""

    def __init__(self, words: list[Word], where: str) -> None:
        self._words, self._where, self._next = words, where, 0

    def whole(self, depth: int) -> Tree:
        if depth > MOST_DEPTH:
            raise bad(self._where, f"is nested more than {MOST_DEPTH} deep")
        condition = self._left(("||",), depth)
        if (at := self._take("?")) is None:
            return condition
        chosen = self._left(("||",), depth + 1)
        self._need(":")
        return Call("?:", (condition, chosen, self.whole(depth + 1)), at)

    def end(self) -> None:
        if self._word.kind != "end":
            raise self._unexpected()

    @property
    def _word(self) -> Word:
        return self._words[self._next]

    def _left(self, operators: tuple[str, ...], depth: int) -> Tree:
        """A chain of operators of one strength, from the left."""
        following = _STRONGER[operators]
        tree = self._left(following, depth) if following else self._unary(depth)
        while self._word.text in operators and self._word.kind in ("sign", "name"):
            word = self._word
            self._next += 1
            right = self._left(following, depth) if following else self._unary(depth)
            tree = Call(word.text, (tree, right), word.at)
        return tree

    def _unary(self, depth: int) -> Tree:
        word = self._word
        if word.text not in ("!", "-") or word.kind != "sign":
            return self._member(depth)
        if depth > MOST_DEPTH:
            raise bad(self._where, f"is nested more than {MOST_DEPTH} deep")
        self._next += 1
        number = self._word
        if word.text == "-" and number.kind in ("int", "double"):
            self._next += 1
            return self._following(self._number(number, -1), depth)
        return Call("neg" if word.text == "-" else "!", (self._unary(depth + 1),), word.at)

    def _member(self, depth: int) -> Tree:
        return self._following(self._primary(depth), depth)

    def _following(self, tree: Tree, depth: int) -> Tree:
        while True:
            if self._take(".") is not None:
                name = self._name()
                if self._take("(") is not None:
                    tree = Call(f".{name.text}", (tree, *self._list(")", depth)), name.at)
                elif isinstance(tree, Name):
                    tree = Name(f"{tree.name}.{name.text}", tree.at)
                else:
                    raise bad(self._where, f"asks for .{name.text} of something that has no parts", name.at)
            elif (at := self._take("[")) is not None:
                tree = Key(tree, self.whole(depth + 1), at)
                self._need("]")
            else:
                return tree

    def _primary(self, depth: int) -> Tree:  # noqa: PLR0911 - one return per kind of word
        word = self._word
        self._next += 1
        match word.kind, word.text:
            case (("int" | "double"), _):
                return self._number(word, 1)
            case "text", _:
                return Value(self._text(word), word.at)
            case "name", ("true" | "false"):
                return Value(word.text == "true", word.at)
            case "name", _:
                self._next -= 1
                name = self._name()
                if self._take("(") is not None:
                    return Call(f"{name.text}()", tuple(self._list(")", depth)), name.at)
                return Name(name.text, name.at)
            case "sign", "(":
                tree = self.whole(depth + 1)
                self._need(")")
                return tree
            case "sign", "[":
                return Items(tuple(self._list("]", depth)), word.at)
            case _:
                self._next -= 1
                raise self._unexpected()

    def _list(self, closer: str, depth: int) -> list[Tree]:
        items: list[Tree] = []
        if self._take(closer) is not None:
            return items
        while True:
            items.append(self.whole(depth + 1))
            if self._take(closer) is not None:
                return items
            self._need(",")

    def _name(self) -> Word:
        word = self._word
        if word.kind != "name" or word.text in ("in", "true", "false", "null"):
            raise self._unexpected()
        if word.text in _RESERVED:
            raise bad(self._where, f"uses the reserved word {word.text!r}", word.at)
        self._next += 1
        return word

    def _number(self, word: Word, sign: int) -> Value:
        if word.kind == "double":
            value = sign * float(word.text)
            if value in (float("inf"), float("-inf")):
                raise bad(self._where, f"has a number that is too large: {word.text[:40]}", word.at)
            return Value(value, word.at)
        whole = sign * int(word.text, 16 if word.text.startswith("0x") else 10)
        if not -(2**63) <= whole < 2**63:
            raise bad(self._where, f"has a number that does not fit 64 bits: {word.text[:40]}", word.at)
        return Value(whole, word.at)

    def _text(self, word: Word) -> str:
        if word.text[0] in "rR":
            return word.text[2:-1]

        def said(match: re.Match[str]) -> str:
            digits = match[1] or match[2] or match[3]
            code = int(digits, 16) if digits else int(match[4], 8) if match[4] else None
            if code is None:
                if match[5] not in _SIMPLE:
                    raise bad(self._where, f"has an unknown escape \\{match[5]}", word.at)
                return _SIMPLE[match[5]]
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise bad(self._where, "has an escape that is no character", word.at)
            return chr(code)

        return _ESCAPE.sub(said, word.text[1:-1])

    def _take(self, sign: str) -> int | None:
        if self._word.kind != "sign" or self._word.text != sign:
            return None
        self._next += 1
        return self._words[self._next - 1].at

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._unexpected(f"; `{sign}` belongs here")

    def _unexpected(self, more: str = "") -> errors.BadGate:
        word = self._word
        if word.text in _NOT_HERE:
            what = f"uses {_NOT_HERE[word.text]} (`{word.text}`), which conditions do not have"
            return bad(self._where, what, word.at)
        what = "ends too early" if word.kind == "end" else f"has an unexpected {word.text[:40]!r}"
        return bad(self._where, what + more, word.at)


_OR, _AND = ("||",), ("&&",)
_COMPARE = ("<", "<=", ">", ">=", "==", "!=", "in")
_ADD, _MULTIPLY = ("+", "-"), ("*",)
_STRONGER: dict[tuple[str, ...], tuple[str, ...]] = {
    _OR: _AND, _AND: _COMPARE, _COMPARE: _ADD, _ADD: _MULTIPLY, _MULTIPLY: (),
}  # fmt: skip
