"""Writes a worker's record: one line and one write(2) per decision, before the decision takes effect."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import msgspec

from counterproof import note as notes
from counterproof.errors import BadKey, BadOption, BadTrail, StorageFailed
from counterproof.record import Answer, Decision, GatePolicy, Sighting
from counterproof.rely.trail._files import (
    keep_policy,
    let_go,
    locked,
    segment_path,
    storing,
    sync_folder,
    worker_folder,
)
from counterproof.rely.trail._head import ChainHead, head_note, read_head
from counterproof.rely.trail._line import (
    FORMAT,
    MAX_LINE_BYTES,
    HeadLine,
    NoteKind,
    NoteLine,
    Said,
    closed,
    decision_body,
    head_body,
    note_body,
    read_line,
)
from counterproof.rely.trail._read import raw_lines, read_end
from counterproof.rely.trail._sync import Syncer

MAX_SYNC_S = 3600
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


@dataclass(frozen=True)
class Pace:
    """How often a trail does what it does not do each time.

    Args:
        sync_s: seconds between two fdatasync(2); 0: after every record.
        segment_bytes: a file that is longer gives way to the next at the next head.
        head_every: how many records go by, at most, before a head is kept.
        head_every_s: how many seconds.

    Raises:
        BadOption: one of them means nothing.
    """

    sync_s: float = 1.0
    segment_bytes: int = 64 << 20
    head_every: int = 10_000
    head_every_s: float = 60.0

    def __post_init__(self) -> None:
        if (
            not 0 <= self.sync_s <= MAX_SYNC_S
            or self.segment_bytes < 1
            or self.head_every < 1
            or not self.head_every_s > 0
        ):
            raise BadOption(
                f"{self} means nothing", where="pace", mend=f"sync_s from 0 to {MAX_SYNC_S}, the rest above zero"
            )


class Trail:
    """One worker's record of what it decided; whole lines only, each chained to all before it (spec/gate-trail.md).

    What was kept survives the end of the process, whatever ended it. What was kept within the last `pace.sync_s`
    seconds may be lost when the machine loses power; with 0 nothing is, and every decision waits for the disk.

    Args:
        folder: the gate's trail; one for all its workers.
        worker: this worker's name in it; one process at a time.
        gate: the gate's name, the same in every worker and in what is published.
        now_ms: the time, in milliseconds since 1970; the machine's clock where nothing is said. Times order nothing.
        signer: who signs heads (kind `ed25519`); without one they are kept unsigned.
        pace: how often it waits for the disk, begins another file, keeps a head.

    Raises:
        BadOption: a name means nothing.
        BadKey: the key is of another kind.
        BadTrail: the folder is in use, damaged, or another gate's.
        StorageFailed: it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        worker: str,
        gate: str,
        *,
        now_ms: int | None = None,
        signer: notes.Signer | None = None,
        pace: Pace | None = None,
    ) -> None:
        if not gate.isprintable() or not 0 < len(gate) <= 200:
            raise BadOption(f"{gate[:80]!r} names no gate", where="gate", mend="one line, at most 200 characters")
        if signer is not None and signer.verifier.kind != "ed25519":
            raise BadKey(f"a key of kind {signer.verifier.kind!r} does not sign notes", where=signer.verifier.name)
        self.folder, self.worker, self.gate = folder, worker, gate
        self._own = worker_folder(folder, worker)
        self._signer, self._pace = signer, pace or Pace()
        self._guard = threading.Lock()
        self._is_torn = False
        self._half_begun: Path | None = None
        self._held = locked(self._own)
        try:
            self._resume(_now_ms() if now_ms is None else now_ms)
        except BaseException:
            let_go(self._held)
            raise

    def _resume(self, now_ms: int) -> None:
        self._chain, self._size, path = read_end(self._own)
        self._check_gate(path)
        self._path = path or segment_path(self._own, 0)
        with storing(self._path):
            self._fd = os.open(self._path, _OPEN, 0o600)
            try:
                os.ftruncate(self._fd, self._size)  # half a line: its write never returned, nothing rested on it
                sync_folder(self._own)
            except OSError:
                let_go(self._fd)
                raise
        self._sync = Syncer(self._fd, self._pace.sync_s, self._chain.n)
        self._head_n, self._head_ms = self._chain.n, now_ms
        torn: dict[str, Said] = {"torn_bytes": self._chain.torn_bytes} if self._chain.torn_bytes else {}
        try:
            self.note("begin", {"format": FORMAT, "gate": self.gate, "worker": self.worker, **torn}, now_ms)
        except BaseException:
            self._sync.stop()
            let_go(self._fd)
            raise

    def _check_gate(self, path: Path | None) -> None:
        found = _gate_of(path) if path else None
        if found not in (None, self.gate):
            raise BadTrail(
                f"is the record of gate {found!r}",
                where=str(self.folder),
                mend=f"give {self.gate!r} a folder of its own",
            )

    @property
    def n(self) -> int:
        """How many records there are."""
        return self._chain.n

    @property
    def hash(self) -> str:
        """The hash after the last of them, hexadecimal."""
        return self._chain.hash.hex()

    @property
    def policy(self) -> str:
        """Digest of the policy in force, empty before there was one."""
        return self._chain.policy

    def keep(
        self,
        sighting: Sighting,
        answers: Sequence[Answer],
        decision: Decision,
        now_ms: int,
        *,
        turn: int = -1,
        seen_ms: int | None = None,
    ) -> int:
        """Keeps a decision; when this returns, it may take effect. Returns the record's number.

        Args:
            sighting: what was seen.
            answers: what safety models answered.
            decision: what follows from both.
            now_ms: when it was decided.
            turn: how many events had been looked at before this one since the memory was empty. Where decisions wait
                for models they are kept in another order than the memory saw them; -1: the memory took no part.
            seen_ms: when it was looked at, where that is another time than `now_ms`.

        Raises:
            StorageFailed: it is not kept and MUST NOT take effect; the next call tries again.
        """
        with self._guard:
            if self._is_torn or self._half_begun is not None or self._sync.trouble is not None:
                self._mend()
            chain, pace = self._chain, self._pace
            if chain.n - self._head_n >= pace.head_every or abs(now_ms - self._head_ms) >= pace.head_every_s * 1000:
                self._head(now_ms)
            body = decision_body(
                chain.n, now_ms, turn, now_ms if seen_ms is None else seen_ms, sighting, tuple(answers), decision
            )
            self._append(body)
            late = sum(answer.status == "timed out" for answer in answers) if answers else 0
            failed = [name for name, status in decision.statuses if status == "failed"] if decision.statuses else ()
            chain.counts.decided(decision.outcome, failed, late, is_shed=sighting.is_shed)
            return chain.n - 1

    def note(self, kind: NoteKind, said: Mapping[str, Said], now_ms: int) -> int:
        """Keeps anything else that happened. Returns the record's number.

        What to say of each: spec/gate-trail.md, section 4. Receipts stand there as their SHA-256, hexadecimal.

        Raises:
            StorageFailed: it is not kept.
        """
        with self._guard:
            self._mend()
            n = self._chain.n
            self._append(note_body(n, now_ms, kind, said))
            if n == 0:
                self._chain.starts_ms = now_ms
            self._chain.counts.noted(kind, said)
            self._chain.noted(kind, said)
            return n

    def begin_policy(self, policy: GatePolicy, now_ms: int) -> str:
        """Keeps a policy whole, and that it is in force from here on. Returns its digest.

        Raises:
            StorageFailed: it is not kept and MUST NOT be decided by.
        """
        digest = keep_policy(self.folder, policy)
        self.note("policy", {"digest": digest, "name": policy.name}, now_ms)
        return digest

    def head(self, now_ms: int) -> ChainHead:
        """Keeps a head of the chain as it stands, signed where there is a key.

        Raises:
            StorageFailed: it is not kept.
        """
        with self._guard:
            return self._head(now_ms)

    def _head(self, now_ms: int) -> ChainHead:
        self._mend()
        chain = self._chain
        head = ChainHead(
            gate=self.gate,
            worker=self.worker,
            n=chain.n,
            hash=chain.hash.hex(),
            policy=chain.policy,
            starts_ms=chain.starts_ms,
            ends_ms=now_ms,
            counts=msgspec.convert(chain.counts.facts(), type(chain.counts)),
        )
        body = head_body(chain.n, now_ms, head_note(head, self._signer))
        if self._size >= self._pace.segment_bytes:
            self._rotate(body)
        else:
            self._append(body)
        self._head_n, self._head_ms = chain.n, now_ms
        return head

    def _rotate(self, body: bytes) -> None:
        """Begins another file with a head: it stands there whole before anything else goes to that file."""
        path, chain = segment_path(self._own, self._chain.n), self._chain
        after, line = closed(chain.hash, body)
        with storing(path):
            fd = os.open(path, _OPEN | os.O_TRUNC, 0o600)
            try:
                _write_whole(fd, line)
                if self._sync.is_each:
                    os.fdatasync(fd)
                    sync_folder(self._own)
            except OSError:
                self._half_begun = path
                let_go(fd)
                raise
        self._sync.turn(fd, self._own)
        self._fd, self._path, self._size = fd, path, len(line)
        self._stepped(after)

    def _append(self, body: bytes) -> None:
        """One line, one write(2): all of it or, as far as anybody can tell, none."""
        chain, sync = self._chain, self._sync
        after, line = closed(chain.hash, body)
        if len(line) > MAX_LINE_BYTES:
            raise StorageFailed(f"a record of over {MAX_LINE_BYTES} bytes cannot be kept", where=str(self._path))
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                self._cut(f"{written} of {len(line)} bytes written")
            elif sync.is_each:
                os.fdatasync(self._fd)
        except OSError as error:
            if isinstance(error, StorageFailed):
                raise
            self._cut(error.strerror or str(error))
        self._size += written
        self._stepped(after)

    def _stepped(self, after: bytes) -> None:
        self._chain.hash = after
        self._chain.n += 1
        self._sync.n = self._chain.n

    def _cut(self, why: str) -> NoReturn:
        """Takes away what a failed write may have left, so that the chain stays readable; then refuses."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self._is_torn = True
        raise StorageFailed(
            f"cannot be written ({why})", where=str(self._path), mend="make room; the gate goes on by itself"
        )

    def _mend(self) -> None:
        """Before the next write: what an earlier failure left behind.

        Raises:
            StorageFailed: it cannot be mended yet.
        """
        with storing(self._path):
            if self._is_torn:
                os.ftruncate(self._fd, self._size)
                self._is_torn = False
            if self._half_begun is not None:
                self._half_begun.unlink(missing_ok=True)
                self._half_begun = None
            lost = self._sync.again()
        if lost is not None:
            first, why = lost
            said: dict[str, Said] = {"what": "sync", "why": why, "from": first, "to": self._chain.n}
            self._append(note_body(self._chain.n, self._head_ms, "fault", said))
            self._chain.counts.noted("fault", {})

    def close(self, now_ms: int | None = None) -> None:
        """Keeps a last head and that the gate ended in order; waits for the disk. A second call does nothing.

        Raises:
            StorageFailed: the end could not be kept; the record is whole without it.
        """
        if self._held < 0:
            return
        now_ms = _now_ms() if now_ms is None else now_ms
        try:
            self.note("end", {}, now_ms)
            self.head(now_ms)
            with storing(self._path):
                self._sync.finish()
        finally:
            self._sync.stop()
            let_go(self._fd)
            let_go(self._held)
            self._held = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _write_whole(fd: int, line: bytes) -> None:
    if os.write(fd, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _gate_of(path: Path) -> str | None:
    """The gate whose record a file is, by its first line; None where it has none."""
    lines, _ = raw_lines(path)
    if not lines:
        return None
    line = read_line(lines[0], f"{path}:1")
    if isinstance(line, HeadLine):
        return read_head(line.note, f"{path}:1").gate
    return str(line.said.get("gate", "")) if isinstance(line, NoteLine) else ""
