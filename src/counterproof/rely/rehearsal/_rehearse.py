"""Every example of a policy through the gate's own look and settle, and the rules' own examples before their models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from counterproof import record
from counterproof.record import Answer, ConditionRule, Decision, GateRule, PatternRule, PromptRule, ThresholdRule
from counterproof.rely import gate
from counterproof.rely.judge import Judge
from counterproof.rely.rehearsal._examples import asked, event
from counterproof.rely.rehearsal._score import Outcome, RuleKind, not_measured, score

_KINDS: tuple[tuple[type[GateRule], RuleKind], ...] = (
    (PatternRule, "patterns"), (ThresholdRule, "threshold"), (ConditionRule, "condition"), (PromptRule, "prompt"),
)  # fmt: skip
Progress = Callable[[int, int], None]


async def rehearse(rules: gate.Rules, judge: Judge | None, progress: Progress | None = None) -> gate.Rates:
    """How often a policy and each of its rules are wrong on its examples.

    Each example comes alone, to a gate that remembers nothing. `judge` None: prompt policies are not measured, and
    where one would have been asked the example counts as failed. `progress`: told how many are done, of how many.
    """
    policy = rules.policy
    prompts = [rule for rule in policy.rules if isinstance(rule, PromptRule)]
    count = _Count(len(policy.examples) + sum(len(rule.examples) for rule in prompts), progress)
    places = {name: asyncio.Semaphore(model.max_at_once) for name, model in policy.models.items()}
    asker = _Asker(judge, places)
    decided = await asyncio.gather(*[_decided(rules, asker, kind, text, count) for kind, text, _ in policy.examples])
    labelled = {
        rule.name: await asyncio.gather(*[_labelled(asker, rule, text, count) for text, _ in rule.examples])
        for rule in prompts
        if judge is not None
    }
    return gate.Rates(
        policy=record.digest_of(policy),
        rules=(_whole(policy, decided), *(_of(rule, policy, decided, labelled) for rule in policy.rules)),
    )


class _Count:
    def __init__(self, of: int, progress: Progress | None) -> None:
        self._done, self._of, self._progress = 0, of, progress

    def add(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._of)


class _Asker:
    """A judge that is not asked more at once than its models take."""

    def __init__(self, judge: Judge | None, places: Mapping[str, asyncio.Semaphore]) -> None:
        self._judge, self._places = judge, places

    async def ask(self, rule: PromptRule, about: record.Event) -> Answer:
        if self._judge is None:
            return Answer(rule=rule.name, status="unreachable")
        async with self._places[rule.model]:
            return await self._judge.ask(rule, about)


async def _decided(
    rules: gate.Rules, asker: _Asker, kind: record.EventKind, text: str, count: _Count
) -> tuple[Decision, bool]:
    """What the gate decides about an example, and whether a check failed on the way."""
    about = event(kind, text)
    sighting = rules.look(about, gate.Memory(rules.policy.memory), 0.0)
    answers = await asyncio.gather(*[asker.ask(rule, about) for rule in rules.asks(sighting)])
    decision = rules.settle(sighting, {answer.rule: answer for answer in answers})
    count.add()
    return decision, any(status == "failed" for _, status in decision.statuses)


async def _labelled(asker: _Asker, rule: PromptRule, text: str, count: _Count) -> Answer:
    answer = await asker.ask(rule, asked(rule, text))
    count.add()
    return answer


def _whole(policy: record.GatePolicy, decided: Sequence[tuple[Decision, bool]]) -> gate.RuleRates:
    if not decided:
        return not_measured("", "policy", "the policy has no examples of its own")
    outcomes = [
        Outcome(
            text=text, expected=wanted, should_stop=wanted != "allow",
            given="failed" if has_failed else decision.outcome,
            is_stopped=None if has_failed else decision.outcome != "allow",
        )
        for (_, text, wanted), (decision, has_failed) in zip(policy.examples, decided, strict=True)
    ]  # fmt: skip
    return score("", "policy", outcomes)


def _of(
    rule: GateRule,
    policy: record.GatePolicy,
    decided: Sequence[tuple[Decision, bool]],
    labelled: Mapping[str, Sequence[Answer]],
) -> gate.RuleRates:
    kind: RuleKind = next(word for type_, word in _KINDS if isinstance(rule, type_))
    if isinstance(rule, PromptRule):
        if rule.name not in labelled or not rule.examples:
            why = "it has no examples" if rule.name in labelled else "no model was asked"
            return not_measured(rule.name, kind, why)
        return score(rule.name, kind, _labels(rule, labelled[rule.name]))
    outcomes: list[Outcome] = []
    for (about, text, wanted), (decision, _) in zip(policy.examples, decided, strict=True):
        status = dict(decision.statuses).get(rule.name, "clear")
        if about in rule.on:
            is_stopped = None if status == "failed" else status == "fired"
            outcomes.append(Outcome(text, wanted, status, wanted != "allow", is_stopped))
    if not outcomes:
        return not_measured(rule.name, kind, "the policy has no examples of the kinds it looks at")
    return score(rule.name, kind, outcomes)


def _labels(rule: PromptRule, answers: Sequence[Answer]) -> list[Outcome]:
    out: list[Outcome] = []
    for (text, wanted), answer in zip(rule.examples, answers, strict=True):
        is_label = answer.status == "answered" and answer.label in rule.labels
        out.append(
            Outcome(
                text=text, expected=wanted, given=answer.label if is_label else answer.status,
                should_stop=rule.labels[wanted] != "allow",
                is_stopped=rule.labels[answer.label] != "allow" if is_label else None,
            )
        )  # fmt: skip
    return out
