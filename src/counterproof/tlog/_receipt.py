"""The receipt: an entry's place, its path and the cosigned checkpoint, in one text (C2SP tlog-proof)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from counterproof.errors import BadNote
from counterproof.tlog._hash import HASH_BYTES, MAX_SIZE
from counterproof.tlog._proof import MAX_PROOF_HASHES
from counterproof.tlog._text import read_base64, read_hash, read_number

_FIRST_LINE = b"c2sp.org/tlog-proof@v1"
MAX_RECEIPT_BYTES = 1_000_000
"""Ours; a hundred ML-DSA-44 cosignatures take 350,000."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A self-contained proof that an entry is in a log. Nothing in it is verified by having it.

    `checkpoint`: the whole signed note. `extra`: of the application; nobody vouches for it.

    Raises:
        BadNote: index, number or length of the hashes, or the checkpoint's ends, are none that can be written.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_SIZE:
            raise _bad(f"no log has an entry number {self.index}", "index")
        if len(self.hashes) > MAX_PROOF_HASHES or any(len(h) != HASH_BYTES for h in self.hashes):
            raise _bad("a path has at most 63 hashes of 32 bytes", "path")
        if not self.checkpoint.endswith(b"\n"):
            raise _bad("the signed checkpoint does not end in a line feed", "checkpoint")
        if self._length() > MAX_RECEIPT_BYTES:
            raise _bad("it is longer than 1,000,000 bytes", "receipt")

    def _length(self) -> int:
        """Bytes of `encode`, without encoding."""
        extra = len("extra \n") + (len(self.extra) + 2) // 3 * 4 if self.extra else 0
        first = len(_FIRST_LINE) + 1 + extra + len(f"index {self.index}\n")
        return first + 45 * len(self.hashes) + 1 + len(self.checkpoint)

    def encode(self) -> bytes:
        """Its one text form."""
        lines = [_FIRST_LINE]
        if self.extra:
            lines.append(b"extra " + b64encode(self.extra))
        lines.append(b"index %d" % self.index)
        lines += [b64encode(h) for h in self.hashes]
        return b"\n".join(lines) + b"\n\n" + self.checkpoint


def read_proof(data: bytes) -> Proof:
    """The receipt that bytes state. Nothing is verified: neither the path nor the checkpoint's signatures.

    Raises:
        BadNote: it is not byte for byte what `Proof.encode` gives.
    """
    if len(data) > MAX_RECEIPT_BYTES:
        raise _bad("it is longer than 1,000,000 bytes", "receipt")
    head, blank, checkpoint = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or lines[0] != _FIRST_LINE:
        raise _bad(f"it does not begin with {_FIRST_LINE.decode()} or has no checkpoint", "receipt")
    extra = b""
    if len(lines) > 1 and lines[1].startswith(b"extra "):
        extra = read_base64(lines.pop(1)[len(b"extra ") :], "extra")
        if not extra:
            raise _bad("there is nothing after `extra`", "extra")
    if len(lines) < 2 or not lines[1].startswith(b"index "):
        raise _bad("there is no line with the index", "index")
    index = read_number(lines[1][len(b"index ") :], "index")
    if len(lines) - 2 > MAX_PROOF_HASHES:
        raise _bad("a path has at most 63 hashes of 32 bytes", "path")
    return Proof(index, tuple(read_hash(line, "path") for line in lines[2:]), checkpoint, extra)


def _bad(what: str, where: str) -> BadNote:
    return BadNote(what, where=where, mend="ask the log for the receipt again")
