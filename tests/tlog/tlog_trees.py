"""Logs to read in tests: a naive tree (RFC 6962, section 2.1, word for word) and the files that a writer stored."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from counterproof import tlog


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def entries_of(size: int) -> list[bytes]:
    """Entries that differ."""
    return [b"entry %d" % index for index in range(size)]


class Store:
    """A log's files in memory, as a writer stores them batch by batch; partial tiles go once the full one is there."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.edge = tlog.Edge()
        self.bundles = tlog.Bundles()

    def add(self, entries: Sequence[bytes]) -> None:
        """One batch."""
        for tile, data in [*self.edge.append(tlog.leaf_hashes(entries)), *self.bundles.append(entries)]:
            self.files[tile.path] = data

    def read(self, tile: tlog.Tile) -> bytes:
        """The file of a tile."""
        return self.files[tile.path]

    def hashes(self) -> tlog.TileHashes:
        """What a reader of the last head believes."""
        return tlog.TileHashes(self.read, self.edge.size, self.edge.root())


def store_of(size: int, batch: int = 1_000) -> tuple[Store, list[bytes]]:
    """A log of so many entries, and its leaf hashes."""
    entries = entries_of(size)
    store = Store()
    for at in range(0, size, batch):
        store.add(entries[at : at + batch])
    return store, tlog.leaf_hashes(entries)
