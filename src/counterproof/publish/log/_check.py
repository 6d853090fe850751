"""The log's own audit: everything is derived again from the entries, and every file that does not agree is named.

One pass from left to right in one thread, one bundle at a time: it ends whatever it finds, in bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from counterproof import quorum, tlog
from counterproof.errors import BadNote, NotVerified
from counterproof.publish.log._lock import Head
from counterproof.publish.log._store import CHECKPOINT, Store
from counterproof.publish.log._writer import read_tile

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Checked:
    """How far a log goes, and what is wrong with it: a file and a sentence each."""

    size: int
    root: bytes
    faults: tuple[tuple[str, str], ...]


def check(
    store: Store, policy: quorum.Policy, *, head: Head | None = None, on_size: Callable[[int], None] = lambda _: None
) -> Checked:
    """Derives a published log again. `head`: the lock's, which must not be behind. `on_size` hears how far it is.

    Raises:
        NotVerified: the checkpoint is not signed by a log of the policy and cosigned by its quorum.
        BadNote: it is no checkpoint.
        StorageFailed: a file cannot be read.
    """
    data = store.get(CHECKPOINT)
    if data is None:
        raise NotVerified("there is no checkpoint", where=CHECKPOINT, mend="nothing is published here")
    checkpoint = quorum.check(data, policy).checkpoint
    faults: list[tuple[str, str]] = []
    if head is not None and head.size < checkpoint.size:
        faults.append(("lock", f"it is at {head.size}, behind the published {checkpoint.size}"))
    if head is not None and head.size == checkpoint.size and head.root != checkpoint.root:
        faults.append(("lock", "it has another root than the checkpoint"))
    edge = tlog.Edge()
    for tile in tlog.tiles_of(checkpoint.size, level=tlog.ENTRIES):
        leaves = list(_leaves(store, tile, faults))
        if len(leaves) != tile.width:
            return Checked(checkpoint.size, checkpoint.root, (*faults, _lost(tile)))
        for grown, row in edge.append(leaves):
            if grown.is_full:
                _compare(store, grown, row, faults)
        on_size(edge.size)
    for grown, row in edge.tiles():
        _compare(store, grown, row, faults)
    if edge.root() != checkpoint.root:
        faults.append((CHECKPOINT, "the entries do not lead to its root"))
    return Checked(checkpoint.size, checkpoint.root, tuple(faults))


def _leaves(store: Store, tile: tlog.Tile, faults: list[tuple[str, str]]) -> Iterator[bytes]:
    """The leaf hashes of a bundle; where it cannot be read those that the tile states, so that the rest is checked."""
    data = read_tile(store, tile)
    try:
        entries = tlog.read_entries(data or b"", tile.width)
    except BadNote as exc:
        faults.append((tile.path, exc.what if data else "it is missing"))
        beside = read_tile(store, tlog.Tile(0, tile.index, tile.width)) or b""
        row = beside[: tile.width * _HASH_BYTES]
        return iter([row[at : at + _HASH_BYTES] for at in range(0, len(row), _HASH_BYTES)])
    return iter(tlog.leaf_hashes(entries))


def _compare(store: Store, tile: tlog.Tile, row: bytes, faults: list[tuple[str, str]]) -> None:
    data = read_tile(store, tile)
    if data is None:
        faults.append((tile.path, "it is missing"))
    elif data[: len(row)] != row or len(data) not in (len(row), tlog.TILE_WIDTH * _HASH_BYTES):
        beside = f"; or a hash of {tlog.Tile(tlog.ENTRIES, tile.index, tile.width).path} is" if tile.level == 0 else ""
        faults.append((tile.path, f"it is not what the entries lead to{beside}"))


def _lost(tile: tlog.Tile) -> tuple[str, str]:
    return tile.path, "neither the entries nor the tile of their hashes can be read: nothing after them can be derived"
