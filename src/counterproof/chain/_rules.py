"""The rules: a pure state machine over the entries of one log."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._read import open_entry
from counterproof.chain._ruling import Breach, Ruling
from counterproof.errors import BadNote, BadStatement


class Rules:
    """Admits a log's entries in order and says what each breaks."""

    def __init__(self, trust: record.Trust) -> None:
        self._trust = trust

    def admit(self, index: int, entry: bytes) -> Ruling:
        """The next entry. Never raises for what it says."""
        try:
            opened = open_entry(entry)
        except (BadNote, BadStatement) as exc:
            digest = record.digest_bytes(entry)
            return Ruling(index, digest, None, (), (Breach("form", index, digest, str(exc), (index,)),))
        return Ruling(index, opened.digest, opened.statement, (), ())
