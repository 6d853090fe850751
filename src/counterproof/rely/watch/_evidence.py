"""A file of evidence, checked by somebody who trusts neither the log nor the finder."""

from __future__ import annotations

import base64
import binascii
import contextlib
from dataclasses import dataclass

import msgspec

from counterproof import chain, errors, note, quorum, record, tlog

LIMIT_BYTES = 8 << 20
_DECODER = msgspec.json.Decoder(record.Evidence)


@dataclass(frozen=True)
class Proven:
    """What the evidence proves. `twice`: cosigners in the policy who signed both sides."""

    kind: record.EvidenceKind
    origin: str
    says: str
    twice: tuple[str, ...]


def evidence_bytes(found: record.Evidence) -> bytes:
    """The one byte form of a file of evidence: canonical JSON and a line feed."""
    return record.canonical_bytes(found) + b"\n"


def read_evidence(data: bytes) -> record.Evidence:
    """Evidence from its bytes.

    Raises:
        BadBundle: the bytes are not the one form of `record.Evidence`.
    """
    if len(data) > LIMIT_BYTES:
        raise _bad(f"is larger than {LIMIT_BYTES} bytes")
    try:
        found = _DECODER.decode(data)
        is_canonical = evidence_bytes(found) == data
    except (ValueError, RecursionError) as exc:
        raise _bad(f"is no evidence ({exc})") from exc
    if not is_canonical:
        raise _bad("is not in its one byte form")
    return found


def evidence(data: bytes, trust: record.Trust) -> Proven:
    """What a file of evidence proves to a reader who takes the logs and keys in `trust` for who they are.

    Steps: 1 format; 2 the log signed each head; 3 the entries lie under those heads; 4 both cannot be.

    Raises:
        BadBundle: the file breaks its format.
        NotVerified: the evidence does not hold; `where` names the step.
    """
    # 1 format
    found = read_evidence(data)
    policy = quorum.read_policy(trust.policy)
    if found.kind == "entries":
        return _entries(found, trust, policy)
    return _leaf(found, policy) if found.kind == "leaf" else _heads(found, policy)


def _heads(found: record.Evidence, policy: quorum.Policy) -> Proven:
    if len(found.checkpoints) != 2 or found.entries:
        raise _bad(f"of kind {found.kind} holds two checkpoints and no entries")
    # 2 the log signed each head
    one, other = (_signed(text, policy) for text in found.checkpoints)
    if one.origin != other.origin:
        raise _not("2 heads", "the two heads are of different logs")
    # 4 both cannot be
    if found.kind == "same-size":
        if one.size != other.size or one.root == other.root:
            raise _not("4 conflict", "the two heads have different sizes or the same root")
    else:
        _prefix(found, one, other)
    return Proven(found.kind, one.origin, _says(found.kind, one, other), _twice(found.checkpoints, policy))


def _prefix(found: record.Evidence, one: tlog.Checkpoint, other: tlog.Checkpoint) -> None:
    if not 0 < one.size < other.size:
        raise _not("4 conflict", "the first head is not the smaller one")
    root = _hash(found.root)
    if root == one.root:
        raise _not("4 conflict", "the larger head extends the smaller one")
    tlog.check_consistency([_hash(text) for text in found.consistency], one.size, other.size, root, other.root)


def _leaf(found: record.Evidence, policy: quorum.Policy) -> Proven:
    if len(found.entries) != 2 or found.checkpoints:
        raise _bad("of kind leaf holds two entries and no checkpoints")
    (at, one), (at_other, other) = (_under(entry, policy) for entry in found.entries)
    if one.origin != other.origin:
        raise _not("2 heads", "the two heads are of different logs")
    # 4 both cannot be
    if at != at_other or found.entries[0].envelope == found.entries[1].envelope:
        raise _not("4 conflict", "the two entries have different places or the same bytes")
    notes = tuple(_proof(entry).checkpoint.decode() for entry in found.entries)
    return Proven("leaf", one.origin, f"{one.origin} showed two entries at index {at}", _twice(notes, policy))


