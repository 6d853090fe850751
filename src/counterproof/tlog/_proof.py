"""Inclusion and consistency: proofs made from complete subtrees, and checked (RFC 9162, sections 2.1.3 and 2.1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol

from counterproof.errors import NotVerified
from counterproof.tlog._hash import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, fold, node_hash

MAX_PROOF_HASHES = 63
"""No proof in a tree of at most `MAX_SIZE` leaves is longer (C2SP tlog-witness)."""


class Hashes(Protocol):
    """Who knows the hashes of a tree's complete subtrees."""

    def hash_at(self, level: int, index: int) -> bytes:
        """The root over leaves `index * 2**level` up to `(index + 1) * 2**level`, all of which exist."""
        ...


def check_inclusion(proof: Sequence[bytes], index: int, size: int, leaf_hash: bytes, root: bytes) -> None:
    """Returns if `leaf_hash` is leaf number `index` of the tree of `size` leaves under `root`.

    RFC 9162, section 2.1.3.2. The length of the path is fixed by index and size, so an empty one is right for a tree
    of one leaf and for no other.

    Raises:
        NotVerified: it is not so, or the numbers or lengths are none that a tree can have.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise _not_included(f"a tree of {size} leaves has no leaf {index}")
    inner = (index ^ (size - 1)).bit_length()
    needed = inner + (index >> inner).bit_count()
    if len(proof) != needed:
        raise _not_included(f"leaf {index} of {size} needs a path of {needed} hashes, not {len(proof)}")
    digest, node = sha256, leaf_hash
    for step in range(inner):
        beside = proof[step]
        if len(beside) != 32:
            raise _not_included("a hash of the path is not 32 bytes")
        node = digest(b"\x01" + (beside + node if index >> step & 1 else node + beside)).digest()
    for beside in proof[inner:]:
        if len(beside) != 32:
            raise _not_included("a hash of the path is not 32 bytes")
        node = digest(b"\x01" + beside + node).digest()
    if len(leaf_hash) != HASH_BYTES or not compare_digest(node, root):
        raise _not_included(f"the path from leaf {index} does not lead to the root of the tree of {size}")


def check_consistency(proof: Sequence[bytes], old: int, new: int, old_root: bytes, new_root: bytes) -> None:
    """Returns if the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162, section 2.1.4.2).

    A tree without leaves has the one root `EMPTY_ROOT`; from it, and between equal sizes, the proof MUST be empty.

    Raises:
        NotVerified: it is not so, or the numbers or lengths are none that trees can have.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise _inconsistent(f"a tree of {new} leaves cannot go on from one of {old}")
    if len(old_root) != HASH_BYTES or len(new_root) != HASH_BYTES or any(len(h) != HASH_BYTES for h in proof):
        raise _inconsistent("a hash is not 32 bytes")
    if (old == 0 and old_root != EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT):
        raise _inconsistent("a tree without leaves has another root")
    if old in (0, new):
        if proof:
            raise _inconsistent(f"from {old} to {new} nothing is to be proved, yet there are {len(proof)} hashes")
        if old == new and old_root != new_root:
            raise _inconsistent(f"two roots are stated for the same size {old}")
        return
    _walk(proof, old, new, old_root, new_root)


def _walk(proof: Sequence[bytes], old: int, new: int, old_root: bytes, new_root: bytes) -> None:
    """RFC 9162, section 2.1.4.2, steps 1 to 7, for 0 < old < new."""
    shift = (old & -old).bit_length() - 1
    here, last = old - 1 >> shift, new - 1 >> shift
    path = list(proof) if here else [old_root, *proof]
    inner = (here ^ last).bit_length()
    needed = 1 + inner + (here >> inner).bit_count()
    if len(path) != needed:
        raise _inconsistent(f"from {old} to {new} needs {needed - (not here)} hashes, not {len(proof)}")
    before = after = path[0]
    for step, beside in enumerate(path[1:]):
        if step >= inner or here >> step & 1:
            before, after = node_hash(beside, before), node_hash(beside, after)
        else:
            after = node_hash(after, beside)
    if before != old_root:
        raise _inconsistent(f"the proof does not lead to the root of the tree of {old}")
    if after != new_root:
        raise _inconsistent(f"the proof does not lead to the root of the tree of {new}")


def prove_inclusion(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """The audit path of a leaf, from its sibling upwards (RFC 9162, section 2.1.3.1).

    Raises:
        NotVerified: the tree has no such leaf.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise _not_included(f"a tree of {size} leaves has no leaf {index}")
    return _path(index, size, 0, hashes)


def prove_consistency(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """That the tree of `new` leaves begins with that of `old` (RFC 9162, section 2.1.4.1).

    Raises:
        NotVerified: `old` is larger than `new`.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise _inconsistent(f"a tree of {new} leaves cannot go on from one of {old}")
    if old in (0, new):
        return []
    shift = (old & -old).bit_length() - 1
    here = old - 1 >> shift
    seed = [hashes.hash_at(shift, here)] if here else []
    return seed + _path(old - 1, new, shift, hashes)


def tree_root(size: int, hashes: Hashes) -> bytes:
    """The root of the first `size` leaves."""
    return _root_from(0, size, hashes)


def _path(leaf: int, size: int, level: int, hashes: Hashes) -> list[bytes]:
    """Siblings of the node of `level` that ends at or holds `leaf`, up to the root of the tree of `size`."""
    hash_at = hashes.hash_at
    inner = (leaf ^ (size - 1)).bit_length()
    path = [hash_at(up, leaf >> up ^ 1) for up in range(level, inner - 1)]
    if inner > level:
        # The topmost sibling on the right holds the last leaf: it alone may be incomplete.
        path.append(_root_from((leaf >> inner - 1 ^ 1) << inner - 1, size, hashes))
    rest = leaf >> inner
    path += [hash_at(up, leaf >> up ^ 1) for up in range(inner, inner + rest.bit_length()) if leaf >> up & 1]
    return path


def _root_from(begin: int, size: int, hashes: Hashes) -> bytes:
    """The root over the leaves from `begin`, where a subtree of the tree of `size` begins, to the end."""
    peaks: list[bytes] = []
    for level in reversed(range((size - begin).bit_length())):
        if size - begin >> level & 1:
            peaks.append(hashes.hash_at(level, begin >> level))
            begin += 1 << level
    return fold(peaks)


def _not_included(what: str) -> NotVerified:
    return NotVerified(what, where="inclusion", mend="do not trust it; ask for a proof again")


def _inconsistent(what: str) -> NotVerified:
    return NotVerified(what, where="consistency", mend="do not trust it; keep both checkpoints as evidence")
