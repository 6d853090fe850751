"""Hashes of a tree from tiles that nobody vouches for: each is checked up to the root before it is used."""

from __future__ import annotations

from collections.abc import Callable

from counterproof.errors import NotVerified
from counterproof.tlog._edge import Edge, row_of
from counterproof.tlog._hash import HASH_BYTES, leaf_hashes, row_above
from counterproof.tlog._tile import ENTRIES, TILE_WIDTH, Tile, read_entries, split_entries

_KEPT_TILES = 256


class TileHashes:
    """The `Hashes` of the tree of `size` leaves under `root`, read tile by tile and believed only up to that root.

    A full tile's root stands in the tile above it; the partial tiles make the root. So every tile is checked against
    one that is checked already. Keeps 256 full tiles, about 10 MB.

    Raises:
        NotVerified: here and in every method, where tiles or entries are not those of that root.
    """

    __slots__ = ("_partial", "_read", "_rows", "size")

    def __init__(self, read: Callable[[Tile], bytes], size: int, root: bytes) -> None:
        self.size = size
        self._read = read
        self._rows: dict[tuple[int, int], list[list[bytes]]] = {}
        self._partial = {
            (tile.level, tile.index): _split(data) for tile, data in Edge.read(read, size, root).tiles()
        }

    def hash_at(self, level: int, index: int) -> bytes:
        """The root over leaves `index * 2**level` up to `(index + 1) * 2**level`."""
        above, inside = divmod(level, 8)
        number = index >> 8 - inside
        rows = self._rows.get((above, number)) or self._tile(above, number)
        row = rows[inside] if inside < len(rows) else []
        at = index & (TILE_WIDTH >> inside) - 1
        if at >= len(row):
            raise self._outside(level, index)
        return row[at]

    def tile(self, level: int, number: int) -> list[bytes]:
        """The hashes of a tile, as wide as it is in this tree."""
        return self._tile(level, number)[0]

    def entries(self, number: int, data: bytes) -> list[bytes]:
        """The entries of a bundle, once they have been found to be those of the tree.

        `data` may be the full bundle where this tree has a partial one (C2SP tlog-tiles, partial tiles).

        Raises:
            BadNote: the bundle breaks its format.
            NotVerified: an entry is not the one of the tree.
        """
        leaves = self.tile(0, number)
        is_full = len(leaves) < TILE_WIDTH and len(split_entries(data)) == TILE_WIDTH
        entries = read_entries(data, TILE_WIDTH if is_full else len(leaves))[: len(leaves)]
        if leaf_hashes(entries) != leaves:
            raise NotVerified(
                f"{Tile(ENTRIES, number, len(leaves)).path} holds an entry that is not the one of the tree",
                where="entries",
                mend="take it from another copy of the log",
            )
        return entries

    def _tile(self, level: int, number: int) -> list[list[bytes]]:
        known = self._rows.get((level, number)) or self._partial.get((level, number))
        if known:
            return known
        if level < 0 or number < 0 or (number + 1) * TILE_WIDTH > self.size >> level * 8:
            raise self._outside(level * 8, number * TILE_WIDTH)
        tile = Tile(level, number)
        rows = _split(row_of(tile, self._read(tile)))
        if rows[8][0] != self._tile(level + 1, number // TILE_WIDTH)[0][number % TILE_WIDTH]:
            raise NotVerified(
                f"{tile.path} is not the tile of this tree", where="tiles", mend="take it from another copy of the log"
            )
        if len(self._rows) >= _KEPT_TILES:
            del self._rows[next(iter(self._rows))]
        self._rows[level, number] = rows
        return rows

    def _outside(self, level: int, index: int) -> NotVerified:
        return NotVerified(
            f"a tree of {self.size} leaves has no complete subtree {index} of height {level}",
            where="tiles",
            mend="ask for what lies within it",
        )


def _split(row: bytes) -> list[list[bytes]]:
    """A tile's hashes and the rows above them, up to its root where it is full."""
    rows: list[list[bytes]] = []
    while row:
        rows.append([row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)])
        row = row_above(row)
    return rows
