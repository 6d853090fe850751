"""Tiles and bundles: where they lie, and the bytes of bundles (C2SP tlog-tiles)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from counterproof.errors import BadNote
from counterproof.tlog._hash import MAX_SIZE

TILE_WIDTH = 256
ENTRIES = -1
"""The level of bundles, which hold the entries themselves."""

MAX_ENTRY_BYTES = 65_535
"""An entry's length stands in two bytes."""

_PATH = re.compile(r"tile/(entries|[0-7])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes, or with level `ENTRIES` a bundle of entries: which one, and how wide it is.

    Raises:
        BadNote: no tree of at most 2^63 - 1 leaves has it.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        height = max(self.level, 0) * 8
        first = self.index * TILE_WIDTH
        if not (
            ENTRIES <= self.level <= 7
            and 1 <= self.width <= TILE_WIDTH
            and self.index >= 0
            and (first + self.width) << height <= MAX_SIZE
        ):
            raise BadNote(
                f"no log has a tile of level {self.level}, number {self.index}, width {self.width}",
                where="tile",
                mend="see C2SP tlog-tiles",
            )

    @property
    def is_full(self) -> bool:
        """Whether it is 256 wide."""
        return self.width == TILE_WIDTH

    @property
    def full(self) -> Tile:
        """The full tile that comes to stand in its place."""
        return Tile(self.level, self.index)

    @property
    def path(self) -> str:
        """Where it lies below a log's prefix, such as `tile/0/x001/067.p/3`."""
        index, groups = self.index, ""
        while index >= 1_000:
            index, last = divmod(index, 1_000)
            groups = f"/{last:03}" if not groups else f"/x{last:03}{groups}"
        groups = f"x{index:03}{groups}" if groups else f"{index:03}"
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{groups}{'' if self.is_full else f'.p/{self.width}'}"


def read_tile_path(text: str) -> Tile:
    """The tile that a path names.

    Raises:
        BadNote: it is not letter for letter what `Tile.path` gives.
    """
    found = _PATH.fullmatch(text)
    if found:
        level, digits, width = found.groups()
        index = int(digits.replace("x", "").replace("/", ""))
        tile = Tile(ENTRIES if level == "entries" else int(level), index, int(width or TILE_WIDTH))
        if tile.path == text:
            return tile
    raise BadNote(f"{text[:80]!r} is no path of a tile", where="tile path", mend="see C2SP tlog-tiles")


def edge_tiles(size: int) -> list[Tile]:
    """The partial tiles of hashes of a tree, from level 0 upwards: what its root is made of."""
    found: list[Tile] = []
    level = 0
    while size:
        if size % TILE_WIDTH:
            found.append(Tile(level, size // TILE_WIDTH, size % TILE_WIDTH))
        size //= TILE_WIDTH
        level += 1
    return found


def tiles_of(size: int, *, level: int = 0) -> Iterator[Tile]:
    """The tiles of one level (or `ENTRIES`) of a tree, from left to right, the last one perhaps partial."""
    width = size >> max(level, 0) * 8
    for index in range(width // TILE_WIDTH):
        yield Tile(level, index)
    if width % TILE_WIDTH:
        yield Tile(level, width // TILE_WIDTH, width % TILE_WIDTH)


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """The bundle of 1 to 256 entries: each after its length in two bytes, the high one first.

    Raises:
        BadNote: there are none or too many, or one is longer than 65,535 bytes.
    """
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise BadNote(f"a bundle holds 1 to 256 entries, not {len(entries)}", where="bundle", mend="split it")
    return lengthened(entries)


def lengthened(entries: Sequence[bytes]) -> bytes:
    """As `encode_entries`, for any number of them.

    Raises:
        BadNote: one is longer than 65,535 bytes.
    """
    try:
        return b"".join([len(entry).to_bytes(2) + entry for entry in entries])
    except OverflowError:
        raise BadNote("an entry is longer than 65,535 bytes", where="bundle", mend="log a digest of it") from None


def read_entries(data: bytes, count: int) -> list[bytes]:
    """The entries of a bundle that holds `count`.

    Raises:
        BadNote: it ends within an entry, or holds another number of them.
    """
    if not 1 <= count <= TILE_WIDTH:
        raise BadNote(f"a bundle holds 1 to 256 entries, not {count}", where="bundle", mend="ask for its width")
    entries = split_entries(data)
    if len(entries) != count:
        raise BadNote(f"it holds {len(entries)} entries, not {count}", where="bundle", mend="fetch it again")
    return entries


def split_entries(data: bytes) -> list[bytes]:
    """Entries that follow each other, each after its length in two bytes, however many there are.

    Raises:
        BadNote: the bytes end within an entry.
    """
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at + 2 <= end:
        begin = at + 2
        at = begin + (data[at] << 8 | data[at + 1])
        entries.append(data[begin:at])
    if at != end:
        raise BadNote("it ends within an entry", where="bundle", mend="fetch it again")
    return entries
