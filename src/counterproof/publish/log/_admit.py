"""Who may add what: an envelope in canonical form, a statement in strict form, signed by a key that the log knows.

A log that took anything would be filled by anybody, so a key is known if governance gave it a role, if a lab that
governance named brought it in with a subject, or if a known key handed over to it. Whether an entry keeps the rules is
for readers to judge (docs/chain.md): what is signed and breaks them is evidence, and belongs into the log.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterproof import chain, note, record
from counterproof.errors import BadKey, BadNote, BadStatement, NotVerified
from counterproof.publish.log._writer import ENTRY_LIMIT_BYTES

_KINDS = rb"role|subject-genesis|generation|key-rotate|key-compromise"
_KEYED = re.compile(rb'"predicateType":"urn:counterproof:(?:' + _KINDS + rb'):1"')
_PAYLOAD_AT = len(b'{"payload":"')


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an entry may be logged: an HTTP status (200: it may) and, if not, why."""

    status: int
    why: str = ""


_YES = Verdict(200)


def may_change_keys(entry: bytes) -> bool:
    """Whether an entry is of a kind that says who may add. Never misses one; may say yes to one that is not."""
    end = entry.find(b'"', _PAYLOAD_AT)
    try:
        return _KEYED.search(binascii.a2b_base64(entry[_PAYLOAD_AT:end])) is not None
    except binascii.Error:
        return False


def judge(entries: Sequence[bytes], keys: Iterable[str] | None) -> list[Verdict]:
    """A verdict for each entry. `keys`: who may add (verifier keys); None lets everybody add what is in form."""
    known: dict[str, list[note.Verifier]] | None = None
    if keys is not None:
        known = {}
        for verifier in map(note.read_verifier, keys):
            known.setdefault(verifier.keyid, []).append(verifier)
    return [_judge(entry, known) for entry in entries]


def _judge(entry: bytes, known: dict[str, list[note.Verifier]] | None) -> Verdict:
    # 1. Size.
    if not 0 < len(entry) <= ENTRY_LIMIT_BYTES:
        return Verdict(413, f"an entry has 1 to {ENTRY_LIMIT_BYTES} bytes, this one has {len(entry)}")
    # 2. Form: envelope and statement.
    try:
        envelope = chain.open_entry(entry).envelope
    except (BadNote, BadStatement, BadKey) as exc:
        return Verdict(400, str(exc)[:500])
    if known is None:
        return _YES
    # 3. Somebody whom the log knows signed it, and nobody whom it knows did so wrongly.
    held = 0
    for keyid, _ in envelope.signatures:
        found = known.get(keyid, ())
        if any(_does_hold(envelope, verifier) for verifier in found):
            held += 1
        elif found:
            return Verdict(403, f"the signature by {keyid} does not hold")
    return _YES if held else Verdict(403, "signed by no key that this log knows: governance must give it a role first")


def _does_hold(envelope: note.Envelope, verifier: note.Verifier) -> bool:
    try:
        envelope.verify((verifier,))
    except NotVerified:
        return False
    return True


class KnownKeys:
    """The keys that may add, as the entries of the log make them."""

    def __init__(self, trust: record.Trust) -> None:
        self._governance, self._needed = frozenset(trust.governance), trust.governance_needed
        self._labs: set[str] = set()
        self._known = set(trust.governance)
        self._gone: set[str] = set()

    @property
    def texts(self) -> tuple[str, ...]:
        """Their verifier keys, sorted."""
        return tuple(sorted(self._known - self._gone))

    def learn(self, entry: bytes) -> None:
        """The next logged entry of which `may_change_keys` says yes."""
        try:
            opened = chain.open_entry(entry)
        except (BadNote, BadStatement, BadKey):  # of a log that was open to everybody before
            return
        said = opened.statement.predicate
        brought = _brought(said)
        held = {key for key in (*self._known, *brought) if _has_signed(opened.envelope, key)} - self._gone
        match said:
            case record.Role() if len(held & self._governance) >= self._needed:
                self._known.add(said.key)
                (self._labs.add if said.role == "lab" else self._labs.discard)(said.key)
            case record.SubjectGenesis() if held & self._labs:
                self._known.update(said.keys)
            case record.Generation() if held & self._known:
                self._known.update(said.keys)
            case record.KeyRotate() if {said.old, said.new} <= held and said.old in self._known:
                self._known.add(said.new)
                if said.old in self._labs:
                    self._labs.add(said.new)
            case record.KeyCompromise() if said.key in held or len(held & self._governance) >= self._needed:
                self._gone.add(said.key)
            case _:
                pass


def _brought(said: record.Predicate) -> tuple[str, ...]:
    match said:
        case record.KeyRotate():
            return (said.old, said.new)
        case record.KeyCompromise():
            return (said.key,)
        case _:
            return ()


def _has_signed(envelope: note.Envelope, key: str) -> bool:
    verifier = note.read_verifier(key)  # which statements in strict form and trust files have checked
    return any(keyid == verifier.keyid for keyid, _ in envelope.signatures) and _does_hold(envelope, verifier)
