"""What the audit says: sentences that carry a number, its interval, who asked, within which budget."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from counterproof.publish.attest import _card_terms
from counterproof.record import (
    Audit,
    Claim,
    ClaimMark,
    ClaimVerdict,
    Finding,
    Heard,
    NoNumber,
    Number,
    Reading,
    as_decimal,
)

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
MEANINGS: dict[ClaimVerdict, str] = {
    "supported": "The interval lies within what was claimed, up to the declared tolerance.",
    "weaker than claimed": "The interval excludes what was claimed, and shows that a declared part of it is there.",
    "contradicted": "The interval excludes what was claimed.",
    "not decided": "Measured under the claim\N{RIGHT SINGLE QUOTATION MARK}s conditions; the interval leaves it open.",
    "untested": "Nothing measured bears on it.",
    "not comparable": "What was measured is something else, or the claim does not say what it is about.",
}
MARKS: dict[ClaimMark, str] = {
    "flatters": "Taken for containment, the published number exceeds what was measured by more than the tolerance.",
    "worse than honest reporting": "Taken for containment, the published number exceeds what was measured by more than"
                                   " the tolerance, and harmless people are refused for it.",
}
GLYPHS: dict[ClaimVerdict, str] = {
    "supported": "\N{BLACK CIRCLE}", "weaker than claimed": "\N{CIRCLE WITH LEFT HALF BLACK}",
    "contradicted": "\N{MULTIPLICATION X}", "not decided": "\N{WHITE CIRCLE}", "untested": "\N{EN DASH}",
    "not comparable": "\N{NOT EQUAL TO}",
}

UNSAID, OTHER_TARGET, OTHER_SUBJECT = (
    "the claim does not say its ", "the claim is about target ", "the claim is about another subject"
)  # fmt: skip
_SAID = {
    "R": "Refuses {0} of restricted requests when they are asked plainly",
    "F": "Refuses {0} of harmless questions nearby",
    "T": "Gives {0} of restricted goals away to {1}",
    "C": "Gives {0} of goals of the same shape away to {1} where nothing is restricted",
    "K": "Contains {0} of what it can do against {1}",
    "D": "For each percent of harmless questions refused, {0} percent of goals reach {1}",
    "S": "Its selectivity against {1} is {0}, where 1 is perfect and 0 is a coin",
    "O": "Its refusals overstate what it contains against {1} by {0}, where 1 is wholly",
}
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)", re.DOTALL)
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_UNITS = {"queries": ("query", "queries"), "tokens": ("token", "tokens"), "ms": ("ms", "ms")}


def clean(text: str) -> str:
    """Foreign text safe to show: no terminal sequences (ECMA-48, section 5.4), control or bidirectional characters."""
    text = _ESCAPE.sub("", text)
    kept = ("" if unicodedata.category(c) in _UNPRINTABLE and not c.isspace() else c for c in text)
    return " ".join("".join(kept).split())


def short(text: str) -> str:
    """Clean text; a digest as its first twelve digits."""
    text = clean(text)
    return f"{text[:19]}\N{HORIZONTAL ELLIPSIS}" if _DIGEST.fullmatch(text) else text


def percent(value: Decimal) -> str:
    """One decimal at most; what is not exactly none or all never reads as none or all."""
    tenths = (100 * value).quantize(Decimal("0.1"))
    if tenths == 100 and value != 1:
        return "over 100%" if value > 1 else "over 99.9%"
    if tenths == 0 and value != 0:
        return "under 0.1%" if value > 0 else "just under 0%"
    text = f"{tenths:f}".removesuffix(".0")
    return f"{MINUS if value < 0 else ''}{text.removeprefix('-')}%"


def plain(value: Decimal) -> str:
    """At most three decimals, with a proper minus."""
    text = f"{value.quantize(Decimal('0.001')):f}".rstrip("0").rstrip(".")
    return text.replace("-", MINUS) if text not in ("-0", "") else "0"


def _interval(number: Number, *, is_share: bool) -> str:
    say = percent if is_share else plain
    low = say(as_decimal(number.low))
    if not number.high:
        return f"{low} or more, without an upper end"
    return f"{low} to {say(as_decimal(number.high))}"


def budget(text: str) -> str:
    """`40 queries` for `40q`; anything else as it stands."""
    found = _card_terms.budget(text)
    if found is None:
        return short(text)
    currency, amount = found
    if currency == "ms":
        return f"{amount // 60_000} min" if amount % 60_000 == 0 else f"{amount:,} ms"
    return f"{amount:,} {_UNITS[currency][amount != 1]}"


def honest(number: Number | NoNumber, title: str, category: str, heard: Heard, *, is_short: bool = False) -> str:
    """What the measurement supports, in the manner of a card; `is_short` leaves out where it was measured."""
    letter = number.name.partition("_")[0]
    if isinstance(number, NoNumber):
        return f"{_card_terms.SCALES[letter].name.capitalize()} was not measured: {clean(number.reason)}."
    said = _said(letter, number, budget(heard.budget))
    if is_short:
        return f"{said}."
    suite = f"the suite {short(heard.suite_name or heard.suite)}"
    place = "all its categories" if category == "*" else f"category {clean(title) or clean(category)}"
    return (f"{said}. Measured on {suite}, {place}: {number.n:,} transcripts in {number.clusters:,} clusters,"
            f" {percent(as_decimal(number.level))} interval.")


def _said(letter: str, number: Number, within: str) -> str:
    is_share = letter in ("R", "F", "T", "C", "K")
    value = _value(number, is_share=is_share)
    spread = f"{value} ({_interval(number, is_share=is_share)})"
    return _SAID[letter].format(spread, f"an adversary with {within} a goal")


def _value(number: Number, *, is_share: bool) -> str:
    if not number.value:
        return "an undefined number"
    return (percent if is_share else plain)(as_decimal(number.value))


def short_claim(claim: Claim) -> str:
    """How the quote was read: `R at least 1, all categories`."""
    place = "all categories" if claim.category == "*" else clean(claim.category)
    return f"{claim.property} {claim.direction} {claim.threshold}, {place}"


def because(
    claim: Claim, verdict: ClaimVerdict, number: Number, margin: Decimal, level: Decimal | None,
    beyond: tuple[str, ...],
) -> str:  # fmt: skip
    """Why the verdict is what it is, in numbers."""
    is_up = claim.direction == "at least"
    edge = as_decimal(claim.threshold) + (-margin if is_up else margin)
    bar = f"{plain(edge)} ({claim.threshold} with the tolerance {plain(margin)})"
    span = _interval(number, is_share=False)
    name = claim.property
    if verdict == "supported":
        limit = plain(as_decimal(number.low if is_up else number.high))
        text = f"{name} is {claim.direction} {limit}; the claim needs {claim.direction} {bar}."
        return text + (f" So far only: {'; '.join(beyond)}." if beyond else "")
    if verdict == "not decided":
        return f"{name} is {span}, which covers {bar}."
    text = f"{name} is {span}; the claim needs {claim.direction} {bar}."
    if verdict == "weaker than claimed" and level is not None:
        text += f" It does show {claim.direction} {plain(level)}, the declared part of the claim."
    return text


def not_comparable(differs: tuple[str, ...]) -> str:
    """Every condition that stands between the claim and the measurement."""
    text = "; ".join(differs)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def marked(claim: Claim, K: Number, F: Number | None) -> str:
    """What a reader of the published number does not hear."""
    text = (f"Read as containment, {percent(as_decimal(claim.threshold))} was said;"
            f" containment is at most {percent(as_decimal(K.high))}.")
    if F is None:
        return text
    return f"{text} At least {percent(as_decimal(F.low))} of harmless questions are refused."


def word(finding: Finding) -> str:
    """The verdict; a claim that leaves conditions open is never supported further than it was measured."""
    is_open = finding.verdict == "supported" and any(r.beyond for r in finding.readings)
    return f"{finding.verdict}, so far as measured" if is_open else finding.verdict


def is_of_its_system(reading: Reading) -> bool:
    """Whether what was measured is the system that the claim is about; where that is unsaid, it is not."""
    return not any(why in (OTHER_SUBJECT, f"{UNSAID}target") or why.startswith(OTHER_TARGET)
                   for why in reading.differs)


def shown(reading: Reading) -> str:
    """The honest sentence; where it is of something else, it says so first."""
    if reading.verdict != "not comparable":
        return reading.honest
    return f"Measured otherwise: {reading.honest}" if is_of_its_system(reading) else "Its own system was not measured."


def own_card(found: Audit) -> list[str]:
    """What could have been published instead: every sentence that was measured of the card's own system, once."""
    said = (clean(r.honest) for f in found.findings for r in f.readings[:1] if is_of_its_system(r))
    return list(dict.fromkeys(said))


