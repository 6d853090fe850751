"""The book of appeals: what an appellant asks and is told, and what a person decides. Knows no web framework.

Whoever mounts it passes on the body alone: no address, no header, no cookie, and writes no access log of these paths.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from counterproof import chain, record
from counterproof.errors import BadInput, BadOption, NotVerified, StorageFailed
from counterproof.rely.appeal._receipt import read_receipt, receipt_digest
from counterproof.rely.appeal._store import VERDICTS, Case, Ruling, Store, Verdict
from counterproof.rely.appeal._terms import Terms
from counterproof.rely.appeal._work import Challenge, challenge, is_done, read_challenge

_T = TypeVar("_T")
_DAY_S: Final = 86_400
_MOST_NOTE_CHARS: Final = 2_000
_LEAST_BODY_BYTES: Final = 2_048
_SLACK_BITS: Final = 1
"""How much cheaper than now a challenge may be: who works while more is asked need not begin again at once."""


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    receipt: str
    text: str = ""
    token: str = ""
    challenge: str = ""
    work: str = ""


class _Looked(msgspec.Struct, forbid_unknown_fields=True):
    receipt: str


@dataclass(frozen=True)
class Heard:
    """An answer: HTTP status, JSON, and headers beside those that JSON has."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Book:
    """The appeals of a gate, in a folder of their own.

    `keys`: the logged token keys of issuers whose tokens are taken for `origin` (spec/token.md); none: work alone is.

    Raises:
        StorageFailed: the folder cannot be used.
    """

    def __init__(
        self, folder: Path, terms: Terms | None = None, *, keys: Sequence[record.TokenKey] = (), origin: str = ""
    ) -> None:
        self.terms = terms or Terms()
        self._keys, self._origin = tuple(keys), origin
        self._store = Store(folder)

    def challenge(self, now_s: int) -> Challenge:
        """What work an appeal costs now.

        Raises:
            StorageFailed: the book cannot be read.
        """
        terms, epoch = self.terms, now_s // self.terms.epoch_s
        doublings = (self._store.load(epoch) // terms.quiet).bit_length()
        return challenge(self._store.secret, epoch, min(terms.most_bits, terms.bits + doublings))

    def asked(self, now_s: int) -> Heard:
        """`GET /appeal`: what must be sent with an appeal."""
        try:
            return Heard(200, msgspec.json.encode(self._terms_now(now_s)), _UNKEPT)
        except StorageFailed:
            return _CLOSED

    def hear(self, body: bytes, now_s: int) -> Heard:
        """`POST /appeal`: every receipt of the right form, paid for, is told the same, whatever it is or was.

        Whether it belongs to a refusal is not looked up here (`match` does), so no answer and no time can tell.
        """
        if len(body) > self._most_bytes:
            return _said(413, "too long")
        asked = _decoded(body, _Asked)
        receipt = None if asked is None else read_receipt(asked.receipt)
        if asked is None or receipt is None or not self._is_text(asked.text):
            return _said(
                400, "not an appeal: it has a receipt, and may have a text, a token, or a challenge with its work"
            )
        try:
            return self._heard(asked, receipt, now_s)
        except StorageFailed:
            return _CLOSED

    def verdict(self, body: bytes) -> Heard:
        """`POST /appeal/verdict`: what was decided, for who holds the receipt; `undecided` for any other too.

        By POST, since receipts do not belong into addresses, which are logged.
        """
        asked = _decoded(body, _Looked) if len(body) <= _LEAST_BODY_BYTES else None
        receipt = None if asked is None else read_receipt(asked.receipt)
        if receipt is None:
            return _said(400, "not a receipt")
        try:
            ruling = self._store.ruling(receipt_digest(receipt))
        except StorageFailed:
            return _CLOSED
        said = (
            {"verdict": "undecided", "note": ""} if ruling is None else {"verdict": ruling.verdict, "note": ruling.note}
        )
        return Heard(200, msgspec.json.encode(said), _UNKEPT)

    def waiting(self) -> frozenset[str]:
        """What came in and was not matched yet. Ask for it before the record is read: see `match`.

        Raises:
            StorageFailed: here and below: the book cannot be used.
        """
        return self._store.waiting()

    def match(self, refused: Iterable[str], waiting: frozenset[str] | None = None) -> int:
        """Drop what does not appeal against a refusal on record (digests of receipts); returns how many were dropped.

        Give the refusals of the last `terms.days`: older ones can no longer be appealed. `waiting`: what came in before
        the record was read, whose refusal must be there; all, where nothing was refused meanwhile.
        """
        return self._store.match(refused, self._store.waiting() if waiting is None else waiting)

    def belongs_to(self, gate: str) -> None:
        """Says whose book this is, the first time; appeals are dropped only by what that gate refused.

        Raises:
            BadOption: it is another gate's.
        """
        if (kept := self._store.gate(gate)) != gate:
            what = f"the appeals are those of gate {kept!r}, the record is {gate!r}'s"
            raise BadOption(what, where="--book, --trail", mend="name the two folders of one gate")

    def tally(self) -> dict[str, int]:
        """How many cases are `waiting`, and how many verdicts of each kind are kept."""
        return self._store.tally()

    def cases(self) -> tuple[Case, ...]:
        """What waits for a person."""
        return self._store.cases()

    def rulings(self) -> tuple[Ruling, ...]:
        """What was decided and is kept."""
        return self._store.rulings()

    def decide(self, digest: str, verdict: Verdict, said: str, now_s: int) -> Ruling:
        """A person's verdict on a case; the appellant's words are deleted with it.

        Raises:
            BadOption: no such verdict, no such case (any more), or a note that is too long.
        """
        if verdict not in VERDICTS:
            raise BadOption(f"{verdict!r} is no verdict", where="verdict", mend=f"one of {', '.join(VERDICTS)}")
        if len(said) > _MOST_NOTE_CHARS or not self._is_clean(said):
            raise BadOption(f"a note has at most {_MOST_NOTE_CHARS} printable characters", where="note")
        ruling = Ruling(digest, now_s // _DAY_S, verdict, said)
        self._store.decide(ruling)
        return ruling

    def expire(self, now_s: int) -> int:
        """Delete what is older than `terms.days`, appeal or verdict, and the spent tokens of epochs that are over."""
        over: list[bytes] = []
        for said in self._keys:
            with contextlib.suppress(NotVerified):
                if chain.seconds_of(said.ends) <= now_s:
                    over.append(chain.token_challenge(said, self._origin).digest)
        return self._store.expire(now_s // _DAY_S - self.terms.days, over)

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @property
    def _most_bytes(self) -> int:
        return _LEAST_BODY_BYTES + 12 * self.terms.text_chars  # JSON escapes a character in up to twelve bytes

    def _is_text(self, text: str) -> bool:
        return len(text) <= self.terms.text_chars and self._is_clean(text)

    @staticmethod
    def _is_clean(text: str) -> bool:
        return all(c.isprintable() or c in "\n\t" for c in text)

    def _heard(self, asked: _Asked, receipt: str, now_s: int) -> Heard:
        epoch = now_s // self.terms.epoch_s
        spends = self._token(asked.token, now_s) if asked.token else None
        if spends is None and not self._is_worked(asked, receipt, now_s):
            return self._unpaid(now_s)
        case = Case(receipt_digest(receipt), now_s // _DAY_S, asked.text)
        if not self._store.add(case, epoch, self.terms.cases, spends):
            return self._unpaid(now_s)
        return _HEARD

    def _is_worked(self, asked: _Asked, receipt: str, now_s: int) -> bool:
        given = read_challenge(asked.challenge, self._store.secret, now_s // self.terms.epoch_s)
        if given is None or given.bits < self.challenge(now_s).bits - _SLACK_BITS:
            return False
        if not (asked.work.isascii() and asked.work.isdigit() and len(asked.work) < 20):
            return False
        return is_done(given, receipt, int(asked.work))

    def _token(self, text: str, now_s: int) -> tuple[bytes, bytes] | None:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        for said in self._keys:
            with contextlib.suppress(NotVerified, BadInput):
                token = chain.check_token(data, said, self._origin, now_s)
                return token.challenge, token.nonce
        return None

    def _terms_now(self, now_s: int) -> dict[str, object]:
        asked = self.challenge(now_s)
        return {"challenge": asked.text, "bits": asked.bits, "text_chars": self.terms.text_chars}

    def _unpaid(self, now_s: int) -> Heard:
        """RFC 9110, section 15.5.2; the scheme is that of RFC 9577, section 2.1."""
        said = {"error": "send a token, or work for this challenge", **self._terms_now(now_s)}
        offers = [_offer(each, self._origin) for each in self._keys]
        headers = [("WWW-Authenticate", offer) for offer in offers if offer]
        return Heard(401, msgspec.json.encode(said), (*_UNKEPT, *(headers or [("WWW-Authenticate", "Work")])))


_UNKEPT: Final = (("Cache-Control", "no-store"),)


def _said(status: int, why: str) -> Heard:
    return Heard(status, msgspec.json.encode({"error": why}), _UNKEPT)


_HEARD: Final = Heard(202, b'{"said":"heard"}', _UNKEPT)
_CLOSED: Final = Heard(503, b'{"error":"appeals cannot be heard now; nothing was kept, send it again later"}', _UNKEPT)


def _decoded(body: bytes, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _offer(said: record.TokenKey, origin: str) -> str:
    try:
        asked = chain.token_challenge(said, origin).encode()
        key = chain.read_token_key(said.key).public
    except (NotVerified, BadInput):
        return ""
    texts = [base64.urlsafe_b64encode(data).decode() for data in (asked, key)]
    return f'PrivateToken challenge="{texts[0]}", token-key="{texts[1]}"'
