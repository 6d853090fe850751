"""Which public keys may be registered at all: arithmetic on what is public, so its time gives nothing away.

Libraries agree on signatures by ordinary keys, and disagree on others: under a key of small order OpenSSL and Go accept
one signature for every message where libsodium refuses, and under a key with a part of small order a verifier that
multiplies by the cofactor (RFC 8032, section 5.1.7) accepts what one that does not refuses. So such keys never get in.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, FIELD - 2, FIELD) % FIELD
_ROOT_OF_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)

Point = tuple[int, int, int, int]

ML_DSA_44_KEY_BYTES = 1312
_SEED_BYTES, _POLYNOMIAL_BYTES, _LEAST_DISTINCT = 32, 320, 100


def add(p: Point, q: Point) -> Point:
    """Addition in extended coordinates (RFC 8032, section 5.1.4); also doubles."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] % FIELD * _D, 2 * p[2] * q[2]
    e, f, g, h = (b - a) % FIELD, (d - c) % FIELD, (d + c) % FIELD, (b + a) % FIELD
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def times(scalar: int, point: Point) -> Point:
    """A multiple of a point; slow, and its time tells the scalar: for public keys."""
    total: Point = (0, 1, 1, 0)
    for bit in f"{scalar:b}":
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def _is_identity(point: Point) -> bool:
    return point[0] % FIELD == 0 and (point[1] - point[2]) % FIELD == 0


def x_of(y: int, sign: int) -> int | None:
    """RFC 8032, section 5.1.3, steps 2 to 4."""
    u, v = (y * y - 1) % FIELD, (_D * y * y + 1) % FIELD
    x = u * pow(v, 3, FIELD) * pow(u * pow(v, 7, FIELD), (FIELD - 5) // 8, FIELD) % FIELD
    if (v * x * x - u) % FIELD:
        x = x * _ROOT_OF_MINUS_ONE % FIELD
        if (v * x * x - u) % FIELD:
            return None
    if x == 0 and sign:
        return None
    return x if x & 1 == sign else FIELD - x


@lru_cache(maxsize=4096)
def why_not_ed25519(public: bytes) -> str:
    """Why these bytes must not be a key, or an empty text."""
    if len(public) != 32:
        return f"an Ed25519 key is 32 bytes long, this has {len(public)}"
    number = int.from_bytes(public, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= FIELD:
        return "not a canonical Ed25519 key: its coordinate is not below 2^255 - 19"
    x = x_of(y, sign)
    if x is None:
        return "not an Ed25519 key: no point of the curve is written so"
    point: Point = (x, y, 1, x * y % FIELD)
    if _is_identity(times(8, point)):
        return "an Ed25519 key of small order: one signature would hold for every message"
    if not _is_identity(times(ORDER, point)):
        return "an Ed25519 key outside the prime-order group: programs would disagree about its signatures"
    return ""


@lru_cache(maxsize=4096)
def why_not_ml_dsa_44(public: bytes) -> str:
    """Why these bytes must not be a key, or an empty text.

    Every 1,312 bytes are some key (FIPS 204, algorithm 23), also those whose second part is zero or nearly so, for
    which anybody can sign. Of 320 random bytes fewer than 100 distinct ones are out of the question.
    """
    if len(public) != ML_DSA_44_KEY_BYTES:
        return f"an ML-DSA-44 key is {ML_DSA_44_KEY_BYTES} bytes long, this has {len(public)}"
    for start in range(_SEED_BYTES, ML_DSA_44_KEY_BYTES, _POLYNOMIAL_BYTES):
        if len(set(public[start : start + _POLYNOMIAL_BYTES])) < _LEAST_DISTINCT:
            return "an ML-DSA-44 key too regular to have come from a secret: anybody might sign for it"
    return ""


def why_not_a_seed(seed: bytes) -> str:
    """Why nobody should draw a key from these 32 bytes, or an empty text.

    What chance gives has 30 distinct values of 32 on average; fewer than 16, a text, a progression or a repetition
    come from a person or a broken generator (each less than once in 10^13 by chance).
    """
    if len(seed) != 32:
        return f"a seed is 32 bytes long, this has {len(seed)}"
    steps = {(after - before) % 256 for before, after in itertools.pairwise(seed)}
    if len(set(seed)) < 16 or len(steps) < 4 or seed[:16] == seed[16:] or all(32 <= byte < 127 for byte in seed):
        return "a seed that somebody could guess"
    return ""
