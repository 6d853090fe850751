"""The way back for the refused: a receipt in, a case for a person out, and what the verdicts say of the error rates.

Takes: a receipt, and a token or proof of work in place of an identity. Gives: cases, verdicts, and the counts that the measured
false-positive rate and F rest on. Never: asks who appeals, or keeps content that the appellant did not send.
"""

__all__: list[str] = []
