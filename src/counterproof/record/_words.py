"""The normal form of text, in which answers, refusals and the suite's expressions are compared."""

from __future__ import annotations

import re
import unicodedata

from counterproof.record._suite import Language

_EMPHASIS = re.compile(r"(?<![^\W_])[*_`#]|[*_`#](?![^\W_])")
_MARK = re.compile(r"(?<![^\W_])[^\w\s]|[^\w\s](?![^\W_])")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def normalised(text: str) -> str:
    """Case folded, NFC, straight quotes, punctuation standing alone, single spaces, without Markdown's emphasis.

    A mark between two letters or digits stays where it is (`can't`, `3.5`); every other punctuation mark or symbol
    becomes a word of its own. `normalised(normalised(x)) == normalised(x)`. Case folding follows the canonical caseless
    match of the Unicode Standard, section 3.13 (D145).
    """
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFD", text.translate(_QUOTES)).casefold()
        text = unicodedata.normalize("NFC", text)
    text = _MARK.sub(_alone, _EMPHASIS.sub(" ", text))
    return " ".join(text.split())


def _alone(found: re.Match[str]) -> str:
    mark = found[0]
    if mark > "\x7f" and unicodedata.category(mark)[0] not in "PS":
        return mark
    return f" {mark} "


def translated(text: str, words: dict[str, str]) -> str:
    """The normal form of `text` with every word that stands in `words` replaced; other words stay as they are."""
    return " ".join([words.get(word, word) for word in normalised(text).split(" ")])


def back_words(language: Language) -> dict[str, str]:
    """The lexicon turned round: what a reply in this language is read with."""
    return {there: here for here, there in language.lexicon.items()}
