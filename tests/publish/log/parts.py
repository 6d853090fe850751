"""What tests of the log are made of: keys, witnesses in memory, writers, entries, stores that fail on purpose."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from counterproof import note, quorum, record, tlog
from counterproof.errors import StorageFailed
from counterproof.publish import log

ORIGIN = "log.example/1"
NOW_S = 1_700_000_000
SIGNER = note.unsafe_seeded(ORIGIN, "ed25519", hashlib.sha256(b"a log").digest())
WITNESSES = tuple(note.unsafe_seeded(f"w{n}.example", "cosignature", bytes([n]) * 32) for n in range(1, 5))
POLICY_TEXT = (
    f"log {SIGNER.verifier.text}\n"
    + "".join(f"witness w{n} {w.verifier.text}\n" for n, w in enumerate(WITNESSES, 1))
    + "group all 3 w1 w2 w3 w4\nquorum all\n"
)
POLICY = quorum.read_policy(POLICY_TEXT)


@dataclass
class Witnesses:
    """Witnesses that remember what they saw, hold the log to it, and count what they were shown."""

    cosigning: int = 4
    seen: dict[int, bytes] = field(default_factory=dict[int, bytes])
    latest: tlog.Checkpoint = field(default_factory=lambda: tlog.Checkpoint(ORIGIN, 0, tlog.EMPTY_ROOT))

    def __call__(self, signed: bytes, old: int, proof: Sequence[bytes], prove: log.Prove) -> bytes:
        checkpoint, _ = quorum.open_checkpoint(signed, SIGNER.verifier)
        # The one promise: never two heads signed for one size.
        assert self.seen.setdefault(checkpoint.size, checkpoint.root) == checkpoint.root
        before = self.latest
        beside = list(proof) if old == before.size else list(prove(before.size, checkpoint.size))
        tlog.check_consistency(beside, before.size, checkpoint.size, before.root, checkpoint.root)
        if self.cosigning:
            self.latest = checkpoint
        lines = [quorum.cosign(checkpoint, w, NOW_S) for w in WITNESSES[: self.cosigning]]
        return note.append(signed, *lines)


@dataclass
class Parts:
    """A log's lasting parts, from which a writer is opened as often as one likes."""

    store: log.Store = field(default_factory=log.MemoryStore)
    lock: log.Lock = field(default_factory=log.MemoryLock)
    witnesses: Witnesses = field(default_factory=Witnesses)

    def open(self, **more: object) -> log.Writer:
        """A writer as it is after a start."""
        parts = (self.store, self.lock, SIGNER, POLICY, self.witnesses)
        return log.Writer(*parts, clock=lambda: NOW_S, **more)  # type: ignore[arg-type] # few tests say more


def begun() -> Parts:
    """A log that has begun, in memory."""
    parts = Parts()
    parts.lock.create(ORIGIN)
    return parts


def entries(first: int, count: int) -> list[bytes]:
    """Entries that tell themselves apart."""
    return [b"entry %d " % n + b"." * (n % 50) for n in range(first, first + count)]


def check_receipt(receipt: bytes, entry: bytes) -> int:
    """The index, after checking the whole receipt as a stranger would."""
    proof = tlog.read_proof(receipt)
    checkpoint = _seen(proof.checkpoint)
    tlog.check_inclusion(proof.hashes, proof.index, checkpoint.size, tlog.leaf_hash(entry), checkpoint.root)
    return proof.index


@functools.lru_cache(maxsize=64)
def _seen(data: bytes) -> tlog.Checkpoint:
    return quorum.check(data, POLICY, NOW_S).checkpoint


def all_entries(store: log.Store) -> list[bytes]:
    """What a log serves, from its published checkpoint."""
    data = store.get(log.CHECKPOINT)
    if data is None:
        return []
    size = quorum.check(data, POLICY, NOW_S).checkpoint.size
    found: list[bytes] = []
    for tile in tlog.tiles_of(size, level=tlog.ENTRIES):
        bundle = store.get(tile.path)
        bundle = store.get(tile.full.path) if bundle is None else bundle
        assert bundle is not None
        at = 0
        while at < len(bundle) and len(found) < size:
            end = at + 2 + int.from_bytes(bundle[at : at + 2])
            found.append(bundle[at + 2 : end])
            at = end
    return found


