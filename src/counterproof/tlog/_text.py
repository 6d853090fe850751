"""The pieces of text that checkpoints, paths and proofs share, each in one form only."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from counterproof.errors import BadNote
from counterproof.tlog._hash import HASH_BYTES, MAX_SIZE

_NUMBER = re.compile(rb"0|[1-9][0-9]{0,18}")


def read_number(text: bytes, name: str) -> int:
    """ASCII digits without a leading zero, at most `MAX_SIZE`.

    Raises:
        BadNote: anything else.
    """
    if not _NUMBER.fullmatch(text) or (number := int(text)) > MAX_SIZE:
        raise BadNote(f"{_short(text)} is no {name}", where=name, mend="write it in digits alone, below 2^63")
    return number


def read_base64(text: bytes, name: str) -> bytes:
    """Standard base64 with padding (RFC 4648, section 4), unused bits zero.

    Raises:
        BadNote: anything else.
    """
    try:
        data = b64decode(text, validate=True)
    except NotBase64:
        data = b""
    if b64encode(data) != text:
        raise BadNote(f"{_short(text)} is not base64 in its one form", where=name, mend="see RFC 4648, section 4")
    return data


def read_hash(text: bytes, name: str) -> bytes:
    """A SHA-256 hash in base64.

    Raises:
        BadNote: it is not base64 in its one form, or not of 32 bytes.
    """
    data = read_base64(text, name)
    if len(data) != HASH_BYTES:
        raise BadNote(f"a hash has 32 bytes, not {len(data)}", where=name, mend="write SHA-256 in base64")
    return data


def _short(text: bytes) -> str:
    return repr(text[:40].decode("utf-8", "replace"))
