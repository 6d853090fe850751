"""A log's writer adds entries while the machine fails; then there is one head for each size and nothing is lost."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from counterproof import errors, note, quorum, tlog
from counterproof.publish import log
from counterproof.publish.log import _folder
from tests.faults.strace import Ended, Tell

SIGNER = note.unsafe_seeded("log.example/faults", "ed25519", hashlib.sha256(b"of the log").digest())
WITNESSES = tuple(note.unsafe_seeded(f"w{n}.example", "cosignature", bytes([n]) * 32) for n in range(1, 5))
POLICY = (
    f"log {SIGNER.verifier.text}\n"
    + "".join(f"witness w{n} {w.verifier.text}\n" for n, w in enumerate(WITNESSES, 1))
    + "group all 3 w1 w2 w3 w4\nquorum all\n"
)
BEFORE, ADDED = 250, 20
"""The batch crosses the edge of a tile, at 256."""


def entries(what: str, count: int) -> list[bytes]:
    return [f"{what} {number} ".encode() + b"." * (number % 40) for number in range(count)]


FIRST, BATCH, OTHERS = entries("first", BEFORE), entries("batch", ADDED), entries("others", ADDED)


def cosigned(signed: bytes) -> bytes:
    checkpoint, _ = quorum.open_checkpoint(signed, SIGNER.verifier)
    return note.append(signed, *(quorum.cosign(checkpoint, witness, int(time.time())) for witness in WITNESSES))


def telling(tell: Tell) -> log.Gather:
    """Witnesses with no memory at all: what the log signs goes out, and nobody but the log holds it to its word."""

    def gather(signed: bytes, _old: int, _proof: Sequence[bytes], _prove: log.Prove) -> bytes:
        tell(b"signed " + signed)
        return cosigned(signed)

    return gather


@dataclass(frozen=True)
class WriterCase:
    """`begins`: what is done to the folder before; `store`: what keeps its files; `sizes`: old and new."""

    name: str
    begins: Callable[[Path], None]
    store: type[log.FolderStore] = log.FolderStore
    sizes: tuple[int, ...] = (BEFORE, BEFORE + ADDED)

    def prepare(self, folder: Path) -> None:
        """A log of `BEFORE` entries, and what the case adds to it."""
        folder.mkdir()
        note.write_key(folder / "key", SIGNER)
        log.new(folder / "log", folder / "key", POLICY.encode(), None)
        writer = _open(folder, lambda _: None)
        writer.add(FIRST)
        writer.close()
        self.begins(folder)

    def work(self, folder: Path, tell: Tell) -> None:
        """What is traced: open, add, answer, close."""
        with mock.patch.object(_folder, "FolderStore", self.store):
            writer = _open(folder, tell)
        for receipt in writer.add(BATCH):
            tell(b"receipt " + receipt)
        writer.close()

    def look(self, folder: Path, ended: Ended) -> list[str]:
        """What is wrong: as readers see it, as the next writer sees it, and after that one has gone on."""
        signed = [message.removeprefix(b"signed ") for message in ended.told if message.startswith(b"signed ")]
        receipts = [message.removeprefix(b"receipt ") for message in ended.told if message.startswith(b"receipt ")]
        wrong = [f"as readers see it: {fault}" for fault in _faults(folder)]
        try:
            writer = _open(folder, lambda message: signed.append(message.removeprefix(b"signed ")))
        except errors.CounterproofError as exc:
            return [*wrong, f"it does not start again: {exc}"]
        try:
            if writer.head.size not in self.sizes:
                wrong.append(f"it has size {writer.head.size}")
            writer.add(OTHERS)
            writer.add(BATCH)
            wrong += _lost(writer, receipts)
        except errors.CounterproofError as exc:
            wrong.append(f"it does not go on: {exc}")
        finally:
            writer.close()
        wrong += [f"at the end: {fault}" for fault in _faults(folder)]
        roots: dict[int, set[bytes]] = {}
        for message in signed:
            head, _ = quorum.open_checkpoint(message, SIGNER.verifier)
            roots.setdefault(head.size, set()).add(head.root)
        return wrong + [f"it signed two trees of size {size}" for size, found in roots.items() if len(found) > 1]


class Unstaged(log.FolderStore):
    """The control: what should be staged is kept in memory alone, so the lock moves before anything is on the disk."""

    def __init__(self, folder: Path, *, is_writer: bool = True) -> None:
        super().__init__(folder, is_writer=is_writer)
        self._memory: dict[str, bytes] = {}

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._memory |= {path: data for path, data in files if path.startswith("staging/")}
        if kept := [one for one in files if not one[0].startswith("staging/")]:
            super().create(kept)

    def get(self, path: str) -> bytes | None:
        return self._memory.get(path) or super().get(path)


def _open(folder: Path, tell: Tell) -> log.Writer:
    return log.open_writer(log.read_folder(folder / "log"), telling(tell))


def _faults(folder: Path) -> list[str]:
    read = log.read_folder(folder / "log")
    store = read.store(is_writer=False)
    try:
        checked = log.check(store, read.policy)
    except errors.CounterproofError as exc:
        return [str(exc)]
    return [f"{path}: {what}" for path, what in checked.faults]


def _lost(writer: log.Writer, receipts: Sequence[bytes]) -> list[str]:
    """Entries that were acknowledged and are not where their receipt says."""
    wrong: list[str] = []
    for entry, receipt, index in zip(BATCH, receipts, writer.find(BATCH), strict=False):
        proof = tlog.read_proof(receipt)
        head = quorum.check(proof.checkpoint, quorum.read_policy(POLICY)).checkpoint
        tlog.check_inclusion(proof.hashes, proof.index, head.size, tlog.leaf_hash(entry), head.root)
        if index != proof.index:
            wrong.append(f"entry {proof.index} was acknowledged and is at {index}")
    return wrong


def _nothing(_: Path) -> None:
    """The log as it is."""


def _ordered_and_not_applied(folder: Path) -> None:
    """Another batch was staged and the lock moved, and then the machine stopped: the next start must apply it."""

    class Stops(log.FolderStore):
        def create(self, files: Sequence[tuple[str, bytes]]) -> None:
            if files[0][0].startswith("tile/"):
                raise errors.StorageFailed("it stops here")
            super().create(files)

    with mock.patch.object(_folder, "FolderStore", Stops):
        writer = _open(folder, lambda _: None)
    with contextlib.suppress(errors.StorageFailed):
        writer.add(entries("ordered", ADDED))
    writer.close()


CASES = (
    WriterCase("writer adds", _nothing),
    WriterCase("writer starts again", _ordered_and_not_applied, sizes=(BEFORE + ADDED, BEFORE + 2 * ADDED)),
)
CONTROL = WriterCase("control: writer without staging", _nothing, Unstaged)
