"""What is signed and logged: in-toto statements whose predicates are these, one record per kind of entry.

Every number that is not a count is a *decimal string* (`decimal`): a signed text must not hang on how a reader rounds.
Keys are verifier keys in the text form of C2SP signed-note, `name+hash+base64`. An entry is named by the digest of its
bytes as they lie in the log (`sha256:...`), so an entry can only point back.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, cast, get_args

import msgspec

from counterproof.record._canonical import Record
from counterproof.record._gate import Action, Outcome

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_PREFIX, PREDICATE_SUFFIX = "urn:counterproof:", ":1"

_DECIMAL = re.compile(r"(?:0|-?(?:0\.[0-9]{0,17}[1-9]|[1-9][0-9]{0,17}(?:\.[0-9]{0,17}[1-9])?))", re.ASCII)
_PLACES = Decimal("0.000001")


def decimal(value: float) -> str:
    """Six decimals at most, no exponent, no trailing zero, no negative zero: the only form that `as_decimal` takes.

    Raises:
        ValueError: the number is not finite, or has more than 18 digits before the point.
    """
    if not abs(value) < 1e18:
        raise ValueError(f"{value} has no form as a decimal string")
    text = f"{Decimal(repr(float(value))).quantize(_PLACES):f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0", "-") else text


def as_decimal(text: str) -> Decimal:
    """The number that a decimal string states.

    Raises:
        ValueError: the text is not the one form of a number: sign, no leading or trailing zero, at most 18 digits on
            either side of the point.
    """
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no decimal string")
    return Decimal(text)


RoleName = Literal["log", "witness", "evaluator", "lab", "relying", "monitor", "mirror"]
ROLES: tuple[RoleName, ...] = get_args(RoleName)
"""What governance may let a key do."""


class Named(Record, frozen=True, kw_only=True):
    """A thing that a statement speaks of, as in-toto's ResourceDescriptor: a name and `{"sha256": hex}`."""

    name: str
    digest: dict[str, str]


class Number(Record, frozen=True, kw_only=True, tag="interval", tag_field="kind"):
    """An estimate in decimal strings. `value` and `high` are empty where they are infinite or undefined."""

    name: str
    value: str
    low: str
    high: str
    level: str
    n: int
    clusters: int
    method: str


class NoNumber(Record, frozen=True, kw_only=True, tag="not measured", tag_field="kind"):
    """Nothing was measured under this name, and why."""

    name: str
    reason: str


class Criterion(Record, frozen=True, kw_only=True):
    """What was declared before the run and whether it was met; `passed` is empty where the metric was not measured."""

    metric: str
    comparator: Literal["at least", "at most"]
    threshold: str
    passed: Literal["yes", "no", ""]


class SubjectGenesis(Record, frozen=True, kw_only=True):
    """A chain begins: signed by the lab with one of `keys`. The digest of this entry is the subject's id.

    `next_keys`: digest of the keys that may take over (pre-rotation): `sha256:` over their sorted text forms, each with
    a line feed. `commitments`: fact of training to salted digest. No digest of weights: they are not the identity.
    """

    lab: str
    subject: str
    keys: tuple[str, ...]
    next_keys: str
    commitments: dict[str, str]
    categories: tuple[str, ...]


class Generation(Record, frozen=True, kw_only=True):
    """A new generation: signed by a key in force and, where `keys` differ from those, by each of `keys` too.

    `previous`: digest of the genesis (number 1) or of the generation before. `keys` MUST be those whose digest the
    entry before committed to, or the same as before; `next_keys` commits to the ones after.
    """

    subject: str
    number: int
    previous: str
    keys: tuple[str, ...]
    next_keys: str
    changed: str
    commitments: dict[str, str]
    target: str = ""
    model_signing: str = ""


