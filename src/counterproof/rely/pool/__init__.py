"""Memory shared beyond one process: each gate remembers by itself and merges with the others in between.

Takes: what a memory saw since it was last asked. Gives: what the others saw, over Valkey or Redis. Never: stands in the way of a
decision; without the store every gate goes on alone and says so.
"""

__all__: list[str] = []
