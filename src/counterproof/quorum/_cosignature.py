"""Cosignatures: "as of this time, the largest consistent tree that I have seen of this log is this one".

Both kinds of C2SP tlog-cosignature v1.1: Ed25519 (cosignature/v1) and ML-DSA-44 (subtree/v1).
"""

from __future__ import annotations

import struct

from counterproof import note, tlog
from counterproof.errors import BadKey, BadNote, NotVerified

MAX_TIME_S = 2**63 - 1
_TIME_BYTES = 8


def _message(checkpoint: tlog.Checkpoint, cosigner: note.Verifier, timestamp_s: int) -> bytes:
    """What a cosigner's key signs (tlog-cosignature, the two sections named Signed message)."""
    if cosigner.kind == "cosignature":
        return b"cosignature/v1\ntime %d\n" % timestamp_s + checkpoint.body
    if cosigner.kind != "ml-dsa-44":
        raise BadKey(f"a key of kind {cosigner.kind!r} does not cosign", where=cosigner.name)
    name, origin = cosigner.name.encode(), checkpoint.origin.encode()
    return b"".join((
        b"subtree/v1\n\0",
        struct.pack(">B", len(name)) + name,
        struct.pack(">Q", timestamp_s),
        struct.pack(">B", len(origin)) + origin,
        struct.pack(">QQ", 0, checkpoint.size),
        checkpoint.root,
    ))


def cosign(checkpoint: tlog.Checkpoint, signer: note.Signer, timestamp_s: int) -> bytes:
    """The signature line, line feed included, by which a witness says that it saw this checkpoint.

    `timestamp_s`: seconds since the epoch; 0 would say nothing about which tree was the latest, so it is not written.

    Raises:
        BadKey: the key is no witness's (kinds `cosignature` and `ml-dsa-44`).
        BadNote: the time is not a positive number below 2^63.
    """
    if not 0 < timestamp_s <= MAX_TIME_S:
        raise BadNote(f"a cosignature's time cannot be {timestamp_s}", where=signer.verifier.name)
    signature = signer.sign(_message(checkpoint, signer.verifier, timestamp_s))
    stamped = struct.pack(">Q", timestamp_s) + signature
    return note.Line(signer.verifier.name, signer.verifier.key_id, stamped).encode()


def cosigned_at(checkpoint: tlog.Checkpoint, line: note.Line, cosigner: note.Verifier) -> int:
    """When this witness saw this checkpoint, in seconds since the epoch.

    Raises:
        BadKey: the key is no witness's.
        NotVerified: the line is by another key, or does not hold.
    """
    timestamp_s = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    is_held = (
        (line.name, line.key_id) == (cosigner.name, cosigner.key_id)
        and 0 < timestamp_s <= MAX_TIME_S
        and cosigner.verify(_message(checkpoint, cosigner, timestamp_s), line.signature[_TIME_BYTES:])
    )
    if not is_held:
        raise NotVerified(f"the cosignature by {cosigner.keyid} does not hold", where="cosignatures")
    return timestamp_s
