"""Keys: which kinds there are, their text forms, and what each kind may sign.

A kind signs messages that begin in its own way and no others, so a signature of one kind never holds as another, not
even where somebody uses the same secret for both.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import ModuleType
from typing import Final, Literal, get_args

from counterproof.errors import BadKey, BadNote
from counterproof.note._curve import ORDER, why_not_a_seed, why_not_ed25519, why_not_ml_dsa_44
from counterproof.note._text import from_base64, to_base64, why_not_a_key_name

Kind = Literal["ed25519", "cosignature", "ml-dsa-44", "statement"]
"""Log key (0x01), Ed25519 witness (0x04), ML-DSA-44 witness (0x06), signer of envelopes (0xff and our own name)."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

STATEMENT_TYPE: Final = b"\xffurn:counterproof:dsse-ed25519:1"
_TYPES: Final[dict[Kind, bytes]] = {
    "ed25519": b"\x01",
    "cosignature": b"\x04",
    "ml-dsa-44": b"\x06",
    "statement": STATEMENT_TYPE,
}
_PREFIXES: Final[dict[Kind, bytes]] = {
    "cosignature": b"cosignature/v1\n",
    "ml-dsa-44": b"subtree/v1\n\0",
    "statement": b"DSSEv1 ",
}
_OTHERS: Final = tuple(_PREFIXES.values())

SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final[dict[Kind, int]] = {"ed25519": 64, "cosignature": 64, "ml-dsa-44": 2420, "statement": 64}
_PRIVATE: Final = "PRIVATE+KEY+"


def _may_sign(kind: Kind, message: bytes) -> bool:
    return not message.startswith(_OTHERS) if kind == "ed25519" else message.startswith(_PREFIXES[kind])


def _primitives() -> ModuleType:
    from counterproof.note import _primitives  # noqa: PLC0415 - 25 ms that only signing and verifying need

    return _primitives


@dataclass(frozen=True)
class Verifier:
    """A public key with its name and the one kind of signature it makes.

    Raises:
        BadKey: the name is none, the bytes are no key of this kind, or a key of small order, not in canonical form or
            otherwise such that its signatures prove nothing.
    """

    name: str
    kind: Kind
    public: bytes

    def __post_init__(self) -> None:
        if why := why_not_a_key_name(self.name):
            raise BadKey(why, where=repr(self.name[:80]))
        if why := (why_not_ml_dsa_44 if self.kind == "ml-dsa-44" else why_not_ed25519)(self.public):
            raise BadKey(why, where=self.name, mend="ask its owner for the key again, and make sure it is theirs")

    @cached_property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed (signed-note, Signatures)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPES[self.kind] + self.public).digest()[:4]

    @cached_property
    def keyid(self) -> str:
        """`name+<8 hex>`: how an envelope names the key."""
        return f"{self.name}+{self.key_id.hex()}"

    @cached_property
    def text(self) -> str:
        """The verifier key, `name+<8 hex>+<base64>` (signed-note, Verifier keys)."""
        return f"{self.keyid}+{to_base64(_TYPES[self.kind] + self.public)}"

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature holds for exactly this message, which must be one that this kind of key signs."""
        if len(signature) != SIGNATURE_BYTES[self.kind] or not _may_sign(self.kind, message):
            return False
        if self.kind != "ml-dsa-44" and int.from_bytes(signature[32:], "little") >= ORDER:
            return False
        does_hold: bool = _primitives().holds(self.public, message, signature, is_ml_dsa=self.kind == "ml-dsa-44")
        return does_hold


@dataclass(frozen=True)
class Signer:
    """A secret key. Printing it shows the public half only."""

    verifier: Verifier
    unsafe_seed: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The bare signature of a message.

        Raises:
            BadNote: a key of this kind does not sign messages that begin so.
        """
        if not _may_sign(self.verifier.kind, message):
            raise BadNote(f"a key of kind {self.verifier.kind!r} does not sign this", where=self.verifier.name)
        signature: bytes = _primitives().sign(
            self.unsafe_seed, message, is_ml_dsa=self.verifier.kind == "ml-dsa-44"
        )
        return signature


def unsafe_seeded(name: str, kind: Kind, seed: bytes) -> Signer:
    """The key that 32 given bytes make, however easily guessed: for tests and vectors.

    Raises:
        BadKey: the name is none, or there are not 32 bytes.
    """
    if len(seed) != SEED_BYTES:
        raise BadKey(f"a seed is {SEED_BYTES} bytes long, this has {len(seed)}", where=name)
    return Signer(Verifier(name, kind, _primitives().public_of(seed, is_ml_dsa=kind == "ml-dsa-44")), seed)


def seeded(name: str, kind: Kind, seed: bytes) -> Signer:
    """The key that 32 secret random bytes make.

    Raises:
        BadKey: the name is none, or somebody could guess the bytes.
    """
    if why := why_not_a_seed(seed):
        raise BadKey(why, where=name, mend="take 32 bytes from a good source of randomness")
    return unsafe_seeded(name, kind, seed)


def generate(name: str, kind: Kind) -> Signer:
    """A new key, from the operating system's randomness.

    Raises:
        BadKey: the name is none.
    """
    return seeded(name, kind, os.urandom(SEED_BYTES))


def _fields(text: str, of: str) -> tuple[str, str, Kind, bytes]:
    """`name+<8 hex>+<base64 of type and key>`: name, identifier, kind and key, before any of them is believed."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise BadKey(f"not {of}: it has the form name+8 hex digits+base64", where=repr(text[:40]))
    name, key_id, encoded = parts
    if why := why_not_a_key_name(name):
        raise BadKey(why, where=repr(name[:80]))
    data = from_base64(encoded)
    if data is None:
        raise BadKey(f"not {of}: its last part is no base64", where=name)
    for kind, prefix in _TYPES.items():
        if data.startswith(prefix):
            return name, key_id, kind, data[len(prefix) :]
    raise BadKey("a key of a type that is not read here", where=name, mend="types 0x01, 0x04, 0x06 and ours are")


@lru_cache(maxsize=4096)
def read_verifier(text: str) -> Verifier:
    """The public key in its text form.

    Raises:
        BadKey: it breaks the form (signed-note, Verifier keys), its identifier does not fit, or it is a key that must
            not be used (see `Verifier`).
    """
    name, key_id, kind, public = _fields(text, "a verifier key")
    verifier = Verifier(name, kind, public)
    if key_id != verifier.key_id.hex():
        raise BadKey(f"its identifier is {key_id[:16]!r} but the key has {verifier.key_id.hex()}", where=name)
    return verifier


def signer_text(signer: Signer) -> str:
    """The secret key as text, `PRIVATE+KEY+name+<8 hex>+<base64 of type and seed>`: whoever reads it can sign."""
    verifier = signer.verifier
    return f"{_PRIVATE}{verifier.keyid}+{to_base64(_TYPES[verifier.kind] + signer.unsafe_seed)}"


def read_signer(text: str) -> Signer:
    """The secret key in the text form of `signer_text`.

    Raises:
        BadKey: it breaks the form, its identifier does not fit, or somebody could guess it.
    """
    if not text.startswith(_PRIVATE):
        raise BadKey("not a secret key: it begins with " + _PRIVATE)
    name, key_id, kind, seed = _fields(text.removeprefix(_PRIVATE), "a secret key")
    signer = seeded(name, kind, seed)
    if key_id != signer.verifier.key_id.hex():
        raise BadKey("a secret key whose identifier does not fit", where=name)
    return signer
