"""Keys of token issuers, as entries state them."""

from __future__ import annotations

import base64

from counterproof import note
from counterproof.errors import BadKey


def read_token_key(text: str) -> note.TokenVerifier:
    """The key of a `token-key` entry.

    Raises:
        BadKey: the text is not base64 in its one form, or the bytes are no key for tokens.
    """
    try:
        public = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise BadKey("a token key that is not base64") from None
    if base64.b64encode(public).decode("ascii") != text:
        raise BadKey("a token key whose base64 is not in its one form")
    return note.TokenVerifier(public)
