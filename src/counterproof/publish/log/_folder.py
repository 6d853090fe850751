"""A log's own folder: how it was made, which key, policy and trust it has, where its files and its lock lie."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from counterproof import chain, note, quorum, record, tlog
from counterproof.errors import BadLog, BadOption, BadPolicy, NotVerified, StorageFailed
from counterproof.publish.log._admit import KnownKeys, may_change_keys
from counterproof.publish.log._index import Index
from counterproof.publish.log._lock import Lock, SqliteLock
from counterproof.publish.log._store import CHECKPOINT, WRITER, FolderStore, Store
from counterproof.publish.log._writer import Gather, Writer, read_tile

_SETTINGS, _POLICY, _TRUST, _LOCK, _INDEX = "log.json", "policy", "trust.json", "lock.sqlite", "index.sqlite"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `log.json` says. `key`: path of the secret key. `store`, `lock`: addresses, empty for the folder itself."""

    format: Literal["counterproof-log/1"] = "counterproof-log/1"
    origin: str
    key: str
    store: str = ""
    lock: str = ""


@dataclass(frozen=True)
class Folder:
    """A log's folder, read. `trust` None: whatever is in form is admitted."""

    path: Path
    settings: Settings
    policy: quorum.Policy
    trust: record.Trust | None

    def store(self, *, is_writer: bool = True) -> Store:
        """Where its files lie.

        Raises:
            BadLog: another process is writing to it.
        """
        if self.settings.store:
            from counterproof.publish.log import _objects  # noqa: PLC0415 - an extra

            return _objects.ObjectStore(_objects.bucket(self.settings.store))
        return FolderStore(self.path, is_writer=is_writer)

    def lock(self) -> Lock:
        """Its lock."""
        if self.settings.lock == "store":
            from counterproof.publish.log import _objects  # noqa: PLC0415 - an extra

            return _objects.ObjectLock(_objects.bucket(self.settings.store))
        if self.settings.lock:
            from counterproof.publish.log import _postgres  # noqa: PLC0415 - an extra

            return _postgres.PostgresLock(self.settings.lock)
        return SqliteLock(self.path / WRITER / _LOCK)


def new(
    path: Path, key: Path, policy: bytes, trust: bytes | None, *, store: str = "", lock: str = ""
) -> Folder:
    """Begins a log in a folder that is empty or not there. Nothing is signed yet.

    The origin is the name of the key. `store`: address of an object store, or empty for the folder. `lock`: empty for
    SQLite in the folder, `store`, or `postgres://...`.

    Raises:
        BadLog: there is something in the folder, or a log of this name has begun already.
        BadKey, BadPolicy, BadOption: key, policy, trust or an address cannot be used.
        StorageFailed: the machine failed; drop the folder and begin again.
    """
    signer = _signer(key)
    read = quorum.read_policy(_text(policy))
    if signer.verifier not in read.logs:
        raise BadPolicy("it does not name this log", where="policy", mend=f"add a line: log {signer.verifier.text}")
    if missing := read.missing(read.witnesses):
        raise BadPolicy(missing, where="policy", mend="a log publishes nothing without a quorum: name one")
    if lock not in ("", "store") and not lock.startswith(("postgres://", "postgresql://")):
        raise BadOption("no such kind of lock", where="--lock", mend="leave it out, or give store or postgres://...")
    if urllib.parse.urlsplit(lock).password or "password" in urllib.parse.parse_qs(urllib.parse.urlsplit(lock).query):
        raise BadOption("a password would be kept in the folder", where="--lock", mend="put it into PGPASSWORD")
    if bool(store) != bool(lock):
        raise BadOption("an object store and its lock go together", where="--store", mend="give both, or neither")
    if trust is not None:
        chain.read_trust(trust)
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise BadLog("there is something here already", where=str(path), mend="name a new folder")
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageFailed(f"cannot be made: {exc.strerror}", where=str(path), mend="choose another place") from exc
    settings = Settings(origin=signer.verifier.name, key=str(key.resolve()), store=store, lock=lock)
    kept = [(_SETTINGS, msgspec.json.encode(settings, order="sorted") + b"\n"), (_POLICY, policy)]
    kept += [(_TRUST, trust)] if trust is not None else []
    folder = FolderStore(path)
    try:
        folder.create([(f"{WRITER}/{name}", data) for name, data in kept])
    finally:
        folder.close()
    made = read_folder(path)
    opened = made.lock()
    try:
        opened.create(settings.origin)
    finally:
        opened.close()
    return made


