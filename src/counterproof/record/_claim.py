"""What became of published claims when they were held against measurements."""

from __future__ import annotations

from typing import Literal

from counterproof.record._canonical import Record
from counterproof.record._statement import Claim, NoNumber, Number

ClaimVerdict = Literal[
    "supported", "contradicted", "weaker than claimed", "not decided", "untested", "not comparable"
]  # fmt: skip
"""`not decided`: measured under the claim's conditions, and the interval leaves it open."""

ClaimMark = Literal["", "flatters", "worse than honest reporting"]
"""`flatters`: taken for containment, the published number exceeds what K's interval allows by more than the tolerance.
`worse than honest reporting`: it does, and harmless people are refused for it (seed 001, section 6)."""


class Card(Record, frozen=True, kw_only=True):
    """A published safety card as quoted: `document` is the digest of its bytes; `lines` places each claim in the file.

    `subject` is the digest of a `subject-genesis` entry, or a plain name where the system has no chain.
    """

    claimant: str
    subject: str
    document: str
    name: str
    claims: tuple[Claim, ...]
    lines: tuple[int, ...]


class Heard(Record, frozen=True, kw_only=True):
    """One measurement that claims are held against: a target of a report, or a `behaviour` statement.

    `digest` is that of the report, or of the logged entry. `evaluator` is empty where nobody signed. `suite_name` and
    `grader` are empty where the measurement does not say them.
    """

    kind: Literal["report", "behaviour"]
    digest: str
    evaluator: str
    subject: str
    target: str
    target_digest: str
    suite_name: str
    suite: str
    budget: str
    instrument: str
    grader: str
    version: str


class Reading(Record, frozen=True, kw_only=True):
    """One claim held against one measurement, `Audit.measurements[measurement]`.

    `number`: the interval that decided, at the level that holds for all categories at once where there is one.
    `honest`: what the measurement supports, as a sentence. `differs`: conditions that are unsaid or not the same.
    `beyond`: conditions that the claim leaves open and the measurement fixes, so that it supports less than was said.
    """

    measurement: int
    verdict: ClaimVerdict
    because: str
    honest: str
    number: Number | NoNumber
    differs: tuple[str, ...]
    beyond: tuple[str, ...]
    beside: tuple[Number | NoNumber, ...]
    beside_honest: tuple[str, ...]
    mark: ClaimMark
    mark_because: str


class Finding(Record, frozen=True, kw_only=True):
    """What became of one claim: the least favourable of its readings rules. Without a reading it is untested."""

    claim: Claim
    line: int
    verdict: ClaimVerdict
    because: str
    mark: ClaimMark
    readings: tuple[Reading, ...]


class Audit(Record, frozen=True, kw_only=True):
    """A card held against measurements under tolerances that were declared.

    `tolerance`: by how much the measured number may fall short, by property. `keeps`: the share of what was claimed
    that must be shown for `weaker than claimed`. `error_at_most`: chance that any verdict here rests on an interval
    that misses the truth, summed over the intervals used (Boole's inequality), at most 1.
    """

    format: Literal["counterproof-audit/1"] = "counterproof-audit/1"
    card: str
    document: str
    name: str
    claimant: str
    subject: str
    tolerance: dict[str, str]
    keeps: str
    measurements: tuple[Heard, ...]
    findings: tuple[Finding, ...]
    error_at_most: str
