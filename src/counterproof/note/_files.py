"""Secret keys in files that their owner alone can read."""

from __future__ import annotations

import os
from pathlib import Path

from counterproof.errors import BadKey, StorageFailed
from counterproof.note._keys import Signer, read_signer, signer_text

_MAX_FILE_BYTES = 4096


def write_key(path: Path, signer: Signer) -> None:
    """Keep a secret key in a new file of mode 0600.

    Raises:
        BadKey: there is a file already; a key is never overwritten.
        StorageFailed: the file cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(signer_text(signer) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise BadKey("there is a file already", where=str(path), mend="a key is never overwritten") from None
    except OSError as error:
        raise StorageFailed(f"the key cannot be written: {error.strerror}", where=str(path)) from error


def read_key(path: Path) -> Signer:
    """The secret key in a file.

    Raises:
        BadKey: there is no such file, others may read it, or it holds no secret key.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadKey(f"the key cannot be read: {error.strerror}", where=str(path)) from error
    if mode & 0o077:
        raise BadKey("others may read this secret key", where=str(path), mend=f"chmod 600 {path}")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadKey("not a secret key", where=str(path)) from None
    if len(data) > _MAX_FILE_BYTES or not text.endswith("\n"):
        raise BadKey("not a secret key", where=str(path), mend="its file has one line")
    return read_signer(text[:-1])
