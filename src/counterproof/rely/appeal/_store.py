"""Appeals, verdicts and spent tokens in one SQLite file that its owner alone can read.

One file, so that a token is spent and its appeal kept in one step: what is killed between leaves both or neither. Rows
lie in the order of random digests, and their only time is a day, so that the file does not tell who came when.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from counterproof.errors import BadOption, StorageFailed

Verdict = Literal["upheld", "denied"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

_BUSY_S: Final = 5
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS secret (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS appeal
    (digest TEXT PRIMARY KEY, day INTEGER NOT NULL, text TEXT NOT NULL, is_refusal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ruling
    (digest TEXT PRIMARY KEY, day INTEGER NOT NULL, verdict TEXT NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (challenge BLOB, nonce BLOB, PRIMARY KEY (challenge, nonce)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS load (epoch INTEGER PRIMARY KEY, appeals INTEGER NOT NULL, again INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS gate (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chaff (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL);
"""


@dataclass(frozen=True)
class Case:
    """An appeal that waits for a person: the digest of its receipt, the day it came, and what its sender wrote."""

    digest: str
    day: int
    text: str


@dataclass(frozen=True)
class Ruling:
    """What a person decided: `upheld` (the refusal was wrong) or `denied`, and what the appellant is told of it."""

    digest: str
    day: int
    verdict: Verdict
    note: str


