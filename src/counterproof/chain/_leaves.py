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
