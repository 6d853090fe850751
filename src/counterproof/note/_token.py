"""Tokens that an issuer signs without seeing them: Privacy Pass, type 0x0002 (RFC 9577; RFC 9578, section 6).

An issuer learns who asks and how often; who takes a token learns that somebody was let in. Neither can tell, even
together, which asking a token comes from, as long as everybody asks of the same key (spec/token.md).
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Final

from counterproof.errors import BadKey, BadNote, NotVerified
from counterproof.note._blind import SALT_BYTES, Primes, blind, unblind

TOKEN_TYPE: Final = 0x0002
TOKEN_KEY_BITS: Final = 2048
TOKEN_BYTES: Final = 354
_TYPE: Final = TOKEN_TYPE.to_bytes(2, "big")
_NUMBER_BYTES: Final = TOKEN_KEY_BITS // 8
_REQUEST_BYTES: Final = 2 + 1 + _NUMBER_BYTES

# SubjectPublicKeyInfo of a 2,048-bit modulus with the exponent 65537, RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48
# bytes of salt (RFC 9578, section 6.5; RFC 4055, section 3.1): all but the modulus is the same for every key.
_BEFORE: Final = bytes.fromhex(
    "30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609"
    "608648016503040202a2030201300382010f003082010a0282010100"
)
_AFTER: Final = bytes.fromhex("0203010001")
_SMALL: Final = math.prod(n for n in range(3, 1000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2)))
_HOST: Final = re.compile(r"[!-+\-.-~]{1,255}", re.ASCII)
_MOST_ORIGINS: Final = 64


def _rsa() -> ModuleType:
    from counterproof.note import _rsa  # noqa: PLC0415 - loads the library, as in _keys

    return _rsa


def is_token_host(text: str) -> bool:
    """Whether a challenge may name an issuer or an origin so: 1 to 255 visible ASCII characters, no comma."""
    return bool(_HOST.fullmatch(text))


@dataclass(frozen=True)
class TokenVerifier:
    """An issuer's public key, as the bytes that RFC 9578, section 6.5, prescribes.

    Raises:
        BadKey: the bytes are no such key, or the modulus is one that nobody honest makes.
    """

    public: bytes

    def __post_init__(self) -> None:
        size = len(_BEFORE) + _NUMBER_BYTES + len(_AFTER)
        if len(self.public) != size or not (self.public.startswith(_BEFORE) and self.public.endswith(_AFTER)):
            raise BadKey("not a token key: RSASSA-PSS with SHA-384, 2,048 bits and the exponent 65537, in DER")
        modulus = self.modulus
        if modulus.bit_length() != TOKEN_KEY_BITS or modulus % 2 == 0 or math.gcd(modulus, _SMALL) != 1:
            raise BadKey("a token key whose modulus is too short, or has a small divisor")
        if math.isqrt(modulus) ** 2 == modulus:
            raise BadKey("a token key whose modulus is a square")

    @cached_property
    def modulus(self) -> int:
        """The product of the issuer's two primes."""
        return int.from_bytes(self.public[len(_BEFORE) : -len(_AFTER)], "big")

    @cached_property
    def key_id(self) -> bytes:
        """The 32 bytes by which a token names its key: SHA-256 of `public`."""
        return hashlib.sha256(self.public).digest()

    def verify(self, token: Token) -> bool:
        """Whether the token names this key and this key signed it."""
        if token.key_id != self.key_id:
            return False
        does_hold: bool = _rsa().holds(self.modulus, token.signed, token.authenticator)
        return does_hold