class Store:
    """The file. Usable from any thread; several processes may hold it at once.

    Raises:
        StorageFailed: here and in every method: the file cannot be used, and nothing was changed.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "appeals.sqlite"
        self._where = str(path)
        self._lock = threading.Lock()
        with self._told():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
            try:
                self._db.execute("PRAGMA synchronous=EXTRA")
                self._db.execute("PRAGMA secure_delete=ON")  # deleted words are overwritten
                self._db.executescript(_SCHEMA)
                self._db.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_bytes(32),))
                self.secret = bytes(self._db.execute("SELECT value FROM secret").fetchone()[0])
            except sqlite3.Error:
                self._db.close()
                raise

    def add(self, case: Case, epoch: int, most: int, spends: tuple[bytes, bytes] | None) -> bool:
        """Keep an appeal, and spend a token (its challenge and nonce) with it; the first of a receipt is kept.

        Returns: False where the token was spent before and the receipt has no appeal yet: nothing was kept.

        Raises:
            StorageFailed: also where `most` appeals wait.
        """
        with self._changing() as db:
            if db.execute("SELECT count(*) FROM appeal").fetchone()[0] >= most:  # before anything tells receipts apart
                raise StorageFailed(f"{most} appeals wait", where=self._where, mend="decide or match them")
            known = db.execute("SELECT 1 FROM appeal WHERE digest = ?1 UNION SELECT 1 FROM ruling WHERE digest = ?1",
                               (case.digest,)).fetchone() is not None  # fmt: skip
            is_new_token = (
                spends is None or db.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", spends).rowcount == 1
            )
            if not known and not is_new_token:
                return False
            if known:
                self._put_nothing(db, case, epoch)
            else:
                self._put(db, case, epoch)
            return True

    @staticmethod
    def _put_nothing(db: sqlite3.Connection, case: Case, epoch: int) -> None:
        """Write as much as for a new appeal, so that it takes as long; counted apart, as it cost nothing to send."""
        db.execute("INSERT OR REPLACE INTO chaff VALUES (1, randomblob(?))", (100 + len(case.text.encode()),))
        db.execute("INSERT INTO load VALUES (?, 0, 1) ON CONFLICT (epoch) DO UPDATE SET again = again + 1", (epoch,))

    @staticmethod
    def _put(db: sqlite3.Connection, case: Case, epoch: int) -> None:
        db.execute("INSERT INTO appeal VALUES (?, ?, ?, 0)", (case.digest, case.day, case.text))
        db.execute("DELETE FROM load WHERE epoch < ?", (epoch - 1,))
        db.execute(
            "INSERT INTO load VALUES (?, 1, 0) ON CONFLICT (epoch) DO UPDATE SET appeals = appeals + 1", (epoch,)
        )

    def load(self, epoch: int) -> int:
        """How many appeals came in this epoch, or in the one before where that is more."""
        with self._reading() as db:
            return int(db.execute(
                "SELECT coalesce(max(appeals), 0) FROM load WHERE epoch IN (?, ?)", (epoch, epoch - 1)
            ).fetchone()[0])  # fmt: skip

    def waiting(self) -> frozenset[str]:
        """The digests of what came in and was not matched yet."""
        with self._reading() as db:
            return frozenset(str(row[0]) for row in db.execute("SELECT digest FROM appeal WHERE is_refusal = 0"))

    def match(self, refused: Iterable[str], waiting: frozenset[str]) -> int:
        """Of these appeals keep those whose receipt's digest is among `refused`; returns how many are dropped."""
        found = waiting.intersection(refused)
        with self._changing() as db:
            db.executemany("UPDATE appeal SET is_refusal = 1 WHERE digest = ?", [(d,) for d in found])
            db.executemany("DELETE FROM appeal WHERE digest = ?", [(d,) for d in waiting - found])
        return len(waiting - found)

    def gate(self, name: str) -> str:
        """The name of the gate whose book this is: the first that was ever given."""
        with self._changing() as db:
            db.execute("INSERT OR IGNORE INTO gate VALUES (1, ?)", (name,))
            return str(db.execute("SELECT name FROM gate").fetchone()[0])

    def tally(self) -> dict[str, int]:
        """How many cases wait for a person, and how many verdicts of each kind are kept."""
        with self._reading() as db:
            waits = db.execute("SELECT count(*) FROM appeal WHERE is_refusal = 1").fetchone()[0]
            ruled = db.execute("SELECT verdict, count(*) FROM ruling GROUP BY verdict").fetchall()
        return {"waiting": int(waits), **{str(verdict): int(n) for verdict, n in ruled}}

    def cases(self) -> tuple[Case, ...]:
        """Appeals against refusals that are on record, not decided yet, in no order that says anything."""
        with self._reading() as db:
            rows = db.execute("SELECT digest, day, text FROM appeal WHERE is_refusal = 1 ORDER BY digest").fetchall()
        return tuple(Case(str(d), int(day), str(text)) for d, day, text in rows)

    def decide(self, ruling: Ruling) -> None:
        """Keep a verdict and delete what was written to obtain it; the first verdict stays.

        Raises:
            BadOption: no such appeal waits; it may have been decided by somebody else.
        """
        with self._changing() as db:
            if db.execute("DELETE FROM appeal WHERE digest = ? AND is_refusal = 1", (ruling.digest,)).rowcount != 1:
                raise BadOption("no such appeal waits; somebody else may have decided it", where=ruling.digest[:16])
            row = (ruling.digest, ruling.day, ruling.verdict, ruling.note)
            db.execute("INSERT INTO ruling VALUES (?, ?, ?, ?)", row)

    def ruling(self, digest: str) -> Ruling | None:
        """The verdict on one receipt."""
        with self._reading() as db:
            row = db.execute("SELECT digest, day, verdict, note FROM ruling WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else Ruling(*row)

    def rulings(self) -> tuple[Ruling, ...]:
        """All verdicts that are kept."""
        with self._reading() as db:
            return tuple(
                Ruling(*r) for r in db.execute("SELECT digest, day, verdict, note FROM ruling ORDER BY digest")
            )

    def expire(self, before_day: int, over: Iterable[bytes] = ()) -> int:
        """Delete appeals and verdicts of earlier days, and tokens of challenges that are over; returns how many."""
        with self._changing() as db:
            gone = db.execute("DELETE FROM appeal WHERE day < ?", (before_day,)).rowcount
            gone += db.execute("DELETE FROM ruling WHERE day < ?", (before_day,)).rowcount
            db.executemany("DELETE FROM spent WHERE challenge = ?", [(c,) for c in over])
        return gone

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        with self._lock, self._told():
            yield self._db

    @contextlib.contextmanager
    def _changing(self) -> Generator[sqlite3.Connection]:
        """A transaction that no other process's can come between; whatever is raised undoes it."""
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, TypeError) as exc:
            if isinstance(exc, StorageFailed):
                raise
            says = f"the book of appeals cannot be used: {exc}"
            raise StorageFailed(says[:500], where=self._where, mend="appeals are not heard until it is") from exc
