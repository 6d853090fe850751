"""A guard put together from files: a policy's folder, and a record's with the secret that is made there once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from counterproof import errors, note
from counterproof.record import Decision, Event
from counterproof.rely import gate, judge, trail
from counterproof.rely.guard._clock import steady
from counterproof.rely.guard._ended import Ended
from counterproof.rely.guard._guard import Guard

_FILE = "secret"
_ENDED = "terminated"
_SECRET_BYTES = 32
_MAX_WORKERS = 1024


@dataclass(slots=True)
class Ready:
    """A guard and what it stands on. `policy_folder`: where its rules are read from, now and at each reload."""

    policy_folder: Path
    secret: bytes
    guard: Guard
    trail: trail.Trail
    judge: judge.Judge
    began_ms: int
    is_measured: bool

    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def reload(self) -> gate.Rules:
        """Reads the policy again and puts it in force; a policy that cannot be used changes nothing.

        It is read in a thread, so that decisions go on meanwhile; one reload after the other.

        Raises:
            BadGate: one rule cannot be used; the old policy stays.
            StorageFailed: the change could not be written down; the old policy stays.
        """
        async with self._turn:
            rules, asked, is_measured = await asyncio.to_thread(read, self.policy_folder, self.secret)
            self.guard.replace(rules, asked)
            was, self.judge, self.is_measured = self.judge, asked, is_measured
        was.retire()
        return rules

    def reload_soon(self, told: Callable[[gate.Rules | errors.CounterproofError], None]) -> None:
        """The same for a signal's handler; `told` hears what came of it."""
        task = asyncio.get_running_loop().create_task(self._reloaded(told))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reloaded(self, told: Callable[[gate.Rules | errors.CounterproofError], None]) -> None:
        try:
            told(await self.reload())
        except errors.CounterproofError as exc:
            told(exc)


@contextlib.contextmanager
def opened(
    policy: Path,
    folder: Path,
    *,
    worker: str,
    name: str,
    key: Path | None = None,
    sync_s: float = 1.0,
    tells: Callable[[Event, Decision], None] | None = None,
) -> Generator[Ready]:
    """A guard under the policy in a folder, with its record in another; closed whole at the block's end.

    `worker`: whose record it is in that folder; a name that ends in `*` is that of the first worker (`mcp0`, `mcp1`,
    ...) under whose name nobody is writing.

    Raises:
        BadGate: the policy cannot be used.
        BadTrail: the record is damaged, in use or another gate's.
        BadKey: the key cannot be read or is of another kind.
        StorageFailed: the record cannot be written.
    """
    secret = secret_of(folder)
    rules, asked, is_measured = read(policy, secret)
    clock = steady()
    signer = note.read_key(key) if key is not None else None
    kept = _kept(folder, worker, name, clock(), signer, trail.Pace(sync_s=sync_s))
    ended = Ended(folder / _ENDED)
    try:
        watched = Guard(
            rules, kept, memory=gate.Memory(rules.policy.memory), judge=asked, clock=clock, tells=tells, ended=ended
        )
        yield Ready(policy, secret, watched, kept, asked, time.time_ns() // 1_000_000, is_measured)
    finally:
        ended.close()
        kept.close(clock())


def secret_of(folder: Path) -> bytes:
    """The secret of the gate whose record is in a folder: made there once, for its owner's eyes.

    Raises:
        BadTrail: what is there is no secret.
        StorageFailed: it cannot be written.
    """
    path = folder / _FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_secret(path)
        found = bytes.fromhex(path.read_text(encoding="ascii"))
    except (ValueError, UnicodeDecodeError) as exc:
        raise errors.BadTrail("is no secret of a gate", where=str(path), mend="restore it from a copy") from exc
    except OSError as exc:
        raise errors.StorageFailed(f"cannot be read or written: {exc.strerror}", where=str(path)) from exc
    if len(found) != _SECRET_BYTES:
        raise errors.BadTrail("is no secret of a gate", where=str(path), mend="restore it from a copy")
    return found


def _kept(
    folder: Path, worker: str, name: str, now_ms: int, signer: note.Signer | None, pace: trail.Pace
) -> trail.Trail:
    if not worker.endswith("*"):
        return trail.Trail(folder, worker, name, now_ms=now_ms, signer=signer, pace=pace)
    for number in range(_MAX_WORKERS):
        with contextlib.suppress(errors.TrailInUse):
            return trail.Trail(folder, f"{worker[:-1]}{number}", name, now_ms=now_ms, signer=signer, pace=pace)
    raise errors.BadTrail("too many processes write their records here", where=str(folder), mend="take another folder")


def _make_secret(path: Path) -> None:
    """Whole or not at all, and the first of several processes wins."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # in containers every process may be number 1
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(_SECRET_BYTES).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileExistsError):
        os.link(made, path)
    made.unlink()


def read(folder: Path, secret: bytes) -> tuple[gate.Rules, judge.Judge, bool]:
    """The rules in a folder, whoever is asked about prompt policies, and whether the rules' error rates are known.

    Raises:
        BadGate: the policy cannot be used.
    """
    policy = gate.read_policy(folder)
    rules = gate.Rules(policy, secret)
    return rules, judge.Judge(policy.models), isinstance(gate.read_rates(folder, policy), gate.Rates)
