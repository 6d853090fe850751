"""A report in, signed statements out; claims held against measurements.

Takes: a report, graded transcripts, keys, and what others claimed. Gives: envelopes ready for a log, openings, and the
honest version of a claim. Never: measures, or changes a number.
"""

from counterproof.publish.attest._audit import audit, audit_json, counts, holds
from counterproof.publish.attest._audit_page import audit_html
from counterproof.publish.attest._audit_terminal import audit_terminal
from counterproof.publish.attest._card import Draft, draft, is_card, joined
from counterproof.publish.attest._claims import Tolerances, decided, statements, tolerances
from counterproof.publish.attest._measured import Measurement, of_behaviour, of_report

__all__ = [
    "Draft", "Measurement", "Tolerances", "audit", "audit_html", "audit_json", "audit_terminal", "counts", "decided",
    "draft", "holds", "is_card", "joined", "of_behaviour", "of_report", "statements", "tolerances",
]  # fmt: skip
