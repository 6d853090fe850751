"""An issuer of tokens in a chain in memory, with keys that are always the same."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from typing import Any

import msgspec

from counterproof import chain, note, record
from tests.chain import small_chain
from tests.chain.small_chain import GOVERNANCE, Chain, role

ISSUER = "Issuer I"
ISSUER_KEY = small_chain.key("issuer.example/1")
HERE, ELSEWHERE, EPOCH = "gate.example/a", "gate.example/b", "2026-11"
STARTS_S, ENDS_S = chain.seconds_of("2026-11-01T00:00:00Z"), chain.seconds_of("2026-12-01T00:00:00Z")
NOW_S = STARTS_S + 1_000_000

_P = int(
    "d14692c2998659265466029b31d6be42a80535ce42d45db10c29aff1085c9f207506b90370ef2be73c0d5d85930a246355d30b10e86347f9"
    "780e3b2e6137007f2eb860637787ecf2c4d4f6681c651339d682e5ebb86c1bdc4c4d7034a50a04774cb3328d8ef6f7fa252b698b43d3d3d6"
    "4e70b9c8ab7c7a150690e655006740a3", 16,
)  # fmt: skip
_Q = int(
    "c11191c47f7fbfe2d6d2c15071cd8e2d9fad9373b4eb2372254fcb65c1a9838182420aee43e13d4bbb70519ed4cda8ffad0b9e4400198800"
    "c84a94189eec4b2f16e57201890b01988df2d4d2f7c47358e3478f6a67a4d8783789b600d26d1cf8679bef1840afad3fd60901cf0754ffa5"
    "5767c59d8cdf22f6fb7173e81d4d4a27", 16,
)  # fmt: skip
_OTHER_P = int(
    "eda579c6874cde29eef20fc49b7ad708f223e7b24062bc40194190894263ac248b9ec54705392d9eaa4f9bb349e4b058864fdfc942ed4c97"
    "4897ab86b3e967e90ebd3d474f717be5791ea1bef71f9a247eda42c2cc423c2e714d871f5f98d4159c39c3a162e1c3d3955abca577c33de6"
    "68eb5eb811966e61268c22ec75cc1439", 16,
)  # fmt: skip
_OTHER_Q = int(
    "b92a4335dbbe686b5c94118f966c715fde2355a1e9a6a9d5a69346fe6eac3c70304f065f58e8cd0cc1e2b9d19df15c727af28f98d14f07db"
    "81843c118be8cce91e0866d04568eb0ccacb66cf995ef20da3b77b1bee721f57c8afa03ed0ce7fcdf0b3815f3ab50299791f0283066ca5ae"
    "39332fd54dfcd2ae06707d1425c49cab", 16,
)  # fmt: skip


def issuer() -> note.TokenIssuer:
    """The issuer's key that is logged."""
    return note.unsafe_token_issuer(_P, _Q)


def other_issuer() -> note.TokenIssuer:
    """Another key."""
    return note.unsafe_token_issuer(_OTHER_P, _OTHER_Q)


def text(verifier: note.TokenVerifier) -> str:
    return base64.b64encode(verifier.public).decode()


def token_key(**changes: Any) -> record.TokenKey:  # noqa: ANN401 - any field
    made = record.TokenKey(
        organisation=ISSUER, issuer="issuer.example", origins=(HERE, ELSEWHERE), epoch=EPOCH,
        key=text(issuer().verifier), starts="2026-11-01T00:00:00Z", ends="2026-12-01T00:00:00Z",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def begun(organisation: str = ISSUER, name: record.RoleName = "monitor") -> Chain:
    """A chain in which the issuer has a role."""
    made = Chain()
    assert made.add(role(ISSUER_KEY, name, organisation), *GOVERNANCE[:2]).does_count
    return made


@dataclass
class Clients:
    """Clients whose randomness comes from a seed."""

    chance: random.Random

    def asks(self, verifier: note.TokenVerifier, challenge: note.TokenChallenge) -> note.TokenRequest:
        draws = self.chance.randbytes
        return note.unsafe_request_token(verifier, challenge, draws(32), draws(48), self.factor(verifier.modulus))

    def factor(self, modulus: int) -> int:
        return self.chance.randrange(1, modulus)


def token(
    said: record.TokenKey, origin: str = HERE, *, seed: int = 0, by: note.TokenIssuer | None = None
) -> note.Token:
    """A token that the key's issuer (or another's secret) signed for an origin."""
    signer = by or issuer()
    asked = Clients(random.Random(seed)).asks(signer.verifier, chain.token_challenge(said, origin))
    return asked.finish(signer.sign(asked.encode()))
