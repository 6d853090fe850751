"""An expression written out for the engines, as it stands and as it reads in folded text.

Texts are searched joined by U+001E, which no class written here holds; in a text that has it, U+001F takes its place.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from counterproof.rely.gate import _fold
from counterproof.rely.gate._patterns_chars import (
    SPACES,
    Ranges,
    complement,
    count,
    holds,
    members,
    merged,
    with_cases,
    without,
)
from counterproof.rely.gate._patterns_syntax import Chars, Edge, Either, Join, Node, Repeat

SEPARATOR, STAND_IN = "\x1e", "\x1f"
_FEW = 8
_NEVER: Ranges = ((0x1E, 0x1E),)
_CAPITALS: Ranges = ((65, 90),)
_EDGES = {"start": r"\A", "end": r"\z", "line start": "(?m:^)", "line end": "(?m:$)", "word": r"\b", "no word": r"\B"}


def written(node: Node) -> str:
    """The expression in a form that RE2 and Hyperscan read alike."""
    match node:
        case Chars(ranges):
            return _class(ranges)
        case Edge(kind):
            return _EDGES[kind]
        case Join(parts):
            return "".join(map(_grouped, parts))
        case Either(parts):
            return "|".join(written(part) for part in parts)
        case Repeat(part, least, most):
            return _atom(part) + _bounds(least, most)


def in_folded(node: Node) -> Node:
    """What finds in a folded text (or in ASCII, whatever its case and white space) what `node` means."""
    match node:
        case Chars(ranges, but):
            return _folded_class(ranges) if but is None else _folded_complement(but)
        case Join(parts):
            return Join(tuple(map(in_folded, parts)))
        case Either(parts):
            return Either(tuple(map(in_folded, parts)))
        case Repeat(part, least, most):
            inner = in_folded(part)
            if _is_white_run(inner):
                return Repeat(Chars(SPACES), min(least, 1), None)
            return Repeat(inner, least, most)
        case Edge():
            return node


def caseless(node: Node) -> str | None:
    """What finds the same in a text where case is ignored; None where `node` does not ignore it.

    Beyond ASCII an engine ignores more than `node` does: what it finds is then to be looked at again.
    """
    small = _small(node)
    return None if small is None else written(small)


def closed_up(node: Node) -> str | None:
    """The same for an engine that ignores the case of ASCII alone, in a text whose runs of white space are one long.

    None where that would mean something else: where white space is counted, or met one by one.
    """
    small = _small(node)
    if small is None or _whiteness(node) is None:
        return None
    return written(_single(small))


def is_covered(node: Node) -> bool:
    """Whether all that `node` finds in a text is found in the same text by `in_folded(node)` too."""
    match node:
        case Chars(ranges, but):
            there = _folded_class(ranges) if but is None else _folded_complement(but)
            if _is_white_run(there):
                return holds(SPACES, ranges)
            return isinstance(there, Chars) and holds(there.ranges, ranges)
        case Join(parts) | Either(parts):
            return all(map(is_covered, parts))
        case Repeat(part):
            return is_covered(part)
        case Edge():
            return True


@lru_cache(maxsize=4_096)
def _folded_class(ranges: Ranges) -> Node:
    """One character out of `ranges`, in folded text: itself in any case, and the fold of a letter that stands alone."""
    if holds(SPACES, ranges):
        return Repeat(Chars(SPACES), 1, None)
    singles, longer = _folds(ranges)
    ways: list[Node] = [Chars(_any_case(merged((*ranges, *singles))))]
    ways += [_text(said) for said in sorted(longer) if said]
    node = ways[0] if len(ways) == 1 else Either(tuple(ways))
    return Repeat(node, 0, 1) if "" in longer else node


@lru_cache(maxsize=4_096)
def _folded_complement(but: Ranges) -> Chars:
    """One character that is none of `but`, in folded text. White space stays: a line's end is still to be told."""
    singles, _ = _folds(but)
    spaces = without(but, without(but, SPACES))
    others = without(_any_case(merged((*but, *singles))), SPACES)
    all_but = merged((*spaces, *others))
    return Chars(complement(all_but), all_but)


@lru_cache(maxsize=4_096)
def _folds(ranges: Ranges) -> tuple[Ranges, set[str]]:
    """The folds of `ranges` that are one character, and those that are several.

    A class of many letters is what it says: folded, one of Cyrillic letters would find English words. Nor is a letter
    of another script in a *pattern* read as the Latin one it looks like: a Russian word would find an English one.
    """
    said: set[str] = set()
    if count(ranges) <= _FEW:
        for char in map(chr, members(ranges)):
            fold = _fold.fold_of(char)
            is_foreign = not char.isascii() and fold.isascii() and fold.isalnum() and not _fold.is_latin(char)
            said |= set() if is_foreign else {fold}
    singles = merged((ord(fold), ord(fold)) for fold in said if len(fold) == 1)
    if any(low <= 32 <= high for low, high in singles):
        singles = merged((*singles, *SPACES))
    return singles, {fold for fold in said if len(fold) != 1}


