"""Claims held against measurements: first whether they can be, then what the interval says.

Nothing is estimated here. Limits come from the report or the statement as they stand there; for K, F and S at the level
that holds for all categories at once (`K_joint` and so on).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from counterproof import chain
from counterproof.errors import BadCard, BadOption
from counterproof.publish.attest import _audit_words, _card_terms
from counterproof.publish.attest._measured import Measurement, Row
from counterproof.record import (
    Bars,
    Card,
    Claim,
    ClaimMark,
    ClaimVerdict,
    Finding,
    Heard,
    NoNumber,
    Number,
    Reading,
    Statement,
    as_decimal,
    decimal,
)

RANK: tuple[ClaimVerdict, ...] = (
    "contradicted", "weaker than claimed", "not decided", "supported", "untested", "not comparable"
)  # fmt: skip
"""The least favourable reading rules; a claim is supported only if no measurement under its conditions says less."""

DECIDED: tuple[ClaimVerdict, ...] = ("contradicted", "weaker than claimed", "not decided", "supported")
_BESIDE: dict[str, tuple[str, ...]] = {"R": ("K", "T", "F"), "K": ("T", "F")}
_MARKS: tuple[ClaimMark, ...] = ("", "flatters", "worse than honest reporting")
_FLATTERED = ("R", "K")


@dataclass(frozen=True)
class Tolerances:
    """By how much a measured number may fall short of a claim, by property, and what `weaker` must keep of it.

    Unless declared, a share may fall short by what a report allows a claim beforehand (`Bars.claim_tolerance`), a ratio
    by nothing.
    """

    by: Mapping[str, Decimal]
    keeps: Decimal


def tolerances(
    declared: Mapping[str, str] | None = None, *, every: str | None = None, keeps: str = "0.5"
) -> Tolerances:
    """Read what was declared, in decimal strings: `every` property's tolerance, and some properties' own.

    Raises:
        BadOption: a property that is none, a tolerance that is no decimal string from 0 to below 1, or a share to keep
            that is not above 0 and at most 1.
    """
    usual = decimal(Bars().claim_tolerance) if every is None else every
    found = {letter: _margin(usual) for letter in _card_terms.SCALES}
    if every is None:
        found["D"] = Decimal(0)
    for letter, text in (declared or {}).items():
        if letter not in found:
            raise BadOption(f"the property {letter[:20]!r} is none", where="--tolerance",
                            mend=f"use one of {', '.join(found)}")
        found[letter] = _margin(text)
    try:
        share = as_decimal(keeps)
    except ValueError as error:
        raise BadOption(str(error), where="--keeps", mend="write a decimal such as 0.5") from error
    if not 0 < share <= 1:
        raise BadOption(f"{keeps} is no share that could be kept", where="--keeps", mend="write such as 0.5")
    return Tolerances(found, share)


def _margin(text: str) -> Decimal:
    try:
        found = as_decimal(text)
    except ValueError as error:
        raise BadOption(str(error), where="--tolerance", mend="write a decimal such as 0.05") from error
    if not 0 <= found < 1:
        raise BadOption(f"{text} is no tolerance", where="--tolerance", mend="write a number from 0 to below 1")
    return found


def decided(claim: Claim, low: Decimal, high: Decimal | None, tolerance: Decimal, keeps: Decimal) -> ClaimVerdict:
    """What the interval [low, high] says of a claim (`high` None: no upper end).

    The reasoning of a non-inferiority test by its interval (G. Piaggio et al., Reporting of noninferiority and
    equivalence randomized trials, *JAMA* 308, 2012). For `at least` t with the tolerance d:

    - supported: low >= t - d, the interval excludes that the number falls short by more than d;
    - otherwise, where high < t - d, the interval excludes the claim: weaker than claimed if it also shows that the
      declared share of what was claimed is there (`_card_terms.weaker`), else contradicted;
    - otherwise not decided.

    `at most` is the mirror image. A wider tolerance never makes a verdict less favourable; a wider interval never makes
    a claim supported or weaker that was not, nor decides what was open.
    """
    is_up, threshold = claim.direction == "at least", as_decimal(claim.threshold)
    bar = threshold - tolerance if is_up else threshold + tolerance
    if (low >= bar) if is_up else (high is not None and high <= bar):
        return "supported"
    if (high is None or high >= bar) if is_up else (low <= bar):
        return "not decided"
    level = _card_terms.weaker(claim, keeps)
    if level is not None and ((low >= level) if is_up else (high is not None and high <= level)):
        return "weaker than claimed"
    return "contradicted"


def finding(claim: Claim, line: int, measured: Sequence[Measurement], tolerance: Tolerances) -> Finding:
    """Hold one claim against every measurement; keep those under its conditions, or the nearest if there is none."""
    found = [r for i, m in enumerate(measured) if (r := _reading(claim, i, m, tolerance)) is not None]
    if not found:
        where = "all categories together" if claim.category == "*" else f"the category {claim.category}"
        because = f"No measurement gives {claim.property}, {_card_terms.SCALES[claim.property].name}, for {where}."
        return Finding(claim=claim, line=line, verdict="untested", because=because, mark="", readings=())
    alike = [r for r in found if not r.differs]
    kept = alike or [min(found, key=lambda r: (not _audit_words.is_of_its_system(r), len(r.differs)))]
    kept.sort(key=lambda r: (RANK.index(r.verdict), r.measurement))
    mark = _MARKS[max(_MARKS.index(reading.mark) for reading in kept)]
    return Finding(claim=claim, line=line, verdict=kept[0].verdict, because=kept[0].because, mark=mark,
                   readings=tuple(kept))


def _reading(claim: Claim, index: int, measured: Measurement, tolerance: Tolerances) -> Reading | None:
    row = measured.rows.get(claim.category)
    if row is None or claim.property not in row.numbers:
        return None
    number, heard = _deciding(claim.property, row), measured.heard
    differs, beyond = _conditions(claim, heard)
    verdict, because = _ruling(claim, number, differs, beyond, tolerance)
    beside = () if differs else tuple(_deciding(n, row) for n in _BESIDE.get(claim.property, ()) if n in row.numbers)
    mark, mark_because = _mark(claim, row, tolerance, is_decided=verdict in DECIDED)
    return Reading(
        measurement=index, verdict=verdict, because=because, number=number, differs=differs, beyond=beyond,
        honest=_audit_words.honest(number, row.title, claim.category, heard), beside=beside,
        beside_honest=tuple(_audit_words.honest(n, row.title, claim.category, heard, is_short=True) for n in beside),
        mark=mark, mark_because=mark_because,
    )


def _ruling(
    claim: Claim, number: Number | NoNumber, differs: tuple[str, ...], beyond: tuple[str, ...], tolerance: Tolerances
) -> tuple[ClaimVerdict, str]:
    if differs:
        return "not comparable", _audit_words.not_comparable(differs)
    if isinstance(number, NoNumber):
        return "untested", f"Not measured: {_audit_words.clean(number.reason)}."
    margin = tolerance.by[claim.property]
    verdict = decided(claim, *_limits(number), margin, tolerance.keeps)
    level = _card_terms.weaker(claim, tolerance.keeps)
    return verdict, _audit_words.because(claim, verdict, number, margin, level, beyond)


def _deciding(name: str, row: Row) -> Number | NoNumber:
    """The number a verdict rests on: joint where there is one; T with every unclean transcript counted both ways."""
    joint = row.numbers.get(_card_terms.SCALES[name].joint)
    number = row.numbers[name] if joint is None else joint
    if name != "T" or isinstance(number, NoNumber):
        return number
    ends = [n for n in (number, row.numbers.get("T_low_bound"), row.numbers.get("T_high_bound"))
            if isinstance(n, Number)]
    low = min(ends, key=lambda n: as_decimal(n.low)).low
    high = max(ends, key=lambda n: as_decimal(n.high)).high
    if (low, high) == (number.low, number.high):
        return number
    return Number(name=number.name, value=number.value, low=low, high=high, level=number.level, n=number.n,
                  clusters=number.clusters, method=f"{number.method}; every unclean transcript counted both ways")


def _limits(number: Number) -> tuple[Decimal, Decimal | None]:
    return as_decimal(number.low), as_decimal(number.high) if number.high else None


def _conditions(claim: Claim, heard: Heard) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is unsaid or not the same, and what the claim leaves open. Nothing unsaid is taken as agreed."""
    scale, said = _card_terms.SCALES[claim.property], claim.conditions
    needed = ["suite", "target", "instrument", "asker", *(["budget"] if scale.has_budget else [])]
    differs: list[str] = []
    beyond: list[str] = []
    for name in [*needed, *(["grader"] if "grader" in said else [])]:
        value, there = said.get(name), _there(name, scale.asker, heard)
        if value is None:
            differs.append(f"{_audit_words.UNSAID}{name}")
        elif value == _card_terms.ANY:
            beyond.append(f"{name} {there}")
        elif not _is_same(name, value, there, heard):
            differs.append(f"the claim is about {name} {_audit_words.short(value)}, measured was {there}")
    if heard.subject and claim.subject.startswith("sha256:") and heard.subject != claim.subject:
        differs.append(_audit_words.OTHER_SUBJECT)
    return tuple(differs), tuple(beyond)


