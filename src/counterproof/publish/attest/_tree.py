"""The tree of graded transcripts: salts, leaves, openings of some or all of them (spec/transcript-tree.md)."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

from counterproof import chain, record, tlog
from counterproof.errors import BadOption, StorageFailed

SECRET_BYTES = 32
_MEND = "name the run and the secret that the statement was made with"


def secret(path: Path, *, may_make: bool) -> bytes:
    """The evaluator's secret: 32 bytes in a file of mode 0600, made of the system's randomness where there is none.

    Raises:
        BadOption: the file holds something else, others may read it, or there is none and none may be made.
        StorageFailed: it cannot be written.
    """
    try:
        if may_make and not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
                made.write(os.urandom(SECRET_BYTES))
        with path.open("rb") as file:
            mode, data = os.fstat(file.fileno()).st_mode, file.read(SECRET_BYTES + 1)
    except OSError as exc:
        if may_make:
            raise StorageFailed(f"cannot be written: {exc.strerror}", where=str(path)) from exc
        raise BadOption(f"cannot be read: {exc.strerror}", where=str(path), mend=_MEND) from exc
    if mode & 0o077:
        raise BadOption("others may read this secret", where=str(path), mend=f"chmod 600 {path}")
    if len(data) != SECRET_BYTES or len(set(data)) < 2:
        raise BadOption(f"is no secret of {SECRET_BYTES} random bytes", where=str(path), mend=_MEND)
    return data


def salt(key: bytes, report: str, target: str, category: str, index: int) -> bytes:
    """The salt of one leaf: HMAC-SHA-256 (RFC 2104), different for every leaf, guessable by nobody without the key."""
    text = f"counterproof/salt/1\n{report}\n{target}\n{category}\n{index}\n"
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def leaves(
    key: bytes, report: str, target: str, category: str, graded: Iterable[tuple[record.Grade, record.Transcript]]
) -> list[bytes]:
    """The leaves of one target in one category, in the order of the run. `report`, `target`: digests."""
    return [
        chain.graded_leaf(grade, transcript, salt(key, report, target, category, index))
        for index, (grade, transcript) in enumerate(graded)
    ]


class _Levels:
    """Every complete subtree of a tree that is held in memory."""

    def __init__(self, leaf_hashes: list[bytes]) -> None:
        self._levels = [leaf_hashes]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([tlog.node_hash(left, right) for left, right in pairs])

    def hash_at(self, level: int, index: int) -> bytes:
        return self._levels[level][index]


def opened(
    said: record.Behaviour, found: Sequence[bytes], indexes: Sequence[int], texts: Sequence[record.Transcript] | None
) -> tuple[record.Opened, ...]:
    """Openings of these leaves, each with its proof; with what was said where `texts` is given, all of the category's.

    Raises:
        BadOption: the leaves are not those under the statement's root.
    """
    if len(found) != said.count or chain.transcripts_root(found) != said.transcripts:
        raise BadOption(
            f"these are not the {said.count} graded transcripts that were signed", where=said.category, mend=_MEND
        )
    levels = _Levels(tlog.leaf_hashes(found))
    return tuple(
        record.Opened(
            index=index,
            leaf=found[index].decode(),
            proof=tuple(b64encode(one).decode() for one in tlog.prove_inclusion(index, len(found), levels)),
            transcript=record.canonical_bytes(texts[index]).decode() if texts is not None else "",
        )
        for index in indexes
    )
