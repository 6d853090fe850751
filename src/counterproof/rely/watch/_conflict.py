"""Two heads of one log, and the entries under them: whether they can both be, and if not, the proof."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from counterproof import record, tlog


@dataclass(frozen=True)
class Head:
    """A signed head: its note as text, and what it says."""

    note: bytes
    checkpoint: tlog.Checkpoint


def conflict(one: Head, other: Head, hashes: tlog.Hashes) -> record.Evidence | None:
    """Evidence that two heads of one origin cannot both be, or None where they can.

    `hashes`: of the larger head's tree, already checked against it. What the larger head says of the smaller size is
    derived from them; a consistency proof to any other root than the smaller head's is proof of a fork, since a root
    fixes every complete subtree below it (RFC 9162, section 2.1.4).
    """
    small, large = sorted((one, other), key=lambda head: head.checkpoint.size)
    if small.checkpoint.size == large.checkpoint.size:
        return None if small.checkpoint.root == large.checkpoint.root else _same_size(small, large)
    root = tlog.tree_root(small.checkpoint.size, hashes)
    if root == small.checkpoint.root:
        return None
    proof = tlog.prove_consistency(small.checkpoint.size, large.checkpoint.size, hashes)
    return record.Evidence(
        kind="prefix",
        says=f"{small.checkpoint.origin} signed a head of size {large.checkpoint.size} that does not extend the head "
        f"of size {small.checkpoint.size} that it signed as well",
        checkpoints=(small.note.decode(), large.note.decode()),
        root=base64.b64encode(root).decode(),
        consistency=tuple(base64.b64encode(part).decode() for part in proof),
    )


def _same_size(one: Head, other: Head) -> record.Evidence:
    return record.Evidence(
        kind="same-size",
        says=f"{one.checkpoint.origin} signed two heads of size {one.checkpoint.size}",
        checkpoints=(one.note.decode(), other.note.decode()),
    )


def first_difference(size: int, one: tlog.Hashes, other: tlog.Hashes) -> int | None:
    """Index of the first leaf below `size` that differs between two trees that both hold at least `size` leaves.

    Compares complete subtrees from the left and goes down where they differ: O(log size) hashes of each.
    """
    start = 0
    while start < size:
        aligned = (start & -start or size).bit_length() - 1
        level = min(aligned, (size - start).bit_length() - 1)
        if one.hash_at(level, start >> level) == other.hash_at(level, start >> level):
            start += 1 << level
            continue
        while level:
            level -= 1
            if one.hash_at(level, start >> level) == other.hash_at(level, start >> level):
                start += 1 << level
        return start
    return None


def receipt(index: int, head: Head, hashes: tlog.Hashes) -> str:
    """The receipt of an entry under a head (C2SP tlog-proof)."""
    proof = tlog.prove_inclusion(index, head.checkpoint.size, hashes)
    return tlog.Proof(index, tuple(proof), head.note).encode().decode()
