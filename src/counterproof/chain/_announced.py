"""Keys of token issuers, as the log has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from counterproof import record
from counterproof.chain._case import Case
from counterproof.chain._forms import seconds_of


@dataclass(slots=True)
class Announced:
    """A key that an issuer announced. `shown_by`: the entries that show that it did."""

    said: record.TokenKey
    payload: bytes
    entry: str
    shown_by: tuple[int, ...]
    is_sole: bool = True

    def does_collide(self, said: record.TokenKey) -> bool:
        """Whether both are of one epoch, or hold at one time."""
        starts, ends = seconds_of(self.said.starts), seconds_of(self.said.ends)
        return self.said.epoch == said.epoch or (seconds_of(said.starts) < ends and starts < seconds_of(said.ends))


@dataclass(slots=True)
class Announcements:
    """Every issuer's keys."""

    of: dict[str, list[Announced]] = field(default_factory=dict[str, list[Announced]])

    def add(self, said: record.TokenKey, case: Case) -> Announced | None:
        """Takes a key; returns the first one that it collides with. Keys that collide count for nothing, all of them.

        So it is of no use to an issuer whose second key was found to point to the first.
        """
        held = self.of.setdefault(said.organisation, [])
        others = [one for one in held if one.payload != case.payload and one.does_collide(said)]
        for one in others:
            one.is_sole = False
        if not any(one.payload == case.payload for one in held):
            shown = tuple(sorted({*case.shown_by, case.index}))
            held.append(Announced(said, case.payload, case.entry, shown, is_sole=not others))
        return others[0] if others else None

    def find(self, organisation: str, epoch: str) -> Announced | None:
        """The one key of an issuer's epoch; None where there is none, or more than one."""
        return next((one for one in self.of.get(organisation, ()) if one.said.epoch == epoch and one.is_sole), None)
