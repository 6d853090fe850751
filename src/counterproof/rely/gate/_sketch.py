"""How many distinct, in a fixed number of bits: linear counting (Whang, Vander-Zanden and Taylor 1990).

A sketch is an integer of `BITS` bits. Two are put together with `|`, in any order and as often as one likes.
"""

from __future__ import annotations

import math
import zlib

BITS = 512
"""Standard error under 8 % up to 1,000 distinct ones; beyond about `FULL` nothing is told apart."""

FULL = BITS * math.log(BITS)
_ESTIMATES = tuple(-BITS * math.log1p(-n / BITS) if n < BITS else FULL for n in range(BITS + 1))


def bit(name: str) -> int:
    """The bit of a name, 0 for none. Names are keyed digests: whoever could choose them could make two collide."""
    if not name:
        return 0
    spread = zlib.crc32(name.encode("utf-8", "surrogatepass")) * 0x9E3779B1 & 0xFFFFFFFF
    return 1 << (spread >> 23)


def distinct(sketch: int) -> float:
    """How many distinct names a sketch has seen, about; 0 is exact, and few are nearly so."""
    return of_bits(sketch.bit_count())


def of_bits(bits: int) -> float:
    """How many distinct names have set so many bits, about."""
    return _ESTIMATES[bits]


def packed(sketch: int) -> bytes:
    """Its bits, the lowest first, without the empty bytes at the end."""
    return sketch.to_bytes((sketch.bit_length() + 7) // 8, "little")
