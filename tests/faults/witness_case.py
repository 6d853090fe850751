"""A witness is asked while the machine fails; afterwards it must not have said what it does not remember."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar
from unittest import mock

from counterproof import errors, note
from counterproof.publish import witness
from counterproof.publish.witness import _store as stores
from tests.faults.strace import Ended, Tell
from tests.publish.witness.toy_log import ToyLog, hashed, unlimited

LOG = ToyLog()
OLD, NEW = 5, 9
_T = TypeVar("_T")


@dataclass(frozen=True)
class WitnessCase:
    """`asks`: old size, new size and where the log shown forks, one after the other. `store`: what keeps the record."""

    name: str
    asks: tuple[tuple[int, int, int], ...]
    store: type[stores.Store] = stores.Store

    def prepare(self, folder: Path) -> None:
        """A witness that has seen `OLD` entries."""
        witness.new(folder, "witness.example/w", has_ml_dsa=True)
        seer = _load(folder)
        assert seer.add_checkpoint(LOG.request(0, OLD)).status == 200
        seer.close()

    def work(self, folder: Path, tell: Tell) -> None:
        """What is traced: open, answer, close."""
        _Told.tell[:] = [tell]
        with mock.patch.object(stores, "Store", self.store):
            seer = _load(folder)
        for old, new, fork in self.asks:
            log = ToyLog(fork=fork)
            answer = seer.add_checkpoint(log.request(old, new))
            _told(tell, answer.status, new, log)
        seer.close()

    def look(self, folder: Path, ended: Ended) -> list[str]:
        """What is wrong, now that it starts again."""
        told = [json.loads(message) for message in ended.told]
        try:
            seer = _load(folder)
        except errors.CounterproofError as exc:
            return [f"it does not start again: {exc}"]
        wrong = [] if ended.code in (0, 3, 4, -9) else [f"it ended with {ended.code}"]
        roots: dict[int, set[str]] = {OLD: {LOG.checkpoint(OLD).root.hex()}}
        for one in told:
            if one["status"] == 200:
                roots.setdefault(one["size"], set()).add(one["root"])
        size, root = _held(seer)
        if size not in {OLD, *(new for _, new, _ in self.asks)}:
            wrong.append(f"it has size {size}")
        if size < max(roots):
            wrong.append(f"it cosigned size {max(roots)} and remembers {size}")
        wrong += _forked(seer, size, root, roots)
        seer.close()
        if any(one["status"] == 422 for one in told) and not _evidence(folder):
            wrong.append("it told of a fork and kept no evidence")
        return wrong


class _Told:
    """Where the deliberately wrong witness says what it has not kept."""

    tell: ClassVar[list[Tell]] = []


class RepliesFirst(stores.Store):
    """The control: the answer leaves before the record is kept."""

    def swap(self, origin: str, decide: Callable[[stores.Held | None], stores.Held | _T]) -> stores.Held | _T:
        given = decide(self.latest(origin))
        if isinstance(given, stores.Held):
            checkpoint = given.checkpoint
            said = {"status": 200, "size": checkpoint.size, "root": checkpoint.root.hex()}
            _Told.tell[0](json.dumps(said).encode())
            return super().swap(origin, lambda _: given)
        return given


def _load(folder: Path) -> witness.Witness:
    return witness.load(folder, [LOG.verifier], limit=unlimited())


def _told(tell: Tell, status: int, size: int, log: ToyLog) -> None:
    tell(json.dumps({"status": status, "size": size, "root": log.checkpoint(size).root.hex()}).encode())


def _held(seer: witness.Witness) -> tuple[int, bytes]:
    lines = note.split(seer.latest(hashed(LOG.origin)).body)[0].split(b"\n")
    size = int(lines[1])
    return size, lines[2]


def _forked(seer: witness.Witness, size: int, root: bytes, roots: dict[int, set[str]]) -> list[str]:
    """Tries for a second root at every size that was cosigned; a log that forked right after what is remembered."""
    wrong: list[str] = []
    for fork in (OLD, size):
        log = ToyLog(fork=fork)
        for new in (OLD, NEW, NEW + 3):
            if new >= size and seer.add_checkpoint(log.request(size, new)).status == 200:
                roots.setdefault(new, set()).add(log.checkpoint(new).root.hex())
                size = new
    wrong += [f"it cosigned two trees of size {at}" for at, found in sorted(roots.items()) if len(found) > 1]
    return wrong


def _evidence(folder: Path) -> bool:
    files = list((folder / "evidence").rglob("*.json"))
    return bool(files) and all(json.loads(file.read_bytes())["kind"] for file in files)


CASES = (
    WitnessCase("witness extends", ((OLD, NEW, 2**40), (NEW, NEW, 2**40))),
    WitnessCase("witness meets a fork", ((OLD, OLD, 2),)),
)
CONTROL = WitnessCase("control: witness replies before it keeps", ((OLD, NEW, 2**40),), RepliesFirst)
