"""What is written in a text in another alphabet: base64, hexadecimal, percent signs, escapes; one layer, bounded."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import re
import sys
import urllib.parse
from typing import NamedTuple

MOST_SEGMENTS = 64
MOST_BYTES = 65_536
_WORD = re.compile(r"\S+")
_MARK = re.compile(r"%[0-9A-Fa-f]{2}|\\[uU]\{?[0-9A-Fa-f]|\\x[0-9A-Fa-f]|&#?[A-Za-z0-9]{1,32};")
_SEGMENT = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u\{([0-9A-Fa-f]{1,6})\}|[uU]0{0,4}([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
"""As in JSON, JavaScript, Python and C; more than one backslash where a text was quoted in a text."""
_GROUP = 4
_BEYOND = re.compile(r"&#(?:[xX][0-9A-Fa-f]{8,}|[0-9]{8,});?")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_TURN = {ord(a): b for a, b in zip("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm", strict=True)}
_ROT13 = {**_TURN, **{code - 32: letter.upper() for code, letter in _TURN.items()}}


class Decoded(NamedTuple):
    """Texts that were written otherwise, each with where; `cut`: why not all was looked at."""

    segments: tuple[tuple[str, int, int], ...]
    cut: tuple[str, ...]


def decoded(text: str) -> Decoded:
    """The parts of `text` that are base64 (either alphabet), hexadecimal or percent-encoded UTF-8."""
    segments: list[tuple[str, int, int]] = []
    read = parts = 0
    for word in _WORD.finditer(text):
        is_marked = _MARK.search(word[0]) is not None
        for match in (word,) if is_marked else _SEGMENT.finditer(text, *word.span()):
            read, parts = read + len(match[0]), parts + 1
            if parts > MOST_SEGMENTS or read > MOST_BYTES:
                return Decoded(tuple(segments), (f"more than {MOST_BYTES:,} bytes or {MOST_SEGMENTS} parts to decode",))
            segments += [(said, *match.span()) for said in _readings(match[0], is_marked=is_marked)]
    return Decoded(tuple(segments), ())


def rot13(text: str) -> str:
    """`text` with each Latin letter thirteen further."""
    return text.translate(_ROT13)


def _readings(segment: str, *, is_marked: bool) -> list[str]:
    if is_marked:
        plain, unquoted = _unescaped(segment), urllib.parse.unquote(segment, errors="replace")
        found = dict.fromkeys((plain, unquoted, _unescaped(unquoted), *_packed(segment)))
        return [said for said in found if said != segment]
    return _unpacked(segment)


def _packed(word: str) -> list[str]:
    """What stands in base64 or hexadecimal in a word that holds escapes, too."""
    return [said for match in _SEGMENT.finditer(word) for said in _unpacked(match[0])]


def _unpacked(segment: str) -> list[str]:
    out: list[str] = []
    if _HEX.fullmatch(segment):
        out += _text(bytes.fromhex(segment))
    whole = segment.rstrip("=").replace("-", "+").replace("_", "/")
    for ahead in range(_GROUP):  # letters may stand directly before it
        body = whole[ahead : len(whole) - ((len(whole) - ahead) % _GROUP == 1)]
        with contextlib.suppress(binascii.Error, ValueError):
            out += _text(base64.b64decode(body + "=" * (-len(body) % _GROUP), validate=True))
    return out


def _text(raw: bytes) -> list[str]:
    for encoding in ("utf-8", "utf-16-le"):
        try:
            said = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if sum(char.isprintable() or char.isspace() for char in said) >= 0.9 * len(said):
            return [said]
    return []


def _unescaped(text: str) -> str:
    """A text with escapes and HTML's references as the characters they stand for; pairs of surrogates as one."""
    said = _ESCAPE.sub(
        lambda found: _char(int(found[1] or found[2] or found[3], 16)), html.unescape(_BEYOND.sub("\ufffd", text))
    )
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _char(code: int) -> str:
    return chr(code) if code <= sys.maxunicode else "\ufffd"
