"""A byte-level BPE tokenizer read from `tokenizer.json`, in the standard library alone.

Same ids as the `tokenizers` package on any text: the pre-tokenisation pattern of GPT-2 (Radford et al. 2019), one
prefix space, special tokens recognised inside text. `re` has no class of letters, and `str.isalpha` changes with the
version of Python, so the classes of characters come from a file that was probed from the reference once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, cast

# Alternatives in the order in which GPT-2 tries them; L, N and S stand for letters, numbers and spaces.
_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?[{L}]+| ?[{N}]+| ?[^{S}{L}{N}]+|[{S}]+(?![^{S}])|[{S}]+"
_ASCII = re.compile(_PATTERN.format(L="A-Za-z", N="0-9", S=r"\t-\r "))
_CACHED_WORDS = 1 << 16


def _byte_letters() -> list[str]:
    """The printable character that stands for each byte: itself where it prints, else one from 256 upwards."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {b: chr(b) for b in printable}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(printable))
    return [letters[b] for b in range(256)]


def _class(ranges: Iterable[list[int]]) -> str:
    """Inclusive ranges of code points as the inside of a character class."""
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in ranges)


class Tokenizer:
    """Text to ids and back.

    Args:
        tokenizer_json: the bytes of a `tokenizer.json` with a byte-level BPE model.
        characters_json: the bytes of a file with the keys letter, number and space, each a list of inclusive ranges.
    """

    def __init__(self, tokenizer_json: bytes, characters_json: bytes) -> None:
        whole = cast("dict[str, Any]", json.loads(tokenizer_json))
        model = whole["model"]
        self._characters_json = characters_json
        self._unicode: re.Pattern[str] | None = None
        self._ids: dict[str, int] = model["vocab"]
        self._ranks: dict[tuple[str, str], int] = {(a, b): n for n, (a, b) in enumerate(model["merges"])}
        self.specials: dict[str, int] = {t["content"]: t["id"] for t in whole["added_tokens"]}
        self._special = re.compile("(" + "|".join(map(re.escape, self.specials)) + ")")
        self._letters = _byte_letters()
        self._words: dict[str, tuple[int, ...]] = {}
        byte_of = {letter: byte for byte, letter in enumerate(self._letters)}
        self._bytes: dict[int, bytes] = {
            i: bytes(byte_of[letter] for letter in word)
            for word, i in self._ids.items()
            if i not in self.specials.values()
        }
        self.longest_bytes = max(map(len, self._bytes.values()))

    def encode(self, text: str) -> list[int]:
        """Ids of a text, each stretch between special tokens with a space put before it unless it begins with one.

        Raises:
            UnicodeEncodeError: the text holds half of a surrogate pair.
        """
        if "<|" not in text:
            return self._stretch(text)
        ids: list[int] = []
        for piece in self._special.split(text):
            special = self.specials.get(piece)
            ids.extend(self._stretch(piece) if special is None else (special,))
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids; special tokens say nothing, and bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self._bytes.get(i, b"") for i in ids).decode("utf-8", "replace")

    def _stretch(self, text: str) -> list[int]:
        if not text:
            return []
        if text[0] != " ":
            text = " " + text
        pattern = _ASCII if text.isascii() else self._beyond_ascii()
        ids: list[int] = []
        words = self._words
        for word in pattern.findall(text):
            known = words.get(word)
            ids.extend(self._learn(word) if known is None else known)
        return ids

    def _beyond_ascii(self) -> re.Pattern[str]:
        if self._unicode is None:
            classes = cast("dict[str, list[list[int]]]", json.loads(self._characters_json))
            self._unicode = re.compile(
                _PATTERN.format(L=_class(classes["letter"]), N=_class(classes["number"]), S=_class(classes["space"]))
            )
        return self._unicode

    def _learn(self, word: str) -> tuple[int, ...]:
        """Merges one word and remembers it."""
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        ids = tuple(self._ids[s] for s in self._merged([self._letters[b] for b in word.encode()]))
        self._words[word] = ids
        return ids

    def _merged(self, symbols: list[str]) -> list[str]:
        """Byte-pair encoding (Sennrich et al. 2016): the lowest-ranked neighbours become one, from left to right."""
        ranks, never = self._ranks, len(self._ranks)
        while len(symbols) > 1:
            best = min(pairwise(symbols), key=lambda pair: ranks.get(pair, never))
            if best not in ranks:
                break
            symbols = _joined(symbols, best)
        return symbols


def _joined(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    """Every occurrence of a pair, from left to right, as one symbol."""
    out: list[str] = []
    at, last = 0, len(symbols) - 1
    while at <= last:
        if at < last and (symbols[at], symbols[at + 1]) == pair:
            out.append(symbols[at] + symbols[at + 1])
            at += 2
        else:
            out.append(symbols[at])
            at += 1
    return out
