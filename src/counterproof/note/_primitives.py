"""The two signature schemes, by the library that has them. Imported when something is first signed or verified."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

_public_key = lru_cache(maxsize=4096)(Ed25519PublicKey.from_public_bytes)
_large_public_key = lru_cache(maxsize=512)(MLDSA44PublicKey.from_public_bytes)


def public_of(seed: bytes, *, is_ml_dsa: bool) -> bytes:
    """The public key that 32 bytes make."""
    if is_ml_dsa:
        return MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes, *, is_ml_dsa: bool) -> bytes:
    """A signature (RFC 8032, section 5.1.6; FIPS 204, algorithm 2, with an empty context)."""
    if is_ml_dsa:
        return MLDSA44PrivateKey.from_seed_bytes(seed).sign(message)
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def holds(public: bytes, message: bytes, signature: bytes, *, is_ml_dsa: bool) -> bool:
    """Whether the signature holds; the lengths have been checked."""
    key = _large_public_key(public) if is_ml_dsa else _public_key(public)
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