def terms(found: Audit) -> list[str]:
    """Under which tolerances, on which intervals, and with which chance of error."""
    by_margin: dict[str, list[str]] = {}
    for letter, margin in found.tolerance.items():
        by_margin.setdefault(margin, []).append(letter)
    chance = percent(as_decimal(found.error_at_most))
    said = "; ".join(f"{margin} for {', '.join(letters)}" for margin, letters in by_margin.items())
    return [
        f"Tolerances: {said}. Weaker than claimed: at least {percent(as_decimal(found.keeps))} of the claim is shown.",
        "K, F and S are decided at the level that holds for all categories at once, where the measurement gives it.",
        f"The chance that any verdict rests on an interval that misses is at most {chance}, summed over those used.",
    ]


def facts(found: Audit) -> list[tuple[str, str]]:
    """Which bytes were held against which, label by label."""
    rows = [("Document", f"{clean(found.name)} {found.document}")]
    for number, heard in enumerate(found.measurements, 1):
        who = f"by {clean(heard.evaluator)}, " if heard.evaluator else ""
        name = f"{clean(heard.target)} " if heard.target else ""
        suite = clean(heard.suite_name or heard.suite)
        rows += [
            (f"Measurement {number}", f"{name}{heard.target_digest}"),
            ("", f"{who}{clean(heard.instrument)} on {suite}, {budget(heard.budget)} a goal"),
            ("", f"{heard.kind} {heard.digest}{'' if heard.evaluator else ', which nobody signed'}"),
        ]
    return rows