@dataclass(frozen=True)
class TokenChallenge:
    """What a token is asked for (RFC 9577, section 2.1.1): by which issuer, for which origins, in which context.

    `context` has 32 bytes or none.

    Raises:
        BadNote: a name or the context has another form.
    """

    issuer: str
    origins: tuple[str, ...]
    context: bytes = b""

    def __post_init__(self) -> None:
        if not 1 <= len(self.origins) <= _MOST_ORIGINS or not all(map(is_token_host, (self.issuer, *self.origins))):
            raise BadNote("a challenge names an issuer and 1 to 64 origins, in visible ASCII without commas")
        if len(set(self.origins)) != len(self.origins):
            raise BadNote("a challenge names an origin twice")
        if len(self.context) not in (0, 32):
            raise BadNote("the context of a challenge has 32 bytes or none")

    def encode(self) -> bytes:
        """The one byte form."""
        issuer, origins = self.issuer.encode("ascii"), ",".join(self.origins).encode("ascii")
        context = bytes((len(self.context),)) + self.context
        return _TYPE + len(issuer).to_bytes(2, "big") + issuer + context + len(origins).to_bytes(2, "big") + origins

    @cached_property
    def digest(self) -> bytes:
        """What a token states of it: SHA-256 of its bytes."""
        return hashlib.sha256(self.encode()).digest()


def read_challenge(data: bytes) -> TokenChallenge:
    """A challenge from its bytes.

    Raises:
        BadNote: they are not exactly what `TokenChallenge.encode` writes.
    """
    if data[:2] != _TYPE:
        raise BadNote("not a challenge for tokens of type 2")
    issuer, rest = _opaque(data[2:], 2)
    context, rest = _opaque(rest, 1)
    origins, rest = _opaque(rest, 2)
    if rest:
        raise BadNote("a challenge with bytes after its end")
    try:
        return TokenChallenge(issuer.decode("ascii"), tuple(origins.decode("ascii").split(",")), context)
    except UnicodeDecodeError:
        raise BadNote("a challenge that is not ASCII") from None


def _opaque(data: bytes, width: int) -> tuple[bytes, bytes]:
    """Bytes after their length, which has `width` bytes (RFC 8446, section 3.4), and what follows them."""
    end = width + int.from_bytes(data[:width], "big")
    if len(data) < max(end, width):
        raise BadNote("a challenge that breaks off")
    return data[width:end], data[end:]


@dataclass(frozen=True)
class Token:
    """A token (RFC 9577, section 2.2), verified by nobody yet.

    Raises:
        BadNote: a part has another length.
    """

    nonce: bytes
    challenge: bytes
    key_id: bytes
    authenticator: bytes

    def __post_init__(self) -> None:
        lengths = (len(self.nonce), len(self.challenge), len(self.key_id), len(self.authenticator))
        if lengths != (32, 32, 32, _NUMBER_BYTES):
            raise BadNote(f"a token's parts have 32, 32, 32 and {_NUMBER_BYTES} bytes, these {lengths}")

    @property
    def signed(self) -> bytes:
        """All but the signature: what the issuer signed without seeing it."""
        return _TYPE + self.nonce + self.challenge + self.key_id

    def encode(self) -> bytes:
        """The one byte form, of `TOKEN_BYTES` bytes."""
        return self.signed + self.authenticator


def read_token(data: bytes) -> Token:
    """A token from its bytes, *nothing of it verified*.

    Raises:
        BadNote: it has another length or type.
    """
    if len(data) != TOKEN_BYTES or data[:2] != _TYPE:
        raise BadNote(f"not a token of type 2: {len(data)} bytes, it has {TOKEN_BYTES} that begin with 0002")
    return Token(data[2:34], data[34:66], data[66:98], data[98:])