def _entries(found: record.Evidence, trust: record.Trust, policy: quorum.Policy) -> Proven:
    if found.checkpoints or not found.entries:
        raise _bad("of kind entries holds entries and no checkpoints")
    if found.rule not in chain.PROVABLE:
        raise _bad(f"names the rule {found.rule!r}, whose breach only the whole log can show")
    placed = sorted((*_under(entry, policy), entry.envelope) for entry in _unique(found.entries))
    origins = {head.origin for _, head, _ in placed}
    if len(origins) != 1:
        raise _not("2 heads", "the entries are of different logs")
    # 4 both cannot be
    rules = chain.Rules(trust)
    breaches = [breach for at, _, envelope in placed for breach in rules.admit(at, envelope.encode()).breaches]
    broken = next((breach for breach in breaches if breach.rule == found.rule), None)
    if broken is None:
        raise _not("4 conflict", f"the entries do not break the rule {found.rule}")
    return Proven("entries", origins.pop(), broken.says, ())


def _unique(entries: tuple[record.Entry, ...]) -> tuple[record.Entry, ...]:
    if len({entry.receipt for entry in entries}) != len(entries):
        raise _bad("holds an entry twice")
    return entries


def _under(entry: record.Entry, policy: quorum.Policy) -> tuple[int, tlog.Checkpoint]:
    proof = _proof(entry)
    # 2 the log signed each head
    head = _signed(proof.checkpoint.decode(), policy)
    # 3 the entries lie under those heads
    tlog.check_inclusion(proof.hashes, proof.index, head.size, tlog.leaf_hash(entry.envelope.encode()), head.root)
    return proof.index, head


def _proof(entry: record.Entry) -> tlog.Proof:
    return tlog.read_proof(entry.receipt.encode())


def _signed(text: str, policy: quorum.Policy) -> tlog.Checkpoint:
    refused: errors.CounterproofError | None = None
    for log in policy.logs:
        try:
            checkpoint, _ = quorum.open_checkpoint(text.encode(), log)
        except errors.NotVerified as exc:
            refused = exc
        else:
            return checkpoint
    raise _not("2 heads", f"a head is not signed by a log in the trust file ({refused})")


def _twice(notes: tuple[str, ...], policy: quorum.Policy) -> tuple[str, ...]:
    one, other = (_cosigners(text.encode(), policy) for text in notes)
    return tuple(sorted(one & other))


def _cosigners(data: bytes, policy: quorum.Policy) -> set[str]:
    text, lines = note.split(data)
    checkpoint = tlog.read_checkpoint(text)
    found: set[str] = set()
    for name, cosigner in policy.witnesses.items():
        for line in lines:
            if (line.name, line.key_id) == (cosigner.name, cosigner.key_id):
                with contextlib.suppress(errors.NotVerified):  # a log that forks could add such a line
                    quorum.cosigned_at(checkpoint, line, cosigner)
                    found.add(name)
    return found


def _says(kind: str, one: tlog.Checkpoint, other: tlog.Checkpoint) -> str:
    if kind == "same-size":
        return f"{one.origin} signed two different heads of size {one.size}"
    return f"{one.origin} signed a head of size {other.size} that does not extend the head of size {one.size} it signed"


def _hash(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _bad("holds a hash that is not base64") from exc
    if len(data) != 32 or base64.b64encode(data).decode() != text:
        raise _bad("holds a hash that is not 32 bytes in canonical base64")
    return data


def _bad(what: str) -> errors.BadBundle:
    return errors.BadBundle(what, where="evidence", mend="ask who found it for the file as it was written")


def _not(step: str, what: str) -> errors.NotVerified:
    return errors.NotVerified(what, where=step, mend="this proves nothing against the log")
