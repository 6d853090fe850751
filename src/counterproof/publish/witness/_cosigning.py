"""What a witness answers, free of HTTP: C2SP tlog-witness v1.0.0, the section add-checkpoint, in its order."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from counterproof import note, quorum, tlog
from counterproof.errors import BadKey, BadNote, NotVerified
from counterproof.publish.witness import _evidence
from counterproof.publish.witness._limit import Limit
from counterproof.publish.witness._request import Asked, read_request
from counterproof.publish.witness._store import Busy, Held, Store
from counterproof.record import Evidence

SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
PER_S, BURST = 50.0, 100
"""How often one log may ask: two logs' worth of checkpoints every 50 ms would still pass."""


@dataclass(frozen=True)
class Answer:
    """An HTTP status, a body and its type."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE


def _says(status: int, sentence: str) -> Answer:
    return Answer(status, sentence.encode() + b"\n")


class _No(Exception):
    """A refusal that needs no look at the record."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, sentence)
        self.answer = _says(status, sentence)


@dataclass(frozen=True)
class _Shown:
    """A checkpoint that its log signed, with what came along."""

    asked: Asked
    checkpoint: tlog.Checkpoint
    by_log: bytes


class Witness:
    """Cosigns what extends the last it saw of a log. One object may be used by several threads.

    `logs`: the keys it cosigns for; a key's name is the origin, and several keys may have one. `clock_s`: seconds since
    the epoch.

    A cosignature's time is never before the last one given for that log. Where the clock has gone back, that last time
    is used again for up to `quorum.MAX_SKEW_S` seconds; beyond, nothing is cosigned (503) until the clock is right.
    """

    def __init__(
        self,
        store: Store,
        evidence: Path,
        signers: Sequence[note.Signer],
        logs: Iterable[note.Verifier],
        *,
        limit: Limit | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._evidence, self._signers = store, evidence, tuple(signers)
        self._limit, self._clock_s = limit or Limit(PER_S, BURST), clock_s
        self._logs: dict[str, list[note.Verifier]] = {}
        for log in logs:
            if log.kind != "ed25519":
                raise BadKey(f"a key of kind {log.kind!r} is no log's", where=log.name, mend="give the key of the log")
            self._logs.setdefault(log.name, []).append(log)
        self._by_hash = {hashlib.sha256(origin.encode()).hexdigest(): origin for origin in self._logs}
        self._kept: list[Path] = []
        self._keeping = threading.Lock()

    @property
    def verifiers(self) -> tuple[note.Verifier, ...]:
        """The public keys it cosigns with."""
        return tuple(signer.verifier for signer in self._signers)

    @property
    def kept(self) -> tuple[Path, ...]:
        """Evidence files written since this object was made."""
        return tuple(self._kept)

    def close(self) -> None:
        """Lets go of the file."""
        self._store.close()

    def latest(self, origin_hash: str) -> Answer:
        """The monitoring interface: the latest checkpoint cosigned for the log, cosignatures included.

        `origin_hash`: lower-case hexadecimal SHA-256 of the origin.

        Raises:
            StorageFailed: the record cannot be read.
        """
        origin = self._by_hash.get(origin_hash)
        try:
            held = self._store.latest(origin) if origin is not None else None
        except Busy:
            return _says(503, "busy; ask again")
        return Answer(200, held.signed) if held else _says(404, "nothing was cosigned under this name")

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosigns, or says why not. An answer of 200 is on the disk before this returns.

        Raises:
            StorageFailed: what was cosigned cannot be kept. Nothing was given out; the process must end, since after a
                failed sync nothing that it reads says what is stored.
        """
        try:
            shown = self._opened(body)
        except _No as no:
            return no.answer
        forks: list[Evidence] = []
        try:
            if not self._limit.may(self._bucket(shown)):
                return _says(429, "this log asks too often; ask again in a second")
            given = self._store.swap(shown.checkpoint.origin, lambda held: self._decide(shown, held, forks))
        except Busy:
            return _says(503, "busy; ask again")
        for fork in forks:
            self._keep(shown.checkpoint.origin, fork)
        return self._cosignatures(given) if isinstance(given, Held) else given

    def _bucket(self, shown: _Shown) -> str:
        """Anybody can send what the log once published: that must not use up what its next checkpoint needs."""
        origin = shown.checkpoint.origin
        held = self._store.latest(origin)
        return f"{origin}\nagain" if held and shown.checkpoint.size <= held.checkpoint.size else origin

    def _opened(self, body: bytes) -> _Shown:
        """Checks that need no record: the form, who signed, and whether it is a checkpoint."""
        try:
            asked = read_request(body)
            log = self._logs.get(asked.unverified_origin)
            if log is None:
                raise _No(404, "this witness does not know that log")
            by_log = _evidence.by_log(asked.signed, log)
            if _is_empty_with_a_root(asked.text):
                raise _No(422, "a tree without leaves has another root")
            checkpoint = tlog.read_checkpoint(asked.text)
        except NotVerified as refusal:
            raise _No(403, f"not signed by the log: {refusal}") from None
        except BadNote as refusal:
            raise _No(400, f"not a signed checkpoint to add: {refusal}") from None
        if asked.old > checkpoint.size:
            raise _No(400, "the old size is above the size of the checkpoint")
        return _Shown(asked, checkpoint, by_log)

    def _decide(self, shown: _Shown, held: Held | None, forks: list[Evidence]) -> Held | Answer:
        """Checks that need the record. Runs while nobody else can change it."""
        asked, checkpoint = shown.asked, shown.checkpoint
        at_size, at_root = (held.checkpoint.size, held.checkpoint.root) if held else (0, tlog.EMPTY_ROOT)
        is_fork = held is not None and checkpoint.size == at_size and checkpoint.root != at_root
        if held and is_fork:
            forks.append(_evidence.same_size(self._by_log(held), shown.by_log))
        if asked.old != at_size:
            return Answer(409, b"%d\n" % at_size, SIZE_TYPE)
        if is_fork:
            return _says(422, "another tree of the same size was cosigned before")
        try:
            tlog.check_consistency(asked.proof, asked.old, checkpoint.size, at_root, checkpoint.root)
        except NotVerified as refusal:
            fork = _evidence.prefix(self._by_log(held), shown.by_log, asked.proof) if held else None
            forks.extend([fork] if fork else [])
            return _says(422, f"{refusal.what}")
        now_s = int(self._clock_s())
        at_s = max(now_s, held.issued_s) if held else now_s
        if at_s - now_s > quorum.MAX_SKEW_S or at_s <= 0:
            return _says(503, "the clock of this witness is behind what it said before")
        lines = [quorum.cosign(checkpoint, signer, at_s) for signer in self._signers]
        return Held(note.append(shown.by_log, *lines), at_s)

    def _by_log(self, held: Held) -> bytes:
        """What is held, without our own cosignatures; as it is if its key is no longer among those configured."""
        try:
            return _evidence.by_log(held.signed, self._logs[held.checkpoint.origin])
        except NotVerified:
            return held.signed

    def _cosignatures(self, held: Held) -> Answer:
        ours = {(key.name, key.key_id) for key in self.verifiers}
        lines = [line.encode() for line in note.split(held.signed)[1] if (line.name, line.key_id) in ours]
        return Answer(200, b"".join(lines))

    def _keep(self, origin: str, fork: Evidence) -> None:
        path = _evidence.keep(self._evidence, origin, fork)
        with self._keeping:
            if path and path not in self._kept:
                self._kept.append(path)


def _is_empty_with_a_root(text: bytes) -> bool:
    """Whether it is a checkpoint in form, of size 0, whose root is not that of a tree without leaves."""
    lines = text.split(b"\n")
    if len(lines) != 4 or lines[1] != b"0":
        return False
    try:
        return tlog.read_checkpoint(b"\n".join([lines[0], b"1", *lines[2:]])).root != tlog.EMPTY_ROOT
    except BadNote:
        return False
