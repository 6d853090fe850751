"""What goes through a gate and what comes out: events, what was seen in them, decisions; and the policy they rest on.

`Sighting` and `Answer` are all that a decision depends on besides its policy, and hold no content: who keeps them can
compute the decision again without what was said.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from counterproof.record._canonical import Record

EventKind = Literal["message", "span", "call", "result"]
PieceRole = Literal["system", "user", "assistant", "tool", "unknown"]
Outcome = Literal["allow", "modify", "escalate", "hold", "reject", "terminate"]
Action = Literal["allow", "modify", "escalate", "hold", "reject", "terminate", "signal"]
AnswerStatus = Literal["answered", "timed out", "unreachable", "malformed", "shed", "crashed"]
RuleStatus = Literal["fired", "cleared", "failed", "not asked"]
AnchorKind = Literal["target", "artefact", "argument", "content", "identity"]

EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)
PIECE_ROLES: tuple[PieceRole, ...] = get_args(PieceRole)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""From the mildest to the gravest: of several rules that fire, the gravest outcome is the decision."""
ANCHOR_KINDS: tuple[AnchorKind, ...] = get_args(AnchorKind)


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A text found in an event: whose it is, where it stood (`messages[3].content[0].text`), and whether it is new.

    What an earlier turn said already is not new: it is scanned again, and not counted again.
    """

    text: str
    role: PieceRole = "user"
    where: str = ""
    is_new: bool = True


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is about to happen: a message to a model, a span of its reply, a tool call, a tool's result.

    A reply that is not streamed is one span. `door`: which way it came (`openai.chat`, `anthropic.messages`,
    `mcp.http`, `python`, ...). `tool`: the name of the tool of a call or result. `context`: an opaque name of the
    conversation, `identity`: one of the person or account; both empty where the deployment has none. `unscanned`: what
    could not be read, each `where: why`; never dropped.
    """

    kind: EventKind
    door: str
    pieces: tuple[Piece, ...] = ()
    tool: str = ""
    context: str = ""
    identity: str = ""
    unscanned: tuple[str, ...] = ()
    size_bytes: int = 0


