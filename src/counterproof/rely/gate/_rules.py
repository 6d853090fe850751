"""A policy made ready: what it takes to look at an event, and to settle what happens to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from counterproof import record
from counterproof.errors import BadGate
from counterproof.record import (
    EVENT_KINDS,
    Answer,
    ConditionRule,
    Decision,
    Event,
    EventKind,
    GatePolicy,
    PatternRule,
    PromptRule,
    Sighting,
    ThresholdRule,
)
from counterproof.rely.gate._anchors import Anchors
from counterproof.rely.gate._condition import condition, threshold
from counterproof.rely.gate._hold import HoldbackPlan
from counterproof.rely.gate._memory import Memory
from counterproof.rely.gate._patterns import Match, Patterns
from counterproof.rely.gate._rules_parts import apart, is_made, rows, spliced
from counterproof.rely.gate._settle import Check, Plan, Prompt, settle, wanted

MAX_FRAGMENT_CHARS = 2_000
"""How much of an event's new text the memory may keep for a judge."""

MAX_TOOL_CHARS = 128
"""The longest name of a tool that is kept as it was called (tools have names of 1 to 128 characters: MCP, Tools)."""

_DIGEST_BYTES = 8


class Rules:
    """What a policy makes of events. `key`: 16 to 64 secret bytes of the deployment, for every digest of content.

    `holdback`: what of a streamed reply must stay until it is decided on. One caller at a time: the pattern engine has
    one scratch space.

    Raises:
        BadGate: a rule cannot be used; the policy is refused whole.
        MissingExtra: it has patterns, and no engine for them is installed.
    """

    def __init__(self, policy: GatePolicy, key: bytes) -> None:
        if not 16 <= len(key) <= 64:
            raise BadGate("the secret of a gate has 16 to 64 bytes", where="secret", mend="make one of 32 random bytes")
        self.policy = policy
        self.digest = record.digest_of(policy)
        self._patterns = tuple(rule for rule in policy.rules if isinstance(rule, PatternRule))
        self._engine = Patterns(self._patterns, policy.views)
        self.holdback = HoldbackPlan(self._patterns, policy.views)
        self._plans = {kind: plan_of(policy, kind) for kind in EVENT_KINDS}
        self._anchors = Anchors(policy.memory, key)
        self._key = hashlib.blake2b(key, digest_size=32, person=b"gate content").digest()

    def look(self, event: Event, memory: Memory, now_s: float) -> Sighting:
        """What the deterministic tier sees in an event; the memory then holds it, and its readings count it.

        The cost hangs on the event's size, not on how many came before it.
        """
        pieces = event.pieces
        plan = self._plans[event.kind]
        matches, failed = self._found(plan, event)
        counts: dict[int, int] = {}
        for match in matches:
            counts[match.rule] = counts.get(match.rule, 0) + 1
        new = [match for match in matches if pieces[match.text].is_new]
        weight = float(sum(self._patterns[rule].weight for rule in {match.rule for match in new}))
        named = [pieces[match.text].text[match.start : match.end] for match in new]
        content = self._content(event)
        context = self._named(b"c", event.context) if event.context else ""
        identity = self._identity(event.identity, now_s) if event.identity else ""
        anchors = self._anchors.of(event, now_s, named)
        if context:
            anchors = memory.joined(anchors, context, is_asked=event.kind in ("message", "call"))
        text = _fragment(event) if weight else ""
        readings = memory.add(anchors, weight, context, identity, content, now_s, text)
        is_named = is_tool_name(event.tool)
        hits = tuple([(self._patterns[rule].name, n) for rule, n in sorted(counts.items())])
        return Sighting(
            kind=event.kind, door=event.door, tool=event.tool if is_named else self._named(b"t", event.tool),
            context=context, identity=identity,
            size_bytes=event.size_bytes, pieces=len(pieces), roles=tuple(dict.fromkeys([p.role for p in pieces])),
            unscanned=len(event.unscanned) + (not is_named), hits=hits,
            failed=failed, anchors=anchors, weight=weight, readings=readings, content=content,
        )  # fmt: skip

    def asks(self, sighting: Sighting) -> tuple[PromptRule, ...]:
        """The prompt policies that must be asked, lest `settle` counts them as failed."""
        return wanted(self._plans[sighting.kind], sighting)

    def settle(self, sighting: Sighting, answers: Mapping[str, Answer]) -> Decision:
        """What is to happen: a function of the policy, the sighting and the answers (by rule) alone."""
        return settle(self._plans[sighting.kind], sighting, answers)

    def modified(self, decision: Decision, event: Event) -> Decision:
        """The decision with what is to be replaced; matches that overlap are replaced together.

        Nothing found to replace: the event is refused, for it must not pass as it is. So is one in which something is
        found only once a match is replaced, half of it on either side.
        """
        leads = {i: r for i, r in enumerate(self._patterns) if r.name in decision.rules and r.action == "modify"}
        found, _ = self._found(self._plans[event.kind], event)
        spans: list[tuple[int, int, int, str]] = []
        for rule, piece, start, end in sorted(found, key=lambda m: (m[1], m[2], -m[3])):
            if rule not in leads:
                continue
            if spans and spans[-1][0] == piece and start < spans[-1][2]:
                spans[-1] = (piece, spans[-1][1], max(end, spans[-1][2]), spans[-1][3])
            else:
                spans.append((piece, start, end, leads[rule].replacement))
        if not spans or self._makes_a_match(event, spans, found):
            return msgspec.structs.replace(decision, outcome="reject", spans=())
        return msgspec.structs.replace(decision, spans=tuple(spans))

    def _makes_a_match(self, event: Event, spans: Sequence[tuple[int, int, int, str]], was: Sequence[Match]) -> bool:
        """Whether something is found that is neither in the event nor in a replacement, but in both together."""
        pieces, places = list(event.pieces), dict[int, list[tuple[int, int]]]()
        for at in dict.fromkeys(at for at, *_ in spans):
            cuts = [(start, end, new) for piece, start, end, new in spans if piece == at]
            text, places[at] = spliced(pieces[at].text, cuts)
            pieces[at] = msgspec.structs.replace(pieces[at], text=text)
        found, _ = self._found(self._plans[event.kind], msgspec.structs.replace(event, pieces=tuple(pieces)))
        fired = {match.rule for match in was if self._patterns[match.rule].action != "modify"}
        noted = {at for at, rule in enumerate(self._patterns) if rule.action in ("allow", "signal")}
        return any(
            match.rule not in noted
            and is_made(match.start, match.end, places.get(match.text, ()), is_new=match.rule not in fired)
            for match in found
        )

    def _found(self, plan: Plan, event: Event) -> tuple[Sequence[Match], tuple[str, ...]]:
        """The matches of rules that apply here, and the rules of which nobody knows whether they would match."""
        rules, pieces = self._patterns, event.pieces
        if not plan.patterns or not pieces:
            return (), ()
        together = rows(pieces)

        def applies(rule: int, text: int) -> bool:
            found, piece = rules[rule], text if text < len(pieces) else together[text - len(pieces)].pieces[0]
            return found.name in plan.patterns and (not found.roles or pieces[piece].role in found.roles)

        try:
            found = self._engine.find([*(p.text for p in pieces), *(row.text for row in together)], applies)
        except BadGate:
            return (), tuple(plan.patterns)
        spans = tuple(apart(found.spans, len(pieces), together)) if together else found.spans
        if not found.is_partial:
            return spans, ()
        heard = {rules[match.rule].name for match in spans}
        return spans, tuple(name for name in plan.patterns if name not in heard)

    def _content(self, event: Event) -> str:
        """Keyed: who does not have the key cannot try out what was said. Cut short: so that nothing can be appended."""
        new = "\x00".join([p.text for p in event.pieces if p.is_new])
        return hashlib.sha256(self._key + new.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _named(self, kind: bytes, name: str) -> str:
        data = name.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=_DIGEST_BYTES, key=self._key, person=kind).hexdigest()

    def _identity(self, identity: str, now_s: float) -> str:
        """Under a key that rotates: the same person has another name in the next period."""
        return self._named(b"i", f"{int(now_s // self.policy.memory.rotates_s)} {identity}")


