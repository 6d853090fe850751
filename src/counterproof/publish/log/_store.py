"""Where a log's files lie: what a writer needs of a folder or a bucket, and the folder itself.

Every write is durable when it returns. What was written once is never written over, the checkpoint excepted: a second
writer's delayed tile can only be the same bytes, and a delayed checkpoint finds another one in its place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from counterproof.errors import BadLog, StorageFailed

CHECKPOINT = "checkpoint"
STAGING = "staging/"
WRITER = ".writer"
"""The folder, inside a log's folder, of what its writer alone uses. Nothing in it is secret."""

_NEW = "new"
_TOGETHER = 8
"""From so many files on they are made durable side by side; below it one after the other, in a fixed order."""


class Store(Protocol):
    """Named bytes below a log's prefix. Any error leaves open whether the write took place: the writer must stop."""

    def get(self, path: str) -> bytes | None:
        """The bytes, or None where there are none."""
        ...

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep new files; one that is there already MUST have the same bytes.

        Raises:
            BadLog: it has others.
            StorageFailed: the bytes may or may not be kept.
        """
        ...

    def replace(self, path: str, old: bytes | None, new: bytes) -> None:
        """Put `new` in the place of `old` (None: nothing).

        Raises:
            BadLog: there is something else.
            StorageFailed: it may or may not have been replaced.
        """
        ...

    def names(self, prefix: str) -> list[str]:
        """The paths that begin so, where `prefix` ends in a slash; sorted."""
        ...

    def remove(self, paths: Iterable[str]) -> None:
        """Drop files; one that is gone already is no error."""
        ...

    def close(self) -> None:
        """Let another writer have it."""
        ...


def differs(path: str) -> BadLog:
    """What a writer says of a file that may not change and did."""
    return BadLog(
        "holds other bytes than those of this log, which are never written over",
        where=path,
        mend="another writer or a fault was here: stop, keep a copy, run counterproof log check",
    )


class FolderStore:
    """A plain folder. One writer at a time: the second is refused when it opens.

    Files appear whole, under their names, with mode 0444: written and made durable aside, then linked (which never
    replaces), then the folder and each new parent made durable.

    Raises:
        BadLog: there is no such folder, or another process writes to it.
        StorageFailed: here and in every method: the machine failed. Nothing may be tried again: what an `fsync` that
            failed left behind cannot be known from within this process.
    """

    def __init__(self, folder: Path, *, is_writer: bool = True) -> None:
        self._root = folder
        self._aside = folder / WRITER / _NEW
        self._folders: set[Path] = set()
        self._held = -1
        self._count = 0
        self._pool: ThreadPoolExecutor | None = None
        try:
            is_there = folder.is_dir()
        except OSError as exc:
            raise _failed(str(folder), exc) from exc
        if not is_there:
            raise BadLog("there is no such folder", where=str(folder), mend="make a log with: counterproof log new")
        if is_writer:
            self._take()

    def get(self, path: str) -> bytes | None:
        """The bytes of a file, or None where there is none."""
        try:
            fd = os.open(self._root / path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return _read(fd)
            finally:
                os.close(fd)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise _failed(path, exc) from exc

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep new files durably; one that is there already must be the same."""
        try:
            folders = dict.fromkeys(self._folder_of(path) for path, _ in files)
            asides = [(path, data, self._next()) for path, data in files]
            if len(files) < _TOGETHER:
                for one in asides:
                    self._create_one(*one)
            else:
                self._pool = self._pool or ThreadPoolExecutor(_TOGETHER, "fsync")
                list(self._pool.map(self._create_one, *zip(*asides, strict=True)))
            for folder in folders:
                _sync_folder(folder)
        except OSError as exc:
            raise _failed(files[0][0], exc) from exc

    def replace(self, path: str, old: bytes | None, new: bytes) -> None:
        """Put `new` in the place of `old`, durably."""
        if self.get(path) != old:
            raise differs(path)
        try:
            folder, aside = self._folder_of(path), self._next()
            _write(aside, new, 0o644)
            os.rename(aside, self._root / path)  # noqa: PTH104 - one call of the system, no more
            _sync_folder(folder)
        except OSError as exc:
            raise _failed(path, exc) from exc

    def names(self, prefix: str) -> list[str]:
        """The files in the folder `prefix`, itself excluded."""
        try:
            with os.scandir(self._root / prefix) as found:
                return sorted(prefix + one.name for one in found if one.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise _failed(prefix, exc) from exc

    def remove(self, paths: Iterable[str]) -> None:
        """Drop files. Not made durable: one that comes back after a power cut is dropped again."""
        for path in paths:
            try:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._root / path)  # noqa: PTH108 - one call of the system, no more
                if path.rpartition("/")[0].endswith(".p"):
                    with contextlib.suppress(OSError):  # not empty yet
                        os.rmdir((self._root / path).parent)  # noqa: PTH106 - same
            except OSError as exc:
                raise _failed(path, exc) from exc

    def close(self) -> None:
        """Let another writer have the folder."""
        if self._pool:
            self._pool.shutdown()
            self._pool = None
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _take(self) -> None:
        try:
            _make_folder(self._aside, self._folders)
            self._held = os.open(self._root / WRITER / "in-use", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in os.scandir(self._aside):
                os.unlink(left)  # noqa: PTH108 - of a writer that died
        except BlockingIOError:
            self.close()
            raise BadLog(
                "another process is writing to this log",
                where=str(self._root),
                mend="add through its address, or stop it first",
            ) from None
        except OSError as exc:
            raise _failed(str(self._root), exc) from exc

    def _next(self) -> Path:
        self._count += 1
        return self._aside / str(self._count)

    def _folder_of(self, path: str) -> Path:
        folder = (self._root / path).parent
        if folder not in self._folders:
            _make_folder(folder, self._folders)
        return folder

    def _create_one(self, path: str, data: bytes, aside: Path) -> None:
        _write(aside, data, 0o444)
        try:
            os.link(aside, self._root / path)
        except FileExistsError:
            if self.get(path) != data:
                raise differs(path) from None
        os.unlink(aside)  # noqa: PTH108 - same


class MemoryStore:
    """The same in memory, for tests and rehearsals. Nothing outlives the process."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def get(self, path: str) -> bytes | None:
        """The bytes, or None."""
        return self.files.get(path)

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep new files."""
        for path, data in files:
            if self.files.setdefault(path, data) != data:
                raise differs(path)

    def replace(self, path: str, old: bytes | None, new: bytes) -> None:
        """Put `new` in the place of `old`."""
        if self.files.get(path) != old:
            raise differs(path)
        self.files[path] = new

    def names(self, prefix: str) -> list[str]:
        """The paths that begin so."""
        return sorted(path for path in self.files if path.startswith(prefix))

    def remove(self, paths: Iterable[str]) -> None:
        """Drop files."""
        for path in paths:
            self.files.pop(path, None)

    def close(self) -> None:
        """Nothing to let go."""


def _read(fd: int) -> bytes:
    left = os.fstat(fd).st_size
    parts: list[bytes] = []
    while part := os.read(fd, max(left, 1)):
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _write(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _make_folder(folder: Path, known: set[Path]) -> None:
    """The folder and its parents; whoever holds a new one is made durable."""
    missing: list[Path] = []
    at = folder
    while at not in known and not at.is_dir():
        missing.append(at)
        at = at.parent
    for new in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(new)  # noqa: PTH102 - one call of the system, no more
        _sync_folder(new.parent)
    known.add(folder)


def _failed(path: str, exc: OSError) -> StorageFailed:
    return StorageFailed(
        f"the log's storage failed: {exc.strerror or exc}",
        where=path,
        mend="stop; make room or mend the machine, then start again: nothing that was acknowledged is lost",
    )
