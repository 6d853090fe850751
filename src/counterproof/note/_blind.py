"""Blind RSA signatures: RSABSSA-SHA384-PSS-Deterministic of RFC 9474, over numbers.

The signer raises numbers to its secret exponent with Python's `pow`, which is not constant time: how long it takes
depends on the number, the exponent and the primes. What somebody can learn by measuring, they learn of a number that
they did not choose, since every number is multiplied by a random one first (base blinding, as RFC 9474, section 7.1,
asks for); of the exponent's own bits the time can still tell, and on a shared processor caches can tell more. So a
secret key belongs on a machine of its own, and nobody should be able to time single signatures there.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from counterproof.errors import BadKey, BadNote, NotVerified

EXPONENT = 65537
SALT_BYTES = 48
_HASH_BYTES = 48


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 with SHA-384 (RFC 8017, appendix B.2.1)."""
    blocks = (hashlib.sha384(seed + number.to_bytes(4, "big")).digest() for number in range(-(-length // _HASH_BYTES)))
    return b"".join(blocks)[:length]


def encode(message: bytes, salt: bytes, bits: int) -> int:
    """EMSA-PSS-ENCODE with SHA-384 (RFC 8017, section 9.1.1): a number below 2 to the power of `bits`."""
    length = -(-bits // 8)
    digest = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    data = bytes(length - len(salt) - _HASH_BYTES - 2) + b"\x01" + salt
    masked = bytes(a ^ b for a, b in zip(data, _mask(digest, len(data)), strict=True))
    number = int.from_bytes(masked + digest + b"\xbc", "big")
    return number & ((1 << bits) - 1)


def blind(modulus: int, message: bytes, salt: bytes, factor: int) -> int:
    """What the signer sees of a message (RFC 9474, section 4.2). `factor`: uniform from 1 to `modulus` - 1.

    Raises:
        BadKey: the message or the factor shares a divisor with the modulus, which no honest key lets happen.
    """
    number = encode(message, salt, modulus.bit_length() - 1)
    if math.gcd(number, modulus) != 1 or math.gcd(factor, modulus) != 1:
        raise BadKey("a modulus that shares a divisor with what is to be blinded", mend="do not use this key")
    return number * pow(factor, EXPONENT, modulus) % modulus


def unblind(modulus: int, signed: int, factor: int) -> int:
    """The signature on the message itself (RFC 9474, section 4.4), which the caller verifies."""
    return signed * pow(factor, -1, modulus) % modulus


@dataclass(frozen=True)
class Primes:
    """A secret key: two primes of a modulus. Printing it shows neither."""

    unsafe_p: int = field(repr=False)
    unsafe_q: int = field(repr=False)

    def __post_init__(self) -> None:
        p, q = self.unsafe_p, self.unsafe_q
        if p == q or min(p, q) < 3 or math.gcd(EXPONENT, (p - 1) * (q - 1)) != 1:
            raise BadKey("two numbers that make no RSA key")

    @property
    def modulus(self) -> int:
        """Their product."""
        return self.unsafe_p * self.unsafe_q

    @cached_property
    def _exponents(self) -> tuple[int, int, int]:
        p, q = self.unsafe_p, self.unsafe_q
        return pow(EXPONENT, -1, p - 1), pow(EXPONENT, -1, q - 1), pow(q, -1, p)

    def unsafe_root(self, number: int) -> int:
        """RSASP1 by the remainder theorem (RFC 8017, section 5.2.1)."""
        p, q = self.unsafe_p, self.unsafe_q
        of_p, of_q, inverse = self._exponents
        by_p, by_q = pow(number, of_p, p), pow(number, of_q, q)
        return by_q + (by_p - by_q) * inverse % p * q

    def sign(self, blinded: int) -> int:
        """The signature on a blinded message (RFC 9474, section 4.3).

        Raises:
            BadNote: the number is none that a client makes.
            NotVerified: the machine computed wrongly. Nothing is given out: one wrong signature reveals a prime.
        """
        modulus = self.modulus
        if not 0 < blinded < modulus or math.gcd(blinded, modulus) != 1:
            raise BadNote("a blinded message that is no number of this key")
        # 1. Base blinding: the secret exponent never meets a number that the client chose.
        factor = 1 + secrets.randbelow(modulus - 1)
        root = self.unsafe_root(blinded * pow(factor, EXPONENT, modulus) % modulus)
        signed = root * pow(factor, -1, modulus) % modulus
        # 2. Faults: a signature that is right modulo one prime only would reveal that prime.
        if pow(signed, EXPONENT, modulus) != blinded:
            raise NotVerified("this machine computed a wrong signature", where="blind signature", mend="replace it")
        return signed
