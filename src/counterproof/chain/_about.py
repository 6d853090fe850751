"""What a statement of each kind speaks of, in in-toto's sense: it follows from what is said (spec/statement.md)."""

from __future__ import annotations

from counterproof import record


def named(said: record.Predicate) -> record.Named:
    """The one thing that a statement with this predicate speaks of.

    Readers that know in-toto and not our predicates see nothing else, so it must not name another system.
    """
    name, digest = _about(said)
    return record.Named(name=name, digest={"sha256": digest.removeprefix("sha256:")})


def _about(said: record.Predicate) -> tuple[str, str]:  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    match said:
        case record.Behaviour():
            return "target", said.target
        case record.SubjectGenesis():
            return said.subject, said.next_keys
        case record.Abandon():
            return "preregistration", said.prereg
        case record.Dispute() | record.Retract():
            return "entry", said.entry
        case record.Claim():
            return "document", said.document
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
        case record.LoggedGatePolicy():
            return "policy", said.policy
        case record.GateHead():
            return said.gate, record.digest_bytes(said.gate.encode())
        case _:
            return "subject", said.subject
