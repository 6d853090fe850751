"""RFC 6962, section 2.1: how leaves and nodes are hashed, so that neither can be taken for the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
"""The largest tree: sizes and indices fit a signed 64-bit integer, as in every other implementation."""

EMPTY_ROOT = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""SHA-256 of nothing: the root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each, in one loop."""
    digest = sha256
    return [digest(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), both 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def row_above(row: bytes) -> bytes:
    """The hashes over each two neighbours of a row of hashes, both in one piece; an odd one at the end is left out."""
    digest = sha256
    return b"".join([digest(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row) - 63, 64)])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (RFC 6962, section 2.1), each 32 bytes; of none, `EMPTY_ROOT`."""
    row = b"".join(leaves)
    if not row:
        return EMPTY_ROOT
    pending = b""  # the root over what stands right of the row's last complete pair
    while True:
        if len(row) // 32 % 2:
            last = row[-32:]
            pending = node_hash(last, pending) if pending else last
        if len(row) <= 32:
            return pending
        row = row_above(row)


def roots_of_peaks(row: bytes) -> list[bytes]:
    """The complete subtrees that a row of hashes falls into, left (largest) to right."""
    peaks: list[bytes] = []
    while row:
        if len(row) // 32 % 2:
            peaks.append(row[-32:])
        row = row_above(row)
    return peaks[::-1]


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees given from left (largest) to right; of none, `EMPTY_ROOT`."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root
