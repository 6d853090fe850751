"""What a log's two faces leave behind: files that prove the fork to anybody (spec/evidence.md)."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from counterproof import errors, note, tlog
from counterproof.publish.witness._store import sync_folder
from counterproof.record import Evidence, canonical_bytes

MOST_FILES = 100
"""Kept for one log: the first proves all that there is to prove, and a log that forks on purpose could fill a disk."""


def by_log(signed: bytes, log: Sequence[note.Verifier]) -> bytes:
    """A signed checkpoint with the signatures of the log alone, so that one fork always gives the same file.

    Raises:
        BadNote, NotVerified: it is not signed by this log.
    """
    opened = note.open(signed, log)
    lines = [note.Line(held.verifier.name, held.verifier.key_id, held.signature) for held in opened.signatures]
    return opened.text + b"\n" + b"".join(sorted(line.encode() for line in lines))


def same_size(held: bytes, shown: bytes) -> Evidence:
    """Two checkpoints of one size with different roots, each with its log's signatures."""
    first, second = sorted((held.decode(), shown.decode()))
    says = "the log signed two different trees of the same size"
    return Evidence(kind="same-size", says=says, checkpoints=(first, second))


def prefix(held: bytes, shown: bytes, proof: Sequence[bytes]) -> Evidence | None:
    """The fork that a proof which does not fit gives away: it leads from another root at the held size to `shown`.

    None where it proves nothing: it may be junk, and then says nothing about the log.
    """
    old, new = (tlog.read_checkpoint(note.split(signed)[0]) for signed in (held, shown))
    root = _old_root(proof, old.size, new.size)
    if root is None or root == old.root:
        return None
    try:
        tlog.check_consistency(proof, old.size, new.size, root, new.root)
    except errors.NotVerified:
        return None
    return Evidence(
        kind="prefix",
        says="the log signed a tree that does not begin with a smaller tree which it signed too",
        checkpoints=(held.decode(), shown.decode()),
        root=b64encode(root).decode(),
        consistency=tuple(b64encode(beside).decode() for beside in proof),
    )


def _old_root(proof: Sequence[bytes], old: int, new: int) -> bytes | None:
    """The root at `old` that a consistency proof states (RFC 9162, section 2.1.4.2, `fr`), if it states one."""
    if not 0 < old < new or not proof:
        return None
    shift = (old & -old).bit_length() - 1
    here, last = old - 1 >> shift, new - 1 >> shift
    inner = (here ^ last).bit_length()
    if not here:
        return None
    root = proof[0]
    for step, beside in enumerate(proof[1:]):
        if step >= inner or here >> step & 1:
            root = tlog.node_hash(beside, root)
    return root


def keep(folder: Path, origin: str, evidence: Evidence) -> Path | None:
    """Writes the file unless it is there, and returns its path once it is on the disk; None if there are enough.

    Raises:
        StorageFailed: it cannot be written.
    """
    data = canonical_bytes(evidence) + b"\n"
    own = folder / hashlib.sha256(origin.encode()).hexdigest()
    path = own / f"{evidence.kind}-{hashlib.sha256(data).hexdigest()[:16]}.json"
    try:
        if path.exists():
            return path
        own.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in own.glob("*.json")) >= MOST_FILES:
            return None
        _write(path, data)
        for parent in (own, folder, folder.parent):
            sync_folder(parent)
    except OSError as exc:
        raise errors.StorageFailed(
            f"evidence cannot be kept: {exc.strerror}", where=str(path), mend="make room and start again"
        ) from exc
    return path


def _write(path: Path, data: bytes) -> None:
    """Durable before it has its name; a file that has the name is never replaced."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass  # another process kept the same bytes: the name is their digest
    finally:
        beside.unlink()
