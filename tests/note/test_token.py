"""Tokens: what a client asks, an issuer signs without seeing, and an origin verifies; and every way to be refused."""

from __future__ import annotations

import base64
import random

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from counterproof import note
from counterproof.errors import BadKey, BadNote, CounterproofError, NotVerified
from counterproof.note import _blind
from tests.chain import small_tokens
from tests.chain.small_tokens import HERE, Clients

ISSUER, OTHER = small_tokens.issuer(), small_tokens.other_issuer()
CHALLENGE = note.TokenChallenge("issuer.example", (HERE,), bytes(range(32)))
ASKED = Clients(random.Random(1)).asks(ISSUER.verifier, CHALLENGE)
TOKEN = ASKED.finish(ISSUER.sign(ASKED.encode()))


def test_a_token_holds_under_its_key_alone() -> None:
    assert ISSUER.verifier.verify(TOKEN)
    assert not OTHER.verifier.verify(TOKEN)
    assert not OTHER.verifier.verify(note.read_token(_changed(key_id=OTHER.verifier.key_id)))
    assert TOKEN.challenge == CHALLENGE.digest


def test_a_plain_rsa_signer_s_library_takes_the_signature() -> None:
    key = serialization.load_der_public_key(ISSUER.verifier.public)
    assert isinstance(key, rsa.RSAPublicKey)

    key.verify(TOKEN.authenticator, TOKEN.signed, padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())

    assert key.key_size == note.TOKEN_KEY_BITS


def test_a_new_issuer_signs_what_a_client_asks() -> None:
    issuer = note.generate_token_issuer()
    asked = note.request_token(issuer.verifier, CHALLENGE)

    token = asked.finish(issuer.sign(asked.encode()))

    assert issuer.verifier.verify(token)
    assert note.request_token(issuer.verifier, CHALLENGE).blinded != asked.blinded


def test_printing_shows_no_secret() -> None:
    primes = ISSUER.unsafe_primes

    for shown in (repr(ISSUER), repr(primes), repr(ASKED)):
        for secret in (primes.unsafe_p, primes.unsafe_q, ASKED.unsafe_factor, ASKED.unsafe_signed):
            assert str(secret) not in shown


# --- forms ------------------------------------------------------------------------------------------------------------


def _changed(**parts: bytes) -> bytes:
    whole = {"nonce": TOKEN.nonce, "challenge": TOKEN.challenge, "key_id": TOKEN.key_id, "sig": TOKEN.authenticator}
    whole |= parts
    return b"\x00\x02" + whole["nonce"] + whole["challenge"] + whole["key_id"] + whole["sig"]


def test_a_token_has_one_form() -> None:
    data = TOKEN.encode()

    assert len(data) == note.TOKEN_BYTES
    assert note.read_token(data) == TOKEN
    for bad in (b"", data[:-1], data + b"\0", b"\x00\x01" + data[2:], b"\x00\x03" + data[2:]):
        with pytest.raises(BadNote):
            note.read_token(bad)
    with pytest.raises(BadNote):
        note.Token(TOKEN.nonce[1:], TOKEN.challenge + b"x", TOKEN.key_id, TOKEN.authenticator)


@given(st.binary(min_size=note.TOKEN_BYTES - 2, max_size=note.TOKEN_BYTES - 2))
def test_a_token_that_is_read_is_written_so(rest: bytes) -> None:
    assert note.read_token(b"\x00\x02" + rest).encode() == b"\x00\x02" + rest


def test_every_flipped_bit_of_a_token_is_refused() -> None:
    data = TOKEN.encode()
    refused = 0
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            refused += not ISSUER.verifier.verify(note.read_token(bytes(flipped)))
        except BadNote:
            refused += 1

    assert refused == len(data) * 8


_HOSTS = st.text(st.sampled_from("abc.-/:0~!+"), min_size=1, max_size=20)


@given(_HOSTS, st.lists(_HOSTS, min_size=1, max_size=5, unique=True), st.sampled_from([b"", bytes(range(32))]))
def test_a_challenge_reads_back(issuer: str, origins: list[str], context: bytes) -> None:
    challenge = note.TokenChallenge(issuer, tuple(origins), context)

    assert note.read_challenge(challenge.encode()) == challenge


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda rest: b"\x00\x02" + rest))
def test_whatever_the_bytes_a_challenge_is_read_exactly_or_refused(data: bytes) -> None:
    try:
        challenge = note.read_challenge(data)
    except BadNote:
        return
    assert challenge.encode() == data


