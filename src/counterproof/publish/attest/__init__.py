"""A report in, signed statements out; claims held against measurements.

Takes: a report, graded transcripts, keys, and what others claimed. Gives: envelopes ready for a log, openings, and the
honest version of a claim. Never: measures, or changes a number.
"""

from counterproof.publish.attest._about import statement
from counterproof.publish.attest._audit import audit, audit_json, counts, holds
from counterproof.publish.attest._audit_page import audit_html
from counterproof.publish.attest._audit_terminal import audit_terminal
from counterproof.publish.attest._card import Draft, draft, is_card, joined
from counterproof.publish.attest._claims import Tolerances, decided, statements, tolerances
from counterproof.publish.attest._measured import Measurement, budget_text, of_behaviour, of_report
from counterproof.publish.attest._results import POOLED, Series, behaviours, criteria_of, target_of
from counterproof.publish.attest._tree import leaves, opened, salt, secret

__all__ = [
    "POOLED", "Draft", "Measurement", "Series", "Tolerances", "audit", "audit_html", "audit_json", "audit_terminal",
    "behaviours", "budget_text", "counts", "criteria_of", "decided", "draft", "holds", "is_card", "joined", "leaves",
    "of_behaviour", "of_report", "opened", "salt", "secret", "statement", "statements", "target_of", "tolerances",
]  # fmt: skip