def _any_case(ranges: Ranges) -> Ranges:
    return with_cases(ranges) if ranges and ranges[-1][1] > 127 else _with_ascii_cases(ranges)


@lru_cache(maxsize=4_096)
def _with_ascii_cases(ranges: Ranges) -> Ranges:
    lower, upper = without(ranges, complement(((97, 122),))), without(ranges, complement(((65, 90),)))
    return merged((*ranges, *((a - 32, b - 32) for a, b in lower), *((a + 32, b + 32) for a, b in upper)))


def _text(said: str) -> Node:
    parts: list[Node] = []
    for char in said:
        code = ord(char)
        if char == " ":
            parts.append(Repeat(Chars(SPACES), 1, None))
        else:
            parts.append(Chars(_with_ascii_cases(((code, code),))))
    return Join(tuple(parts))


def _is_white_run(node: Node) -> bool:
    return isinstance(node, Repeat) and node.part == Chars(SPACES) and node.most is None


def _grouped(node: Node) -> str:
    return f"(?:{written(node)})" if isinstance(node, Either) else written(node)


def _atom(node: Node) -> str:
    return written(node) if isinstance(node, Chars) else f"(?:{written(node)})"


def _bounds(least: int, most: int | None) -> str:
    match least, most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case _:
            return f"{{{least},{'' if most is None else most}}}" if least != most else f"{{{least}}}"


@lru_cache(maxsize=4_096)
def _class(ranges: Ranges) -> str:
    if any(low <= 0x1E <= high for low, high in ranges):
        ranges = without(merged((*ranges, (0x1F, 0x1F))), _NEVER)
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _char(ranges[0][0])
    return "[" + "".join(_char(low) if low == high else f"{_char(low)}-{_char(high)}" for low, high in ranges) + "]"


def _char(code: int) -> str:
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{{{code:x}}}"


def _small(node: Node) -> Node | None:
    """The node without capitals, None where one of its classes tells them apart."""
    match node:
        case Chars(ranges):
            if _with_ascii_cases(ranges) != ranges:
                return None
            return Chars(without(ranges, _CAPITALS))
        case Join(parts) | Either(parts):
            small = [_small(part) for part in parts]
            known = tuple(part for part in small if part is not None)
            return None if len(known) < len(small) else type(node)(known)
        case Repeat(part, least, most):
            inner = _small(part)
            return None if inner is None else Repeat(inner, least, most)
        case Edge():
            return node


class _White(NamedTuple):
    """Whether a match can begin with white space, end with it, be empty."""

    begins: bool
    ends: bool
    is_empty: bool


def _whiteness(node: Node) -> _White | None:
    """None where a run of white space could be matched by parts, where a class has more than ASCII, or less than it."""
    match node:
        case Chars(ranges):
            is_mixed = not ranges or ranges[-1][1] > 127 or without(ranges, without(ranges, SPACES))
            return None if is_mixed else _White(begins=False, ends=False, is_empty=False)
        case Edge(kind):
            return _White(begins=False, ends=False, is_empty=True) if kind == "word" else None
        case Repeat(_, least, _) if _is_white_run(node):
            return _White(begins=True, ends=True, is_empty=not least)
        case Repeat(part, least, most):
            inner = _whiteness(part)
            is_apart = inner is not None and not (inner.begins and inner.ends and most != 1)
            return inner._replace(is_empty=inner.is_empty or not least) if inner is not None and is_apart else None
        case Either(parts):
            return _either(parts)
        case Join(parts):
            return _joined(parts)


def _either(parts: tuple[Node, ...]) -> _White | None:
    each = [_whiteness(part) for part in parts]
    known = [one for one in each if one is not None]
    if len(known) < len(each):
        return None
    begins, ends, is_empty = (any(one[n] for one in known) for n in range(3))
    return _White(begins, ends, is_empty)


def _joined(parts: tuple[Node, ...]) -> _White | None:
    whole = _White(begins=False, ends=False, is_empty=True)
    for part in parts:
        one = _whiteness(part)
        if one is None or (whole.ends and one.begins):
            return None
        whole = _White(
            begins=whole.begins or (whole.is_empty and one.begins),
            ends=one.ends or (one.is_empty and whole.ends),
            is_empty=whole.is_empty and one.is_empty,
        )
    return whole


def _single(node: Node) -> Node:
    """The node with one white character for each run of them."""
    match node:
        case Join(parts) | Either(parts):
            return type(node)(tuple(map(_single, parts)))
        case Repeat(part, least, most):
            return Repeat(part, least, 1) if _is_white_run(node) else Repeat(_single(part), least, most)
        case _:
            return node
