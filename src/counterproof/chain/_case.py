"""One entry before the rules."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from counterproof import record
from counterproof.chain._keys import Keys, Retired, Standing
from counterproof.chain._read import UnverifiedEntry
from counterproof.chain._ruling import Breach, Rule, Ruling, Signed


@dataclass(slots=True)
class Case:
    """What is known of an entry while it is judged. `held`: keys whose signature holds; `failed`: one's that does not.

    `organisation`: the first that signed in a role that fits. `payload`: SHA-256 of what was signed. Two entries with
    the same payload say the same, whoever signed beside.
    """

    index: int
    opened: UnverifiedEntry
    held: tuple[str, ...]
    failed: str
    signers: tuple[Signed, ...] = ()
    is_repeated: bool = False
    shown_by: tuple[int, ...] = ()
    organisation: str = ""
    payload: bytes = b""
    breaches: list[Breach] = field(default_factory=list[Breach])

    def __post_init__(self) -> None:
        self.payload = hashlib.sha256(self.opened.envelope.unverified_payload).digest()

    @property
    def entry(self) -> str:
        """The entry's digest."""
        return self.opened.digest

    @property
    def raw(self) -> bytes:
        """The entry's digest as 32 bytes."""
        return bytes.fromhex(self.entry.removeprefix("sha256:"))

    def breach(self, rule: Rule, says: str, *evidence: int) -> None:
        """The entry breaks a rule; what shows who signed it is evidence too."""
        shown = tuple(sorted({*self.shown_by, *evidence, self.index}))
        self.breaches.append(Breach(rule, self.index, self.entry, f"entry {self.index}: {says}", shown))

    def is_by(self, keys: Keys, roles: Collection[str], organisation: str = "", *, are_lost_told: bool = True) -> bool:
        """Whether somebody in one of these roles (none: any) signed it, of this organisation if one is named.

        A signature by a key that had such a role and lost it is told even where others signed too: else leaving those
        others' roles out would make a proof of it.
        """
        there = [one for key in self.held if (one := keys.standing(key))]
        fits = [one for one in there if _is_fit(one, roles, organisation)]
        gone = [past for key in self.held if (past := keys.retired(key))]
        lost = [past for past in gone if past.standing is not None and _is_fit(past.standing, roles, organisation)]
        self.shown_by = tuple(sorted({index for one in fits for index in one.shown_by}))
        self.organisation = fits[0].role.organisation if fits else ""
        if lost and are_lost_told:
            self._tell_lost(lost[0])
        elif not fits:
            wanted = f"{' or '.join(sorted(roles)) or 'anything'}{f' of {organisation!r}' if organisation else ''}"
            self.breach("standing", f"it is not signed by a key that was named {wanted} before it")
        return bool(fits) and not (lost and are_lost_told)

    def _tell_lost(self, lost: Retired) -> None:
        shown = lost.standing.shown_by if lost.standing is not None else ()
        says = f"it is signed by a key whose word ended at entry {lost.index}"
        self.breach("revoked", says, *shown, lost.index)

    def ruling(self) -> Ruling:
        """The outcome."""
        return Ruling(
            self.index, self.entry, self.opened.statement, self.signers, tuple(self.breaches), self.is_repeated
        )


def _is_fit(standing: Standing, roles: Collection[str], organisation: str) -> bool:
    role: record.Role = standing.role
    return (not roles or role.role in roles) and (not organisation or role.organisation == organisation)
