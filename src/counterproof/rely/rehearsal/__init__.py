"""Holds a policy against its examples: its error rates, before anybody is refused by it.

Takes: a policy with examples, and a judge. Gives: confusion matrices with intervals. Never: counts a failed check as a
pass or a stop, or gives a rate that nothing was measured for as a number.
"""

from counterproof.rely.rehearsal._bars import Bars
from counterproof.rely.rehearsal._rehearse import rehearse

__all__ = ["Bars", "rehearse"]
