"""The watcher's own copy of what it has checked: entries and tiles in the layout of a log, and the last signed head."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator, Iterator
from pathlib import Path

from counterproof import errors, tlog

CHECKPOINT = "checkpoint"
_TOGETHER = 4_096


class Mirror:
    """A folder that holds the log as far as it was checked.

    Files are written beside their place and moved there, the head last: a kill leaves the copy at the old head, and
    what lies beyond it is written again.

    Raises:
        BadLog: the copy does not hash to its own head; somebody else wrote into it.
        StorageFailed: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise _failed(folder, exc) from exc
        self.head: bytes = self._read(CHECKPOINT) or b""
        self.edge, self._bundles = tlog.Edge(), tlog.Bundles()
        self._unsynced: list[Path] = []

    @property
    def size(self) -> int:
        """How many entries are held and hashed."""
        return self.edge.size

    def entries(self, size: int) -> Iterator[tuple[int, list[bytes]]]:
        """The entries below `size`, a bundle at a time: index of the first, and the entries. Hashes them again."""
        for tile in tlog.tiles_of(size, level=tlog.ENTRIES):
            found = tlog.read_entries(self._tile(tile), tile.width)
            self.edge.append(tlog.leaf_hashes(found))
            self._bundles.append(found)
            yield tile.index * tlog.TILE_WIDTH, found

    def check(self, checkpoint: tlog.Checkpoint) -> None:
        """The copy, read to its end, hashes to its head.

        Raises:
            BadLog: it does not.
        """
        if (self.edge.size, self.edge.root()) != (checkpoint.size, checkpoint.root):
            raise self._broken(CHECKPOINT, "does not hash to its own head")

    def add(self, entries: list[bytes]) -> None:
        """Entries after those held."""
        for tile, data in self.edge.append(tlog.leaf_hashes(entries)) + self._bundles.append(entries):
            self._write(tile.path, data)
        if len(self._unsynced) >= _TOGETHER:
            self._sync_all()

    def _sync_all(self) -> None:
        try:
            for place in self._unsynced:
                _sync(place)
            for parent in {parent for place in self._unsynced for parent in self._parents(place)}:
                _sync(parent)
        except OSError as exc:
            raise _failed(self.folder, exc) from exc
        self._unsynced.clear()

    def _parents(self, place: Path) -> Iterator[Path]:
        """The folders up to the copy's own, whose names must last too."""
        at = place
        while at != self.folder:
            at = at.parent
            yield at

    def accept(self, head: bytes) -> None:
        """All entries below `head` are held: it becomes the head, with everything before it on the disk."""
        self._sync_all()
        keep(self.folder / CHECKPOINT, head)
        self.head = head

    def hashes(self, checkpoint: tlog.Checkpoint) -> tlog.TileHashes:
        """Hashes of the copy, each checked against the head."""
        return tlog.TileHashes(self._tile, checkpoint.size, checkpoint.root)

    def entry(self, index: int, size: int) -> bytes:
        """One entry of the copy, whose head is `size`."""
        number, at = divmod(index, tlog.TILE_WIDTH)
        width = min(tlog.TILE_WIDTH, size - number * tlog.TILE_WIDTH)
        return tlog.read_entries(self._tile(tlog.Tile(tlog.ENTRIES, number, width)), width)[at]

    def _tile(self, tile: tlog.Tile) -> bytes:
        data = self._read(tile.path)
        if data is None:
            raise self._broken(tile.path, "is missing")
        return data

    def _read(self, path: str) -> bytes | None:
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise _failed(self.folder / path, exc) from exc

    def _write(self, path: str, data: bytes) -> None:
        place = self.folder / path
        beside = place.with_name(f".{place.name}.new")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            beside.replace(place)
        except OSError as exc:
            raise _failed(place, exc) from exc
        self._unsynced.append(place)

    def _broken(self, path: str, what: str) -> errors.BadLog:
        return errors.BadLog(
            f"the watcher's copy {what}", where=str(self.folder / path), mend="watch from the start in another folder"
        )


@contextlib.contextmanager
def alone(folder: Path) -> Generator[None]:
    """Keeps a second process out of a watcher's folder for as long as the block lasts.

    Raises:
        BadLog: there is one already.
        StorageFailed: the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".in-use", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise _failed(folder, exc) from exc
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.BadLog("another watcher is at work here", where=str(folder), mend="stop it first") from None
        yield
    finally:
        os.close(handle)


def keep(place: Path, data: bytes) -> None:
    """A file that must not get lost: written beside its place, forced to the disk, then moved there.

    Raises:
        StorageFailed: it cannot be written.
    """
    beside = place.with_name(f".{place.name}.new")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        _sync(beside)
        beside.replace(place)
        _sync(place.parent)
    except OSError as exc:
        raise _failed(place, exc) from exc


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(place: Path, exc: OSError) -> errors.StorageFailed:
    return errors.StorageFailed(f"cannot be kept ({exc.strerror or exc})", where=str(place), mend="make room or rights")
