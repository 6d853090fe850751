"""What follows from what was seen and answered: every path of the decision, and what must hold of all of them."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record
from counterproof.record import Answer, Outcome, PatternRule, PromptRule, Sighting
from counterproof.rely.gate._settle import FAULT, GRAVITY, SHED, TERMINATED, Check, Holds, Plan, Prompt, settle, wanted


def _prompt(name: str = "judge", on_failure: Outcome = "reject", *, when: bool | None = True) -> Prompt:
    rule = PromptRule(
        name=name, text="t", model="m", labels={"GOOD": "allow", "BAD": "reject", "ASK": "escalate"},
        on_failure=on_failure, deadline_ms=10,
    )  # fmt: skip

    return Prompt(rule=rule, holds=lambda _, __, is_escalated: is_escalated if when is None else when)


def _plan(
    *rules: PatternRule, checks: tuple[Check, ...] = (), prompts: tuple[Prompt, ...] = (), unscanned: Outcome = "reject"
) -> Plan:
    return Plan(
        unscanned=unscanned, patterns={r.name: r for r in rules}, checks=checks, prompts=prompts,
        reasons={r.name: r.reason for r in rules},
    )  # fmt: skip


def _raising(error: type[Exception]) -> Holds:
    def holds(*_: object) -> bool:
        raise error

    return holds


def _seen(
    *,
    hits: tuple[tuple[str, int], ...] = (),
    failed: tuple[str, ...] = (),
    unscanned: int = 0,
    is_shed: bool = False,
) -> Sighting:
    return Sighting(kind="call", door="python", hits=hits, failed=failed, unscanned=unscanned, is_shed=is_shed)


def _rule(name: str, action: record.Action, on_failure: Outcome = "reject") -> PatternRule:
    return PatternRule(name=name, patterns=("x",), action=action, on_failure=on_failure, reason=f"because of {name}")


def _says(label: str, rule: str = "judge") -> dict[str, Answer]:
    return {rule: Answer(rule=rule, status="answered", label=label)}


def test_nothing_seen_is_allowed_and_says_nothing() -> None:
    assert settle(_plan(_rule("a", "reject")), _seen(), {}) == record.Decision(outcome="allow")


def test_the_gravest_of_what_fires_decides_and_gives_its_reason() -> None:
    plan = _plan(_rule("mild", "modify"), _rule("grave", "terminate"), _rule("middle", "reject"))

    decision = settle(plan, _seen(hits=(("mild", 1), ("grave", 2), ("middle", 1))), {})

    assert (decision.outcome, decision.rules, decision.reason) == ("terminate", ("grave",), "because of grave")
    assert [s for s in decision.statuses if s[1] == "fired"] == list(decision.statuses)


def test_a_signal_fires_and_decides_nothing() -> None:
    decision = settle(_plan(_rule("s", "signal")), _seen(hits=(("s", 1),)), {})

    assert (decision.outcome, decision.statuses) == ("allow", (("s", "fired"),))


@pytest.mark.parametrize("outcome", ["allow", "reject"])
def test_a_failed_pattern_does_what_it_declares(outcome: Outcome) -> None:
    decision = settle(_plan(_rule("a", "reject", on_failure=outcome)), _seen(failed=("a",)), {})

    assert (decision.outcome, decision.statuses) == (outcome, (("a", "failed"),))


@pytest.mark.parametrize("outcome", ["allow", "reject", "escalate"])
def test_what_could_not_be_read_is_for_the_policy_to_say(outcome: Outcome) -> None:
    assert settle(_plan(unscanned=outcome), _seen(unscanned=1), {}).outcome == outcome


def test_who_was_not_looked_at_is_refused() -> None:
    decision = settle(_plan(), _seen(is_shed=True), {})

    assert (decision.outcome, decision.rules) == ("reject", (SHED,))


def test_a_fault_refuses_and_a_terminated_context_stays_so() -> None:
    assert settle(_plan(), _seen(failed=(FAULT,)), {}).outcome == "reject"
    assert settle(_plan(), _seen(failed=(TERMINATED,)), {}).outcome == "terminate"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, TypeError, ValueError, OverflowError])
def test_an_expression_that_fails_is_not_false(error: type[Exception]) -> None:
    decision = settle(_plan(checks=(Check("c", _raising(error), "allow", "hold"),)), _seen(), {})

    assert (decision.outcome, decision.statuses) == ("hold", (("c", "failed"),))


def test_a_condition_sees_what_fired_before_it() -> None:
    plan = _plan(
        _rule("a", "escalate"),
        checks=(Check("c", lambda _, fired, is_escalated: "a" in fired and is_escalated, "reject", "reject"),),
    )

    assert settle(plan, _seen(hits=(("a", 1),)), {}).outcome == "reject"
    assert settle(plan, _seen(), {}).outcome == "allow"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"judge": Answer(rule="judge", status="timed out")},
        {"judge": Answer(rule="judge", status="timed out", label="GOOD")},
        {"judge": Answer(rule="judge", status="answered", label="UNHEARD")},
        {"judge": Answer(rule="judge", status="malformed", label="GOOD")},
    ],
)
@pytest.mark.parametrize("outcome", ["allow", "reject"])
def test_a_failed_model_is_no_label(answer: dict[str, Answer], outcome: Outcome) -> None:
    decision = settle(_plan(prompts=(_prompt(on_failure=outcome),)), _seen(), answer)

    assert (decision.outcome, decision.statuses) == (outcome, (("judge", "failed"),))


def test_a_label_leads_where_the_policy_says() -> None:
    plan = _plan(prompts=(_prompt(),))

    assert settle(plan, _seen(), _says("GOOD")) == record.Decision(outcome="allow", statuses=(("judge", "cleared"),))
    assert settle(plan, _seen(), _says("BAD")).rules == ("judge",)
    assert settle(plan, _seen(), _says("ASK")).outcome == "escalate"


def test_an_answered_escalation_is_settled_and_a_failed_one_is_not() -> None:
    plan = _plan(_rule("odd", "escalate"), prompts=(_prompt(when=None, on_failure="allow"),))
    odd = _seen(hits=(("odd", 1),))

    assert [rule.name for rule in wanted(plan, odd)] == ["judge"]
    assert settle(plan, odd, _says("GOOD")).outcome == "allow"
    assert settle(plan, odd, _says("BAD")).outcome == "reject"
    assert settle(plan, odd, {}).outcome == "escalate", "the failed model's own outcome is milder than what was odd"
    assert wanted(plan, _seen()) == ()


def test_an_escalation_that_nobody_answers_waits_for_a_person() -> None:
    assert settle(_plan(_rule("odd", "escalate")), _seen(hits=(("odd", 1),)), {}).outcome == "escalate"


def test_no_model_is_asked_about_what_is_refused_already() -> None:
    plan = _plan(_rule("a", "reject"), prompts=(_prompt(on_failure="terminate"),))
    refused = _seen(hits=(("a", 1),))

    assert wanted(plan, refused) == ()
    assert settle(plan, refused, {}).statuses == (("a", "fired"), ("judge", "not asked"))
    assert settle(plan, refused, {}).outcome == "reject"


OUTCOMES = st.sampled_from(record.OUTCOMES)
LABELS = st.sampled_from(["GOOD", "BAD", "ASK", "", "X"])
STATUSES = st.sampled_from(get_args(record.AnswerStatus))


@given(st.data())
def test_whatever_happens_nothing_milder_than_a_rule_that_fired_or_failed(data: st.DataObject) -> None:
    rules = [_rule(f"r{i}", data.draw(OUTCOMES), data.draw(OUTCOMES)) for i in range(3)]
    whens = st.sampled_from([True, False, None])
    prompts = tuple(_prompt(f"p{i}", data.draw(OUTCOMES), when=data.draw(whens)) for i in range(2))
    plan = _plan(*rules, prompts=prompts, unscanned=data.draw(OUTCOMES))
    hit = data.draw(st.lists(st.sampled_from(rules), unique_by=lambda r: r.name))
    lost = [r for r in rules if r not in hit and data.draw(st.booleans())]
    seen = _seen(
        hits=tuple((r.name, 1) for r in hit), failed=tuple(r.name for r in lost), unscanned=data.draw(st.integers(0, 2))
    )
    answers = {
        p.rule.name: Answer(
            rule=p.rule.name,
            status=data.draw(STATUSES),
            label=data.draw(st.sampled_from(["GOOD", "BAD", "ASK", "", "X"])),
        )
        for p in prompts
        if data.draw(st.booleans())
    }

    decision = settle(plan, seen, answers)

    asked = {rule.name for rule in wanted(plan, seen)}
    failed = [
        p.rule for p in prompts
        if p.rule.name in asked
        and ((a := answers.get(p.rule.name)) is None or a.status != "answered" or a.label not in p.rule.labels)
    ]  # fmt: skip
    due = [r.action for r in hit] + [r.on_failure for r in lost] + [r.on_failure for r in failed]
    if seen.unscanned:
        due.append(plan.unscanned)
    due = [o for o in due if o != "escalate"] if asked and not failed else due
    assert all(GRAVITY[decision.outcome] >= GRAVITY[o] for o in due)
    assert {name for name, status in decision.statuses if status == "failed"} == {
        *(r.name for r in lost),
        *(r.name for r in failed),
    }
    assert settle(plan, seen, answers) == decision