class Readings(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the memory said of an event's anchors once the event was added: each the greatest over the anchors.

    `signal`: sum of the signals of the K highest-signal distinct fragments, decayed. `events`, `contexts`,
    `identities`: how many (sketched) within the window. `fragments`: how many distinct ones are kept. `rarity`: share
    of all events in the window that did *not* touch the anchor. `lift`: how many times the signal is what an anchor
    with such a past leads to expect; 1 for what everybody speaks of every day.
    """

    signal: float = 0.0
    events: float = 0.0
    contexts: float = 0.0
    identities: float = 0.0
    fragments: int = 0
    rarity: float = 1.0
    lift: float = 1.0


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """All that the deterministic tier saw of one event. `settle` decides from this and the answers, and nothing else.

    `hits`: name of a pattern rule, how often. `failed`: rules that could not be evaluated, and what the gate says of
    itself (`gate:fault`, `gate:terminated`). `anchors`: keyed digests (16 hexadecimal digits), first letter of their
    kind before a colon. `weight`: what the event added to their signal. `is_shed`: the gate was too busy to look.
    `context`, `identity`: keyed digests, empty where there is none; `content`: that of the texts that are new.
    """

    kind: EventKind
    door: str
    tool: str = ""
    context: str = ""
    identity: str = ""
    size_bytes: int = 0
    pieces: int = 0
    roles: tuple[PieceRole, ...] = ()
    unscanned: int = 0
    hits: tuple[tuple[str, int], ...] = ()
    failed: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    weight: float = 0.0
    readings: Readings = Readings()
    is_shed: bool = False
    content: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a safety model said of one prompt policy, or how it failed to: a failure is never a label."""

    rule: str
    status: AnswerStatus
    label: str = ""
    took_ms: float = 0.0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to happen with an event, and why.

    `rules`: the rules that led to the outcome, in the order in which they are looked at. `statuses`: of the rules that
    apply to such an event those that fired or failed, and every prompt policy (`cleared`: asked, and answered with a
    label that allows); all others are clear. Names that begin with `gate:` are no rules of the policy:
    `gate:unscanned`, `gate:shed`, `gate:terminated`, `gate:fault`, `gate:unkept`. `reason`: one sentence for whoever is
    refused; no rule's inner working. `receipt`: an opaque name of a decision that was not `allow`, known to who was
    refused alone (the record keeps its digest). `spans`: what `modify` replaces, as (piece, start, end, replacement) in
    code points.
    """

    outcome: Outcome
    rules: tuple[str, ...] = ()
    statuses: tuple[tuple[str, RuleStatus], ...] = ()
    reason: str = ""
    receipt: str = ""
    spans: tuple[tuple[int, int, int, str], ...] = ()


class PatternRule(Record, frozen=True, kw_only=True, tag="patterns", tag_field="kind"):
    """Fires where one of `patterns` (RE2 syntax) is found in a piece of an event of one of the kinds `on`.

    `roles` empty: whoever speaks. Whatever its `action`, a rule that is found adds its `weight` once to the signal of
    the event's anchors; with `signal` it does nothing else. `replacement`: what `modify` puts in a match's place.
    `holds_reply`: a streamed reply is held whole until its end, as a pattern without a longest match needs.
    """

    name: str
    patterns: tuple[str, ...]
    on: tuple[EventKind, ...] = EVENT_KINDS
    roles: tuple[PieceRole, ...] = ()
    action: Action = "reject"
    weight: float = 1.0
    reason: str = ""
    replacement: str = ""
    holds_reply: bool = False
    on_failure: Outcome = "reject"


class ThresholdRule(Record, frozen=True, kw_only=True, tag="threshold", tag_field="kind"):
    """Fires where a number of the event or of the memory (`event.size_bytes`, `memory.signal`, ...) exceeds `above`."""

    name: str
    of: str
    above: float
    on: tuple[EventKind, ...] = EVENT_KINDS
    action: Outcome = "reject"
    reason: str = ""
    on_failure: Outcome = "reject"


class ConditionRule(Record, frozen=True, kw_only=True, tag="condition", tag_field="kind"):
    """Fires where an expression in a subset of CEL holds (spec/gate-policy.md)."""

    name: str
    when: str
    on: tuple[EventKind, ...] = EVENT_KINDS
    action: Outcome = "reject"
    reason: str = ""
    on_failure: Outcome = "reject"


class PromptRule(Record, frozen=True, kw_only=True, tag="prompt", tag_field="kind"):
    """A policy in words, put to a safety model: `labels` says what each of its labels leads to.

    Asked where `asks_when` holds (an expression as in `ConditionRule`; `escalated` is whether a deterministic rule
    escalates). No answer within `deadline_ms`, one that is no label, no model: `on_failure`, which has no default.
    `examples`: rows (text, expected label) that the policy is held against.
    """

    name: str
    text: str
    model: str
    labels: dict[str, Outcome]
    on_failure: Outcome
    deadline_ms: int
    on: tuple[EventKind, ...] = EVENT_KINDS
    asks_when: str = "true"
    reason: str = ""
    examples: tuple[tuple[str, str], ...] = ()


GateRule: TypeAlias = PatternRule | ThresholdRule | ConditionRule | PromptRule


class SafetyModel(Record, frozen=True, kw_only=True):
    """Where prompt policies are put: an OpenAI-compatible address, the model there, the variable that holds the key."""

    endpoint: str
    model: str
    key_env: str = ""
    max_at_once: int = 16


class MemoryPolicy(Record, frozen=True, kw_only=True):
    """How much is remembered across contexts, and for how long. `window_s` 0: nothing.

    `fragments`: K, how many of the highest-signal distinct fragments are kept per anchor. `max_anchors`: beyond it the
    weakest are forgotten. `rotates_s`: how long a key for identities lives.
    """

    window_s: int = 0
    fragments: int = 50
    anchors: tuple[AnchorKind, ...] = ("target", "artefact", "argument", "content")
    max_anchors: int = 100_000
    rotates_s: int = 86_400


class GatePolicy(Record, frozen=True, kw_only=True):
    """What a gate decides by (spec/gate-policy.md): rules in order, what is remembered, what happens to the unreadable.

    `unscanned`: what is decided about an event of a kind of which something could not be read. `examples`: rows
    (kind, text, expected outcome) for all rules together. `says`: what a refused asker of a model is told. `block_as`:
    whether that comes as an HTTP error, as a reply that says a filter ended it, or as one in which the model seems to
    decline of itself. `hold_s`: how long a held event waits for a person.
    """

    format: Literal["counterproof-gate-policy/1"] = "counterproof-gate-policy/1"
    name: str
    rules: tuple[GateRule, ...]
    unscanned: dict[EventKind, Outcome] = {}
    models: dict[str, SafetyModel] = {}
    memory: MemoryPolicy = MemoryPolicy()
    says: str = "This was refused."
    block_as: Literal["reply", "refusal", "error"] = "error"
    hold_s: float = 0.0
    views: tuple[Literal["plain", "folded", "decoded"], ...] = ("plain", "folded")
    examples: tuple[tuple[EventKind, str, Outcome], ...] = ()
