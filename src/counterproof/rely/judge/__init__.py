"""Puts prompt policies to safety models, each with a deadline.

Takes: prompt rules and the texts of an event. Gives: an answer to each, or how it failed. Never: takes a failure for a label,
waits beyond the deadline, or lets what it shows to a model pass for an instruction.
"""

__all__: list[str] = []
