"""Proof of work over a receipt: what many appeals cost, where nobody has an account that could be limited.

A challenge states its epoch and difficulty and is sealed by the book's secret, so that none needs to be kept. Work is
done over challenge and receipt together: it opens one receipt, which has one appeal, and is worth nothing elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

_CHALLENGE: Final = b"counterproof-appeal-challenge/1\n"
_WORK: Final = b"counterproof-appeal-work/1\n"
_SEAL_BYTES: Final = 16
_CHALLENGE_CHARS: Final = 2 * (6 + 1 + _SEAL_BYTES)


@dataclass(frozen=True)
class Challenge:
    """What work is asked: `text` goes into it as it is, `bits` leading zero bits must come out."""

    text: str
    bits: int


def challenge(secret: bytes, epoch: int, bits: int) -> Challenge:
    """The challenge of an epoch: the same for everybody, so that it tells nobody from others."""
    stated = epoch.to_bytes(6, "big") + bits.to_bytes(1, "big")
    return Challenge((stated + _seal(secret, stated)).hex(), bits)


def read_challenge(text: str, secret: bytes, epoch: int) -> Challenge | None:
    """A challenge that this book gave out in this epoch or the one before; None: any other text."""
    if len(text) != _CHALLENGE_CHARS or not text.isascii():
        return None
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    stated, seal = data[:7], data[7:]
    if data.hex() != text or not hmac.compare_digest(seal, _seal(secret, stated)):
        return None
    is_of_now = int.from_bytes(stated[:6], "big") in (epoch, epoch - 1)
    return Challenge(text, stated[6]) if is_of_now else None


def is_done(asked: Challenge, receipt: str, work: int) -> bool:
    """Whether a number is the work that was asked: one SHA-256."""
    digest = hashlib.sha256(_start(asked, receipt) + work.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big") >> (256 - asked.bits) == 0


def solve(asked: Challenge, receipt: str) -> int:
    """The least number that is the work asked; takes about 2 to the power of `bits` tries."""
    start = hashlib.sha256(_start(asked, receipt))
    shift = 256 - asked.bits
    work = 0
    while True:
        tried = start.copy()
        tried.update(work.to_bytes(8, "big"))
        if int.from_bytes(tried.digest(), "big") >> shift == 0:
            return work
        work += 1


def _start(asked: Challenge, receipt: str) -> bytes:
    return _WORK + asked.text.encode("ascii") + b"\n" + receipt.encode("ascii") + b"\n"


def _seal(secret: bytes, stated: bytes) -> bytes:
    return hmac.new(secret, _CHALLENGE + stated, hashlib.sha256).digest()[:_SEAL_BYTES]
