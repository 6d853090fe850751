"""Step 7: who signed, and whether governance lets that organisation say such a thing."""

from __future__ import annotations

from counterproof import record
from counterproof.rely.verify._logged import Logged
from counterproof.rely.verify._roles import Standing, Standings
from counterproof.rely.verify._steps import SIGNATURE, Signer, refuse

_ASK = "ask for a bundle that holds the roles it rests on"


def check(entry: Logged, standings: Standings) -> tuple[Signer, ...]:
    """Everybody who signed and may say this: at least one.

    Raises:
        NotVerified: nobody who may signed it, or the signature of a known key does not hold.
    """
    said = entry.statement.predicate
    if isinstance(said, record.Role | record.KeyCompromise | record.KeyRotate):
        standings.admit(entry)
        named = tuple(Signer(key=key, organisation="", role="governance") for key in standings.governors(entry))
        return named + tuple(_signer(key, s) for key, s in standings.signers(entry))
    roles, organisation = may_say(said)
    if not isinstance(said, record.Generation) and any(_fits(r, roles, organisation) for r in standings.lost(entry)):
        raise refuse(SIGNATURE, f"signed at index {entry.index} by a key whose word had ended", "do not trust it")
    held = [(key, s) for key, s in standings.signers(entry) if _fits(s.role, roles, organisation)]
    if not held:
        wanted = f"{' or '.join(roles) or 'anything'}{f' of {organisation!r}' if organisation else ''}"
        raise refuse(SIGNATURE, f"not signed by a key that was named {wanted} before index {entry.index}", _ASK)
    return tuple(_signer(key, s) for key, s in held)


def may_say(said: record.Predicate) -> tuple[tuple[str, ...], str]:
    """The roles that may say a thing (none: any), and the organisation it must be (empty: any)."""
    may: tuple[tuple[str, ...], str]
    match said:
        case record.SubjectGenesis():
            may = (("lab",), said.lab)
        case record.Generation():
            may = (("lab",), "")
        case record.Behaviour() | record.Prereg() | record.Abandon():
            may = (("evaluator",), said.evaluator)
        case record.Continuity():
            may = (("evaluator",), "")
        case record.VerifierAudit():
            may = (("evaluator", "monitor"), said.auditor)
        case record.Dispute() | record.Retract() | record.TokenKey():
            may = ((), said.organisation)
        case record.LoggedGatePolicy() | record.GateHead():
            may = (("lab", "relying"), said.organisation)
        case record.Heads():
            may = (("log",), "")
        case _:
            may = ((), "")
    return may


def _fits(role: record.Role, roles: tuple[str, ...], organisation: str) -> bool:
    return (not roles or role.role in roles) and organisation in ("", role.organisation)


def _signer(key: str, standing: Standing) -> Signer:
    return Signer(key=key, organisation=standing.role.organisation, role=standing.role.role)
