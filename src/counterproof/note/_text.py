"""Key names and base64, read strictly."""

from __future__ import annotations

import base64
import binascii
import unicodedata

MAX_NAME_BYTES = 255
"""tlog-cosignature gives a cosigner's name one byte of length; so every name of ours keeps within it."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs"})  # control, format (joiners, reversals of direction), halves of characters


def is_name(text: str) -> bool:
    """Whether a signature line may bear this key name (signed-note, Format): no space of any script, no plus."""
    return bool(text) and not any(char == "+" or char.isspace() or char < " " for char in text)


def why_not_a_key_name(text: str) -> str:
    """Why a key that is to be trusted may not be called so, or an empty text; stricter than `is_name` on the unseen."""
    if not is_name(text):
        return "a key name has at least one character, no space, no plus and no control character"
    if any(unicodedata.category(char) in _UNSEEN for char in text):
        return "a key name has no characters that cannot be seen"
    if len(text.encode()) > MAX_NAME_BYTES:
        return f"a key name is at most {MAX_NAME_BYTES} bytes long"
    return ""


def to_base64(data: bytes) -> str:
    """RFC 4648, section 4, with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes | None:
    """The bytes, or None unless `to_base64` of them is this very text (padding and unused bits included)."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return data if to_base64(data) == text else None
