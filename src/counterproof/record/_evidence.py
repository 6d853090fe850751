"""Proof that a log, a witness or an evaluator said two things that cannot both be: complete, checked offline."""

from __future__ import annotations

from typing import Literal

from counterproof.record._canonical import Record
from counterproof.record._statement import Entry

EvidenceKind = Literal["same-size", "prefix", "leaf", "entries"]


class Evidence(Record, frozen=True, kw_only=True):
    """What a reader needs who trusts neither side, and nobody who found it.

    `same-size`: two signed `checkpoints` of one origin and size with different roots.
    `prefix`: two signed `checkpoints`, the smaller first; `consistency` (base64 hashes, RFC 9162, section 2.1.4) leads
    from `root` (base64) at the smaller size to the larger checkpoint, and `root` is not what the smaller one says.
    `leaf`: two `entries` with receipts of one origin, the same index and different envelopes.
    `entries`: `entries` of one log that break the rule named in `rule`; each with its receipt.
    `says` is for people; no reader's verdict hangs on it.
    """

    format: Literal["counterproof-evidence/1"] = "counterproof-evidence/1"
    kind: EvidenceKind
    says: str
    checkpoints: tuple[str, ...] = ()
    root: str = ""
    consistency: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    rule: str = ""
