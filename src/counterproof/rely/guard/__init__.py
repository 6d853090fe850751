"""One call for every door: an event in, a decision out that stands in the record.

Takes: compiled rules, a memory, a trail, a judge, a clock. Gives: decisions. Never: returns one that was not kept, or
passes what could not be decided.
"""

from counterproof.rely.guard._clock import Clock, steady
from counterproof.rely.guard._counts import BOUNDS_S, Counts
from counterproof.rely.guard._guard import Guard, Judges, Keeps, Noted
from counterproof.rely.guard._held import Held, Word
from counterproof.rely.guard._opened import Ready, opened, read, secret_of

__all__ = [
    "BOUNDS_S", "Clock", "Counts", "Guard", "Held", "Judges", "Keeps", "Noted", "Ready", "Word", "opened", "read",
    "secret_of", "steady",
]  # fmt: skip
