"""The one row per log that a witness must never lose: the latest checkpoint that it cosigned, signatures and all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from counterproof import errors, note, tlog

_T = TypeVar("_T")

BUSY_S = 5.0
"""How long a request waits for another process that writes to the same file."""

# Triggers hold what must hold whatever the program above them does.
_SCHEMA = """
CREATE TABLE witness (key TEXT PRIMARY KEY);
CREATE TABLE seen (
  origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, signed BLOB NOT NULL, issued_s INTEGER NOT NULL
);
CREATE TRIGGER never_back BEFORE UPDATE ON seen
WHEN NEW.size < OLD.size OR NEW.origin <> OLD.origin OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
  OR NEW.issued_s < OLD.issued_s
BEGIN SELECT RAISE(ABORT, 'a witness does not go back'); END;
CREATE TRIGGER never_forget BEFORE DELETE ON seen BEGIN SELECT RAISE(ABORT, 'a witness does not forget'); END;
"""
_UPSERT = """
INSERT INTO seen (origin, size, root, signed, issued_s) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, signed = excluded.signed,
  issued_s = excluded.issued_s
"""


@dataclass(frozen=True)
class Held:
    """The latest checkpoint cosigned for a log; `issued_s`: the time that its cosignatures bear, seconds."""

    signed: bytes
    issued_s: int

    @property
    def checkpoint(self) -> tlog.Checkpoint:
        """What was signed."""
        return tlog.read_checkpoint(note.split(self.signed)[0])


class Busy(Exception):
    """Another process keeps the file for itself."""


class Store:
    """One SQLite file. Several threads and several processes may use one at a time.

    Write-ahead log with `synchronous=FULL`: a commit is on the disk before it returns (in the other modes a journal
    whose removal was not yet on the disk could undo it after a loss of power).
    """

    def __init__(self, path: Path) -> None:
        """Opens what `create` made; whatever the write-ahead log holds is moved to the file and synced first.

        Raises:
            BadLog: the file is not there or is damaged. A witness that forgot must not go on under the same key.
            StorageFailed: it cannot be opened for writing.
        """
        self._path, self._lock, self._broken = path, threading.Lock(), ""
        with self._failing():
            if not path.is_file():
                mend = "restore it; if it is lost, retire the key and make a new witness"
                raise errors.BadLog("there is no record of what was cosigned", where=str(path), mend=mend)
            self._db = _connect(path)
            told = self._db.execute("PRAGMA quick_check").fetchone()
            if told != ("ok",):
                raise errors.BadLog(f"the file is damaged: {told}", where=str(path), mend="restore it")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            # SQLite syncs the folder when it makes the write-ahead log, and takes no notice if that fails.
            sync_folder(path.parent)

    def close(self) -> None:
        """Lets go of the file."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    def keys(self) -> list[str]:
        """The verifier keys, as text, of the witness whose record this is."""
        with self._lock, self._failing():
            return [key for (key,) in self._db.execute("SELECT key FROM witness ORDER BY key")]

    def origins(self) -> list[str]:
        """The logs that were ever cosigned."""
        with self._lock, self._failing():
            return [origin for (origin,) in self._db.execute("SELECT origin FROM seen ORDER BY origin")]

    def latest(self, origin: str) -> Held | None:
        """What was last cosigned for a log."""
        with self._lock, self._failing():
            return self._read(origin)

    def swap(self, origin: str, decide: Callable[[Held | None], Held | _T]) -> Held | _T:
        """Lets `decide` see what is held and keeps the `Held` that it gives, if it gives one, before returning.

        Nobody else, in this process or another, sees or changes the row between the two.

        Raises:
            Busy: another process did not let go of the file within `BUSY_S`.
            StorageFailed: the disk refused. What is on it is then unknown, so this store answers nothing any more.
        """
        with self._lock, self._failing():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                given = decide(self._read(origin))
                if isinstance(given, Held):
                    checkpoint = given.checkpoint
                    row = (origin, checkpoint.size, checkpoint.root, given.signed, given.issued_s)
                    self._db.execute(_UPSERT, row)
                    self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            return given

    def _read(self, origin: str) -> Held | None:
        row = self._db.execute("SELECT signed, issued_s, size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        if row is None:
            return None
        held = Held(row[0], row[1])
        checkpoint = held.checkpoint
        if (checkpoint.origin, checkpoint.size, checkpoint.root) != (origin, row[2], row[3]):
            raise errors.BadLog(f"the row of {origin!r} contradicts itself", where=str(self._path), mend="restore it")
        return held

    @contextlib.contextmanager
    def _failing(self) -> Generator[None]:
        if self._broken:
            raise errors.StorageFailed(self._broken, where=str(self._path), mend="mend the disk and start again")
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            if isinstance(exc, errors.CounterproofError):
                raise
            if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise Busy from exc
            self._broken = f"the record of what was cosigned cannot be kept: {exc}"
            raise errors.StorageFailed(
                self._broken, where=str(self._path), mend="mend the disk and start again"
            ) from exc


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable.

    Raises:
        OSError: they may not be.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def create(path: Path, keys: list[str]) -> None:
    """Makes the file of a new witness, which must not be there yet, and syncs it.

    Raises:
        StorageFailed: it cannot be written.
    """
    try:
        path.touch(0o600, exist_ok=False)
        db = _connect(path)
        db.executescript(_SCHEMA)
        db.executemany("INSERT INTO witness (key) VALUES (?)", [(key,) for key in keys])
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.close()
    except (OSError, sqlite3.Error) as exc:
        raise errors.StorageFailed(f"cannot be made: {exc}", where=str(path), mend="choose another place") from exc


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL").fetchone()
    db.execute("PRAGMA synchronous=FULL")
    return db
