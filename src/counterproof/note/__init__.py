"""Signed notes, keys and envelopes: bytes in, bytes out.

Takes: bytes to sign, keys, and signed bytes (C2SP signed-note, DSSE 1.0; tokens of RFC 9578). Gives: signed bytes, or
what was signed and by whom. Never: knows what a tree, a statement or an AI system is; takes a signature of one kind for
another.
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
from counterproof.note._token import (
    TOKEN_BYTES,
    TOKEN_KEY_BITS,
    TOKEN_TYPE,
    Token,
    TokenChallenge,
    TokenIssuer,
    TokenRequest,
    TokenVerifier,
    generate_token_issuer,
    is_token_host,
    read_challenge,
    read_token,
    request_token,
    unsafe_request_token,
    unsafe_token_issuer,
)

__all__ = [
    "KINDS",
    "MAX_ENVELOPE_BYTES",
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "PAYLOAD_TYPE",
    "TOKEN_BYTES",
    "TOKEN_KEY_BITS",
    "TOKEN_TYPE",
    "Envelope",
    "Kind",
    "Line",
    "Opened",
    "Signature",
    "Signer",
    "Token",
    "TokenChallenge",
    "TokenIssuer",
    "TokenRequest",
    "TokenVerifier",
    "Verifier",
    "append",
    "generate",
    "generate_token_issuer",
    "is_token_host",
    "open",
    "read_challenge",
    "read_key",
    "read_signer",
    "read_token",
    "read_verifier",
    "request_token",
    "seal",
    "seeded",
    "sign",
    "signer_text",
    "split",
    "unsafe_request_token",
    "unsafe_seeded",
    "unsafe_token_issuer",
    "unseal",
    "write_key",
]
