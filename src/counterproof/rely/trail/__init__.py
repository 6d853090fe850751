"""The record of decisions: chained by hash, heads signed in batches, replayed by anyone.

Takes: sightings, answers and decisions, as they are made. Gives: files that only grow, heads to be logged, and an audit that
computes every decision again. Never: keeps what was said, or lets a decision take effect that it could not keep.
"""

__all__: list[str] = []
