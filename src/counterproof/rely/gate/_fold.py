"""Text as a reader sees it: what differs only in case, width, accents, invisible characters or look-alikes is the same.

The fold is a map from one character to a (possibly empty) text, so folding two texts one after the other is folding both
together: a stream can be folded piece by piece. It rests on the Unicode data of the running Python (`unicodedata`) and
on a short table of letters of other scripts that are drawn like Latin ones.
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

# Letters drawn like Latin ones, by script; pairs "letter, what it looks like".
_CYRILLIC = "аaвbсcԁdеeғfһhіiјjкkӏlмmпnоoрpԛqгrѕsтtүuѵvԝwхxуyзzАaВbСcЕeНhІiЈjКkМmОoРpЅsТtХxУyѴvԌgҮyԚqԜwБb"
_GREEK = "αaβbγyεeηnιiκkνvοoρpσoτtυuχxωwΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧx"
_OTHERS = "ոnսuօoզqցgհhկlյjԼlՕoՍuꓐbꓑpꓒdꓖgꓗkꓙjꓚcꓛcꓝfꓟmꓠnꓡlꓢsꓣrꓤrꓥaꓦvꓧhꓪwꓫxꓬyꓮaꓰeꓲiꓳoꓴuꓶlꓷdꓸ.ᎪaᏴbᏟcᎠdᎬeᏀgᎻhᎥiᎫjᏦkᏞlᎷmᏢpᏒrᏚsᎢtᏙvᎳwᏃz"
_MARKS = "‘'’'‚'‛'ʼ'ʹ'′'`'´'“\"”\"„\"‟\"″\"«\"»\"‐-‑-‒-–-—-―-−-⁃-․.⁄/∕/∶:ː:∗*⁎*"
_LOOKS = _CYRILLIC + _GREEK + _OTHERS + _MARKS
_LOOKALIKES = dict(zip(_LOOKS[::2], _LOOKS[1::2], strict=True))

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
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5")
"""Letters that Unicode says are drawn as nothing (Default_Ignorable_Code_Point)."""


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
    return "".join(_one(piece) for whole in plain for piece in unicodedata.normalize("NFKD", whole.casefold()))


def is_latin(char: str) -> bool:
    """Whether a letter is a Latin one (with an accent, in another width, as a symbol), not one that looks like it."""
    name = unicodedata.name(unicodedata.normalize("NFKD", char)[:1], "")
    return "LATIN" in name or name.startswith(("REGIONAL INDICATOR", "DIGIT"))


def strange(raw: bytes) -> frozenset[str]:
    """The characters of a text (as UTF-8) that a fold may change in more than case: not ASCII, or control characters."""
    return frozenset(raw.translate(None, _ORDINARY).decode("utf-8", "surrogatepass"))


def loose(text: str, odd: frozenset[str] | None = None) -> str:
    """`text` folded but for ASCII's case and white space, of which the patterns take care; `odd`: its strange characters."""
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
    if kind in ("Cf", "Cc", "Me", "Cs") or char in _BLANK or _is_in(code, _DIACRITICS) or _is_in(code, _SELECTORS):
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
