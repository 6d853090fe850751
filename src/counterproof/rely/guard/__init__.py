"""One call for every door: an event in, a decision out that stands in the record.

Takes: compiled rules, a memory, a trail, a judge, a clock. Gives: decisions. Never: returns one that was not kept, or passes what
could not be decided.
"""

__all__: list[str] = []