@given(st.integers(0, len(CHALLENGE.encode()) * 8 - 1))
def test_a_changed_challenge_is_another_or_none(bit: int) -> None:
    data = bytearray(CHALLENGE.encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        challenge = note.read_challenge(bytes(data))
    except BadNote:
        return
    assert challenge.digest != CHALLENGE.digest


@pytest.mark.parametrize(
    ("issuer", "origins", "context"),
    [("", (HERE,), b""), ("i.example", (), b""), ("i.example", ("a,b",), b""), ("i.example", ("a", "a"), b""),
     ("i.example", (HERE,), bytes(31)), ("i\u00e9.example", (HERE,), b""), ("i example", (HERE,), b""),
     ("i.example", tuple(f"o{n}" for n in range(65)), b""), ("i" * 256, (HERE,), b"")],
)  # fmt: skip
def test_what_is_no_challenge(issuer: str, origins: tuple[str, ...], context: bytes) -> None:
    with pytest.raises(BadNote):
        note.TokenChallenge(issuer, origins, context)


# --- keys -------------------------------------------------------------------------------------------------------------


def _der(modulus: int) -> bytes:
    public = ISSUER.verifier.public
    return public[:81] + modulus.to_bytes(256, "big") + public[-5:]


def test_keys_that_nobody_honest_makes_are_refused() -> None:
    good, p = ISSUER.verifier.modulus, ISSUER.unsafe_primes.unsafe_p
    short, even, divisible = good >> 1 | 1, good + 1, 3 * (good // 3 | 1)
    root = max(p, ISSUER.unsafe_primes.unsafe_q)

    for modulus in (short, even, divisible, root * root, 0):
        with pytest.raises(BadKey):
            note.TokenVerifier(_der(modulus))
    assert note.TokenVerifier(_der(good)) == ISSUER.verifier


def test_keys_in_another_form_are_refused() -> None:
    numbers = rsa.RSAPublicNumbers(65537, ISSUER.verifier.modulus)
    plain = numbers.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public = ISSUER.verifier.public

    for data in (b"", plain, public[:-1], public + b"\0", public[:-1] + b"\3", b"\x31" + public[1:]):
        with pytest.raises(BadKey):
            note.TokenVerifier(data)


def test_primes_that_make_no_key_are_refused() -> None:
    p, q = ISSUER.unsafe_primes.unsafe_p, ISSUER.unsafe_primes.unsafe_q

    for one, other in ((p, p), (p, 3), (65537 * 2 + 1, q), (1, q)):
        with pytest.raises(BadKey):
            note.unsafe_token_issuer(one, other)


# --- issuing ----------------------------------------------------------------------------------------------------------


def test_an_issuer_answers_requests_for_its_key_alone() -> None:
    good, modulus = ASKED.encode(), ISSUER.verifier.modulus
    other = Clients(random.Random(2)).asks(OTHER.verifier, CHALLENGE).encode()
    p = ISSUER.unsafe_primes.unsafe_p
    numbers = (0, modulus, modulus + 1, 2**2048 - 1, p)

    for bad in (b"", good[:-1], good + b"\0", b"\x00\x01" + good[2:], other,
                *(good[:3] + number.to_bytes(256, "big") for number in numbers)):  # fmt: skip
        with pytest.raises(BadNote):
            ISSUER.sign(bad)


def test_an_answer_that_is_no_signature_makes_no_token() -> None:
    good = ISSUER.sign(ASKED.encode())
    elsewhere = Clients(random.Random(3)).asks(ISSUER.verifier, CHALLENGE)
    moved = int.from_bytes(good, "big") + ISSUER.verifier.modulus

    for bad in (bytes(256), ISSUER.sign(elsewhere.encode()), good[:-1] + bytes([good[-1] ^ 1])):
        with pytest.raises(NotVerified):
            ASKED.finish(bad)
    for bad in (b"", good + b"\0"):
        with pytest.raises(BadNote):
            ASKED.finish(bad)
    if moved < 2**2048:
        with pytest.raises(NotVerified):
            ASKED.finish(moved.to_bytes(256, "big"))


def test_a_fault_in_one_half_of_the_computation_gives_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boneh, DeMillo and Lipton 1997: one signature that is right modulo one prime only reveals that prime."""
    right = _blind.Primes.unsafe_root

    def faulty(primes: _blind.Primes, number: int) -> int:
        good = right(primes, number)
        p, q = primes.unsafe_p, primes.unsafe_q
        wrong = good % p + 1
        return (good + (wrong - good) * q * pow(q, -1, p)) % (p * q)

    monkeypatch.setattr(_blind.Primes, "unsafe_root", faulty)

    with pytest.raises(NotVerified, match="wrong signature"):
        ISSUER.sign(ASKED.encode())


def test_the_secret_exponent_never_meets_what_the_client_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[int] = []
    right = _blind.Primes.unsafe_root

    def watched(primes: _blind.Primes, number: int) -> int:
        met.append(number)
        return right(primes, number)

    monkeypatch.setattr(_blind.Primes, "unsafe_root", watched)
    answers = {ISSUER.sign(ASKED.encode()) for _ in range(5)}

    assert len(answers) == 1
    assert len(set(met)) == 5
    assert int.from_bytes(ASKED.blinded, "big") not in met


@pytest.mark.parametrize(("nonce", "salt", "factor"), [(31, 48, 2), (32, 47, 2), (32, 48, 0), (32, 48, -1)])
def test_a_client_s_randomness_has_its_length(nonce: int, salt: int, factor: int) -> None:
    with pytest.raises(BadKey):
        note.unsafe_request_token(ISSUER.verifier, CHALLENGE, bytes(nonce), bytes(salt), factor)


def test_a_factor_that_shares_a_divisor_with_the_key_is_refused() -> None:
    p = ISSUER.unsafe_primes.unsafe_p

    with pytest.raises(BadKey, match="shares a divisor"):
        note.unsafe_request_token(ISSUER.verifier, CHALLENGE, bytes(32), bytes(48), p)


@given(st.binary(max_size=400))
def test_no_other_exception_comes_out(data: bytes) -> None:
    for read in (note.read_token, note.read_challenge, note.TokenVerifier, ISSUER.sign, ASKED.finish):
        try:
            read(data)
        except CounterproofError:
            continue


def test_keys_are_named_as_tokens_name_them() -> None:
    encoded = base64.b64encode(ISSUER.verifier.public).decode()

    assert len(encoded) == 456
    assert "=" not in encoded
    assert TOKEN.key_id == ISSUER.verifier.key_id
    assert ASKED.encode()[2] == ISSUER.verifier.key_id[-1]
