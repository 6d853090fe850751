"""The body of add-checkpoint: old size, consistency proof, empty line, signed checkpoint (C2SP tlog-witness)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass

from counterproof import note, tlog
from counterproof.errors import BadNote

MAX_BODY_BYTES = 65_536
"""63 proof lines take 2,898 bytes; the rest is room for a checkpoint with sixteen ML-DSA-44 lines."""

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Asked:
    """What somebody asks a witness to cosign, checked in form and in nothing else."""

    old: int
    proof: tuple[bytes, ...]
    signed: bytes
    text: bytes

    @property
    def unverified_origin(self) -> str:
        """The first line of the checkpoint."""
        return self.text.split(b"\n", 1)[0].decode()


def read_request(body: bytes) -> Asked:
    """What a request asks.

    Raises:
        BadNote: the bytes are too many, or not those that tlog-witness describes; over 63 proof lines too.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BadNote(f"a request of over {MAX_BODY_BYTES} bytes", where="request", mend="send fewer signatures")
    head, gap, signed = body.partition(b"\n\n")
    first, *proof = head.split(b"\n")
    matched = _OLD.fullmatch(first)
    if not gap or matched is None or (old := int(matched[1])) > tlog.MAX_SIZE:
        raise BadNote("it does not begin with an old size", where="request", mend="begin with: old SIZE")
    if len(proof) > tlog.MAX_PROOF_HASHES:
        raise BadNote(f"over {tlog.MAX_PROOF_HASHES} proof lines", where="request", mend="no proof is longer")
    text, _ = note.split(signed)
    return Asked(old, tuple(map(_hash, proof)), signed, text)


def _hash(line: bytes) -> bytes:
    try:
        data = b64decode(line, validate=True)
    except NotBase64:
        data = b""
    if len(data) != tlog.HASH_BYTES or b64encode(data) != line:
        raise BadNote("a proof line is not the base64 of 32 bytes", where="request", mend="see RFC 4648, section 4")
    return data
