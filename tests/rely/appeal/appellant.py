"""Who appeals in these tests: quickly, since work costs them little."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from counterproof.rely import appeal

NOW_S = 1_795_000_000  # within the epoch of tests.chain.small_tokens
CHEAP = appeal.Terms(bits=4, most_bits=12, quiet=5, cases=50, days=30)


def book(folder: Path, terms: appeal.Terms = CHEAP, **given: object) -> appeal.Book:
    return appeal.Book(folder / "appeals", terms, **given)  # type: ignore[arg-type] # keys and origin by name


def body(**said: object) -> bytes:
    return json.dumps(said).encode()


def worked(one: appeal.Book, receipt: str, text: str = "", now_s: int = NOW_S) -> bytes:
    """An appeal with the work that is asked now."""
    asked = one.challenge(now_s)
    work = str(appeal.solve(asked, receipt))
    return body(receipt=receipt, text=text, challenge=asked.text, work=work)


def paid(token: bytes, receipt: str, text: str = "") -> bytes:
    """An appeal with a token."""
    return body(receipt=receipt, text=text, token=base64.b64encode(token).decode())


def digest(receipt: str) -> str:
    return appeal.receipt_digest(receipt)
