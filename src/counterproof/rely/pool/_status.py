"""How a pool stands: for a status page, for readiness, for metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`store`: its address without its password. `said`: the last thing that went wrong, empty where nothing did.

    `sent`, `taken`: deltas. `refused`: deltas of others that could not be used (another secret, window or version).
    `lost`: own deltas that were dropped because the store was away too long. `waiting`: own deltas not yet sent.
    `failures`: how often the store was not reached, or went away.
    """

    is_connected: bool
    store: str
    sent: int = 0
    taken: int = 0
    refused: int = 0
    lost: int = 0
    waiting: int = 0
    failures: int = 0
    said: str = ""
