"""Sets of characters as sorted ranges of code points, surrogates left out: neither engine's tables are asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)
EVERYTHING: Ranges = ((0, 0xD7FF), (0xE000, LAST))
SPACES: Ranges = ((9, 13), (32, 32))
_DIGITS: Ranges = ((48, 57),)
_UPPER: Ranges = ((65, 90),)
_LOWER: Ranges = ((97, 122),)

PERL_CLASSES: dict[str, Ranges] = {"d": _DIGITS, "s": SPACES, "w": (*_DIGITS, *_UPPER, (95, 95), *_LOWER)}
NAMED_CLASSES: dict[str, Ranges] = {
    "alnum": (*_DIGITS, *_UPPER, *_LOWER),
    "alpha": (*_UPPER, *_LOWER),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGITS,
    "graph": ((33, 126),),
    "lower": _LOWER,
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": SPACES,
    "upper": _UPPER,
    "word": PERL_CLASSES["w"],
    "xdigit": (*_DIGITS, (65, 70), (97, 102)),
}
_CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co"
_KNOWN = frozenset(_CATEGORIES.split()) | frozenset("LMNPSZ")


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same characters as sorted ranges that do not touch, without surrogates."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    whole: list[tuple[int, int]] = []
    for low, high in out:
        if low < SURROGATES[0]:
            whole.append((low, min(high, SURROGATES[0] - 1)))
        if high > SURROGATES[1]:
            whole.append((max(low, SURROGATES[1] + 1), high))
    return tuple(whole)


@lru_cache(maxsize=4_096)
def complement(ranges: Ranges) -> Ranges:
    """Every character that is not in `ranges`."""
    out: list[tuple[int, int]] = []
    at = 0
    for low, high in sorted(ranges):
        if low > at:
            out.append((at, low - 1))
        at = max(at, high + 1)
    if at <= LAST:
        out.append((at, LAST))
    return merged(out)


@lru_cache(maxsize=4_096)
def without(ranges: Ranges, others: Ranges) -> Ranges:
    """What is in `ranges` and not in `others`."""
    return complement(merged((*complement(ranges), *others)))


@lru_cache(maxsize=4_096)
def holds(ranges: Ranges, others: Ranges) -> bool:
    """Whether everything in `others` is in `ranges`."""
    return not without(others, ranges)


def count(ranges: Ranges) -> int:
    """How many characters."""
    return sum(high - low + 1 for low, high in ranges)


def members(ranges: Ranges) -> Iterable[int]:
    """Each code point."""
    for low, high in ranges:
        yield from range(low, high + 1)


@lru_cache(maxsize=4_096)
def with_cases(ranges: Ranges) -> Ranges:
    """`ranges` with the other cases of all its letters (simple case folding: one character for one)."""
    if not ranges:
        return ranges
    extra: list[tuple[int, int]] = []
    for group in _ascii_cases() if ranges[-1][1] < 128 else _cases():
        if any(low <= code <= high for code in group for low, high in ranges):
            extra += [(code, code) for code in group]
    return merged((*ranges, *extra)) if extra else ranges


def is_category(name: str) -> bool:
    """Whether `name` is a general category of Unicode, or its first letter."""
    return name in _KNOWN


@lru_cache(maxsize=64)
def category(name: str) -> Ranges:
    """All characters of a general category, by the Unicode data of the running Python."""
    found = (code for code in members(EVERYTHING) if unicodedata.category(chr(code)).startswith(name))
    return merged((code, code) for code in found)


@lru_cache(maxsize=1)
def _ascii_cases() -> tuple[tuple[int, ...], ...]:
    """The groups of `_cases` with an ASCII letter in them: the Kelvin sign is a k, the long s an s."""
    others = {"k": (0x212A,), "s": (0x17F,)}
    return tuple((ord(c), ord(c.upper()), *others.get(c, ())) for c in "abcdefghijklmnopqrstuvwxyz")


@lru_cache(maxsize=1)
def _cases() -> tuple[tuple[int, ...], ...]:
    groups: dict[str, list[int]] = {}
    for code in members(EVERYTHING):
        char = chr(code)
        lower = char.casefold()
        lower = lower if len(lower) == 1 else char.lower()
        if len(lower) == 1:
            groups.setdefault(lower, []).append(code)
    return tuple(tuple(codes) for codes in groups.values() if len(codes) > 1)