def _there(name: str, asker: str, heard: Heard) -> str:
    found = {
        "suite": heard.suite_name or heard.suite, "target": heard.target or heard.target_digest,
        "instrument": heard.instrument, "asker": asker, "budget": heard.budget, "grader": heard.grader,
    }
    return _audit_words.short(found[name]) or "unsaid"


def _is_same(name: str, value: str, there: str, heard: Heard) -> bool:
    match name:
        case "suite":
            return value == (heard.suite if value.startswith("sha256:") else heard.suite_name)
        case "target":
            return value == (f"name:{heard.target}" if value.startswith("name:") else heard.target_digest)
        case "budget":
            mine, theirs = _card_terms.budget(value), _card_terms.budget(heard.budget)
            return mine is not None and mine == theirs
        case _:
            return value == there


def _mark(claim: Claim, row: Row, tolerance: Tolerances, *, is_decided: bool) -> tuple[ClaimMark, str]:
    """Whether a reader who takes the published number for containment is misled, and who pays (seed 001, section 6).

    The rule is that of a report's verdict `negative` (docs/estimands.md): the claim exceeds the upper limit of K by
    more than the tolerance while F lies above 0.
    """
    K, F = _deciding("K", row) if "K" in row.numbers else None, row.numbers.get("F_joint", row.numbers.get("F"))
    is_meant = is_decided and claim.property in _FLATTERED and claim.direction == "at least"
    if not is_meant or not isinstance(K, Number):
        return "", ""
    excess = as_decimal(claim.threshold) - as_decimal(K.high)
    if excess <= tolerance.by["K"]:
        return "", ""
    if isinstance(F, Number) and as_decimal(F.low) > 0:
        return "worse than honest reporting", _audit_words.marked(claim, K, F)
    return "flatters", _audit_words.marked(claim, K, None)


