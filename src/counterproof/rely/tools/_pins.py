"""What each tool was when it was first seen: a description that changes afterwards is a fact that policies see."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import cast

import msgspec

from counterproof import errors

FORMAT = "counterproof-gate-tools/1"
CHANGED = "its definition is not what it was when it was first seen"


def digest(tool: object) -> str:
    """SHA-256 of a tool's whole definition, members sorted: name, descriptions, schemas, annotations."""
    return hashlib.sha256(msgspec.json.encode(tool, order="sorted")).hexdigest()


class Pins:
    """Digests by tool, trusted on first use; kept in a file where one is named.

    Raises:
        BadGate: the file cannot be read, or is none of ours.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._first = _read(path) if path is not None else {}

    def is_changed(self, name: str, tool: object) -> bool:
        """Whether the tool was seen before and was another then."""
        return self._first.get(name, found := digest(tool)) != found

    def add(self, name: str, tool: object) -> None:
        """Remembers a tool that is seen for the first time; one that changed keeps what it was first.

        Raises:
            StorageFailed: the file cannot be written, and the tool is not remembered.
        """
        if name in self._first:
            return
        found = digest(tool)
        if self._path is not None:
            _write(self._path, {**self._first, name: found})
        self._first[name] = found


def _read(path: Path) -> dict[str, str]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise errors.BadGate(f"cannot be read: {exc.strerror}", where=str(path)) from exc
    try:
        found: object = msgspec.json.decode(data)
        kept = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        if kept.pop("format", None) != FORMAT or set(kept) != {"tools"}:
            raise errors.BadGate(f"is no file of the format {FORMAT}", where=str(path), mend="name another file")
        return msgspec.convert(kept["tools"], dict[str, str])
    except msgspec.MsgspecError as exc:
        raise errors.BadGate(f"is no file of the format {FORMAT}: {exc}", where=str(path)) from exc


def _write(path: Path, tools: dict[str, str]) -> None:
    data = msgspec.json.format(msgspec.json.encode({"format": FORMAT, "tools": tools}), indent=1) + b"\n"
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as exc:
        raise errors.StorageFailed(f"cannot be written: {exc.strerror}", where=str(path)) from exc
