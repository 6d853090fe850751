"""A log in an object store (S3, GCS, Azure, memory) and the lock there; obstore is imported in this file alone."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from counterproof import tlog
from counterproof.errors import BadLog, BadNote, BadOption, MissingExtra, StorageFailed
from counterproof.publish.log._lock import EMPTY, Head, exists_already, is_unclear
from counterproof.publish.log._store import differs

_TOGETHER = 16


def _obstore() -> Any:  # noqa: ANN401 - an extra, whose types the checkers' environment need not have
    try:
        importlib.import_module("obstore.exceptions")
        importlib.import_module("obstore.store")
        obstore: Any = importlib.import_module("obstore")
    except ImportError as exc:
        raise MissingExtra(
            "object stores need obstore", where="log", mend="pip install 'counterproof[log]'"
        ) from exc
    return obstore


def bucket(url: str) -> Any:  # noqa: ANN401 - same
    """The object store at `s3://bucket/prefix`, `gs://`, `az://` or `memory://`; keys come from the environment.

    Raises:
        MissingExtra: obstore is not installed.
        BadOption: no such store can be opened.
    """
    obs = _obstore()
    try:
        return obs.store.from_url(url)
    except (obs.exceptions.BaseError, ValueError, TypeError) as exc:
        raise BadOption(
            f"cannot be opened: {exc}"[:300], where="--store", mend="give s3://bucket/prefix, gs://... or az://..."
        ) from exc


class ObjectStore:
    """A bucket below a prefix.

    New files are put only where there are none (If-None-Match), the checkpoint only over the one that was read
    (If-Match): a request that arrives late finds another and comes to nothing.

    Raises:
        StorageFailed: in every method: the request may or may not have been carried out.
    """

    def __init__(self, opened: Any) -> None:  # noqa: ANN401 - same
        self._obs = _obstore()
        self._store = opened
        self._pool = ThreadPoolExecutor(_TOGETHER, "objects")

    def get(self, path: str) -> bytes | None:
        """The bytes of an object, or None."""
        return _fetch(self._obs, self._store, path)[0]

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Keep new objects; one that is there already must be the same."""
        for _ in self._pool.map(self._create_one, files):
            pass

    def replace(self, path: str, old: bytes | None, new: bytes) -> None:
        """Put `new` in the place of `old`."""
        if not _replaced(self._obs, self._store, path, old, new):
            raise differs(path)

    def names(self, prefix: str) -> list[str]:
        """The paths that begin so."""
        return self._do(prefix, lambda: sorted(
            str(one["path"]) for page in self._obs.list(self._store, prefix.rstrip("/")) for one in page
        ))  # fmt: skip

    def remove(self, paths: Iterable[str]) -> None:
        """Drop objects."""
        for path in paths:
            try:
                self._obs.delete(self._store, path)
            except (FileNotFoundError, self._obs.exceptions.NotFoundError):
                continue
            except self._obs.exceptions.BaseError as exc:
                raise _failed(path, exc) from exc

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _create_one(self, file: tuple[str, bytes]) -> None:
        path, data = file
        try:
            self._obs.put(self._store, path, data, mode="create", use_multipart=False)
        except self._obs.exceptions.AlreadyExistsError:
            # Perhaps our own, whose answer was lost and which the client asked for again.
            if self.get(path) != data:
                raise differs(path) from None
        except (self._obs.exceptions.BaseError, OSError) as exc:
            raise _failed(path, exc) from exc

    def _do(self, path: str, work: Callable[[], list[str]]) -> list[str]:
        try:
            return work()
        except (self._obs.exceptions.BaseError, OSError) as exc:
            raise _failed(path, exc) from exc


class ObjectLock:
    """The lock as one small object for each origin, moved by compare-and-swap on its entity tag (S3: If-Match).

    A client that asks again by itself after a lost answer may be told that the object is another one, when it was its
    own request that made it so: `swap` then says False, and the writer stops and reads, as whenever it cannot know.

    Raises:
        StorageFailed: in every method: the request may or may not have been carried out.
    """

    def __init__(self, opened: Any, prefix: str = "lock") -> None:  # noqa: ANN401 - same
        self._obs = _obstore()
        self._store = opened
        self._prefix = prefix

    def read(self, origin: str) -> Head | None:
        """The head, or None."""
        data = _fetch(self._obs, self._store, self._path(origin))[0]
        return None if data is None else _head(data, origin)

    def create(self, origin: str) -> None:
        """Begin a log at `EMPTY`."""
        try:
            self._obs.put(self._store, self._path(origin), _body(origin, EMPTY), mode="create", use_multipart=False)
        except self._obs.exceptions.AlreadyExistsError:
            raise exists_already(origin) from None
        except (self._obs.exceptions.BaseError, OSError) as exc:
            raise is_unclear(self._path(origin), exc) from exc

    def swap(self, origin: str, old: Head, new: Head) -> bool:
        """Move the head."""
        return _replaced(self._obs, self._store, self._path(origin), _body(origin, old), _body(origin, new))

    def close(self) -> None:
        """Nothing to let go."""

    def _path(self, origin: str) -> str:
        return f"{self._prefix}/{hashlib.sha256(origin.encode()).hexdigest()}"


def _body(origin: str, head: Head) -> bytes:
    return tlog.Checkpoint(origin, head.size, head.root).body


def _head(data: bytes, origin: str) -> Head:
    try:
        checkpoint = tlog.read_checkpoint(data)
    except BadNote as exc:
        raise BadLog(f"the lock holds no head: {exc}", where=origin, mend="look who else writes there") from exc
    if checkpoint.origin != origin:
        raise BadLog(f"the lock is of {checkpoint.origin!r}", where=origin, mend="look who else writes there")
    return Head(checkpoint.size, checkpoint.root)


def _fetch(obs: Any, store: Any, path: str) -> tuple[bytes | None, dict[str, Any]]:  # noqa: ANN401 - same
    try:
        found = obs.get(store, path)
        return bytes(found.bytes()), {k: v for k in ("e_tag", "version") if (v := found.meta.get(k))}
    except (FileNotFoundError, obs.exceptions.NotFoundError):
        return None, {}
    except (obs.exceptions.BaseError, OSError) as exc:
        raise _failed(path, exc) from exc


def _replaced(obs: Any, store: Any, path: str, old: bytes | None, new: bytes) -> bool:  # noqa: ANN401 - same
    """Whether `new` now stands where exactly `old` stood when this was asked for."""
    now, version = _fetch(obs, store, path)
    if now != old:
        return False
    lost = (obs.exceptions.AlreadyExistsError, obs.exceptions.PreconditionError, obs.exceptions.NotFoundError)
    try:
        obs.put(store, path, new, mode="create" if old is None else version, use_multipart=False)
    except lost:
        return False
    except (obs.exceptions.BaseError, OSError) as exc:
        raise is_unclear(path, exc) from exc
    return True


def _failed(path: str, exc: Exception) -> StorageFailed:
    return StorageFailed(
        f"the object store failed: {exc}"[:500], where=path, mend="start again: nothing that was acknowledged is lost"
    )