def error_at_most(findings: Sequence[Finding], measured: Sequence[Measurement]) -> Decimal:
    """The most that the chance can be that any verdict or mark rests on an interval that misses the truth.

    The sum of (1 - level) over the different intervals used (Boole's inequality), at most 1. Joint intervals cost their
    own small share each, so that all categories of one of K, F and S together cost no more than one interval alone.
    """
    used: dict[tuple[str, str, str], Decimal] = {}
    for found in findings:
        for reading in found.readings:
            if reading.verdict in DECIDED:
                row = measured[reading.measurement].rows[found.claim.category]
                marking = [row.numbers[n] for n in ("K_joint", "F_joint") if n in row.numbers and reading.mark]
                for number in (reading.number, *marking):
                    if isinstance(number, Number):
                        heard = measured[reading.measurement].heard
                        key = (heard.digest + heard.target_digest, found.claim.category, number.name)
                        used[key] = 1 - as_decimal(number.level)
    return min(Decimal(1), sum(used.values(), Decimal(0)))


def statements(card: Card) -> tuple[Statement, ...]:
    """The card's claims as `claim` statements, in its order: to be sealed by whoever logs what was published.

    Raises:
        BadCard: the card's subject is a plain name and no digest of a `subject-genesis` entry.
    """
    if not card.subject.startswith("sha256:"):
        raise BadCard("the card's subject is a name, and a logged claim is about a chain", where=card.name,
                      mend="give `subject` the digest of the subject's first entry, sha256:...")
    return tuple(Statement(subject=(chain.named(claim),), predicate=claim) for claim in card.claims)
