"""Text as a reader sees it: what differs only in case, width, accents, invisible characters or look-alikes is the same.

The fold is a map from one character to a (possibly empty) text, so folding two texts one after the other is folding
both together: a stream can be folded piece by piece. It rests on the Unicode data of the running Python and on a short
table of letters of other scripts that are drawn like Latin ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

WHITE = frozenset(" \t\n\v\f\r")
_ORDINARY = bytes(code for code in range(128) if chr(code).isprintable() or chr(code) in WHITE)
_FEW = 24
MOST_KEPT = 70_000
"""How many folds of single characters are kept: every letter in use, and no more than a few megabytes."""

# Letters and marks of other scripts that are drawn like these.
_LOOKS = {
    "a": "\u0430\u0410\u03b1\u0391\ua4e5\ua4ee\u13aa",
    "b": "\u0432\u0412\u03b2\u0392\ua4d0\u13f4",
    "c": "\u0441\u0421\ua4da\ua4db\u13df",
    "d": "\u0501\ua4d2\ua4f7\u13a0",
    "e": "\u0435\u0415\u03b5\u0395\ua4f0\u13ac",
    "f": "\u0493\ua4dd",
    "g": "\u050c\u0581\ua4d6\u13c0",
    "h": "\u04bb\u041d\u0397\u0570\ua4e7\u13bb",
    "i": "\u0456\u0406\u03b9\u0399\ua4f2\u13a5",
    "j": "\u0458\u0408\u0575\ua4d9\u13ab",
    "k": "\u043a\u041a\u03ba\u039a\ua4d7\u13e6",
    "l": "\u04cf\u056f\u053c\ua4e1\ua4f6\u13de",
    "m": "\u043c\u041c\u039c\ua4df\u13b7",
    "n": "\u043f\u03b7\u039d\u0578\ua4e0",
    "o": "\u043e\u041e\u03bf\u03c3\u039f\u0585\u0555\ua4f3",
    "p": "\u0440\u0420\u03c1\u03a1\ua4d1\u13e2",
    "q": "\u051b\u051a\u0566",
    "r": "\u0433\ua4e3\ua4e4\u13d2",
    "s": "\u0455\u0405\ua4e2\u13da",
    "t": "\u0442\u0422\u03c4\u03a4\u13a2",
    "u": "\u04af\u03c5\u057d\u054d\ua4f4",
    "v": "\u0475\u0474\u03bd\ua4e6\u13d9",
    "w": "\u051d\u051c\u03c9\ua4ea\u13b3",
    "x": "\u0445\u0425\u03c7\u03a7\ua4eb",
    "y": "\u0443\u0423\u04ae\u03b3\u03a5\ua4ec",
    "z": "\u0437\u0396\u13c3",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
    "'": "\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u00b4",
    "*": "\u2217\u204e",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043",
    ".": "\ua4f8\u2024",
    "/": "\u2044\u2215",
    ":": "\u2236\u02d0",
}
_LOOKALIKES = {other: shown for shown, others in _LOOKS.items() for other in others}

# Names of characters that show one Latin letter: squared, circled, with a stroke, as a small capital, as a flag's half.
_NAMED = re.compile(
    r"(?:(?:NEGATIVE |CROSSED NEGATIVE )?(?:SQUARED|CIRCLED) LATIN (?:CAPITAL|SMALL) LETTER"
    r"|REGIONAL INDICATOR SYMBOL LETTER|TAG LATIN (?:CAPITAL|SMALL) LETTER|LATIN LETTER SMALL CAPITAL"
    r"|MODIFIER LETTER (?:SMALL|CAPITAL)|LATIN (?:SMALL|CAPITAL) LETTER(?: DOTLESS| SCRIPT| CLOSED| OPEN)?) ([A-Z])"
    r"(?: WITH .*)?"
)
_TAGS = (0xE0020, 0xE007E)
_DIACRITICS = ((0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x180B, 0x180F))
_POINTS = ((1, 1), (10, 36), (200, 240))
"""Combining classes of marks without which a text reads the same: overlays, points of Hebrew, Arabic and Syriac, and
whatever stands above or below. Vowel signs, nukta, virama and kana's voicing are as good as letters."""
_UNSEEN = frozenset({"Cf", "Cc", "Me", "Cs", "Cn", "Co"})
"""What is drawn as nothing, and what no font is sure to draw: unassigned and private."""
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\ufffd")
"""Letters that are drawn as nothing (Default_Ignorable_Code_Point), and what stands for half a character."""