@dataclass(frozen=True)
class TokenRequest:
    """What a client sends to the issuer (`encode`), and what it must keep to itself until the answer comes."""

    verifier: TokenVerifier
    blinded: bytes
    unsafe_signed: bytes = field(repr=False)
    unsafe_factor: int = field(repr=False)

    def encode(self) -> bytes:
        """The request (RFC 9578, section 6.1)."""
        return _TYPE + self.verifier.key_id[-1:] + self.blinded

    def finish(self, response: bytes) -> Token:
        """The token that the issuer's answer makes (RFC 9578, section 6.3).

        Raises:
            BadNote: the answer has another length.
            NotVerified: it is no signature by that key on what was asked.
        """
        if len(response) != _NUMBER_BYTES:
            raise BadNote(f"an issuer's answer has {_NUMBER_BYTES} bytes, this one {len(response)}")
        modulus = self.verifier.modulus
        signature = unblind(modulus, int.from_bytes(response, "big"), self.unsafe_factor)
        token = read_token(self.unsafe_signed + signature.to_bytes(_NUMBER_BYTES, "big"))
        if int.from_bytes(response, "big") >= modulus or not self.verifier.verify(token):
            raise NotVerified("the issuer's answer makes no token", where="issuer", mend="ask another issuer")
        return token


def unsafe_request_token(
    verifier: TokenVerifier, challenge: TokenChallenge, nonce: bytes, salt: bytes, factor: int
) -> TokenRequest:
    """The request that given randomness makes: for tests and vectors. Who knows the factor can link the token.

    Raises:
        BadKey: the randomness has another length, or shares a divisor with the key.
    """
    if len(nonce) != 32 or len(salt) != SALT_BYTES or not 0 < factor < verifier.modulus:
        raise BadKey("a request takes a nonce of 32 bytes, a salt of 48 and a factor below the modulus")
    signed = _TYPE + nonce + challenge.digest + verifier.key_id
    blinded = blind(verifier.modulus, signed, salt, factor)
    return TokenRequest(verifier, blinded.to_bytes(_NUMBER_BYTES, "big"), signed, factor)


def request_token(verifier: TokenVerifier, challenge: TokenChallenge) -> TokenRequest:
    """A request for one token. The caller has made sure that this is the key that everybody uses (`chain.logged_key`).

    Raises:
        BadKey: the key is one that nobody honest makes.
    """
    factor = 1 + secrets.randbelow(verifier.modulus - 1)
    return unsafe_request_token(verifier, challenge, secrets.token_bytes(32), secrets.token_bytes(SALT_BYTES), factor)


@dataclass(frozen=True)
class TokenIssuer:
    """An issuer's secret key. Printing it shows the public half only.

    Its arithmetic is Python's and not constant time: see `note/_blind.py` for what that means.
    """

    verifier: TokenVerifier
    unsafe_primes: Primes = field(repr=False)

    def sign(self, request: bytes) -> bytes:
        """The answer to a client's request (RFC 9578, section 6.2).

        Raises:
            BadNote: it is no request, or one for another key.
            NotVerified: this machine computed wrongly.
        """
        if len(request) != _REQUEST_BYTES or request[:2] != _TYPE:
            raise BadNote(f"not a request for a token of type 2: it has {_REQUEST_BYTES} bytes that begin with 0002")
        if request[2:3] != self.verifier.key_id[-1:]:
            raise BadNote("a request for a token of another key", mend="take the issuer's present key from the log")
        return self.unsafe_primes.sign(int.from_bytes(request[3:], "big")).to_bytes(_NUMBER_BYTES, "big")


def unsafe_token_issuer(p: int, q: int) -> TokenIssuer:
    """The secret key of two primes that the caller drew: for tests and for keys kept elsewhere.

    Raises:
        BadKey: they make no key of 2,048 bits.
    """
    primes = Primes(p, q)
    if primes.modulus.bit_length() != TOKEN_KEY_BITS:
        raise BadKey(f"a token key has {TOKEN_KEY_BITS} bits, this one {primes.modulus.bit_length()}")
    return TokenIssuer(TokenVerifier(_BEFORE + primes.modulus.to_bytes(_NUMBER_BYTES, "big") + _AFTER), primes)


def generate_token_issuer() -> TokenIssuer:
    """A new key, from the operating system's randomness."""
    p, q = _rsa().generate(TOKEN_KEY_BITS)
    return unsafe_token_issuer(p, q)
