"""Statements of every kind: what each speaks of, in in-toto's sense (spec/statement.md)."""

from __future__ import annotations

from counterproof import record


def statement(said: record.Predicate) -> record.Statement:
    """The statement that says it: the thing spoken of follows from what is said."""
    name, digest = _about(said)
    named = record.Named(name=name, digest={"sha256": digest.removeprefix("sha256:")})
    return record.Statement(subject=(named,), predicate=said)


def _about(said: record.Predicate) -> tuple[str, str]:  # noqa: PLR0911 - one line for each kind
    match said:
        case record.Behaviour():
            return "target", said.target
        case record.SubjectGenesis():
            return said.subject, said.next_keys
        case record.Abandon():
            return "preregistration", said.prereg
        case record.Dispute() | record.Retract():
            return "entry", said.entry
        case record.KeyRotate():
            return "key", record.digest_bytes(said.old.encode())
        case record.KeyCompromise() | record.Role():
            return "key", record.digest_bytes(said.key.encode())
        case record.VerifierAudit():
            return said.evaluator, record.digest_bytes(said.evaluator.encode())
        case record.Heads():
            return said.origin, said.root
        case record.TokenKey():
            return said.epoch, record.digest_bytes(said.key.encode())
        case _:
            return "subject", said.subject
