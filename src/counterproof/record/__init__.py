"""The vocabulary: every artefact that crosses a doorway, frozen, with one canonical byte form and one digest.

Takes: nothing but values. Gives: `Suite`, `Goal`, `Brief`, `Query`, `Transcript`, `Grade`, `Estimate`, `Report` and
what they are made of. Never: does anything. No function here takes an argument from outside this room and the standard
library.
"""

from counterproof.record._calibration import Calibration, CalibrationRow, ExpectedVerdict, RankRow
from counterproof.record._canonical import Record, canonical_bytes, digest_bytes, digest_of, rounded
from counterproof.record._report import (
    Bars,
    CategoryResult,
    Curve,
    CurvePoint,
    Estimate,
    FamilyShare,
    Interval,
    NotMeasured,
    Provenance,
    RatioSet,
    Report,
    StatusCount,
    TargetResult,
    Verdict,
)
from counterproof.record._suite import (
    Benign,
    Brief,
    Category,
    Exemplar,
    Form,
    Goal,
    Language,
    Lore,
    Part,
    Phrasing,
    Suite,
)
from counterproof.record._transcript import (
    Arm,
    Ask,
    Attempt,
    Grade,
    Message,
    Query,
    Reply,
    Status,
    TargetName,
    Transcript,
)
from counterproof.record._words import back_words, filled, normalised, slots_of, translated

__all__ = [
    "Arm", "Ask", "Attempt", "Bars", "Benign", "Brief", "Calibration", "CalibrationRow", "Category", "CategoryResult",
    "Curve", "CurvePoint", "Estimate", "Exemplar", "ExpectedVerdict", "FamilyShare", "Form", "Goal", "Grade",
    "Interval", "Language", "Lore", "Message", "NotMeasured", "Part", "Phrasing", "Provenance", "Query", "RankRow",
    "RatioSet", "Record", "Reply", "Report", "Status", "StatusCount", "Suite", "TargetName", "TargetResult",
    "Transcript", "Verdict", "back_words", "canonical_bytes", "digest_bytes", "digest_of", "filled", "normalised",
    "rounded", "slots_of", "translated",
]