class Continuity(Record, frozen=True, kw_only=True):
    """A two-sample test of behaviour between two generations, or between what was evaluated and what is served.

    `before` and `after`: digests of `generation` (or genesis) entries; equal where the same generation is compared as
    evaluated and as served. `asked`: digest of the questions. `n`: replies on the smaller side. `statistic` is the
    distance, `p` how often one system's replies lie as far apart; verdict `same` needs p above `level`, `drifted` the
    distance below `break_at` (docs/continuity.md).
    """

    subject: str
    before: str
    after: str
    compares: Literal["generations", "evaluated and served"]
    test: str
    asked: str
    statistic: str
    p: str
    level: str
    break_at: str
    n: int
    questions: int
    verdict: Literal["same", "drifted", "break"]


class Prereg(Record, frozen=True, kw_only=True):
    """What will be measured and by which bars, said before. A `behaviour` or an `abandon` MUST close it by `closes_by`.

    `closes_by`: `YYYY-MM-DDThh:mm:ssZ`. `opens`: how many graded transcripts will be opened, chosen by `beacon`, a
    public value that is not known yet when the *result* is logged (source and round): whoever knew it could try salts
    until it chose what suits.
    """

    evaluator: str
    subject: str
    generation: str
    categories: tuple[str, ...]
    instrument: str
    suite: str
    budget: str
    seed: int
    criteria: dict[str, str]
    opens: int
    beacon: str
    closes_by: str


class Behaviour(Record, frozen=True, kw_only=True):
    """What one evaluator measured of one subject in one category.

    `evaluator`, `lab` are organisations. `seq` counts from 0 per (evaluator, subject, category) and `prev` is the
    digest of the entry before in that series, empty at 0: what was left out leaves a hole. `target`: digest of what
    answered; `suite`: digest of what was asked; `transcripts`: Merkle root (RFC 9162, section 2.1.1), hexadecimal, over
    the `count` graded transcripts of this category, each a `GradedLeaf`.
    """

    evaluator: str
    subject: str
    generation: str
    category: str
    prereg: str
    seq: int
    prev: str
    instrument: str
    grader: str
    report: str
    target: str
    suite: str
    budget: str
    seed: int
    version: str
    numbers: tuple[Number | NoNumber, ...]
    criteria: tuple[Criterion, ...]
    verdict: str
    count: int
    transcripts: str
    categories: int
    assurance: Literal["self_attested", "third_party", "reproduced"]


class Claim(Record, frozen=True, kw_only=True):
    """What a published document says, word for word.

    `document`: digest of its bytes; `locator`: where in it. `property` is an estimand's letter (docs/estimands.md);
    `conditions`: what the claim says of how it was obtained (`suite`, `budget`, `target`, `instrument`, `asker`).
    `reading`: how words were read as `threshold`, where the quote does not write that number (spec/card.md).
    """

    subject: str
    claimant: str
    document: str
    locator: str
    quote: str
    property: str
    category: str
    direction: Literal["at least", "at most"]
    threshold: str
    conditions: dict[str, str]
    reading: str = ""


class Abandon(Record, frozen=True, kw_only=True):
    """Closes a preregistration without a result, and says why."""

    evaluator: str
    prereg: str
    reason: str


class Dispute(Record, frozen=True, kw_only=True):
    """Any registered party contests an entry; `evidence` is a digest, or empty."""

    organisation: str
    entry: str
    reason: str
    evidence: str


class Retract(Record, frozen=True, kw_only=True):
    """The signer of an entry no longer stands by it. Deletes nothing."""

    organisation: str
    entry: str
    reason: str


class KeyRotate(Record, frozen=True, kw_only=True):
    """`old` gives way to `new` from this entry's index on; signed by both. `new` MUST match `old`'s `next_key`.

    `next_key`: digest (as of one key in `SubjectGenesis.next_keys`) of the key after `new`.
    """

    organisation: str
    old: str
    new: str
    next_key: str


class KeyCompromise(Record, frozen=True, kw_only=True):
    """From this entry's index on nothing signed by `key` counts; signed by governance, or by the key itself."""

    organisation: str
    key: str
    reason: str


