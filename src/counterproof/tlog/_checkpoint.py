"""What a log signs: its name, how many entries it has, and their root (C2SP tlog-checkpoint)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from counterproof.errors import BadNote
from counterproof.tlog._hash import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from counterproof.tlog._text import read_hash, read_number

MAX_ORIGIN_BYTES = 255
"""ML-DSA-44 cosignatures state its length in one byte (C2SP tlog-cosignature)."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log.

    Raises:
        BadNote: the origin is empty, longer than 255 bytes of UTF-8 or holds a control character; the size is not that
            of a tree; the root has not 32 bytes, or is not that of the empty tree at size 0.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _check_origin(self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise BadNote(f"no tree has {self.size} leaves", where="tree size", mend="use 0 up to 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise BadNote(f"a root has 32 bytes, not {len(self.root)}", where="root hash", mend="use SHA-256")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise BadNote("a tree without leaves has another root", where="root hash", mend="use SHA-256 of nothing")

    @property
    def body(self) -> bytes:
        """The text to sign: three lines, no extension lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


def read_checkpoint(body: bytes) -> Checkpoint:
    """The checkpoint that the text of a note states; the signatures are not part of `body`.

    Extension lines are refused: our logs write none, and ML-DSA-44 cosignatures do not cover them.

    Raises:
        BadNote: it is not byte for byte what `Checkpoint.body` gives.
    """
    lines = body.split(b"\n")
    if len(lines) != 4 or lines[3]:
        raise BadNote(
            "a checkpoint has three lines, each with a line feed at its end",
            where="checkpoint",
            mend="give origin, size and root hash, without extension lines",
        )
    try:
        origin = lines[0].decode("utf-8")
    except UnicodeDecodeError:
        raise BadNote("it is not UTF-8", where="origin", mend="write it in UTF-8") from None
    return Checkpoint(origin, read_number(lines[1], "tree size"), read_hash(lines[2], "root hash"))


def _check_origin(origin: str) -> None:
    """C2SP tlog-checkpoint asks for no form; C2SP signed-note keeps control characters out of every note."""
    try:
        long = len(origin.encode("utf-8"))
    except UnicodeEncodeError:
        raise BadNote("it is not Unicode", where="origin", mend="leave out surrogates") from None
    if not 0 < long <= MAX_ORIGIN_BYTES:
        raise BadNote(f"it has {long} bytes", where="origin", mend="use 1 to 255 bytes")
    if any(c < " " for c in origin):
        raise BadNote("it holds a control character", where="origin", mend="leave it out")
