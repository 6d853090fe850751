"""Trees under one root: graded transcripts, latest entries; and the digest of keys to come."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from counterproof import record, tlog


def graded_leaf(grade: record.Grade, transcript: record.Transcript, salt: bytes) -> bytes:
    """One leaf of `Behaviour.transcripts` (spec/transcript-tree.md). `salt`: 32 secret bytes, its own for every leaf.

    Raises:
        ValueError: the salt has another length.
    """
    if len(salt) != 32:
        raise ValueError(f"a salt is 32 bytes long, this has {len(salt)}")
    digest = hashlib.sha256(salt + record.canonical_bytes(transcript)).hexdigest()
    text = record.canonical_bytes(grade).decode()
    return record.canonical_bytes(record.GradedLeaf(grade=text, salt=salt.hex(), transcript=f"sha256:{digest}"))


def transcripts_root(leaves: Sequence[bytes]) -> str:
    """The Merkle root over graded leaves, hexadecimal (RFC 9162, section 2.1.1)."""
    return tlog.root_of(tlog.leaf_hashes(leaves)).hex()


def heads_root(heads: Iterable[record.Head]) -> str:
    """The Merkle root over the latest entries of all series, hexadecimal; in any order."""
    return tlog.root_of(tlog.leaf_hashes(sorted(record.canonical_bytes(head) for head in heads))).hex()


def next_keys_digest(keys: Iterable[str]) -> str:
    """The commitment to keys that may take over: `sha256:` over their sorted text forms, each with a line feed."""
    return record.digest_bytes("".join(f"{key}\n" for key in sorted(keys)).encode())


def beacon_indexes(beacon: str, transcripts: str, count: int, opens: int) -> tuple[int, ...]:
    """Which of `count` graded transcripts under a root a public value chooses, `opens` of them, in rising order.

    Draw i is SHA-256 over `counterproof/beacon/1`, the value, the root and i, each with a line feed, modulo `count`;
    draws that fall on what was drawn are passed over (spec/transcript-tree.md). All, where `opens` reaches `count`.
    """
    if opens >= count:
        return tuple(range(count))
    found: set[int] = set()
    draw = 0
    while len(found) < opens:
        text = f"counterproof/beacon/1\n{beacon}\n{transcripts}\n{draw}\n"
        found.add(int.from_bytes(hashlib.sha256(text.encode()).digest()) % count)
        draw += 1
    return tuple(sorted(found))
