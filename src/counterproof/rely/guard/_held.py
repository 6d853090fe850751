"""Events that wait for a person."""

from __future__ import annotations

import asyncio
from typing import Literal, TypeAlias

import msgspec

from counterproof.record import Decision, Sighting

Word: TypeAlias = Literal["allow", "reject"]
"""What a person may say of a held event."""

MAX_HELD = 1024
"""How many may wait at once; whoever comes then is refused."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a person sees of an event that waits: since when, what was seen, and which rules held it.

    `name`: the digest of its receipt, as in the record; the receipt itself is the asker's alone.
    """

    name: str
    since_ms: int
    sighting: Sighting
    rules: tuple[str, ...]


class Waiting:
    """Who waits, by name; bounded, and on one event loop."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Held, asyncio.Future[Word]]] = {}

    @property
    def is_full(self) -> bool:
        """Whether nobody more may wait."""
        return len(self._held) >= MAX_HELD

    def listed(self) -> tuple[Held, ...]:
        """Who waits, longest first."""
        return tuple(held for held, _ in self._held.values())

    async def wait(
        self, name: str, sighting: Sighting, decision: Decision, now_ms: int, for_s: float
    ) -> Word | Literal["nobody came"]:
        """Waits for a person's word, at most `for_s` seconds."""
        future: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
        held = Held(name=name, since_ms=now_ms, sighting=sighting, rules=decision.rules)
        self._held[name] = (held, future)
        try:
            return await asyncio.wait_for(future, for_s)
        except TimeoutError:
            return "nobody came"
        finally:
            del self._held[name]

    def decide(self, name: str, outcome: Word) -> bool:
        """Gives a person's word; whether anybody still waited for it."""
        found = self._held.get(name)
        if found is None or found[1].done():
            return False
        found[1].set_result(outcome)
        return True
