"""Good bundles with a byte or bit, or a whole stretch, that is not as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.rely.verify.broken import GOOD, Case


def mutated(count: int, seed: int = 0) -> Iterator[Case]:
    """Bundles with a byte or bit, or a whole stretch, that is not as it was."""
    draw = random.Random(seed)
    origins = [make() for make in GOOD.values()]
    for _ in range(count):
        data, trust, now_s = draw.choice(origins)
        in_trust = draw.random() < 0.1
        broken = bytearray(trust if in_trust else data)
        at = draw.randrange(len(broken))
        match draw.randrange(6):
            case 0 | 1:
                broken[at] ^= 1 << draw.randrange(8)
            case 2:
                broken[at] = draw.randrange(256)
            case 3:
                del broken[at : at + draw.choice((1, 1, 2, 30))]
            case 4:
                broken[at:at] = draw.choice((b"0", b" ", b"\\", b'"', b"A", b"\n", b"\x00", b"\xed\xa0\x80"))
            case _:
                other = draw.randrange(len(broken))
                broken[at], broken[other] = broken[other], broken[at]
        yield (data, bytes(broken), now_s) if in_trust else (bytes(broken), trust, now_s)
