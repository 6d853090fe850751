"""Receipts: 128 random bits that only the refused person holds. Who keeps records keeps their SHA-256."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Final

RECEIPT_CHARS: Final = 26
_FORM: Final = re.compile(r"[a-z2-7]{25}[aeimquy4]", re.ASCII)  # 130 bits, of which the last two are 0


def new_receipt() -> str:
    """A new receipt: base32 (RFC 4648, section 6) of 16 random bytes, in lower case, without padding."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def read_receipt(text: str) -> str | None:
    """A receipt as it was given out, from what a person typed (capitals, blanks, hyphens); None: it is none."""
    text = "".join(text.split()).replace("-", "").lower() if len(text) <= 4 * RECEIPT_CHARS else ""
    return text if _FORM.fullmatch(text) else None


def receipt_digest(receipt: str) -> str:
    """By which records name a receipt: hexadecimal SHA-256 of its 26 characters."""
    return hashlib.sha256(receipt.encode("ascii")).hexdigest()
