"""Step 6: whose key is whose, and until when: what governance logged, as far as the bundle shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from msgspec import structs

from counterproof import chain, note, record
from counterproof.errors import BadKey
from counterproof.rely.verify._logged import Logged
from counterproof.rely.verify._steps import ROLES, refuse


@dataclass(frozen=True, slots=True)
class Standing:
    """What a key may do from the entry at `since` until the one at `until`, where there is one."""

    role: record.Role
    since: int
    until: int | None = None

    def holds_at(self, index: int) -> bool:
        """Whether it is in force for an entry at this place."""
        return self.since < index and (self.until is None or index < self.until)


@lru_cache(maxsize=4096)
def verifier(text: str) -> note.Verifier:
    """A key that may sign statements.

    Raises:
        BadKey: it cannot be read, must not be used, or is for something else than statements.
    """
    found = note.read_verifier(text)
    if found.kind != "statement":
        raise BadKey("the key is not one that signs statements", where=text[:60], mend="use counterproof key new")
    return found


def signed_by(entry: Logged, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of `keys` whose signature the entry carries; a signature of one of them that does not hold refuses it.

    Raises:
        NotVerified: such a signature.
    """
    known: dict[str, str] = {}
    for text in keys:
        keyid = verifier(text).keyid
        if known.setdefault(keyid, text) != text:
            raise BadKey("two keys share a name and an identifier", where=keyid)
    there = [known[keyid] for keyid, _ in entry.envelope.signatures if keyid in known]
    if fresh := [text for text in there if text not in entry.held]:
        entry.envelope.verify(map(verifier, fresh))
        entry.held.update(fresh)
    return tuple(there)


class Standings:
    """Keys and what they may do, from the `role`, `key-rotate` and `key-compromise` entries of a bundle."""

    def __init__(self, governance: Sequence[str], needed: int) -> None:
        self._governance, self._needed = tuple(governance), needed
        self._keys: dict[str, list[Standing]] = {}
        self._gone: dict[str, int] = {}
        self._said: set[bytes] = set()

    def of(self, key: str, index: int) -> Standing | None:
        """What the key may do for an entry at this place, or None."""
        held = [s for s in self._keys.get(key, ()) if s.holds_at(index)]
        return held[-1] if held else None

    def is_gone(self, key: str, index: int) -> bool:
        """Whether the key was handed on or lost before this place."""
        return self._gone.get(key, index) < index

    def of_organisation(self, organisation: str, index: int) -> list[record.Role]:
        """Every role that an organisation has at this place, under whichever of its keys."""
        held = [self.of(key, index) for key in self._keys]
        return [s.role for s in held if s is not None and s.role.organisation == organisation]

    def signers(self, entry: Logged) -> list[tuple[str, Standing]]:
        """Who in force signed the entry, by what was logged before it."""
        inside = [key for key in self._keys if self.of(key, entry.index)]
        found = [(key, self.of(key, entry.index)) for key in signed_by(entry, inside)]
        return [(key, standing) for key, standing in found if standing is not None]

    def lost(self, entry: Logged) -> list[record.Role]:
        """What those could say whose keys signed the entry after they had been handed on or lost."""
        gone = [key for key in self._keys if self.is_gone(key, entry.index)]
        return [self._keys[key][-1].role for key in signed_by(entry, gone)]

    def governors(self, entry: Logged) -> tuple[str, ...]:
        """The trusted governance keys that signed it, where they are enough; else nobody."""
        held = signed_by(entry, [key for key in self._governance if not self.is_gone(key, entry.index)])
        return held if len(held) >= self._needed else ()

    def admit(self, entry: Logged) -> None:
        """Takes the next entry, in the order of the log, that says something of keys; others change nothing.

        Nor does the same said again: anybody can log an old role once more, after it was changed.

        Raises:
            NotVerified: it is not signed as its kind must be, or gives a key that is gone something to say.
        """
        match entry.statement.predicate:
            case record.Role() as role:
                self._admit_role(entry, role)
            case record.KeyRotate() as rotation:
                self._admit_rotation(entry, rotation)
            case record.KeyCompromise() as loss:
                if not self.governors(entry) and loss.key not in signed_by(entry, (loss.key,)):
                    raise refuse(ROLES, f"the loss of a key at {entry.index} is signed by nobody who may say so")
                self._end(loss.key, entry.index)
            case _:
                pass

    def _admit_role(self, entry: Logged, role: record.Role) -> None:
        if not self.governors(entry):
            said = f"the role of {role.organisation!r} at index {entry.index} is not signed by {self._needed}"
            raise refuse(ROLES, f"{said} of the governance keys that are trusted", "do not trust it")
        if entry.envelope.unverified_payload in self._said:
            return
        if self.is_gone(role.key, entry.index):
            raise refuse(ROLES, f"a key that was handed on or lost is given a role at index {entry.index}")
        self._said.add(entry.envelope.unverified_payload)
        self._begin(role, entry.index)

    def _admit_rotation(self, entry: Logged, rotation: record.KeyRotate) -> None:
        if set(signed_by(entry, (rotation.old, rotation.new))) != {rotation.old, rotation.new}:
            raise refuse(ROLES, f"the change of keys at index {entry.index} is not signed by both keys")
        if entry.envelope.unverified_payload in self._said:
            return
        standing, taken = self.of(rotation.old, entry.index), self.of(rotation.new, entry.index)
        if standing is None or standing.role.organisation != rotation.organisation:
            raise refuse(ROLES, f"a key is replaced at {entry.index} that {rotation.organisation!r} does not hold")
        if chain.next_keys_digest((rotation.new,)) != standing.role.next_key:
            raise refuse(ROLES, f"the key that takes over at index {entry.index} is not the one committed to")
        if self.is_gone(rotation.new, entry.index) or (taken and taken.role.organisation != rotation.organisation):
            raise refuse(ROLES, f"the key that takes over at index {entry.index} was given up, or is somebody else's")
        self._said.add(entry.envelope.unverified_payload)
        self._end(rotation.old, entry.index)
        self._begin(structs.replace(standing.role, key=rotation.new, next_key=rotation.next_key), entry.index)

    def _begin(self, role: record.Role, index: int) -> None:
        held = self._keys.setdefault(role.key, [])
        held[:] = [replace(s, until=index) if s.until is None else s for s in held]
        held.append(Standing(role, index))

    def _end(self, key: str, index: int) -> None:
        if key not in self._gone:
            self._gone[key] = index
            if held := self._keys.get(key):
                held[:] = [replace(s, until=index) if s.until is None else s for s in held]
