"""The right edge of a growing log: all that a writer must know of a tree to go on with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from counterproof.errors import BadNote, NotVerified
from counterproof.tlog._hash import HASH_BYTES, MAX_SIZE, fold, roots_of_peaks, row_above
from counterproof.tlog._tile import ENTRIES, TILE_WIDTH, Tile, edge_tiles, lengthened

TILE_BYTES = TILE_WIDTH * HASH_BYTES


class Edge:
    """The partial tiles of a tree, at most 255 hashes a level, in memory. A writer appends and gets tiles to store.

    `Edge()` is the empty tree; `Edge.read` takes up an existing one.
    """

    __slots__ = ("_rows", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._rows: list[bytes] = []

    @classmethod
    def read(cls, read: Callable[[Tile], bytes], size: int, root: bytes) -> Edge:
        """The edge of the tree of `size` leaves under `root`, from its partial tiles, which are checked against it.

        `read` may give the full tile where a partial one is asked for; what is beyond the width is left out.

        Raises:
            NotVerified: the tiles are not those of that root.
        """
        edge = cls()
        edge._size = size
        for tile in edge_tiles(size):
            edge._rows += [b""] * (tile.level - len(edge._rows)) + [row_of(tile, read(tile))]
        if edge.root() != root:
            raise NotVerified(
                f"the tiles at the edge of the tree of {size} do not lead to its root",
                where="tiles",
                mend="take them from another copy of the log",
            )
        return edge

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def copy(self) -> Edge:
        """Another edge of the same tree, to try an `append` that may come to nothing."""
        other = Edge()
        other._size, other._rows = self._size, self._rows.copy()
        return other

    def root(self) -> bytes:
        """The root of the tree."""
        return fold([peak for row in reversed(self._rows) for peak in roots_of_peaks(row)])

    def tiles(self) -> list[tuple[Tile, bytes]]:
        """The partial tiles, from level 0 upwards."""
        return [(tile, self._rows[tile.level]) for tile in edge_tiles(self._size)]

    def append(self, leaves: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Goes on with these leaf hashes; gives every tile that is new or has grown, the lowest level first.

        Raises:
            BadNote: the tree would outgrow 2^63 - 1 leaves, or a hash is not 32 bytes; the edge is as it was.
        """
        added = b"".join(leaves)
        if len(added) != len(leaves) * HASH_BYTES or any(len(leaf) != HASH_BYTES for leaf in leaves):
            raise BadNote("a leaf hash has 32 bytes", where="append", mend="give leaf hashes, not entries")
        if self._size + len(leaves) > MAX_SIZE:
            raise BadNote("no tree has more than 2^63 - 1 leaves", where="append", mend="begin another log")
        grown: list[tuple[Tile, bytes]] = []
        width = self._size
        level = 0
        while added:
            if level == len(self._rows):
                self._rows.append(b"")
            added = self._grow(level, width // TILE_WIDTH, added, grown)
            width //= TILE_WIDTH
            level += 1
        self._size += len(leaves)
        return grown

    def _grow(self, level: int, number: int, added: bytes, grown: list[tuple[Tile, bytes]]) -> bytes:
        """Puts hashes at the end of a level, whose partial tile is `number`; gives those that it adds one level up."""
        row = self._rows[level] + added
        full = len(row) // TILE_BYTES * TILE_BYTES
        grown += [
            (Tile(level, number + at // TILE_BYTES), row[at : at + TILE_BYTES]) for at in range(0, full, TILE_BYTES)
        ]
        rest = row[full:]
        self._rows[level] = rest
        if rest:
            grown.append((Tile(level, number + full // TILE_BYTES, len(rest) // HASH_BYTES), rest))
        above = row[:full]
        for _ in range(8):
            above = row_above(above)
        return above


class Bundles:
    """The last, partial bundle of a log in memory: the entries' counterpart of `Edge`.

    `Bundles(size, last)` goes on after `size` entries, of which `last` are the `size % 256` of the partial bundle; they
    are to be checked against the tree first (`TileHashes.entries`).

    Raises:
        BadNote: `last` are not that many.
    """

    __slots__ = ("_last", "_size")

    def __init__(self, size: int = 0, last: Sequence[bytes] = ()) -> None:
        if len(last) != size % TILE_WIDTH:
            raise BadNote(
                f"{size} entries leave {size % TILE_WIDTH} in the last bundle, not {len(last)}",
                where="bundle",
                mend="read the partial bundle of that size",
            )
        self._size = size
        self._last = lengthened(last)

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self._size

    def copy(self) -> Bundles:
        """Another of the same log, to try an `append` that may come to nothing."""
        other = Bundles()
        other._size, other._last = self._size, self._last
        return other

    def append(self, entries: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Goes on with these entries; gives every bundle that is new or has grown.

        Raises:
            BadNote: an entry is longer than 65,535 bytes; nothing was appended.
        """
        cuts = [0, *range(TILE_WIDTH - self._size % TILE_WIDTH, len(entries), TILE_WIDTH), len(entries)]
        parts = [(lengthened(entries[a:b]), self._size + b) for a, b in pairwise(cuts) if a < b]
        grown: list[tuple[Tile, bytes]] = []
        for part, size in parts:
            self._last += part
            tile = Tile(ENTRIES, (size - 1) // TILE_WIDTH, (size - 1) % TILE_WIDTH + 1)
            grown.append((tile, self._last))
            if tile.is_full:
                self._last = b""
        self._size += len(entries)
        return grown


def row_of(tile: Tile, data: bytes) -> bytes:
    """The hashes of a tile, from its bytes or those of the full tile in its place (C2SP tlog-tiles, partial tiles).

    Raises:
        NotVerified: it has another length.
    """
    needed = tile.width * HASH_BYTES
    if len(data) not in (needed, TILE_BYTES):
        raise NotVerified(
            f"{tile.path} has {len(data)} bytes, not {needed}",
            where="tiles",
            mend="take it from another copy of the log",
        )
    return data[:needed]
