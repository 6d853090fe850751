"""The way back for the refused: a receipt in, a case for a person out, and what the verdicts say of the error rates.

Takes: a receipt, and a token or proof of work in place of an identity. Gives: cases, verdicts, and the counts that the
measured false-positive rate and F rest on. Never: asks who appeals, says what became of a receipt to who does not hold
it, or keeps content that the appellant did not send.
"""

from counterproof.rely.appeal._book import Book, Heard
from counterproof.rely.appeal._rates import Bounds, Rates, rates
from counterproof.rely.appeal._receipt import new_receipt, read_receipt, receipt_digest
from counterproof.rely.appeal._refused import Refused, read_refused
from counterproof.rely.appeal._store import VERDICTS, Case, Ruling, Verdict
from counterproof.rely.appeal._terms import Terms
from counterproof.rely.appeal._work import Challenge, solve

__all__ = [
    "VERDICTS",
    "Book",
    "Bounds",
    "Case",
    "Challenge",
    "Heard",
    "Rates",
    "Refused",
    "Ruling",
    "Terms",
    "Verdict",
    "new_receipt",
    "rates",
    "read_receipt",
    "read_refused",
    "receipt_digest",
    "solve",
]
