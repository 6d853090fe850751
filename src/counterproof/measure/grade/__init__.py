"""What the transcripts are worth: exact comparison with the suite's answers.

Takes: a transcript and the suite. Gives: a `record.Grade`. Never: asks, guesses, or calls a reply right because it
sounded compliant; what could not be judged has a status of its own and is not a failure to transfer.
"""

from counterproof.measure.grade._grade import GRADER, grade
from counterproof.measure.grade._judge import Judge
from counterproof.record import normalised as normalise

__all__ = ["GRADER", "Judge", "grade", "normalise"]
