"""Subjects and their generations: who may speak for a system, by keys that were committed to before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from counterproof import record
from counterproof.chain._keys import Keys
from counterproof.chain._leaves import next_keys_digest


@dataclass(frozen=True, slots=True)
class Step:
    """A genesis (number 0) or a generation, and the entries that show it."""

    entry: str
    payload: bytes
    number: int
    keys: tuple[str, ...]
    next_keys: str
    shown_by: tuple[int, ...]


@dataclass(slots=True)
class Subject:
    """A system under its genesis. `steps`: entry digest to genesis or generation; `last`: the newest."""

    id: str
    name: str
    lab: str
    last: Step
    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    after: dict[int, Step] = field(default_factory=dict[int, Step])

    @property
    def shown_by(self) -> tuple[int, ...]:
        """The entries that show its genesis."""
        return self.steps[self.id].shown_by

    def add(self, step: Step) -> None:
        """The next generation."""
        self.steps[step.entry] = self.after[step.number] = self.last = step


def begun(said: record.SubjectGenesis, entry: str, payload: bytes, shown_by: tuple[int, ...]) -> Subject:
    """A new subject."""
    first = Step(entry, payload, 0, said.keys, said.next_keys, shown_by)
    return Subject(entry, said.subject, said.lab, first, {entry: first}, {0: first})


def why_hijacked(said: record.Generation, before: Step, held: Iterable[str], keys: Keys) -> str:
    """Why the keys do not fit what the entry before says of them, in words; empty if they do.

    A key in force has to sign. Where every one of them was declared lost, the keys committed to suffice: that is what
    they were committed to for.
    """
    there = {key for key in held if keys.retired(key) is None}
    are_all_lost = all(keys.retired(key) is not None for key in before.keys)
    if not are_all_lost and not there & set(before.keys):
        return "it is not signed with a key in force of the generation before"
    if set(said.keys) == set(before.keys):
        return "every one of its keys was declared lost" if are_all_lost else ""
    if next_keys_digest(said.keys) != before.next_keys:
        return "its keys are not the ones that the generation before committed to"
    return "" if set(said.keys) <= there else "it is not signed by each of its new keys"
