"""The lock: the one place where it is decided what comes next in a log. Whoever moves it may sign; nobody else."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from counterproof import tlog
from counterproof.errors import BadLog, StorageFailed


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log has come: how many entries, and their root."""

    size: int
    root: bytes

    @property
    def staging(self) -> str:
        """Where the entries lie that lead to it. The root is in the name, so no two heads share one."""
        return f"staging/{self.size}-{self.root.hex()}"


EMPTY = Head(0, tlog.EMPTY_ROOT)


class Lock(Protocol):
    """Keeps one head for each origin and moves it from one to the next, for one of all who try."""

    def read(self, origin: str) -> Head | None:
        """The head, or None where no log of this name was made.

        Raises:
            StorageFailed: it cannot be read.
        """
        ...

    def create(self, origin: str) -> None:
        """Begin a log of this name at `EMPTY`.

        Raises:
            BadLog: there is one.
            StorageFailed: it may or may not have begun.
        """
        ...

    def swap(self, origin: str, old: Head, new: Head) -> bool:
        """Move the head from `old` to `new`; False if it was not at `old`. True is returned once it is durable.

        Raises:
            StorageFailed: it may or may not have moved. The caller MUST stop, and find out by reading when it starts.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def exists_already(origin: str) -> BadLog:
    """What is said to who would begin a log twice."""
    return BadLog("a log of this name has begun already", where=origin, mend="open it, or choose another origin")


def is_unclear(what: str, exc: Exception) -> StorageFailed:
    """What is said where nobody can know whether the lock moved."""
    return StorageFailed(
        f"it is not known whether the lock moved: {exc}"[:500],
        where=what,
        mend="start again: the writer reads the lock and goes on from there",
    )


class SqliteLock:
    """The lock in a SQLite file, on this machine.

    Raises:
        StorageFailed: here and in every method: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
            # EXTRA: the folder is made durable too once the journal is gone, so a commit outlives a power cut.
            self._db.execute("PRAGMA synchronous=EXTRA")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"
            )
        except sqlite3.Error as exc:
            raise is_unclear(self._where, exc) from exc

    def read(self, origin: str) -> Head | None:
        """The head, or None."""
        try:
            found = self._db.execute("SELECT size, root FROM head WHERE origin = ?", (origin,)).fetchone()
        except sqlite3.Error as exc:
            raise is_unclear(self._where, exc) from exc
        return Head(int(found[0]), bytes(found[1])) if found else None

    def create(self, origin: str) -> None:
        """Begin a log at `EMPTY`."""
        try:
            self._db.execute("INSERT INTO head VALUES (?, ?, ?)", (origin, EMPTY.size, EMPTY.root))
        except sqlite3.IntegrityError:
            raise exists_already(origin) from None
        except sqlite3.Error as exc:
            raise is_unclear(self._where, exc) from exc

    def swap(self, origin: str, old: Head, new: Head) -> bool:
        """Move the head; each statement is a transaction of its own, durable when it returns."""
        try:
            moved = self._db.execute(
                "UPDATE head SET size = ?, root = ? WHERE origin = ? AND size = ? AND root = ?",
                (new.size, new.root, origin, old.size, old.root),
            ).rowcount
        except sqlite3.Error as exc:
            raise is_unclear(self._where, exc) from exc
        return moved == 1

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class MemoryLock:
    """The lock in memory, for tests and rehearsals. Nothing outlives the process."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}

    def read(self, origin: str) -> Head | None:
        """The head, or None."""
        return self.heads.get(origin)

    def create(self, origin: str) -> None:
        """Begin a log at `EMPTY`."""
        if origin in self.heads:
            raise exists_already(origin)
        self.heads[origin] = EMPTY

    def swap(self, origin: str, old: Head, new: Head) -> bool:
        """Move the head."""
        if self.heads.get(origin) != old:
            return False
        self.heads[origin] = new
        return True

    def close(self) -> None:
        """Nothing to let go."""
