"""Holds a policy against its examples: its error rates, before anybody is refused by it.

Takes: a policy with examples, and a judge. Gives: confusion matrices with intervals. Never: counts a failed check as a pass, or a
rate that nothing was measured for as a number.
"""

__all__: list[str] = []
