"""Memory shared beyond one process: each gate remembers by itself and merges with the others in between.

Takes: what a memory saw since it was last asked. Gives: what the others saw, over Valkey or Redis. Never: stands in the
way of a decision, sends a word that anybody said; without the store every gate goes on alone and says so.
"""

from counterproof.rely.pool._pool import Pool
from counterproof.rely.pool._shared import Local, Shared
from counterproof.rely.pool._status import Status

__all__ = ["Local", "Pool", "Shared", "Status"]
