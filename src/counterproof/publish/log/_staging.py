"""What is kept before the lock moves: the entries that lead from one head to the next (spec/log-layout.md)."""

from __future__ import annotations

from collections.abc import Sequence

from counterproof import tlog
from counterproof.errors import BadLog, BadNote
from counterproof.publish.log._lock import Head

_MAGIC = b"counterproof-staging/1\n"
_LIMIT = 2**40


def encode(old: Head, entries: Sequence[bytes]) -> bytes:
    """The magic line, size (8 bytes) and root of the old head, then each entry after its length in two bytes."""
    width = tlog.TILE_WIDTH
    bundles = [tlog.encode_entries(entries[at : at + width]) for at in range(0, len(entries), width)]
    return b"".join([_MAGIC, old.size.to_bytes(8), old.root, *bundles])


def decode(data: bytes, where: str) -> tuple[Head, list[bytes]]:
    """The old head and the entries. Nothing of it is verified: their root must be that of the new head.

    Raises:
        BadLog: it is not what `encode` writes.
    """
    at = len(_MAGIC) + 8 + 32
    if len(data) <= at or not data.startswith(_MAGIC):
        raise _damaged(where)
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8])
    entries, is_whole = split(data, at)
    if not is_whole or size > _LIMIT:
        raise _damaged(where)
    return Head(size, data[len(_MAGIC) + 8 : len(_MAGIC) + 40]), entries


def split(data: bytes, at: int = 0) -> tuple[list[bytes], bool]:
    """Entries after their lengths from `at` on, and whether they end where the bytes end."""
    entries: list[bytes] = []
    end = len(data)
    while at + 2 <= end:
        begin = at + 2
        at = begin + (data[at] << 8 | data[at + 1])
        entries.append(data[begin:at])
    return entries, at == end


def reread(found_bytes: bytes | None, where: str, old: Head, leaves: Sequence[bytes]) -> None:
    """Returns if what storage gives back is what was to be staged, judged by hashing it again.

    Raises:
        BadLog: it is not: a bit fell over in memory, on the way or on the disk.
    """
    if found_bytes is None:
        raise _damaged(where)
    found, entries = decode(found_bytes, where)
    if found != old or tlog.leaf_hashes(entries) != leaves:
        raise _damaged(where)


def check_lengths(entries: Sequence[bytes], limit_bytes: int) -> None:
    """Returns if each entry fits.

    Raises:
        BadNote: one is empty or too long.
    """
    for entry in entries:
        if not 0 < len(entry) <= limit_bytes:
            raise BadNote(f"an entry of {len(entry)} bytes", where="entry", mend=f"log 1 to {limit_bytes} bytes")


def _damaged(where: str) -> BadLog:
    return BadLog(
        "what was staged is not what storage gives back",
        where=where,
        mend="nothing was signed; check the machine's memory and disk, then start again",
    )
