"""A card audited: every claim beside the honest version of it, under tolerances that are declared and printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from counterproof.publish.attest import _claims
from counterproof.publish.attest._claims import Tolerances
from counterproof.publish.attest._measured import Measurement
from counterproof.record import Audit, Card, ClaimVerdict, canonical_bytes, decimal, digest_of

FALLEN: tuple[ClaimVerdict, ...] = ("contradicted", "weaker than claimed")


def audit(card: Card, measured: Sequence[Measurement], tolerance: Tolerances) -> Audit:
    """Hold every claim of the card against every measurement. The same input gives the same bytes."""
    findings = tuple(
        _claims.finding(claim, line, measured, tolerance)
        for claim, line in zip(card.claims, card.lines, strict=True)
    )  # fmt: skip
    return Audit(
        card=digest_of(card), document=card.document, name=card.name, claimant=card.claimant, subject=card.subject,
        tolerance={letter: f"{margin:f}" for letter, margin in tolerance.by.items()}, keeps=f"{tolerance.keeps:f}",
        measurements=tuple(m.heard for m in measured), findings=findings,
        error_at_most=decimal(float(_claims.error_at_most(findings, measured))),
    )


def audit_json(found: Audit) -> bytes:
    """The audit's canonical bytes and a newline."""
    return canonical_bytes(found) + b"\n"


def counts(found: Audit) -> dict[ClaimVerdict, int]:
    """How many claims met each verdict, least favourable first, without the verdicts that none met."""
    tally = Counter(f.verdict for f in found.findings)
    return {verdict: tally[verdict] for verdict in _claims.RANK if tally[verdict]}


def holds(found: Audit) -> bool:
    """Whether no claim is contradicted, weaker than claimed, or worse than honest reporting."""
    return not any(f.verdict in FALLEN or f.mark == "worse than honest reporting" for f in found.findings)
