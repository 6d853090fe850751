"""Signed notes, keys and envelopes: bytes in, bytes out.

Takes: bytes to sign, keys, and signed bytes (C2SP signed-note, DSSE 1.0). Gives: signed bytes, or what was signed and
by whom. Never: knows what a tree, a statement or an AI system is; takes a signature of one kind for another.
"""

from __future__ import annotations

from counterproof.note._envelope import MAX_ENVELOPE_BYTES, PAYLOAD_TYPE, Envelope, seal, unseal
from counterproof.note._files import read_key, write_key
from counterproof.note._keys import (
    KINDS,
    Kind,
    Signer,
    Verifier,
    generate,
    read_signer,
    read_verifier,
    seeded,
    signer_text,
    unsafe_seeded,
)
from counterproof.note._note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Line,
    Opened,
    Signature,
    append,
    sign,
    split,
)
from counterproof.note._note import open_note as open  # noqa: A004 - callers write `note.open`; nothing here opens files

__all__ = [
    "KINDS",
    "MAX_ENVELOPE_BYTES",
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "PAYLOAD_TYPE",
    "Envelope",
    "Kind",
    "Line",
    "Opened",
    "Signature",
    "Signer",
    "Verifier",
    "append",
    "generate",
    "open",
    "read_key",
    "read_signer",
    "read_verifier",
    "seal",
    "seeded",
    "sign",
    "signer_text",
    "split",
    "unsafe_seeded",
    "unseal",
    "write_key",
]