class Role(Record, frozen=True, kw_only=True):
    """Governance says which organisation a key belongs to and what it may do.

    `conflicts`: organisations whose systems it may not judge; `relies_on`: ids of subjects it uses itself, which it may
    not judge either. `next_key`: digest of the key that may take over, as in `KeyRotate`.
    """

    key: str
    role: RoleName
    organisation: str
    conflicts: tuple[str, ...]
    relies_on: tuple[str, ...]
    next_key: str


class VerifierAudit(Record, frozen=True, kw_only=True):
    """Who verifies the verifiers: tasks with planted truth, and repeats of what an evaluator measured."""

    auditor: str
    evaluator: str
    planted: int
    planted_right: int
    repeated: int
    repeated_agreeing: int
    evidence: str


class Heads(Record, frozen=True, kw_only=True):
    """The log's own summary of the entries below index `size`: the latest `behaviour` of every series.

    `root`: Merkle root, hexadecimal, over the canonical bytes of `Head`s, sorted.
    """

    origin: str
    size: int
    count: int
    root: str


class Head(Record, frozen=True, kw_only=True):
    """The latest entry of one series. No entry of its own: a leaf of the tree under `Heads.root`."""

    subject: str
    category: str
    evaluator: str
    seq: int
    index: int
    entry: str


class TokenKey(Record, frozen=True, kw_only=True):
    """The one key with which an issuer signs tokens from `starts` to `ends` (spec/token.md): signed by the issuer.

    `issuer`: its host, as a challenge names it; `origins`: where its tokens are taken. `key`: base64 of the DER that
    RFC 9578, section 6.5, prescribes. Times as in `Prereg.closes_by`. An issuer MUST NOT log two keys of one epoch, or
    of times that overlap.
    """

    organisation: str
    issuer: str
    origins: tuple[str, ...]
    epoch: str
    key: str
    starts: str
    ends: str


class LoggedRule(Record, frozen=True, kw_only=True):
    """One rule of a gate's policy, as far as it is logged: what it is, what it does, and what happens where it fails.

    `action`: what it leads to (`signal`: nothing by itself), of a prompt policy the gravest that a label leads to.
    `above`: what a threshold lies at, empty for any other rule.
    """

    name: str
    rule: Literal["patterns", "threshold", "condition", "prompt"]
    action: Action
    on_failure: Outcome
    above: str


class LoggedGatePolicy(Record, frozen=True, kw_only=True):
    """A policy that a gate decides by: a `gate-policy` (`GatePolicy` is the policy itself, whose digest is `policy`).

    `rules`: at most 64, those whose failure is taken most lightly first, then as in the policy; `count`: how many there
    are. `fails`: of all of them, how many lead to each outcome where they fail, as `OUTCOME` to a decimal string.
    `unscanned`: what is decided where something could not be read, by kind of event. `numbers`: error rates measured
    for exactly these rules, or why there are none.
    """

    organisation: str
    gate: str
    policy: str
    count: int
    rules: tuple[LoggedRule, ...]
    fails: dict[str, str]
    unscanned: dict[str, str]
    numbers: tuple[Number | NoNumber, ...]
    version: str


class WorkerHead(Record, frozen=True, kw_only=True):
    """Where the chain of one of a gate's workers stood: how many records, and the hash after the last of them."""

    worker: str
    n: int
    hash: str


class GateHead(Record, frozen=True, kw_only=True):
    """What a gate did up to `ends`, all its workers together (spec/gate-trail.md). Counts are from the first record on.

    `seq` counts from 0 per (organisation, gate) and `prev` is the digest of the entry before in that series, empty at
    0. `policies`: digests of those that were in force since the head before. `allowed` to `terminated`: decisions by
    outcome; `timeouts`: prompt policies without an answer in time; `failures`: rules that could not be evaluated;
    `upheld`, `denied`: verdicts on appeals.
    """

    organisation: str
    gate: str
    seq: int
    prev: str
    starts: str
    ends: str
    workers: tuple[WorkerHead, ...]
    policies: tuple[str, ...]
    allowed: int
    modified: int
    escalated: int
    held: int
    rejected: int
    terminated: int
    overrides: int
    sheds: int
    timeouts: int
    failures: int
    faults: int
    appeals: int
    upheld: int
    denied: int


