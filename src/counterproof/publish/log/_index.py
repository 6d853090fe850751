"""Where an entry lies: leaf hash to index, so that the same bytes are never logged twice. A cache: it may be lost."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

from counterproof import tlog
from counterproof.errors import BadLog, StorageFailed

_KEY_BYTES = 16
_CACHE_KIB = 32_768
_AT_ONCE = 500
_KEPT_BACK = 200_000


class Index:
    """The index of the first `upto` entries. `path` None keeps it in memory.

    What it says is a hint: whoever uses it looks into the tile whether that leaf has that hash. A file that cannot be
    read is dropped and built again from the tiles of level 0. New entries are kept back in memory, at most 200,000
    (some 40 MB), and written together: each alone would dirty a page of its own, the more pages the longer the log.

    Raises:
        StorageFailed: the file can neither be used nor be replaced.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._upto = 0
        self._pending: dict[bytes, int] = {}
        self._marks: list[int] = []
        try:
            self._open()
        except sqlite3.DatabaseError:
            self._drop()

    @property
    def upto(self) -> int:
        """How many entries it knows."""
        return self._upto

    @classmethod
    def reading(cls, path: Path) -> Index:
        """For a look beside the writer: changes nothing, and knows nothing where there is no file."""
        index = cls(None)
        if path.exists():
            index._db.close()
            index._path = path
            index._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            with index._named():
                index._upto = int(index._db.execute("SELECT size FROM upto").fetchone()[0])
        return index

    def find(self, leaves: Sequence[bytes]) -> dict[bytes, int]:
        """Leaf hash to the index at which it probably is."""
        keys = {leaf[:_KEY_BYTES]: leaf for leaf in leaves}
        pending = self._pending
        found = {leaf: pending[key] for key, leaf in keys.items() if key in pending}
        asked = sorted(keys)  # neighbours lie on one page
        with self._named():
            for at in range(0, len(asked), _AT_ONCE):
                part = asked[at : at + _AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = self._db.execute(f"SELECT key, at FROM leaf WHERE key IN ({marks})", part)  # noqa: S608 - question marks
                found.update((keys[bytes(key)], int(index)) for key, index in rows)
        return found

    def marked(self, first: int = 0) -> list[int]:
        """The indices from `first` on that were marked, in order."""
        with self._named():
            rows = self._db.execute("SELECT at FROM marked WHERE at >= ? ORDER BY at", (first,))
            kept = [int(row[0]) for row in rows]
        return kept + [at for at in self._marks if at >= first]

    def add(self, first: int, leaves: Sequence[bytes], marked: Iterable[int] = ()) -> None:
        """Goes on with the leaves from index `first`, which is `upto`; some of these indices are marked."""
        if first != self._upto:
            raise BadLog(f"the index ends at {self._upto}, not at {first}", where="index", mend="start again")
        for index, leaf in enumerate(leaves, first):
            self._pending.setdefault(leaf[:_KEY_BYTES], index)
        self._marks += marked
        self._upto = first + len(leaves)
        if len(self._pending) >= _KEPT_BACK:
            self.flush()

    def flush(self) -> None:
        """Writes what was kept back."""
        with self._named(), self._db:
            self._db.executemany("INSERT OR IGNORE INTO leaf VALUES (?, ?)", sorted(self._pending.items()))
            self._db.executemany("INSERT OR IGNORE INTO marked VALUES (?)", ((at,) for at in self._marks))
            self._db.execute("UPDATE upto SET size = ?", (self._upto,))
        self._pending, self._marks = {}, []

    def catch_up(
        self, size: int, leaves_of: Callable[[int], Sequence[bytes]], marked_of: Callable[[int], Sequence[int]]
    ) -> None:
        """Reads on until it knows `size` entries: for each number of a tile of level 0, its leaves and marks."""
        if self._upto > size:  # of another log, or of a folder that was put back
            self._drop()
        for number in range(self._upto // tlog.TILE_WIDTH, -(-size // tlog.TILE_WIDTH)):
            leaves = leaves_of(number)[self._upto - number * tlog.TILE_WIDTH :]
            self.add(self._upto, leaves, [at for at in marked_of(number) if at >= self._upto])

    def close(self) -> None:
        """Write what was kept back, and close the file."""
        if self._pending or self._marks:
            self.flush()
        self._db.close()

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path or ":memory:", check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")  # a power cut takes the last rows and leaves the rest whole
        self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._db.execute("CREATE TABLE IF NOT EXISTS leaf (key BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID")
        self._db.execute("CREATE TABLE IF NOT EXISTS marked (at INTEGER PRIMARY KEY)")
        self._db.execute("CREATE TABLE IF NOT EXISTS upto (size INTEGER NOT NULL)")
        self._db.execute("INSERT INTO upto SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM upto)")
        self._db.commit()
        self._upto = int(self._db.execute("SELECT size FROM upto").fetchone()[0])

    def _drop(self) -> None:
        self._pending, self._marks = {}, []
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._db.close()
        try:
            if self._path:
                for end in ("", "-wal", "-shm"):
                    Path(f"{self._path}{end}").unlink(missing_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as exc:
            raise _failed(self._path, exc) from exc

    @contextlib.contextmanager
    def _named(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise _failed(self._path, exc) from exc


def _failed(path: Path | None, exc: Exception) -> StorageFailed:
    return StorageFailed(f"the index cannot be used: {exc}", where=str(path), mend="delete it: it is built again")