def is_fine(store: log.Store) -> bool:
    """Whether the log's own audit finds nothing."""
    return log.check(store, POLICY).faults == ()


def cosigned_by(checkpoint: bytes) -> int:
    """How many witnesses stand on it."""
    return len(quorum.check(checkpoint, POLICY, NOW_S).cosigners)


class Failing:
    """A store or a lock around another one, of which one operation goes wrong, once or several times.

    `mode`: `lost` (fails, nothing was kept), `kept` (fails, and was kept), `late` (fails, and is carried out when
    `settle` is called: a request that lay somewhere).
    """

    def __init__(self, store: log.Store, lock: log.Lock) -> None:
        self.store, self.lock = store, lock
        self.target, self.mode, self.times = "", "", 0
        self._late: list[Callable[[], object]] = []

    def fail(self, target: str, mode: str, times: int = 1) -> None:
        self.target, self.mode, self.times = target, mode, times

    def settle(self) -> None:
        """What was late arrives now; nobody hears its answer."""
        late, self._late = self._late, []
        for work in late:
            with contextlib.suppress(Exception):  # nobody is there to hear it
                work()

    def _do(self, kind: str, work: Callable[[], object]) -> object:
        if kind != self.target or not self.times:
            return work()
        self.times -= 1
        if self.mode == "kept":
            work()
        if self.mode == "late":
            self._late.append(work)
        raise StorageFailed(f"{kind} failed on purpose ({self.mode})")

    # The store.

    def get(self, path: str) -> bytes | None:
        return self.store.get(path)

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        for file in files:
            self._do(kind_of(file[0]), lambda file=file: self.store.create([file]))  # type: ignore[misc] # bound now

    def replace(self, path: str, old: bytes | None, new: bytes) -> None:
        self._do("checkpoint", lambda: self.store.replace(path, old, new))

    def names(self, prefix: str) -> list[str]:
        return self.store.names(prefix)

    def remove(self, paths: Iterable[str]) -> None:
        self.store.remove(paths)

    # The lock.

    def read(self, origin: str) -> log.Head | None:
        return self.lock.read(origin)

    def begin(self, origin: str) -> None:
        self.lock.create(origin)

    def swap(self, origin: str, old: log.Head, new: log.Head) -> bool:
        return bool(self._do("lock", lambda: self.lock.swap(origin, old, new)))

    def close(self) -> None:
        """Stays open for the next writer."""


class LockOf:
    """The lock's side of a `Failing`: stores and locks both have a method `create`."""

    def __init__(self, failing: Failing) -> None:
        self._failing = failing
        self.read, self.create, self.swap, self.close = failing.read, failing.begin, failing.swap, failing.close


def kind_of(path: str) -> str:
    """What a path is, in the words of the table of faults."""
    if path.startswith("staging/"):
        return "staging"
    if path.startswith("tile/entries/"):
        return "data tile"
    return "level-0 tile" if path.startswith("tile/0/") else "upper tile"


def flipped(data: bytes, bit: int) -> bytes:
    """The bytes with one bit turned over."""
    at = bytearray(data)
    at[bit // 8 % len(at)] ^= 1 << bit % 8
    return bytes(at)


def text_of(data: bytes) -> str:
    """For test ids and messages."""
    return base64.b16encode(data[:8]).decode()


def real_gather(signed: bytes, old: int, proof: Sequence[bytes], prove: log.Prove) -> bytes:
    """Three witnesses with today's clock, for services and commands."""
    del old, proof, prove
    checkpoint, _ = quorum.open_checkpoint(signed, SIGNER.verifier)
    return note.append(signed, *(quorum.cosign(checkpoint, w, int(time.time())) for w in WITNESSES[:3]))


def make_folder(at: Path, trust: record.Trust | None = None) -> log.Folder:
    """A log begun in a folder, with its key beside it."""
    at.parent.mkdir(parents=True, exist_ok=True)
    key = at.parent / "log.key"
    if not key.exists():
        note.write_key(key, SIGNER)
    return log.new(at, key, POLICY_TEXT.encode(), record.canonical_bytes(trust) if trust else None)