Predicate = (
    SubjectGenesis | Generation | Continuity | Prereg | Behaviour | Claim | Abandon | Dispute | Retract | KeyRotate
    | KeyCompromise | Role | VerifierAudit | Heads | TokenKey | LoggedGatePolicy | GateHead
)  # fmt: skip


def _kind(predicate: type[Record]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", predicate.__name__.removeprefix("Logged")).lower()


KINDS: dict[str, type[Predicate]] = {
    _kind(kind): kind for kind in cast("tuple[type[Predicate], ...]", get_args(Predicate))
}
"""`subject-genesis`, `behaviour`, ...: the name in the predicate's URI, and its record."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed: of what (`subject`, at least one), of which kind, and what is said.

    No `Record`: its byte form is `statement_bytes`, and `chain.read_statement` alone reads it.
    """

    subject: tuple[Named, ...]
    predicate: Predicate

    @property
    def kind(self) -> str:
        """The kind of entry, a key of `KINDS`."""
        return _kind(type(self.predicate))


def statement_bytes(statement: Statement) -> bytes:
    """The one byte form of an in-toto Statement v1 (in-toto Attestation Framework, spec/v1/statement.md)."""
    said = msgspec.to_builtins(statement)
    uri = PREDICATE_PREFIX + statement.kind + PREDICATE_SUFFIX
    return msgspec.json.encode(
        {"_type": STATEMENT_TYPE, "predicate": said["predicate"], "predicateType": uri, "subject": said["subject"]},
        order="sorted",
    )


class GradedLeaf(Record, frozen=True, kw_only=True):
    """One leaf of `Behaviour.transcripts`: a grade, and a commitment to the transcript that can be opened later.

    `transcript`: `sha256:` over the 32 bytes of `salt` (hexadecimal here) and the transcript's canonical bytes. `grade`
    is the canonical JSON of a `Grade`, as text.
    """

    grade: str
    salt: str
    transcript: str


class Trust(Record, frozen=True, kw_only=True):
    """What a relying party takes on trust: logs, witnesses and their quorum, governance keys, and how old is too old.

    `policy`: text of a C2SP tlog-policy. `governance`: keys of which `governance_needed` must sign a `role`.
    `max_age_s`: oldest acceptable cosignature, 0 for any. `organisations_needed`: independent evaluators.
    """

    format: Literal["counterproof-trust/1"] = "counterproof-trust/1"
    policy: str
    governance: tuple[str, ...]
    governance_needed: int = 1
    max_age_s: int = 0
    organisations_needed: int = 1


class Entry(Record, frozen=True, kw_only=True):
    """A logged entry with its receipt: `envelope` is the leaf's text (DSSE), `receipt` a C2SP tlog-proof."""

    envelope: str
    receipt: str


class Opened(Record, frozen=True, kw_only=True):
    """One opened leaf of a `behaviour`'s tree: its canonical text, its place and its inclusion proof (base64 hashes).

    `transcript`: canonical JSON of the transcript, or empty where only the grade is opened.
    """

    index: int
    leaf: str
    proof: tuple[str, ...]
    transcript: str = ""


class Bundle(Record, frozen=True, kw_only=True):
    """All that is needed to check one statement offline; `support`: entries it rests on (roles, genesis, prereg)."""

    format: Literal["counterproof-bundle/1"] = "counterproof-bundle/1"
    entry: Entry
    support: tuple[Entry, ...]
    opened: tuple[Opened, ...] = ()
