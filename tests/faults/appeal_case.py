"""An appeal paid by token is heard and decided while the machine fails: what was answered holds, nothing is half."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from counterproof.errors import CounterproofError, StorageFailed
from counterproof.rely import appeal
from tests.chain import small_tokens
from tests.faults.strace import Ended, Tell
from tests.rely.appeal.appellant import NOW_S, body, digest, paid

KEY = small_tokens.token_key()
TOKENS = tuple(small_tokens.token(KEY, seed=n).encode() for n in range(3))
RECEIPTS = tuple(f"{'abcd'[n] * 25}a" for n in range(4))
TERMS = appeal.Terms(bits=0, most_bits=0)


def _book(folder: Path) -> appeal.Book:
    return appeal.Book(folder / "appeals", TERMS, keys=(KEY,), origin=small_tokens.HERE)


@dataclass(frozen=True)
class AppealCase:
    """Receipt 0 was heard before. Receipts 1 and 2 are heard, then 0 is decided."""

    name: str
    is_split: bool = False

    def prepare(self, folder: Path) -> None:
        folder.mkdir()
        one = _book(folder)
        one.hear(paid(TOKENS[0], RECEIPTS[0]), NOW_S)
        one.match([digest(RECEIPTS[0])])
        one.close()

    def work(self, folder: Path, tell: Tell) -> None:
        one = _book(folder)
        for n in (1, 2):
            if self.is_split:
                _spend_alone(folder, TOKENS[n])
                sent = body(receipt=RECEIPTS[n], challenge=one.challenge(NOW_S).text, work="0")
            else:
                sent = paid(TOKENS[n], RECEIPTS[n])
            if one.hear(sent, NOW_S).status != 202:
                raise StorageFailed("was not heard")
            tell(f"heard {n}".encode())
        one.decide(digest(RECEIPTS[0]), "upheld", "", NOW_S)
        tell(b"decided")
        one.close()

    def look(self, folder: Path, ended: Ended) -> list[str]:
        try:
            one = _book(folder)
        except CounterproofError as exc:
            return [f"it does not start again: {exc}"]
        try:
            return list(self._wrong(one, folder, ended.told))
        except CounterproofError as exc:
            return [f"it does not go on: {exc}"]
        finally:
            one.close()

    @staticmethod
    def _wrong(one: appeal.Book, folder: Path, told: tuple[bytes, ...]) -> list[str]:
        wrong: list[str] = []
        one.match(map(digest, RECEIPTS))
        kept = {case.digest for case in one.cases()}
        is_decided = json.loads(one.verdict(body(receipt=RECEIPTS[0])).body)["verdict"] == "upheld"
        with contextlib.closing(sqlite3.connect(folder / "appeals" / "appeals.sqlite")) as db:
            spent = db.execute("SELECT count(*) FROM spent").fetchone()[0]
        if spent != 1 + len(kept - {digest(RECEIPTS[0])}):
            wrong.append(f"{spent} tokens were spent for {kept}")
        wrong += [f"appeal {n} was lost" for n in (1, 2) if b"heard %d" % n in told and digest(RECEIPTS[n]) not in kept]
        if is_decided == (digest(RECEIPTS[0]) in kept) or (b"decided" in told and not is_decided):
            wrong.append("a verdict was lost, or stands beside its case")
        if one.hear(paid(TOKENS[0], RECEIPTS[3]), NOW_S).status != 401:
            wrong.append("a spent token was taken again")
        return wrong


def _spend_alone(folder: Path, token: bytes) -> None:
    """The control: a token is spent in a step of its own, before the appeal is kept."""
    try:
        with contextlib.closing(sqlite3.connect(folder / "appeals" / "appeals.sqlite")) as db, db:
            db.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", (token[34:66], token[2:34]))
    except sqlite3.Error as exc:
        raise StorageFailed("was not spent") from exc


CASES = (AppealCase("appeals"),)
CONTROL = AppealCase("appeals whose tokens are spent before", is_split=True)