class Folded(NamedTuple):
    """A folded text, and for each of its characters (and its end) where in the original it began, in code points."""

    text: str
    starts: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the original from which `text[start:end]` came; `end` greater than `start`."""
        return self.starts[start], max(self.starts[end], self.starts[end - 1] + 1)


class _Folds(dict[int, str]):
    """The fold of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        said = fold_of(chr(code))
        if len(self) < MOST_KEPT:
            self[code] = said
        return said


def fold_of(char: str) -> str:
    """What one character is folded to: lower case, compatibility forms resolved, accents and the invisible gone."""
    if char in WHITE:
        return " "
    plain = unicodedata.normalize("NFKD", char)
    return "".join(
        _LOOKALIKES.get(whole) or _one(piece)  # a capital may look like another letter than its small one
        for whole in plain
        for piece in unicodedata.normalize("NFKD", whole.casefold())
    )


def is_latin(char: str) -> bool:
    """Whether a letter is a Latin one (with an accent, in another width, as a symbol), not one that looks like it."""
    name = unicodedata.name(unicodedata.normalize("NFKD", char)[:1], "")
    return "LATIN" in name or name.startswith(("REGIONAL INDICATOR", "DIGIT"))


def strange(raw: bytes) -> frozenset[str]:
    """The characters of a text (as UTF-8) that a fold may change in more than case: other than ASCII, and controls."""
    return frozenset(raw.translate(None, _ORDINARY).decode("utf-8", "surrogatepass"))


def loose(text: str, odd: frozenset[str] | None = None) -> str:
    """`text` folded but for ASCII's case and white space, of which patterns take care; `odd`: the `strange` in it."""
    if odd is None:
        odd = strange(text.encode("utf-8", "surrogatepass"))
    changed = [(char, said) for char in odd if (said := _FOLDS[ord(char)]) != char]
    if len(changed) > _FEW:
        return text.translate({ord(char): said for char, said in changed})
    for char, said in changed:  # what a fold gives is its own fold, so the order does not matter
        text = text.replace(char, said)
    return text


def folded(text: str) -> Folded:
    """`text` folded, runs of white space made one space, with the way back to the original."""
    pieces: list[str] = []
    starts: list[int] = []
    is_after_space = False
    for at, char in enumerate(text):
        said = _FOLDS[ord(char)]
        for piece in said:
            if piece == " " and is_after_space:
                continue
            is_after_space = piece == " "
            pieces.append(piece)
            starts.append(at)
    starts.append(len(text))
    return Folded("".join(pieces), starts)


def traced(text: str) -> Folded:
    """`text` folded, one character for each of `loose`, with the way back to the original."""
    pieces = [_FOLDS[ord(char)] for char in text]
    starts = [at for at, piece in enumerate(pieces) for _ in piece]
    starts.append(len(text))
    return Folded("".join(pieces), starts)


def _one(char: str) -> str:  # noqa: PLR0911 - one line per kind of character
    if char.isascii():
        return char if char.isprintable() else " " if char in WHITE else ""
    if (said := _LOOKALIKES.get(char)) is not None:
        return said
    code, kind = ord(char), unicodedata.category(char)
    if _TAGS[0] <= code <= _TAGS[1]:  # invisible copies of ASCII, in which instructions to a model are hidden
        return chr(code - 0xE0000).lower()
    if kind in _UNSEEN or char in _BLANK or _is_in(code, _DIACRITICS) or _is_in(code, _SELECTORS):
        return ""
    if kind == "Mn" and _is_in(unicodedata.combining(char), _POINTS):
        return ""
    if kind in ("Zs", "Zl", "Zp"):
        return " "
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind in ("Ll", "Lu", "Lo", "Lm", "So") and (named := _NAMED.fullmatch(unicodedata.name(char, ""))):
        return named[1].lower()
    return char


def _is_in(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


_FOLDS = _Folds()
