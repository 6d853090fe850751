"""What lies in the store: a delta under the deployment's secret, so that nobody else's can be folded in."""

from __future__ import annotations

import hashlib
import hmac

_TAG_BYTES = 32
_WAITED_BYTES = 8


class Seal:
    """Puts how long a delta waited and a tag before it (HMAC-SHA-256, RFC 2104), and takes them off again."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"counterproof gate pool\x00" + secret).digest()

    def sealed(self, data: bytes, waited_s: float) -> bytes:
        """The delta in its frame."""
        data = int(1000 * max(0.0, waited_s)).to_bytes(_WAITED_BYTES, "big") + data
        return hmac.digest(self._key, data, "sha256") + data

    def opened(self, frame: bytes) -> tuple[float, bytes] | None:
        """How long it waited, in seconds, and the delta; nothing if the tag was made with another secret."""
        tag, data = frame[:_TAG_BYTES], frame[_TAG_BYTES:]
        if len(data) < _WAITED_BYTES or not hmac.compare_digest(tag, hmac.digest(self._key, data, "sha256")):
            return None
        return int.from_bytes(data[:_WAITED_BYTES], "big") / 1000, data[_WAITED_BYTES:]
