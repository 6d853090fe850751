"""Keys under which a signature proves nothing never get in, and neither do secrets that somebody could guess."""

from __future__ import annotations

import hashlib
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from counterproof import note
from counterproof.errors import BadKey
from counterproof.note import _curve
from tests.note.forged import forged_under_zero

FIELD, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
EIGHTH = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
SIGN = 1 << 255


def _encoded(y: int) -> bytes:
    return y.to_bytes(32, "little")


_EIGHTH = int.from_bytes(EIGHTH, "little")
SMALL = {
    "identity": 1,
    "order 2": FIELD - 1,
    "order 4": 0,
    "order 4, other": SIGN,
    "order 8": _EIGHTH,
    "order 8, negative": _EIGHTH | SIGN,
    "order 8, other": FIELD - _EIGHTH,
    "order 8, other negative": (FIELD - _EIGHTH) | SIGN,
}
NOT_CANONICAL = {f"y = p + {y}, sign {sign}": (FIELD + y) | sign * SIGN for y in range(19) for sign in (0, 1)} | {
    "negative zero": 1 | SIGN,
    "negative zero at p - 1": (FIELD - 1) | SIGN,
}


@pytest.mark.parametrize("kind", ["ed25519", "cosignature", "statement"])
@pytest.mark.parametrize("y", SMALL.values(), ids=SMALL.keys())
def test_a_key_of_small_order_is_refused(kind: note.Kind, y: int) -> None:
    with pytest.raises(BadKey, match="small order"):
        note.Verifier("example.org/weak", kind, _encoded(y))


@pytest.mark.parametrize("y", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_a_key_in_another_than_the_canonical_form_is_refused(y: int) -> None:
    with pytest.raises(BadKey):
        note.Verifier("example.org/weak", "ed25519", _encoded(y))


def test_what_the_refusal_saves_us_from() -> None:
    """Control: RFC 8032, section 5.1.7, step 3 with R the identity and S = 0 holds for every message's hash."""
    one = (0, 1, 1, 0)
    for message in (b"anything", b"at all"):
        hashed = int.from_bytes(hashlib.sha512(_encoded(1) + _encoded(1) + message).digest(), "little") % ORDER
        assert _compressed(_curve.add(one, _curve.times(hashed, _point(_encoded(1))))) == _encoded(1)


def test_bytes_that_are_no_point_are_refused() -> None:
    with pytest.raises(BadKey, match="no point"):
        note.Verifier("example.org/weak", "ed25519", _encoded(2))


def test_a_key_with_a_part_of_small_order_is_refused() -> None:
    good = note.generate("k", "ed25519").verifier.public
    mixed = _curve.add(_point(good), _point(EIGHTH))

    with pytest.raises(BadKey, match="prime-order"):
        note.Verifier("example.org/weak", "ed25519", _compressed(mixed))


def _point(public: bytes) -> tuple[int, int, int, int]:
    number = int.from_bytes(public, "little")
    y = number & (SIGN - 1)
    x = _curve.x_of(y, number >> 255)
    assert x is not None
    return x, y, 1, x * y % FIELD


def _compressed(point: tuple[int, int, int, int]) -> bytes:
    inverse = pow(point[2], FIELD - 2, FIELD)
    x, y = point[0] * inverse % FIELD, point[1] * inverse % FIELD
    return _encoded(y | (x & 1) << 255)


def test_our_arithmetic_multiplies_as_the_library_does() -> None:
    """Secret scalar times base point (RFC 8032, section 5.1.5) is the library's public key."""
    base = (0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A, 4 * pow(5, FIELD - 2, FIELD) % FIELD)
    for _ in range(5):
        signer = note.generate("k", "ed25519")
        digest = bytearray(hashlib.sha512(signer.unsafe_seed).digest()[:32])
        digest[0] &= 248
        digest[31] = digest[31] & 127 | 64

        point = _curve.times(int.from_bytes(digest, "little"), (*base, 1, base[0] * base[1] % FIELD))

        assert _compressed(point) == signer.verifier.public


def test_a_signature_with_the_order_added_is_refused() -> None:
    signer = note.generate("k", "ed25519")
    signature = signer.sign(b"text\n")
    number = int.from_bytes(signature[32:], "little") + ORDER
    moved = signature[:32] + number.to_bytes(32, "little")

    assert signer.verifier.verify(b"text\n", signature)
    assert not signer.verifier.verify(b"text\n", moved)


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), bytes(1312)], ids=len)
def test_an_ed25519_key_of_another_length_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadKey, match="32 bytes"):
        note.Verifier("example.org/weak", "ed25519", wrong)


@pytest.mark.parametrize("wrong", [b"", bytes(32), bytes(1311), bytes(1313), bytes(1952)], ids=len)
def test_an_ml_dsa_44_key_of_another_length_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadKey, match="1312 bytes"):
        note.Verifier("example.org/weak", "ml-dsa-44", wrong)


def test_an_ml_dsa_44_key_for_which_anybody_can_sign_is_refused() -> None:
    public = random.Random(1).randbytes(32) + bytes(1280)
    message = b"subtree/v1\n\0 whatever"

    # Control: the library itself takes the forgery.
    MLDSA44PublicKey.from_public_bytes(public).verify(forged_under_zero(public, message), message)
    with pytest.raises(BadKey, match="anybody might sign"):
        note.Verifier("example.org/weak", "ml-dsa-44", public)


GUESSED = {
    "zeros": bytes(32),
    "spaces": b" " * 32,
    "counting": bytes(range(32)),
    "counting by three": bytes(i * 3 % 256 for i in range(32)),
    "a text": b"correct horse battery staple 123",
    "a digest in hex": hashlib.sha256(b"x").hexdigest()[:32].encode(),
    "two halves": hashlib.sha256(b"x").digest()[:16] * 2,
    "one byte set": bytes(31) + b"\1",
    "few values": bytes(random.Random(2).choices(range(12), k=32)),
}


@pytest.mark.parametrize("seed", GUESSED.values(), ids=GUESSED.keys())
def test_a_seed_that_can_be_guessed_is_refused_and_its_text_too(seed: bytes) -> None:
    with pytest.raises(BadKey, match="guess"):
        note.seeded("example.org/key", "ed25519", seed)
    with pytest.raises(BadKey, match="guess"):
        note.read_signer(note.signer_text(note.unsafe_seeded("example.org/key", "ed25519", seed)))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(length: int) -> None:
    seed = hashlib.sha512(b"long").digest()[:length]

    for make in (note.seeded, note.unsafe_seeded):
        with pytest.raises(BadKey, match="32 bytes"):
            make("example.org/key", "ed25519", seed)


def test_seeds_from_chance_are_taken() -> None:
    random_source = random.Random(3)

    assert {_curve.why_not_a_seed(random_source.randbytes(32)) for _ in range(20_000)} == {""}


def test_ml_dsa_keys_from_chance_are_taken() -> None:
    for number in range(100):
        assert note.unsafe_seeded("k", "ml-dsa-44", hashlib.sha256(b"%d" % number).digest())
