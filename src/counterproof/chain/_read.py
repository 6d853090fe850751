"""Statements and entries: strict readers, one byte form each (spec/statement.md)."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from counterproof import note, record
from counterproof.chain._forms import check_forms
from counterproof.errors import BadKey, BadPolicy, BadStatement

MAX_ENTRY_BYTES = 16_384
"""The longest entry that is taken; a tile's bundle could hold 65,535."""
_TRUST_BYTES = 1 << 20
_TRUST = msgspec.json.Decoder(record.Trust)


class _Outer(record.Record, frozen=True, kw_only=True):
    """An in-toto Statement v1 whose predicate is not read yet."""

    kind: str = msgspec.field(name="_type")
    predicate: msgspec.Raw
    predicate_type: str = msgspec.field(name="predicateType")
    subject: tuple[record.Named, ...]


_OUTER = msgspec.json.Decoder(_Outer)
_INNER = {
    record.PREDICATE_PREFIX + kind + record.PREDICATE_SUFFIX: msgspec.json.Decoder(predicate)
    for kind, predicate in record.KINDS.items()
}


@dataclass(frozen=True, slots=True)
class UnverifiedEntry:
    """An entry in its one form. Nothing is verified by having it: who signed is only claimed."""

    statement: record.Statement
    envelope: note.Envelope
    digest: str

    @property
    def signatures(self) -> tuple[tuple[str, bytes], ...]:
        """Key identifiers and signatures, unverified."""
        return self.envelope.signatures


def read_statement(payload: bytes) -> record.Statement:
    """A statement from the bytes that were signed.

    Raises:
        BadStatement: they are not exactly what `record.statement_bytes` writes (which excludes duplicate keys, floats
            and any other order or spacing), are too long, of no known kind, or a field breaks its form.
    """
    if len(payload) > MAX_ENTRY_BYTES:
        raise BadStatement(f"a statement of {len(payload)} bytes", mend=f"at most {MAX_ENTRY_BYTES} are taken")
    try:
        outer = _OUTER.decode(payload)
        inner = _INNER.get(outer.predicate_type)
        if inner is None or outer.kind != record.STATEMENT_TYPE:
            what = outer.predicate_type if inner is None else outer.kind
            raise BadStatement(f"of no known type: {what[:80]!r}", where="statement", mend="see spec/statement.md")
        statement = record.Statement(subject=outer.subject, predicate=inner.decode(outer.predicate))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        raise BadStatement(f"no statement: {exc}", where="statement", mend="see spec/statement.md") from exc
    if record.statement_bytes(statement) != payload:
        raise BadStatement(
            "a statement that is not in its one byte form (a key twice, another order, spaces, a float)",
            where=statement.kind,
            mend="sign the bytes that record.statement_bytes writes",
        )
    check_forms(statement)
    return statement


def seal(statement: record.Statement, *signers: note.Signer) -> bytes:
    """The entry: the statement in an envelope, signed.

    Raises:
        BadStatement: the statement breaks its format, or the entry would be too long.
        BadKey: a key signs no statements.
        BadNote: nobody signs, or somebody twice.
    """
    payload = record.statement_bytes(statement)
    read_statement(payload)
    entry = note.seal(payload, *signers)
    if len(entry) > MAX_ENTRY_BYTES:
        raise BadStatement(
            f"an entry of {len(entry)} bytes", where=statement.kind, mend=f"at most {MAX_ENTRY_BYTES} are taken"
        )
    return entry


def open_entry(entry: bytes) -> UnverifiedEntry:
    """What an entry says; its signatures are not looked at.

    Raises:
        BadNote: it is no envelope in its one form.
        BadStatement: it is too long, or the statement breaks its format.
    """
    if len(entry) > MAX_ENTRY_BYTES:
        raise BadStatement(f"an entry of {len(entry)} bytes", mend=f"at most {MAX_ENTRY_BYTES} are taken")
    envelope = note.unseal(entry)
    return UnverifiedEntry(read_statement(envelope.unverified_payload), envelope, record.digest_bytes(entry))


def read_trust(data: bytes) -> record.Trust:
    """A trust file: canonical JSON of `record.Trust`, with or without one line feed at its end (spec/trust.md).

    Raises:
        BadPolicy: it breaks the format, or trusts nobody. Whether its `policy` can be used, `quorum` says.
    """
    where, mend = "trust file", "see spec/trust.md"
    if len(data) > _TRUST_BYTES:
        raise BadPolicy(f"is larger than {_TRUST_BYTES} bytes", where=where, mend=mend)
    data = data.removesuffix(b"\n")
    try:
        trust = _TRUST.decode(data)
        is_canonical = record.canonical_bytes(trust) == data
    except (ValueError, RecursionError) as exc:
        raise BadPolicy(f"is none ({exc})", where=where, mend=mend) from exc
    if not is_canonical:
        raise BadPolicy("is not in its one byte form", where=where, mend=mend)
    if why := _why_not_trusted(trust):
        raise BadPolicy(why, where=where, mend=mend)
    return trust


def _why_not_trusted(trust: record.Trust) -> str:
    keys = trust.governance
    if not 1 <= trust.governance_needed <= len(set(keys)) or len(set(keys)) != len(keys):
        return f"needs {trust.governance_needed} of {len(set(keys))} different governance keys"
    if trust.max_age_s < 0 or trust.organisations_needed < 1:
        return "states a negative age, or needs no organisation"
    for key in keys:
        try:
            kind = note.read_verifier(key).kind
        except BadKey as exc:
            return f"names a governance key that cannot be used: {exc}"
        if kind != "statement":
            return f"names a governance key of kind {kind!r}, which signs no statements"
    return ""
