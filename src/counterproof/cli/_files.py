"""Files that a user names: read whole within a bound, written whole or not at all. Loads nothing heavy."""

from __future__ import annotations

import contextlib
from pathlib import Path

from counterproof import errors

LIMIT_BYTES = 64 << 20


def fetch(path: Path, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """The bytes of a file.

    Raises:
        BadOption: it cannot be read, or is larger than `limit_bytes`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as exc:
        raise errors.BadOption(
            f"cannot be read: {exc.strerror or exc}", where=str(path), mend="name a file that can be read"
        ) from exc
    if len(data) > limit_bytes:
        raise errors.BadOption(f"is larger than {limit_bytes} bytes", where=str(path), mend="name another file")
    return data


def store(path: Path, data: bytes) -> None:
    """Whole or not at all: beside its place first, then moved there; a device or a pipe is written to as it is.

    Raises:
        StorageFailed: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise errors.StorageFailed(
            f"cannot be written: {exc.strerror}", where=str(path), mend="make room or choose another place"
        ) from exc
