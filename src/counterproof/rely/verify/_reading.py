"""Statements read strictly: the one byte form of spec/statement.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from counterproof import record
from counterproof.errors import BadStatement


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    _type: str
    predicate: msgspec.Raw
    predicateType: str
    subject: tuple[record.Named, ...]


def read_statement(payload: bytes) -> record.Statement:
    try:
        head = msgspec.json.decode(payload, type=_Head)
        kind = head.predicateType.removeprefix(record.PREDICATE_PREFIX).removesuffix(record.PREDICATE_SUFFIX)
        known = record.KINDS.get(kind)
        if known is None:
            raise BadStatement(f"no kind {kind[:40]!r}")
        said = msgspec.json.decode(head.predicate, type=known)
        statement = record.Statement(subject=head.subject, predicate=said)
        if record.statement_bytes(statement) == payload:
            return statement
        why = "not in canonical form"
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        why = str(exc)
    raise BadStatement(f"no statement: {why}")


def next_keys_digest(keys: Iterable[str]) -> str:
    return "sha256:" + hashlib.sha256("".join(f"{key}\n" for key in sorted(keys)).encode()).hexdigest()
