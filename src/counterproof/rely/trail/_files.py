"""The folder of a trail: one folder per worker, whose files are segments of one chain; policies beside them, whole.

TRAIL/policies/<64 hexadecimal digits>.json
TRAIL/workers/<worker>/<number of its first record, 12 digits>.jsonl
TRAIL/workers/<worker>/lock
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Generator
from pathlib import Path

import msgspec

from counterproof import record
from counterproof.errors import BadOption, BadTrail, StorageFailed, TrailInUse

_WORKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SEGMENT = re.compile(r"([0-9]{12})\.jsonl", re.ASCII)


@contextlib.contextmanager
def storing(where: Path) -> Generator[None]:
    """Turns what the machine refuses into `StorageFailed`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageFailed):
            raise
        raise StorageFailed(
            f"cannot be written ({error.strerror or error})", where=str(where), mend="make room, or name another folder"
        ) from error


def worker_folder(folder: Path, worker: str) -> Path:
    """Where a worker's chain lies.

    Raises:
        BadOption: the worker's name is none.
    """
    if not _WORKER.fullmatch(worker):
        raise BadOption(
            f"{worker[:80]!r} names no worker: letters, digits, `.`, `_`, `-`, at most 64",
            where="worker",
            mend="rename it",
        )
    return folder / "workers" / worker


def segment_path(folder: Path, first: int) -> Path:
    """The file whose first record has this number."""
    return folder / f"{first:012d}.jsonl"


def segments(folder: Path) -> list[tuple[int, Path]]:
    """A worker's segments in order: number of the first record, and file."""
    try:
        found = [(name, entry) for entry in folder.iterdir() if (name := _SEGMENT.fullmatch(entry.name))]
    except OSError as error:
        raise BadTrail(f"cannot be read ({error.strerror or error})", where=str(folder), mend="name a trail") from None
    return sorted((int(name[1]), entry) for name, entry in found)


def size_of(path: Path) -> int:
    """How long a file is.

    Raises:
        BadTrail: it cannot be told.
    """
    try:
        return path.stat().st_size
    except OSError as error:
        raise BadTrail(f"cannot be read ({error.strerror})", where=str(path), mend="copy the trail whole") from None


def workers(folder: Path) -> list[str]:
    """The names of the workers that kept a record here.

    Raises:
        BadTrail: the folder is no trail.
    """
    try:
        return sorted(e.name for e in (folder / "workers").iterdir() if e.is_dir() and _WORKER.fullmatch(e.name))
    except OSError as error:
        raise BadTrail(
            f"is no trail ({error.strerror or error})", where=str(folder), mend="name the folder that the gate writes"
        ) from None


def locked(folder: Path) -> int:
    """Holds a worker's folder for this process; the lock goes when the handle is closed, or the process gone.

    Raises:
        TrailInUse: another process holds it.
        StorageFailed: the folder cannot be made or written to.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        let_go(handle)
        if not isinstance(error, BlockingIOError):
            raise StorageFailed(f"cannot be locked ({error.strerror})", where=str(folder)) from error
        raise TrailInUse(
            "another process is writing this worker's record",
            where=str(folder),
            mend="wait for it, or give every worker a name of its own",
        ) from None
    return handle


def sync_folder(folder: Path) -> None:
    """What names there are in a folder survives a loss of power from here on."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        let_go(handle)


def let_go(handle: int) -> None:
    """Closes a file that nothing hangs on any more: what goes wrong now can lose nothing."""
    with contextlib.suppress(OSError):
        os.close(handle)


def policy_path(folder: Path, digest: str) -> Path:
    """Where the policy of this digest (`sha256:...`) lies."""
    return folder / "policies" / f"{digest.removeprefix('sha256:')}.json"


def keep_policy(folder: Path, policy: record.GatePolicy) -> str:
    """Keeps a policy whole; returns its digest.

    Raises:
        StorageFailed: it could not be kept.
    """
    data = record.canonical_bytes(policy)
    digest = record.digest_bytes(data)
    path = policy_path(folder, digest)
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == data:
            return digest
        new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")  # in containers every process may be number 1
        try:
            with new.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()
            raise
        sync_folder(path.parent)
    return digest


def read_kept_policy(folder: Path, digest: str) -> record.GatePolicy:
    """The policy of this digest.

    Raises:
        BadTrail: it is not there, or is another.
    """
    path = policy_path(folder, digest)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadTrail(
            f"the policy cannot be read ({error.strerror})", where=str(path), mend="copy the trail whole"
        ) from None
    if record.digest_bytes(data) != digest:
        raise BadTrail("is not the policy whose digest it is named by", where=str(path), mend="it was changed")
    try:
        return msgspec.json.decode(data, type=record.GatePolicy)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadTrail(
            f"is no policy ({error})", where=str(path), mend="read it with the version that wrote it"
        ) from None
