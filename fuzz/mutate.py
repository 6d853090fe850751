"""A small mutator of our own, for where atheris is not installed: seeded, so that a find can be found again."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_MARKS = [
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n",
    b"\x00",
    b"\x0b",
    b"\x7f",
    b"\x85",
    b"\t",
    b" ",
    b"_",
    b"=",
    b"==",
    b"/",
    b".",
    b",",
    b":",
]
_JSON = [
    b'"',
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"NaN",
    b"1e5",
    b"0.0",
]
_NUMBERS = [b"+", b"-", b"0", b"00", b"1", b"-0", b"1_0", b"%d" % (2**63 - 1), b"%d" % (1 << 63), b"%d" % (1 << 64)]
_BEYOND_ASCII = [text.encode() for text in ("\u0665", "\uff15", "\u2014 ", "\u2028", "\ufeff")]
_RAW = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"AAAA", b"\x00" * 32, b"\xff" * 9, b"x" * 300]
_TOKENS = (*_MARKS, *_JSON, *_NUMBERS, *_BEYOND_ASCII, *_RAW)


def _put(data: bytes, at: int, end: int, draw: random.Random) -> bytes:
    """Something else in the place of a stretch: a byte, a flipped bit, a token, nothing, itself twice or backwards."""
    old = data[at:end]
    flipped = bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 : end] if at < end else b"\n"
    wholly = [bytes([draw.randrange(256)]), flipped, draw.choice(_TOKENS), b"", old * 2, old * 50, old[::-1]]
    return data[:at] + draw.choice(wholly) + data[end:]


def _change(data: bytes, others: Sequence[bytes], draw: random.Random) -> bytes:
    """One change at a random place."""
    at = draw.randrange(len(data) + 1)
    how = draw.randrange(10)
    if how == 0:
        return data[:at]
    if how == 1:
        other = draw.choice(others)
        return data[:at] + other[draw.randrange(len(other) + 1) :]
    if how == 2:
        lines = data.split(b"\n")
        draw.shuffle(lines)
        return b"\n".join(lines)
    return _put(data, at, min(len(data), at + draw.choice((0, 1, 1, 2, 4, 16, 64))), draw)


def mutants(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many inputs, each some changes away from a seed; few changes more often than many."""
    draw = random.Random(seed)
    for _ in range(count):
        data = draw.choice(seeds)
        for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
            data = _change(data, seeds, draw)
        yield data[:100_000]
