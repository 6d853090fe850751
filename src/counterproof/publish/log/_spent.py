"""Which tokens were spent: each once, whoever asks at the same time. Nothing of who spent them is kept, nor when."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path

from counterproof import chain, note, record
from counterproof.errors import NotVerified, StorageFailed

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (challenge BLOB, nonce BLOB, PRIMARY KEY (challenge, nonce)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS over (challenge BLOB PRIMARY KEY) WITHOUT ROWID;
"""
"""Without row numbers: rows lie in the order of random nonces, so that the file does not tell who came first."""


class Spent:
    """Spent tokens in a SQLite file of this machine, apart for each origin, epoch and issuer (what a challenge binds).

    Raises:
        StorageFailed: here and in every method: the file cannot be used. A token MUST NOT be taken then.
    """

    def __init__(self, path: Path) -> None:
        self._where = str(path)
        with self._told():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
            self._db.execute("PRAGMA synchronous=EXTRA")  # as the log's lock: what was spent stays so after a power cut
            self._db.executescript(_SCHEMA)

    def redeem(self, data: bytes, said: record.TokenKey | None, origin: str, now_s: int) -> note.Token:
        """Takes a token if it holds here and now and was not spent; only one of all who try gets through.

        Raises:
            BadNote: the bytes are no token.
            NotVerified: it does not hold (`chain.check_token`), or it was spent.
        """
        token = chain.check_token(data, said, origin, now_s)
        # 5. It was not spent.
        if not self.spend(token):
            raise NotVerified("the token was spent before", where="5 spent", mend="ask the issuer for another")
        return token

    def spend(self, token: note.Token) -> bool:
        """Whether this call spent the token, durably; False if it was spent before or its epoch is over."""
        with self._told():
            spent = self._db.execute(
                "INSERT OR IGNORE INTO spent SELECT ?1, ?2 WHERE ?1 NOT IN (SELECT challenge FROM over)",
                (token.challenge, token.nonce),
            ).rowcount
        return spent == 1

    def forget(self, challenge: note.TokenChallenge) -> None:
        """An epoch is over: its tokens are deleted, and none of it is ever taken again."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("INSERT OR IGNORE INTO over VALUES (?)", (challenge.digest,))
                self._db.execute("DELETE FROM spent WHERE challenge = ?", (challenge.digest,))
                self._db.execute("COMMIT")
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            says = f"it is not known whether a token was spent: {exc}"
            raise StorageFailed(says[:500], where=self._where, mend="take none until it is") from exc
