"""A witness's folder: its secret keys, its record, and the evidence it met."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from counterproof import errors, note, quorum
from counterproof.publish.witness import _store
from counterproof.publish.witness._cosigning import Witness
from counterproof.publish.witness._limit import Limit

KEYS: tuple[tuple[str, note.Kind], ...] = (("ed25519.key", "cosignature"), ("ml-dsa-44.key", "ml-dsa-44"))
RECORD, EVIDENCE = "witness.sqlite", "evidence"


def new(folder: Path, name: str, *, has_ml_dsa: bool = False) -> tuple[note.Verifier, ...]:
    """Makes a folder with new keys and an empty record, and gives the public keys.

    Raises:
        BadLog: the folder is there and not empty.
        BadKey: the name is none of a key.
        StorageFailed: the folder cannot be written.
    """
    signers = [note.generate(name, kind) for _, kind in KEYS[: 1 + has_ml_dsa]]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise errors.BadLog("the folder is not empty", where=str(folder), mend="name a new one")
        for (file, _), signer in zip(KEYS, signers, strict=False):
            note.write_key(folder / file, signer)
        _store.create(folder / RECORD, [signer.verifier.text for signer in signers])
        _sync(folder)
    except OSError as exc:
        if isinstance(exc, errors.CounterproofError):
            raise
        raise errors.StorageFailed(f"cannot be made: {exc.strerror}", where=str(folder)) from exc
    return tuple(signer.verifier for signer in signers)


def _sync(folder: Path) -> None:
    """The folder's own name too must survive a loss of power, whichever of its parents were new."""
    for path in (folder, *folder.resolve().parents):
        with contextlib.suppress(PermissionError):
            _store.sync_folder(path)


def load(
    folder: Path,
    logs: Iterable[note.Verifier],
    *,
    limit: Limit | None = None,
    clock_s: Callable[[], float] = time.time,
) -> Witness:
    """The witness of a folder, for these logs, with all that it cosigned before.

    Raises:
        BadKey: a secret key cannot be read, or a log's key is of another kind.
        BadLog: the record is missing, damaged, or another witness's.
        StorageFailed: the record cannot be opened.
    """
    signers = [note.read_key(path) for path in _keys(folder)]
    store = _store.Store(folder / RECORD)
    try:
        _check_keys(store, signers)
        for origin in store.origins():
            _check_own(store, origin, signers)
        return Witness(store, folder / EVIDENCE, signers, logs, limit=limit, clock_s=clock_s)
    except BaseException:
        store.close()
        raise


def _keys(folder: Path) -> list[Path]:
    try:
        return [folder / file for file, _ in KEYS if (folder / file).exists()]
    except OSError as exc:
        raise errors.StorageFailed(f"cannot be read: {exc.strerror}", where=str(folder), mend="mend the disk") from exc


def _check_keys(store: _store.Store, signers: Iterable[note.Signer]) -> None:
    if sorted(signer.verifier.text for signer in signers) != store.keys():
        mend = "keep the keys and the record of a witness together"
        raise errors.BadLog("the record belongs to other keys", where=RECORD, mend=mend)


def _check_own(store: _store.Store, origin: str, signers: Iterable[note.Signer]) -> None:
    """Every row bears our own cosignatures, so none was put there, or flipped on the disk, without our keys."""
    held = store.latest(origin)
    if held is None:
        return
    lines = {(line.name, line.key_id): line for line in note.split(held.signed)[1]}
    for verifier in (signer.verifier for signer in signers):
        line = lines.get((verifier.name, verifier.key_id))
        try:
            at_s = quorum.cosigned_at(held.checkpoint, line, verifier) if line else -1
        except errors.NotVerified:
            at_s = -1
        if at_s != held.issued_s:
            what = f"what was cosigned for {origin[:80]!r} is not what these keys signed"
            raise errors.BadLog(what, where=RECORD, mend="restore the file")


def read_logs(text: str) -> tuple[note.Verifier, ...]:
    """The keys of the logs to cosign for: one verifier key a line; empty lines and lines that begin with # say nothing.

    Raises:
        BadPolicy: a line is no key of a log, or there is none.
    """
    found: list[note.Verifier] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            verifier = note.read_verifier(line.strip())
        except errors.BadKey as exc:
            raise errors.BadPolicy(f"no verifier key: {exc}", where=f"line {number}", mend="one key a line") from exc
        if verifier.kind != "ed25519":
            what = f"a key of kind {verifier.kind!r} is no log's"
            raise errors.BadPolicy(what, where=f"line {number}", mend="give the key that signs checkpoints")
        if verifier in found:
            raise errors.BadPolicy("the same key a second time", where=f"line {number}", mend="leave one out")
        found.append(verifier)
    if not found:
        raise errors.BadPolicy("no log to cosign for", where="the file of logs", mend="write one key a line")
    return tuple(found)