def is_tool_name(text: str) -> bool:
    """Whether a tool can be called so. Who calls it chooses the name: what is none would be a text in the record."""
    return len(text) <= MAX_TOOL_CHARS and text.isprintable()


def _fragment(event: Event) -> str:
    """The beginning of what is new."""
    return "\n".join([p.text for p in event.pieces if p.is_new])[:MAX_FRAGMENT_CHARS]


def plan_of(policy: GatePolicy, kind: EventKind) -> Plan:
    """What applies to events of a kind. What could not be read is refused where the policy does not say."""
    rules = [rule for rule in policy.rules if kind in rule.on]
    names = tuple(rule.name for rule in policy.rules)
    checks = [
        Check(r.name, condition(r.when, names, where=r.name), r.action, r.on_failure)
        if isinstance(r, ConditionRule)
        else Check(r.name, threshold(r.of, r.above, where=r.name), r.action, r.on_failure)
        for r in rules
        if isinstance(r, ConditionRule | ThresholdRule)
    ]
    return Plan(
        unscanned=policy.unscanned.get(kind, "reject"),
        patterns={r.name: r for r in rules if isinstance(r, PatternRule)},
        checks=tuple(checks),
        prompts=tuple(
            Prompt(r, condition(r.asks_when, names, where=r.name)) for r in rules if isinstance(r, PromptRule)
        ),
        reasons={r.name: r.reason for r in rules},
    )
