"""Rules of what is said about others' entries: claims, disputes, retractions, audits, and the log's own summary."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._case import Case
from counterproof.chain._leaves import heads_root
from counterproof.chain._state import State

_AUDITORS, _LOG = ("evaluator", "monitor"), ("log",)


def claim(state: State, case: Case, said: record.Claim) -> None:
    """By anybody with a role; of a subject that is logged."""
    if not case.is_by(state.keys, ()):
        return
    if said.subject not in state.subjects:
        case.breach("subject", "it speaks of a subject that was not logged before")
        return
    state.keep(case, case.organisation)


def dispute(state: State, case: Case, said: record.Dispute) -> None:
    """By anybody with a role, in its own name."""
    if not case.is_by(state.keys, (), said.organisation):
        return
    if state.known(said.entry) is None:
        case.breach("reference", "it contests an entry that was not logged before")
        return
    state.disputed.setdefault(said.entry, set()).add(said.organisation)
    state.keep(case, said.organisation)


def retract(state: State, case: Case, said: record.Retract) -> None:
    """By the organisation whose entry it is."""
    if not case.is_by(state.keys, (), said.organisation):
        return
    found = state.known(said.entry)
    if found is None or found.organisation != said.organisation:
        case.breach("reference", f"it takes back no entry of {said.organisation!r} that was logged before")
        return
    state.retracted.add(said.entry)
    state.keep(case, said.organisation)


def audit(state: State, case: Case, said: record.VerifierAudit) -> None:
    """By an evaluator or a monitor, of another."""
    if not case.is_by(state.keys, _AUDITORS, said.auditor):
        return
    if said.auditor == said.evaluator:
        case.breach("self-attestation", f"{said.auditor!r} audits itself")
        return
    state.audits.add(said.auditor, said.evaluator)
    state.keep(case, said.auditor)


def heads(state: State, case: Case, said: record.Heads) -> None:
    """By the log, of itself, and as derived here."""
    if not case.is_by(state.keys, _LOG):
        return
    if said.origin not in state.origins or said.size > case.index:
        case.breach("heads", f"it sums up {said.origin!r} at size {said.size}, which is another log or lies ahead")
        return
    found = [head for series in state.series if (head := series.head(said.size)) is not None]
    if len(found) != said.count or heads_root(found) != said.root:
        says = f"its summary of the entries below {said.size} has {said.count} series; {len(found)} follow from them"
        case.breach("heads", f"{says}, or with other latest results")
        return
    state.keep(case, case.organisation)
