"""A log that can be made to lie, for tests: checkpoints and proofs of any size, and a second history."""

from __future__ import annotations

import hashlib
import sqlite3
from base64 import b64encode
from collections.abc import Sequence
from functools import cache

from counterproof import note, tlog
from counterproof.publish import witness

ORIGIN = "log.example/one"


class ToyLog:
    """`fork`: entries from this index on are others."""

    def __init__(self, origin: str = ORIGIN, fork: int = 2**40, seed: bytes = b"1" * 32) -> None:
        self.signer = note.unsafe_seeded(origin, "ed25519", seed)
        self.verifier, self.origin, self._fork = self.signer.verifier, origin, fork
        self.hash_at = cache(self._hash_at)

    def _hash_at(self, level: int, index: int) -> bytes:
        if level == 0:
            return tlog.leaf_hash(b"%d%s" % (index, b"!" if index >= self._fork else b""))
        return tlog.node_hash(self.hash_at(level - 1, 2 * index), self.hash_at(level - 1, 2 * index + 1))

    def checkpoint(self, size: int) -> tlog.Checkpoint:
        return tlog.Checkpoint(self.origin, size, tlog.tree_root(size, self) if size else tlog.EMPTY_ROOT)

    def signed(self, size: int) -> bytes:
        return note.sign(self.checkpoint(size).body, self.signer)

    def proof(self, old: int, new: int) -> list[bytes]:
        return tlog.prove_consistency(old, new, self)

    def request(self, old: int, new: int) -> bytes:
        return request(old, self.proof(old, new), self.signed(new))


def request(old: int, proof: Sequence[bytes], signed: bytes) -> bytes:
    lines = b"".join(b64encode(beside) + b"\n" for beside in proof)
    return b"old %d\n" % old + lines + b"\n" + signed


def hashed(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at_s: float = 1_800_000_000.0) -> None:
        self.at_s = at_s

    def __call__(self) -> float:
        return self.at_s


def database(seer: witness.Witness) -> sqlite3.Connection:
    """The connection that a witness keeps its record by."""
    store = seer._store  # pyright: ignore[reportPrivateUsage] # to make the disk fail, nothing else does
    return store._db  # pyright: ignore[reportPrivateUsage] # same


def unlimited() -> witness.Limit:
    return witness.Limit(1e9, 1_000_000_000)
