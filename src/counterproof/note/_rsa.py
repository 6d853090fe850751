"""RSA by the library that has it. Imported when a token's key is made or a token is verified."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from counterproof.note._blind import EXPONENT, SALT_BYTES


def generate(bits: int) -> tuple[int, int]:
    """Two new primes, from the library's randomness."""
    numbers = rsa.generate_private_key(EXPONENT, bits).private_numbers()
    return numbers.p, numbers.q


@lru_cache(maxsize=512)
def _key(modulus: int) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(EXPONENT, modulus).public_key()


def holds(modulus: int, message: bytes, signature: bytes) -> bool:
    """RSASSA-PSS-VERIFY with SHA-384, MGF1 with SHA-384 and 48 bytes of salt (RFC 8017, section 8.1.2)."""
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), SALT_BYTES)
    try:
        _key(modulus).verify(signature, message, scheme, hashes.SHA384())
    except InvalidSignature:
        return False
    return True
