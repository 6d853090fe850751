"""The vocabulary: every artefact that crosses a doorway, frozen, with one canonical byte form and one digest.

Takes: nothing but values. Gives: `Suite`, `Goal`, `Brief`, `Query`, `Transcript`, `Grade`, `Estimate`, `Report` and
what they are made of. Never: does anything. No function here takes an argument from outside this room and the standard
library.
"""

from counterproof.record._budget import Budget, Currency, family_of
from counterproof.record._calibration import Calibration, CalibrationRow, ExpectedVerdict, RankRow
from counterproof.record._canonical import (
    Record,
    canonical_bytes,
    digest_bytes,
    digest_of,
    reference_of,
    rounded,
)
from counterproof.record._claim import Audit, Card, ClaimMark, ClaimVerdict, Finding, Heard, Reading
from counterproof.record._continuity import (
    Compares,
    ContinuityResult,
    Moved,
    Sampled,
    Samples,
    continuity_of,
)
from counterproof.record._corpus import Corpus, CorpusMark, Template
from counterproof.record._estimate import Estimate, Interval, NotMeasured, RatioSet
from counterproof.record._evidence import Evidence, EvidenceKind
from counterproof.record._gate import (
    ANCHOR_KINDS,
    EVENT_KINDS,
    OUTCOMES,
    PIECE_ROLES,
    Action,
    AnchorKind,
    Answer,
    AnswerStatus,
    ConditionRule,
    Decision,
    Event,
    EventKind,
    GatePolicy,
    GateRule,
    MemoryPolicy,
    Outcome,
    PatternRule,
    Piece,
    PieceRole,
    PromptRule,
    Readings,
    RuleStatus,
    SafetyModel,
    Sighting,
    ThresholdRule,
)
from counterproof.record._judge import JudgeCalibration
from counterproof.record._report import (
    Bars,
    CategoryResult,
    Curve,
    CurvePoint,
    Extrapolation,
    FamilyShare,
    Harness,
    LayerWorth,
    Opening,
    Projection,
    Provenance,
    Report,
    StatusCount,
    TargetResult,
    Verdict,
)
from counterproof.record._selection import Assurance, Bar, Choice, OrderKey, Selection, SelectionPolicy
from counterproof.record._stack import Filter, Stack
from counterproof.record._statement import (
    KINDS,
    PAYLOAD_TYPE,
    PREDICATE_PREFIX,
    PREDICATE_SUFFIX,
    ROLES,
    STATEMENT_TYPE,
    Abandon,
    Behaviour,
    Bundle,
    Claim,
    Continuity,
    Criterion,
    Dispute,
    Entry,
    GateHead,
    Generation,
    GradedLeaf,
    Head,
    Heads,
    KeyCompromise,
    KeyRotate,
    LoggedGatePolicy,
    LoggedRule,
    Named,
    NoNumber,
    Number,
    Opened,
    Predicate,
    Prereg,
    Retract,
    Role,
    RoleName,
    Statement,
    SubjectGenesis,
    TokenKey,
    Trust,
    VerifierAudit,
    WorkerHead,
    as_decimal,
    decimal,
    statement_bytes,
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
    Policy,
    Source,
    Suite,
)
from counterproof.record._transcript import (
    ATTACKER,
    FAULTS,
    JUDGE,
    TARGET,
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
from counterproof.record._whitebox import (
    Collateral,
    WhiteAttack,
    WhiteBoxReport,
    WhiteDeclared,
    WhiteEdit,
    WhitePoint,
    WhiteTarget,
)
from counterproof.record._words import back_words, filled, normalised, slots_of, translated

__all__ = [
    "ANCHOR_KINDS", "ATTACKER", "EVENT_KINDS", "FAULTS", "JUDGE", "KINDS", "OUTCOMES", "PAYLOAD_TYPE", "PIECE_ROLES",
    "PREDICATE_PREFIX", "PREDICATE_SUFFIX", "ROLES", "STATEMENT_TYPE", "TARGET", "Abandon", "Action", "AnchorKind",
    "Answer", "AnswerStatus", "Arm", "Ask", "Assurance", "Attempt", "Audit", "Bar", "Bars", "Behaviour", "Benign",
    "Brief", "Budget", "Bundle", "Calibration", "CalibrationRow", "Card", "Category", "CategoryResult", "Choice",
    "Claim", "ClaimMark", "ClaimVerdict", "Collateral", "Compares", "ConditionRule", "Continuity", "ContinuityResult",
    "Corpus", "CorpusMark", "Criterion", "Currency", "Curve", "CurvePoint", "Decision", "Dispute", "Entry", "Estimate",
    "Event", "EventKind", "Evidence", "EvidenceKind", "Exemplar", "ExpectedVerdict", "Extrapolation", "FamilyShare",
    "Filter", "Finding", "Form", "GateHead", "GatePolicy", "GateRule", "Generation", "Goal", "Grade", "GradedLeaf",
    "Harness", "Head", "Heads", "Heard", "Interval", "JudgeCalibration", "KeyCompromise", "KeyRotate", "Language",
    "LayerWorth", "LoggedGatePolicy", "LoggedRule", "Lore", "MemoryPolicy", "Message", "Moved", "Named", "NoNumber",
    "NotMeasured", "Number", "Opened", "Opening", "OrderKey", "Outcome", "Part", "PatternRule", "Phrasing", "Piece",
    "PieceRole", "Policy", "Predicate", "Prereg", "Projection", "PromptRule", "Provenance", "Query", "RankRow",
    "RatioSet", "Reading", "Readings", "Record", "Reply", "Report", "Retract", "Role", "RoleName", "RuleStatus",
    "SafetyModel", "Sampled", "Samples", "Selection", "SelectionPolicy", "Sighting", "Source", "Stack", "Statement",
    "Status", "StatusCount", "SubjectGenesis", "Suite", "TargetName", "TargetResult", "Template", "ThresholdRule",
    "TokenKey", "Transcript", "Trust", "Verdict", "VerifierAudit", "WhiteAttack", "WhiteBoxReport", "WhiteDeclared",
    "WhiteEdit", "WhitePoint", "WhiteTarget", "WorkerHead", "as_decimal", "back_words", "canonical_bytes",
    "continuity_of", "decimal", "digest_bytes", "digest_of", "family_of", "filled", "normalised", "reference_of",
    "rounded", "slots_of", "statement_bytes", "translated",
]  # fmt: skip
