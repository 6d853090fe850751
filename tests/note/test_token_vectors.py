"""Blind RSA step by step against what others publish (vectors/token)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from counterproof.note import _blind, _rsa

_FILE = Path(__file__).parents[2] / "vectors" / "token" / "published.json"
PUBLISHED: list[dict[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", PUBLISHED, ids=["PSS of 4096 bits", "PSSZERO of 2048 bits"])
def test_every_step_is_the_published_one(case: dict[str, str]) -> None:
    numbers = {name: int(text or "0", 16) for name, text in case.items()}
    message, salt, modulus = bytes.fromhex(case["msg"]), bytes.fromhex(case["salt"]), numbers["n"]
    factor = pow(numbers["inv"], -1, modulus)
    primes = _blind.Primes(numbers["p"], numbers["q"])

    assert (primes.modulus, numbers["e"]) == (modulus, _blind.EXPONENT)
    assert _blind.encode(message, salt, modulus.bit_length() - 1) == numbers["encoded_msg"]
    assert _blind.blind(modulus, message, salt, factor) == numbers["blinded_msg"]
    assert primes.sign(numbers["blinded_msg"]) == numbers["blind_sig"]
    assert _blind.unblind(modulus, numbers["blind_sig"], factor) == numbers["sig"]


def test_the_published_signature_holds_and_one_without_salt_does_not() -> None:
    """Tokens take 48 bytes of salt and no other length."""
    held = [
        _rsa.holds(int(case["n"], 16), bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])) for case in PUBLISHED
    ]

    assert held == [True, False]
