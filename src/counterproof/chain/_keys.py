"""Whose key is whose, from which entry on and until which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from counterproof import note, record
from counterproof.chain._leaves import next_keys_digest
from counterproof.chain._ruling import Signed
from counterproof.errors import NotVerified


@dataclass(frozen=True, slots=True)
class Standing:
    """What governance says of a key, and the entries that show it: its role and every rotation since."""

    role: record.Role
    shown_by: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Retired:
    """From the entry at `index` on nothing signed by the key counts. `standing`: what it had until then."""

    index: int
    standing: Standing | None


@lru_cache(maxsize=4096)
def _keyid(text: str) -> str:
    return note.read_verifier(text).keyid


class Keys:
    """The keys of a log at one place in it. Each change takes effect for the entries after it."""

    def __init__(self, governance: Sequence[str], needed: int) -> None:
        self._governance, self._needed = tuple(governance), needed
        self._standings: dict[str, Standing] = {}
        self._retired: dict[str, Retired] = {}
        self._by_keyid: dict[str, tuple[str, ...]] = {}
        self._of_organisation: dict[str, set[str]] = {}
        for key in self._governance:
            self._know(key)

    def standing(self, key: str) -> Standing | None:
        """What the key may do now."""
        return self._standings.get(key)

    def retired(self, key: str) -> Retired | None:
        """Since when it may do nothing, or None."""
        return self._retired.get(key)

    def of(self, organisation: str) -> tuple[Standing, ...]:
        """Every role that an organisation has now, under whichever of its keys."""
        return tuple(self._standings[key] for key in sorted(self._of_organisation.get(organisation, ())))

    def held(self, envelope: note.Envelope, extra: Iterable[str] = ()) -> tuple[tuple[str, ...], str]:
        """Known keys (and `extra` ones) whose signature holds; and the first known one's whose signature does not."""
        more: dict[str, list[str]] = {}
        for key in extra:
            more.setdefault(_keyid(key), []).append(key)
        held: list[str] = []
        failed = ""
        for keyid, _ in envelope.signatures:
            # Four bytes of identifier can be made to collide, so whoever shares one is tried, not only the first.
            known = dict.fromkeys((*self._by_keyid.get(keyid, ()), *more.get(keyid, ())))
            found = next((key for key in known if _does_hold(envelope, key)), None)
            if found is not None:
                held.append(found)
            elif known:
                failed = failed or keyid
        return tuple(held), failed

    def governors(self, held: Iterable[str]) -> tuple[str, ...]:
        """The governance keys among these, where they are enough; else nobody."""
        found = tuple(key for key in held if key in self._governance and key not in self._retired)
        return found if len(found) >= self._needed else ()

    def signed(self, held: Iterable[str]) -> tuple[Signed, ...]:
        """Who these keys are, retired ones left out."""
        found: list[Signed] = []
        for key in held:
            standing = self._standings.get(key)
            if standing is not None:
                found.append(Signed(key, standing.role.organisation, standing.role.role))
            elif key not in self._retired:
                found.append(Signed(key, "", "governance" if key in self._governance else ""))
        return tuple(found)

    def name(self, role: record.Role, shown_by: tuple[int, ...]) -> None:
        """A key gets a role, in place of any that it had."""
        self._drop(role.key)
        self._standings[role.key] = Standing(role, shown_by)
        self._of_organisation.setdefault(role.organisation, set()).add(role.key)
        self._know(role.key)

    def why_not_rotated(self, said: record.KeyRotate, held: Iterable[str]) -> str:
        """What speaks against it, in words; empty if nothing does."""
        standing, there = self._standings.get(said.old), set(held)
        if standing is None or standing.role.organisation != said.organisation:
            return f"a key is replaced that {said.organisation!r} does not hold"
        if next_keys_digest((said.new,)) != standing.role.next_key:
            return "the key that takes over is not the one that was committed to"
        if not {said.old, said.new} <= there:
            return "a change of keys is not signed by both keys"
        taken = self._standings.get(said.new)
        if said.new in self._retired or (taken is not None and taken.role.organisation != said.organisation):
            return "the key that takes over was given up before, or is another organisation's"
        return ""

    def rotate(self, said: record.KeyRotate, index: int) -> None:
        """The new key stands where the old one stood."""
        standing = self._standings[said.old]
        role = msgspec.structs.replace(standing.role, key=said.new, next_key=said.next_key)
        self.retire(said.old, index)
        self.name(role, (*standing.shown_by, index))

    def retire(self, key: str, index: int) -> None:
        """Nothing signed by it counts from here on; the first time decides."""
        if key not in self._retired:
            self._know(key)
            self._retired[key] = Retired(index, self._standings.get(key))
            self._drop(key)

    def _drop(self, key: str) -> None:
        standing = self._standings.pop(key, None)
        if standing is not None:
            self._of_organisation[standing.role.organisation].discard(key)

    def _know(self, key: str) -> None:
        known = self._by_keyid.get(_keyid(key), ())
        if key not in known:
            self._by_keyid[_keyid(key)] = (*known, key)


def _does_hold(envelope: note.Envelope, key: str) -> bool:
    try:
        envelope.verify((note.read_verifier(key),))
    except NotVerified:
        return False
    return True
