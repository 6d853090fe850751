"""A signature that nobody's secret made."""

from __future__ import annotations

import hashlib


def forged_under_zero(public: bytes, message: bytes) -> bytes:
    """Under a key whose t1 is zero, z = 0 and an empty hint verify (FIPS 204, algorithm 8) with nobody's secret."""
    mu = hashlib.shake_256(hashlib.shake_256(public).digest(64) + b"\0\0" + message).digest(64)
    challenge = hashlib.shake_256(mu + bytes(768)).digest(32)
    zero = int("".join(f"{2**17:018b}" for _ in range(4 * 256)), 2)
    bits = f"{zero:0{18 * 1024}b}"
    packed = int("".join(bits[at : at + 18] for at in range(len(bits) - 18, -1, -18)), 2).to_bytes(2304, "little")
    return challenge + packed + bytes(84)
