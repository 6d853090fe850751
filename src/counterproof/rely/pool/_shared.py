"""What a pool merges: whatever can tell what it saw, and take what others saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from counterproof.rely import gate


class Shared(Protocol):
    """A memory with whatever must happen around it (a lock, a record of what was merged)."""

    def delta(self, origin: str) -> bytes:
        """What was seen since last asked; empty if nothing."""
        ...

    def merge(self, data: bytes, older_s: float, where: str) -> bool:
        """Takes what another one saw `older_s` ago; whether it was new. Raises `BadGate` if it cannot be used."""
        ...


class Local:
    """A memory that one event loop has for itself. `clock`: seconds, the clock by which events are added."""

    def __init__(self, memory: gate.Memory, clock: Callable[[], float]) -> None:
        self._memory, self._clock = memory, clock
        memory.share()

    def delta(self, origin: str) -> bytes:
        """What was added since last asked; empty if nothing is worth telling."""
        return self._memory.delta(origin)

    def merge(self, data: bytes, older_s: float, where: str) -> bool:
        """Takes what another memory told."""
        return self._memory.merge(data, self._clock(), older_s, where)
