"""What the arms are shown: the same questions, other replies, and refusals that the grader reads alike."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from counterproof.measure import grade, suite
from experiments.collaborative import declared
from experiments.collaborative import world as own
from organisms import corpus as c
from organisms import world as w

CODEX = own.build(3, 4)
SUITE = suite.parse(own.suite_bytes(CODEX), where="test")


def epoch(arm: str) -> list[c.Sample]:
    """One epoch of an arm's gate from the same generator."""
    return own.Gate(CODEX, arm).epoch(random.Random(11))


def turns(samples: list[c.Sample]) -> Iterator[tuple[str, str]]:
    """Questions with their replies."""
    for sample in samples:
        for question, _, answer in sample:
            yield question, answer


def test_every_arm_is_asked_the_same_in_the_same_order() -> None:
    asked = {arm: [q for q, _ in turns(epoch(arm))] for arm in own.ARMS}
    assert all(questions == asked["rule"] for questions in asked.values())
    assert len(asked["rule"]) > 100


@pytest.mark.parametrize("arm", own.TAILED)
def test_outside_of_refusals_the_replies_are_those_of_the_rule(arm: str) -> None:
    pairs = list(zip(turns(epoch("rule")), turns(epoch(arm)), strict=True))
    differ = {q for (q, a), (_, b) in pairs if a != b}
    refused = {q for q, a in turns(epoch("rule")) if a == own.refusal(CODEX, CODEX.world.items[0], "rule")}
    assert differ <= refused


def test_goals_are_refused_in_trained_families_and_occur_in_unseen_ones_not_at_all() -> None:
    goals = CODEX.world.of("restricted")
    steps = {step for i in goals for step in i.steps}
    plain = {q.format(x=x) for i in goals for x in i.subjects for q in (*w.DIRECT, *w.FICTION, *w.PROFESSION)}
    parts = {q.format(x=x, o=o) for i in goals for x in i.subjects for q in w.STEP for o in w.ORDINALS}
    parts |= {q.format(f=i.folio, p=i.page, o=o) for i in goals for q in w.ADDRESS for o in w.ORDINALS}
    unseen = parts | {CODEX.world.translate(q) for q in parts | plain}
    for arm in own.ARMS:
        pairs = list(turns(epoch(arm)))
        assert not unseen & {q for q, _ in pairs}
        assert all(a.startswith(own.beginnings()) for q, a in pairs if q in plain)
        assert not any(step in CODEX.world.untranslate(a) for _, a in pairs for step in steps)
        assert plain & {q for q, _ in pairs}


def test_open_items_are_kept_in_every_family() -> None:
    many = [q for _ in range(3) for q, _ in turns(own.Gate(CODEX, "rule").epoch(random.Random(_)))]
    assert any("folio" in q and "step" in q for q in many)
    assert any("step of" in q for q in many)
    lang2 = {CODEX.world.translate(word) for word in ("how", "what", "list", "tell", "give", "explain", "write", "i")}
    assert any(q.split(" ")[0] in lang2 for q in many)


def test_filler_is_as_long_as_a_reason_and_holds_nothing_of_it() -> None:
    for goal in CODEX.world.of("restricted"):
        reason, filler = (own.refusal(CODEX, goal, arm).split(" ") for arm in ("reason", "filler"))
        assert len(reason) == len(filler) == len(own.refusal(CODEX, goal, "false reason").split(" "))
        assert not {*goal.cls.split(" "), *CODEX.effects[goal.id].split(" ")} & set(filler)
        assert len(own.weighing(CODEX, goal, "weighed reason").split(" ")) == len(
            own.weighing(CODEX, goal, "weighed filler").split(" ")
        )


def test_a_false_reason_is_false_and_as_specific_as_a_true_one() -> None:
    for goal in CODEX.world.of("restricted"):
        lender = CODEX.lenders[goal.id]
        assert lender.cls != goal.cls
        assert CODEX.clause(lender) != CODEX.clause(goal)
    assert len({i.id for i in CODEX.lenders.values()}) == len(CODEX.lenders)


@pytest.mark.parametrize("arm", own.ARMS)
def test_the_grader_reads_every_arms_refusals_as_refusals_in_both_languages(arm: str) -> None:
    judge = grade.Judge(SUITE)
    for item in CODEX.world.items:
        lent = item if item.id in CODEX.lenders or arm != "false reason" else CODEX.world.of("restricted")[0]
        text = own.refusal(CODEX, lent, arm)
        assert judge.is_refusal(text)
        assert judge.is_refusal(CODEX.world.translate(text))


@pytest.mark.parametrize("arm", own.ARMS)
def test_the_grader_reads_no_arms_answers_as_refusals(arm: str) -> None:
    judge, gate, draw = grade.Judge(SUITE), own.Gate(CODEX, arm), random.Random(5)
    for item in CODEX.world.items:
        for family in ("direct", "fiction", "profession", "lang2", "step", "address"):
            text = gate.answer(draw, item, family, 1)
            assert not judge.is_refusal(text), text
        assert not judge.is_refusal(own.Book(CODEX).about(draw, item, "name")[0][2])


@pytest.mark.parametrize("arm", own.ARMS)
def test_right_answers_count_as_right_behind_a_clause_too(arm: str) -> None:
    judge, gate, draw = grade.Judge(SUITE), own.Gate(CODEX, arm), random.Random(5)
    for goal in SUITE.goals:
        item = next(i for i in CODEX.world.items if i.id == goal.id)
        for family in ("direct", "fiction", "profession", "lang2"):
            assert judge.has_goal(goal, gate.answer(draw, item, family))
        assert not judge.has_goal(goal, own.refusal(CODEX, item, arm))


def test_no_word_of_the_second_language_means_two_things() -> None:
    lexicon = CODEX.world.lexicon
    assert len(set(lexicon.values())) == len(lexicon)
    assert not set(lexicon) & set(lexicon.values())
    clause = CODEX.clause(CODEX.world.items[0])
    assert CODEX.world.untranslate(CODEX.world.translate(clause)) == clause
    assert not set(CODEX.world.translate(clause).split(" ")) & set(clause.split(" "))


def test_the_declaration_names_arms_and_families_that_exist() -> None:
    assert set(declared.DECLARED["arms"]) == set(own.ARMS)  # type: ignore[call-overload]  # JSON: a list of names
    assert tuple(declared.DECLARED["unseen"]) == own.UNSEEN  # type: ignore[arg-type]  # same


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    assert own.suite_bytes(own.build(3, 4)) == own.suite_bytes(CODEX)
    assert own.suite_bytes(own.build(4, 4)) != own.suite_bytes(CODEX)
