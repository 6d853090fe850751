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
    return 1 << (zlib.crc32(name.encode("utf-8", "surrogatepass")) % BITS) if name else 0


def distinct(sketch: int) -> float:
    """How many distinct names a sketch has seen, about; 0 is exact, and few are nearly so."""
    return _ESTIMATES[sketch.bit_count()]
