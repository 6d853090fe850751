"""What is written in a text in another alphabet: base64, hexadecimal, percent signs; one layer deep and bounded."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from typing import NamedTuple

MOST_SEGMENTS = 64
MOST_BYTES = 65_536
_SEGMENT = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}|\S*%[0-9A-Fa-f]{2}\S*")
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
    read = 0
    for match in _SEGMENT.finditer(text):
        segment = match[0]
        read += len(segment)
        if len(segments) >= MOST_SEGMENTS or read > MOST_BYTES:
            return Decoded(tuple(segments), (f"more than {MOST_BYTES:,} bytes or {MOST_SEGMENTS} parts to decode",))
        segments += [(said, *match.span()) for said in _readings(segment)]
    return Decoded(tuple(segments), ())


def rot13(text: str) -> str:
    """`text` with each Latin letter thirteen further."""
    return text.translate(_ROT13)


def _readings(segment: str) -> list[str]:
    out: list[str] = []
    if "%" in segment:
        return [urllib.parse.unquote(segment, errors="replace")]
    if _HEX.fullmatch(segment):
        out += _text(bytes.fromhex(segment))
    body = segment.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        out += _text(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except (binascii.Error, ValueError):
        return out
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
