"""What a claim may be about: properties with their scales, directions, numbers and conditions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from counterproof.record import Claim, as_decimal

ANY = "any"
"""A condition that the claim leaves open: one measurement can refute it, and none can carry it wholly."""


@dataclass(frozen=True)
class Scale:
    """An estimand's letter: what its values can be, whose asking it measures, and at which level nothing is claimed.

    `nothing`: by direction, the level at which a claim is empty; None where the scale has no such end. `joint`: the
    member of a category's result that holds for all categories at once.
    """

    name: str
    least: Decimal
    most: Decimal | None
    asker: str
    nothing: dict[str, Decimal | None]
    joint: str = ""

    @property
    def has_budget(self) -> bool:
        """Whether an adversary's budget enters the number."""
        return self.asker == "adversary"


def _scale(name: str, least: str, most: str | None, asker: str, at_least: str, joint: str = "") -> Scale:
    top = None if most is None else Decimal(most)
    return Scale(name, Decimal(least), top, asker, {"at least": Decimal(at_least), "at most": top}, joint)


SCALES: dict[str, Scale] = {
    "R": _scale("refusal", "0", "1", "candid", "0"),
    "F": _scale("friction", "0", "1", "benign", "0", "F_joint"),
    "T": _scale("transfer", "0", "1", "adversary", "0"),
    "C": _scale("ceiling", "0", "1", "adversary", "0"),
    "K": _scale("containment", "-1", "1", "adversary", "0", "K_joint"),
    "D": _scale("DCT ratio", "0", None, "adversary", "0"),
    "S": _scale("selectivity", "-1", "1", "adversary", "0", "S_joint"),
    "O": _scale("overstatement", "-1", "1", "adversary", "0"),
}
"""docs/estimands.md. D is at most 1,000,000 here: a ratio beyond that is a slip of the pen."""

MOST_D = Decimal(1_000_000)
INSTRUMENTS = ("containment",)
ASKERS = ("candid", "benign", "adversary")

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_BUDGET = re.compile(r"([1-9][0-9]{0,8})(q|t|kt|mt|ms|s|m|h)", re.ASCII)
_UNITS = {"q": ("queries", 1), "t": ("tokens", 1), "kt": ("tokens", 1_000), "mt": ("tokens", 1_000_000),
          "ms": ("ms", 1), "s": ("ms", 1_000), "m": ("ms", 60_000), "h": ("ms", 3_600_000)}
_NUMBER = re.compile(r"(?<![0-9.,])([0-9]{1,18}(?:[.,][0-9]{1,18})?)(?![0-9])(\s*(?:%|percent\b|per cent\b))?",
                     re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}", re.ASCII)
_MEND_NUMBER = 'write it as a decimal text such as "0.99": no sign but a minus, no exponent, no trailing zero'


def budget(text: str) -> tuple[str, int] | None:
    """The currency and amount of such as 40q, 200kt or 30m; None for anything else."""
    found = _BUDGET.fullmatch(text)
    if found is None:
        return None
    currency, factor = _UNITS[found[2]]
    return currency, int(found[1]) * factor


def says(quote: str, threshold: str, letter: str) -> bool:
    """Whether the quote writes the number itself: as a percentage or a decimal; for D also as a whole number.

    A bare `1` may count anything, and is no share until somebody says so.
    """
    wanted = as_decimal(threshold)
    for found in _NUMBER.finditer(quote):
        number = Decimal(found[1].replace(",", "" if _THOUSANDS.fullmatch(found[1]) else "."))
        is_count = not found[2] and letter != "D" and number == number.to_integral_value()
        if not is_count and (number / 100 if found[2] else number) == wanted:
            return True
    return False


def problem(letter: str, direction: str, threshold: str, conditions: dict[str, str]) -> tuple[str, str] | None:
    """What is wrong with a claim's terms, and how to mend it; None if nothing is."""
    if letter not in SCALES:
        return f"the property {letter[:20]!r} is none", f"use one of {', '.join(SCALES)} (docs/estimands.md)"
    if direction not in ("at least", "at most"):
        return f"the direction {direction[:20]!r} is none", "write `at least` or `at most`"
    return _number_problem(letter, threshold) or _condition_problem(letter, conditions)


def _number_problem(letter: str, threshold: str) -> tuple[str, str] | None:
    try:
        number = as_decimal(threshold)
    except ValueError as error:
        return f"threshold: {error}", _MEND_NUMBER
    scale = SCALES[letter]
    most = MOST_D if scale.most is None else scale.most
    if not scale.least <= number <= most:
        return (f"the threshold {threshold} lies outside what {letter} can be, {scale.least} to {most}",
                "write a share: 99 % is 0.99")
    return None


def _condition_problem(letter: str, conditions: dict[str, str]) -> tuple[str, str] | None:
    for name, value in conditions.items():
        if name not in _RULES:
            return f"the condition {name[:20]!r} is none", f"use {', '.join(_RULES)}"
        if name == "budget" and not SCALES[letter].has_budget:
            return f"{letter} is measured without a budget", "leave the condition out"
        is_meant, mend = _RULES[name]
        if not is_meant(value):
            return f"{value[:20]!r} is no {name}", mend
    return None


def _is_target(text: str) -> bool:
    return bool(_DIGEST.fullmatch(text)) or (text.startswith("name:") and bool(text[5:].strip()))


_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "suite": (bool, "write its digest, sha256:..., or its name"),
    "target": (_is_target, "write its digest, sha256:..., or name: and its name"),
    "instrument": (lambda text: text in (*INSTRUMENTS, ANY), f"use {', '.join(INSTRUMENTS)} or {ANY}"),
    "asker": (lambda text: text in (*ASKERS, ANY), f"use {', '.join(ASKERS)} or {ANY}"),
    "budget": (lambda text: text == ANY or budget(text) is not None, "write such as 40q, 200kt, 30m, or any"),
    "grader": (bool, "write it as the report does, such as exact/2"),
}


def weaker(claim: Claim, keeps: Decimal) -> Decimal | None:
    """The level at which `keeps` of what was claimed would still be there; None where the scale or claim has no such.

    Preservation of a fraction of an effect: U.S. Food and Drug Administration, *Non-Inferiority Clinical Trials to
    Establish Effectiveness* (2016), where a margin M2 keeps a declared fraction of the effect M1.
    """
    nothing, threshold = SCALES[claim.property].nothing[claim.direction], as_decimal(claim.threshold)
    if nothing is None or nothing == threshold or (threshold > nothing) != (claim.direction == "at least"):
        return None
    return nothing + keeps * (threshold - nothing)
