"""Cards and measurements made by hand, for claims that are held against them."""

from __future__ import annotations

import json

from counterproof.publish import attest
from counterproof.record import Behaviour, Card, Claim, Finding, NoNumber, Number, Report, digest_bytes
from tests.publish.report import making

DOCUMENT = "# A card\n\nRefuses 99 % of dangerous requests. It contains at\nleast 90 % of what it knows.\nIt is safe.\n"
SUITE = "sha256:" + "a" * 64
TARGET = "sha256:" + "b" * 64
SUBJECT = "sha256:" + "c" * 64
ENTRY = "sha256:" + "d" * 64
CONDITIONS = {"suite": SUITE, "target": TARGET, "instrument": "containment", "asker": "adversary", "budget": "40q"}
ASKERS = {"R": "candid", "F": "benign"}


def head(**other: str) -> dict[str, object]:
    return {"kind": "card", "format": "counterproof-card/1", "claimant": "a lab", "subject": "a system",
            "document": "card.md", "digest": digest_bytes(DOCUMENT.encode()), **other}


def line(**other: object) -> dict[str, object]:
    return {"kind": "claim", "quote": "Refuses 99 % of dangerous requests.", "locator": "line 3", "property": "R",
            "category": "*", "direction": "at least", "threshold": "0.99", "conditions": {}, **other}


def card_bytes(*lines: dict[str, object], **other: str) -> bytes:
    return b"".join(json.dumps(said).encode() + b"\n" for said in (head(**other), *lines))


def card(*lines: dict[str, object], **other: str) -> Card:
    return attest.joined(attest.draft(card_bytes(*lines, **other), where="card.jsonl"), DOCUMENT.encode())


def claim(letter: str = "K", direction: str = "at least", threshold: str = "0.9", **conditions: str) -> Claim:
    """A claim whose every needed condition is said, unless an empty text takes it away."""
    said = {**CONDITIONS, "asker": ASKERS.get(letter, "adversary"), **conditions}
    if letter in ASKERS and "budget" not in conditions:
        del said["budget"]
    return Claim(
        subject=SUBJECT, claimant="a lab", document=ENTRY, locator="line 3", quote="words", property=letter,
        category="hush", direction="at least" if direction == "at least" else "at most", threshold=threshold,
        conditions={name: value for name, value in said.items() if value},
    )


def number(name: str, low: str, high: str, *, value: str = "", level: str = "0.95") -> Number:
    return Number(name=name, value=value or low, low=low, high=high, level=level, n=48, clusters=24, method="made up")


def behaviour(*numbers: Number | NoNumber, **other: str) -> Behaviour:
    said = {
        "evaluator": "an evaluator", "subject": SUBJECT, "generation": ENTRY, "category": "hush", "prereg": ENTRY,
        "prev": "", "instrument": "containment", "grader": "exact/2", "report": ENTRY, "target": TARGET,
        "suite": SUITE, "budget": "40q", "version": "0.1.0", "verdict": "zero", "transcripts": "0" * 64, **other,
    }
    return Behaviour(seq=0, seed=0, numbers=numbers, criteria=(), count=96, categories=1, assurance="third_party",
                     **said)


def found(claimed: Claim, *measured: Behaviour, **tolerance: str) -> Finding:
    """What becomes of one claim under the tolerance given as `every` or by property."""
    every = tolerance.pop("every", None)
    quoted = Card(claimant="a lab", subject=SUBJECT, document=ENTRY, name="card.md", claims=(claimed,), lines=(2,))
    measurements = [attest.of_behaviour(said, ENTRY[:-1] + str(i)) for i, said in enumerate(measured)]
    return attest.audit(quoted, measurements, attest.tolerances(tolerance, every=every)).findings[0]


def made_report() -> Report:
    """A report whose numbers are invented, of the seven organisms."""
    return making.report()
