"""What was said beforehand, and whether it was kept: by the same evaluator, with the same bars, in time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from counterproof import record
from counterproof.chain._forms import seconds_of

MAX_OPEN_S = 400 * 86_400
"""However far off its own date is, a preregistration has to be closed this long after it was first seen."""
_SAME = ("evaluator", "subject", "generation", "instrument", "suite", "budget", "seed")


@dataclass(slots=True)
class Declared:
    """A preregistration. `left`: categories that are not closed yet; `results`: category to its result's index.

    `abandoned`: the index of what abandoned it first, or -1.
    """

    entry: str
    index: int
    said: record.Prereg
    shown_by: tuple[int, ...]
    left: set[str]
    results: dict[str, int] = field(default_factory=dict[str, int])
    abandoned: int = -1


def why_different(said: record.Behaviour, declared: record.Prereg) -> str:
    """Which thing of a result is not as it was declared, in words; empty if all are."""
    for name in _SAME:
        if getattr(said, name) != getattr(declared, name):
            return f"its {name} is not the one that was declared"
    if said.category not in declared.categories or said.categories != len(declared.categories):
        return f"the category {said.category!r} was not declared, or not with as many others"
    if {c.metric: f"{c.comparator} {c.threshold}" for c in said.criteria} != declared.criteria:
        return "its criteria are not the ones that were declared"
    return ""


class Preregs:
    """All preregistrations of a log, and which are due."""

    def __init__(self) -> None:
        self._by_entry: dict[str, Declared] = {}
        self._fresh: list[Declared] = []
        self._due: list[tuple[int, int, Declared]] = []

    def get(self, entry: str) -> Declared | None:
        """The preregistration with this digest."""
        return self._by_entry.get(entry)

    def also(self, entry: str, declared: Declared) -> None:
        """The same statement in another envelope."""
        self._by_entry.setdefault(entry, declared)

    def add(self, declared: Declared) -> None:
        """A new one."""
        self._by_entry[declared.entry] = declared
        self._fresh.append(declared)

    def close(self, declared: Declared, category: str, index: int) -> None:
        """A category has its result."""
        declared.left.discard(category)
        declared.results[category] = index

    def abandon(self, declared: Declared, index: int) -> None:
        """Closes what is left of it."""
        declared.left.clear()
        if declared.abandoned < 0:
            declared.abandoned = index

    def open(self) -> tuple[Declared, ...]:
        """Those that still have to be closed, oldest first."""
        found = {id(one): one for one in self._by_entry.values() if one.left}
        return tuple(sorted(found.values(), key=lambda one: one.index))

    def overdue(self, now_s: int) -> tuple[Declared, ...]:
        """Those that are open after their time and were not named before."""
        for one in self._fresh:
            due_s = min(seconds_of(one.said.closes_by), now_s + MAX_OPEN_S)
            heapq.heappush(self._due, (due_s, one.index, one))
        self._fresh.clear()
        found: list[Declared] = []
        while self._due and self._due[0][0] < now_s:
            _, _, one = heapq.heappop(self._due)
            if one.left:
                found.append(one)
        return tuple(found)
