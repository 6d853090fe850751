"""A policy held against its examples: what is counted, what is not, and what is not measured."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import estimate, record
from counterproof.record import ConditionRule, GatePolicy, Interval, NotMeasured, PatternRule, PromptRule, SafetyModel
from counterproof.rely import gate, judge, rehearsal
from counterproof.rely.gate import RatesCell, RuleRates
from counterproof.rely.rehearsal._examples import asked, event
from counterproof.rely.rehearsal._score import Outcome, score
from tests.rely.rehearsal.keyword_model import keyword_model

WORDS = PatternRule(name="words", patterns=("needle",))
EXAMPLES: tuple[tuple[record.EventKind, str, record.Outcome], ...] = (
    ("message", "hay", "allow"), ("message", "a needle of a pine", "allow"), ("message", "needle", "reject"),
    ("message", "pin", "reject"), ("call", 'sew {"with": "needle"}', "reject"),
)  # fmt: skip


def _prompt(endpoint_model: str = "m", **given: object) -> PromptRule:
    said: dict[str, object] = {
        "name": "asked", "text": "Tell A from B.", "model": endpoint_model, "labels": {"A": "allow", "B": "reject"},
        "on_failure": "reject", "deadline_ms": 5_000, "examples": (("all well", "A"), ("bad", "B"), ("broken", "B")),
    }  # fmt: skip
    return PromptRule(**(said | given))  # type: ignore[arg-type]  # fields by name


def _rates(policy: GatePolicy, asker: judge.Judge | None = None) -> gate.Rates:
    async def run() -> gate.Rates:
        try:
            return await rehearsal.rehearse(gate.Rules(policy, b"k" * 32), asker)
        finally:
            if asker is not None:
                await asker.close()

    return asyncio.run(run())


def _interval(found: record.Estimate) -> Interval:
    assert isinstance(found, Interval)
    return found


def test_a_policy_and_its_rules_are_counted() -> None:
    rule = ConditionRule(name="calls", when='event.tool == "sew"', on=("call",), action="hold")
    rates = _rates(GatePolicy(name="p", rules=(WORDS, rule), examples=EXAMPLES))
    whole, words, calls = rates.rules
    assert (whole.allowed, whole.stopped, whole.failed) == (2, 3, 0)
    assert _interval(whole.false_positives).value == 0.5
    assert _interval(whole.recall) == estimate.clustered_rate([True, False, True], ["a", "b", "c"])
    assert _interval(whole.precision).n == 3
    assert whole.matrix == (
        RatesCell(expected="allow", given="allow", count=1, examples=(1,)),
        RatesCell(expected="allow", given="reject", count=1, examples=(2,)),
        RatesCell(expected="reject", given="allow", count=1, examples=(4,)),
        RatesCell(expected="reject", given="reject", count=2, examples=(3, 5)),
    )
    assert (words.kind, words.allowed, words.stopped) == ("patterns", 2, 3)
    assert (calls.kind, calls.allowed, calls.stopped) == ("condition", 0, 1)
    assert isinstance(calls.false_positives, NotMeasured)
    assert calls.best_recall == calls.recall == calls.worst_recall
    assert rates.policy == record.digest_of(GatePolicy(name="p", rules=(WORDS, rule), examples=EXAMPLES))


def test_without_examples_nothing_is_measured() -> None:
    (whole, words) = _rates(GatePolicy(name="p", rules=(WORDS,))).rules
    for each in (whole, words):
        assert isinstance(each.false_positives, NotMeasured)
        assert isinstance(each.worst_recall, NotMeasured)
        assert each.matrix == ()


def test_a_prompt_policy_is_counted_by_its_labels_and_its_failures_apart() -> None:
    with keyword_model(lambda shown: None if "broken" in shown else "B" if "bad" in shown else "A") as address:
        policy = GatePolicy(name="p", rules=(_prompt(),), models={"m": SafetyModel(endpoint=address, model="x")})
        (_, rule) = _rates(policy, judge.Judge(policy.models)).rules
    assert (rule.allowed, rule.stopped, rule.failed) == (1, 2, 1)
    assert _interval(rule.recall).value == 1.0
    assert _interval(rule.recall).n == 1
    assert _interval(rule.worst_recall).value == 0.5
    assert _interval(rule.best_recall).value == 1.0
    assert _interval(rule.best_recall).n == 2
    assert [(cell.expected, cell.given, cell.count) for cell in rule.matrix] == [
        ("A", "A", 1), ("B", "B", 1), ("B", "unreachable", 1),
    ]  # fmt: skip


def test_without_a_model_a_prompt_policy_is_not_measured_and_what_needs_it_has_failed() -> None:
    policy = GatePolicy(
        name="p", rules=(WORDS, _prompt(asks_when="true", on=("message",))), examples=EXAMPLES,
        models={"m": SafetyModel(endpoint="http://127.0.0.1:9", model="x")},
    )  # fmt: skip
    (whole, words, rule) = _rates(policy).rules
    assert isinstance(rule.recall, NotMeasured)
    assert "no model" in rule.recall.reason
    assert whole.failed == 2  # two are refused by the words already, so no model would have been asked
    assert words.failed == 0
    assert "failed" in {cell.given for cell in whole.matrix}


def test_a_prompt_policy_without_examples_is_not_measured() -> None:
    with keyword_model(lambda _: "A") as address:
        policy = GatePolicy(
            name="p", rules=(_prompt(examples=()),), models={"m": SafetyModel(endpoint=address, model="x")}
        )
        (_, rule) = _rates(policy, judge.Judge(policy.models)).rules
    assert isinstance(rule.recall, NotMeasured)
    assert "no examples" in rule.recall.reason


def test_more_examples_than_a_model_takes_at_once_are_all_asked() -> None:
    told: list[tuple[int, int]] = []
    examples = tuple((f"text {number}", "A") for number in range(40))
    with keyword_model(lambda _: "A") as address:
        models = {"m": SafetyModel(endpoint=address, model="x", max_at_once=3)}
        rules = gate.Rules(GatePolicy(name="p", rules=(_prompt(examples=examples),), models=models), b"k" * 32)

        async def run() -> gate.Rates:
            asker = judge.Judge(models)
            try:
                return await rehearsal.rehearse(rules, asker, lambda done, of: told.append((done, of)))
            finally:
                await asker.close()

        rates = asyncio.run(run())
    assert rates.rules[1].failed == 0
    assert told[-1] == (40, 40)


OUTCOMES = st.builds(
    Outcome,
    text=st.text(max_size=2), expected=st.sampled_from("AB"), given=st.sampled_from("AB"), should_stop=st.booleans(),
    is_stopped=st.sampled_from([True, False, None]),
)  # fmt: skip


@given(st.lists(OUTCOMES, max_size=12))
def test_failures_widen_and_never_vanish(outcomes: list[Outcome]) -> None:
    found = score("x", "prompt", outcomes)
    assert found.allowed + found.stopped == len(outcomes)
    assert sum(cell.count for cell in found.matrix) == len(outcomes)
    assert found.failed == sum(each.is_stopped is None for each in outcomes)
    _in_order(found)


def _in_order(found: RuleRates) -> None:
    pairs = ((found.best_false_positives, found.worst_false_positives), (found.worst_recall, found.best_recall))
    for low, high in pairs:
        if isinstance(low, Interval) and isinstance(high, Interval):
            assert low.value <= high.value
            assert low.n == high.n
        else:
            assert type(low) is type(high)


def test_bars_are_held_against_the_ends_of_intervals_with_failures_as_mistakes() -> None:
    rates = _rates(GatePolicy(name="p", rules=(WORDS,), examples=EXAMPLES))
    assert rehearsal.Bars().missed(rates) == ()
    assert rehearsal.Bars(1.0, 0.0).missed(rates) == ()
    upper = _interval(rates.rules[0].worst_false_positives).high
    assert rehearsal.Bars(at_most_fpr=upper).missed(rates) == ()
    (said,) = rehearsal.Bars(at_most_fpr=upper - 0.001).missed(rates)
    assert said.startswith("the policy: false positives may be as many as 0.97")
    (said,) = rehearsal.Bars(at_least_recall=0.9).missed(rates)
    assert "recall may be as little as" in said


def test_what_is_not_measured_misses_every_bar() -> None:
    (said,) = rehearsal.Bars(at_most_fpr=1.0).missed(_rates(GatePolicy(name="p", rules=(WORDS,))))
    assert "not measured" in said


@pytest.mark.parametrize(
    ("text", "tool", "texts"),
    [
        ('sew {"with": "a needle"}', "sew", {"with", "a needle"}), ("sew {with}", "", {"sew {with}"}),
        ("just words", "", {"just words"}), ('["a", "b"]', "", {'["a", "b"]'}),
    ],
)  # fmt: skip
def test_a_call_is_a_name_and_its_arguments(text: str, tool: str, texts: set[str]) -> None:
    made = event("call", text)
    assert made.tool == tool
    assert texts <= {piece.text for piece in made.pieces}
    assert made.kind == "call"


def test_examples_of_a_prompt_policy_come_as_what_it_looks_at() -> None:
    assert asked(_prompt(), "x").kind == "message"
    assert asked(_prompt(on=("span", "call")), "x").kind == "span"
    assert [piece.role for piece in asked(_prompt(on=("result",)), "x").pieces] == ["tool"]