def read_folder(path: Path) -> Folder:
    """What a log's folder says of it.

    Raises:
        BadLog: it is no writer's folder, or its settings are damaged.
        BadPolicy: its policy or trust is.
    """
    at = path / WRITER
    try:
        settings = msgspec.json.decode((at / _SETTINGS).read_bytes(), type=Settings)
        policy = quorum.read_policy(_text((at / _POLICY).read_bytes()))
        trust = chain.read_trust((at / _TRUST).read_bytes()) if (at / _TRUST).exists() else None
    except FileNotFoundError:
        raise BadLog("no log was begun here", where=str(path), mend="begin one with: counterproof log new") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise BadLog(f"its settings are damaged: {exc}", where=str(at / _SETTINGS), mend="restore the file") from exc
    except OSError as exc:
        raise StorageFailed(f"cannot be read: {exc.strerror}", where=str(at), mend="see its permissions") from exc
    return Folder(path, settings, policy, trust)


def open_writer(folder: Folder, gather: Gather, *, clock: Callable[[], float] | None = None) -> Writer:
    """The writer of a log; finishes what an earlier one began.

    Raises:
        BadLog, NotVerified, StorageFailed: see `Writer`.
        BadKey: the key cannot be read, or is another than the one the log began with.
    """
    signer = _signer(Path(folder.settings.key))
    if signer.verifier.name != folder.settings.origin or signer.verifier not in folder.policy.logs:
        raise BadLog("the key is not this log's", where=folder.settings.key, mend="put the log's own key there")
    store = folder.store()
    try:
        index = Index(folder.path / WRITER / _INDEX)
        more = {} if clock is None else {"clock": clock}
        return Writer(
            store, folder.lock(), signer, folder.policy, gather, index=index, marks=may_change_keys, **more
        )
    except BaseException:
        store.close()
        raise


def receipt(folder: Folder, which: int | bytes) -> tuple[int, bytes]:
    """Index and receipt of an entry, by its index or its bytes, under the published checkpoint. Needs no writer.

    Raises:
        NotVerified: it is not in the log, or the log's files are not what its checkpoint says.
    """
    store, index = folder.store(is_writer=False), Index.reading(folder.path / WRITER / _INDEX)
    try:
        data = store.get(CHECKPOINT)
        if data is None:
            raise NotVerified("nothing is published yet", where=str(folder.path), mend="add an entry")
        head = quorum.check(data, folder.policy).checkpoint

        def read(tile: tlog.Tile) -> bytes:
            found = read_tile(store, tile)
            if found is None:
                raise BadLog("this tile is missing", where=tile.path, mend="put it back from a copy of the log")
            return found

        hashes = tlog.TileHashes(read, head.size, head.root)
        at = which if isinstance(which, int) else _find(index, which, hashes, head.size)
        proof = tlog.prove_inclusion(at, head.size, hashes)
        return at, tlog.Proof(at, tuple(proof), data).encode()
    finally:
        index.close()
        store.close()


def _find(index: Index, entry: bytes, hashes: tlog.TileHashes, size: int) -> int:
    leaf = tlog.leaf_hash(entry)
    at = index.find([leaf]).get(leaf)
    if at is not None and at < size and hashes.hash_at(0, at) == leaf:
        return at
    first = index.upto // tlog.TILE_WIDTH  # what a writer that runs has kept back so far
    for number in range(first, -(-size // tlog.TILE_WIDTH)):
        row = hashes.tile(0, number)
        if leaf in row:
            return number * tlog.TILE_WIDTH + row.index(leaf)
    raise NotVerified("this entry is not in the log", where="inclusion", mend="add it with: counterproof log add")


def known_keys(folder: Folder, writer: Writer) -> KnownKeys | None:
    """Who may add to a log now; None where everybody may."""
    if folder.trust is None:
        return None
    keys = KnownKeys(folder.trust)
    for entry in writer.marked():
        keys.learn(entry)
    return keys


def _text(policy: bytes) -> str:
    try:
        return policy.decode()
    except UnicodeDecodeError:
        raise BadPolicy("it is not UTF-8", where="policy", mend="write it in UTF-8") from None


def _signer(key: Path) -> note.Signer:
    signer = note.read_key(key)
    if signer.verifier.kind != "ed25519":
        raise BadOption(
            f"a key of kind {signer.verifier.kind!r}", where=str(key), mend="a log signs with a key of kind ed25519"
        )
    return signer
