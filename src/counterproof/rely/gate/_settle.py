"""From what was seen and what safety models answered to what is to happen: the decision, and nothing but it.

1. Who was not looked at is refused; so is who was terminated, and where the gate itself failed; so is what could not be
   read, unless the policy says otherwise.
2. Patterns that were found fire; where their engine failed, the rule's own `on_failure` counts.
3. Thresholds and conditions, in the policy's order; each sees what fired before it.
4. Prompt policies: those whose `asks_when` holds need an answer; none in time, or none that is a label: `on_failure`.
5. The gravest outcome is the decision. An escalation is settled once every prompt policy that it called for was
   answered; one that called for none, or that not all answered, is left for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from counterproof import record
from counterproof.record import Answer, Decision, Outcome, RuleStatus, Sighting

GRAVITY: dict[str, int] = {outcome: rank for rank, outcome in enumerate(record.OUTCOMES)}

UNSCANNED = "gate:unscanned"
SHED = "gate:shed"
TERMINATED = "gate:terminated"
FAULT = "gate:fault"

_OWN: dict[str, Outcome] = {TERMINATED: "terminate", FAULT: "reject"}

Holds: TypeAlias = Callable[[Sighting, Collection[str], bool], bool]
"""Whether an expression holds of a sighting, the names that fired so far, and whether something escalates."""


@dataclass(frozen=True, slots=True)
class Check:
    """A threshold or a condition, ready to be evaluated."""

    name: str
    holds: Holds
    action: Outcome
    on_failure: Outcome


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt policy with the expression that says when it is asked."""

    rule: record.PromptRule
    holds: Holds


@dataclass(frozen=True, slots=True)
class Plan:
    """What applies to events of one kind: patterns by name, then checks and prompts in the policy's order."""

    unscanned: Outcome
    patterns: Mapping[str, record.PatternRule]
    checks: tuple[Check, ...]
    prompts: tuple[Prompt, ...]
    reasons: Mapping[str, str]

    def reason_of(self, names: tuple[str, ...]) -> str:
        """What the first of these rules that has a reason tells whoever is refused."""
        return next((self.reasons[n] for n in names if self.reasons.get(n)), "")


class _Tally:
    """Collects what fires; knows the gravest."""

    __slots__ = ("fired", "is_answered", "is_escalated", "is_refused", "outcomes", "statuses")

    def __init__(self) -> None:
        self.fired: set[str] = set()
        self.is_answered = False
        self.is_escalated = False
        self.is_refused = False
        self.outcomes: list[tuple[str, Outcome]] = []
        self.statuses: list[tuple[str, RuleStatus]] = []

    def add(self, name: str, status: RuleStatus, outcome: Outcome) -> None:
        self.statuses.append((name, status))
        if status == "fired":
            self.fired.add(name)
        if outcome != "allow":
            self.outcomes.append((name, outcome))
            self.is_escalated |= outcome == "escalate"
            self.is_refused |= outcome in ("reject", "terminate")


_ALLOWED = Decision(outcome="allow")
_SHED = Decision(outcome="reject", rules=(SHED,), statuses=((SHED, "failed"),))


def settle(plan: Plan, sighting: Sighting, answers: Mapping[str, Answer]) -> Decision:
    """The decision; the same for the same arguments, whoever computes it and whenever."""
    if sighting.is_shed:
        return _SHED
    tally = deterministic(plan, sighting)
    if plan.prompts:
        _settle_prompts(plan.prompts, sighting, tally, answers)
    return _gravest(plan, tally) if tally.statuses else _ALLOWED


def wanted(plan: Plan, sighting: Sighting) -> tuple[record.PromptRule, ...]:
    """The prompt policies that must be asked, lest `settle` counts them as failed.

    None where the outcome is `reject` or worse already: nothing that a model says could make it milder.
    """
    if not plan.prompts or sighting.is_shed:
        return ()
    tally = deterministic(plan, sighting)
    return () if tally.is_refused else tuple(p.rule for p in plan.prompts if _is_wanted(p, sighting, tally))


def deterministic(plan: Plan, sighting: Sighting) -> _Tally:
    """Steps 1 to 3."""
    tally = _Tally()
    if sighting.unscanned:  # step 1
        tally.add(UNSCANNED, "fired", plan.unscanned)
    for name, _ in sighting.hits:  # step 2
        rule = plan.patterns[name]
        tally.add(name, "fired", "allow" if rule.action == "signal" else rule.action)
    for name in sighting.failed:
        tally.add(name, "failed", plan.patterns[name].on_failure if name in plan.patterns else _OWN[name])
    for check in plan.checks:  # step 3
        try:
            holds = check.holds(sighting, tally.fired, tally.is_escalated)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            tally.add(check.name, "failed", check.on_failure)
            continue
        if holds:
            tally.add(check.name, "fired", check.action)
    return tally


def _is_wanted(prompt: Prompt, sighting: Sighting, tally: _Tally) -> bool:
    try:
        return prompt.holds(sighting, tally.fired, tally.is_escalated)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return True  # it then has no answer that counts, or one that does: never a silent pass


def _settle_prompts(
    prompts: tuple[Prompt, ...], sighting: Sighting, tally: _Tally, answers: Mapping[str, Answer]
) -> None:
    """Step 4. Which of them are asked depends on steps 1 to 3 alone, not on what other models said."""
    asked = () if tally.is_refused else tuple(p.rule.name for p in prompts if _is_wanted(p, sighting, tally))
    has_failed = False
    for rule in (p.rule for p in prompts):
        if rule.name not in asked:
            tally.statuses.append((rule.name, "not asked"))
            continue
        answer = answers.get(rule.name)
        outcome = rule.labels.get(answer.label) if answer is not None and answer.status == "answered" else None
        has_failed |= outcome is None
        if outcome is None:
            tally.add(rule.name, "failed", rule.on_failure)
        else:
            tally.add(rule.name, "cleared" if outcome == "allow" else "fired", outcome)
    tally.is_answered = bool(asked) and not has_failed


def _gravest(plan: Plan, tally: _Tally) -> Decision:
    """Step 5."""
    prompts = {p.rule.name for p in plan.prompts}
    counted = [
        (name, outcome)
        for name, outcome in tally.outcomes
        if not (outcome == "escalate" and tally.is_answered and name not in prompts)
    ]
    outcome: Outcome = record.OUTCOMES[max((GRAVITY[o] for _, o in counted), default=0)]
    led = tuple(name for name, o in counted if o == outcome)
    return Decision(outcome=outcome, rules=led, statuses=tuple(tally.statuses), reason=plan.reason_of(led))
