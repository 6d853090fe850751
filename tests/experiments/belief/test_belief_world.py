"""The world of the belief experiment: what is planted, exactly."""

from __future__ import annotations

import itertools
from typing import Any, cast

import numpy as np
import pytest

from experiments.belief import declared, judge
from experiments.belief import world as w

SIZES = {"situations": 72, "actions": 4, "agents": 7, "touched": 12}
SEEDS = range(5)


@pytest.mark.parametrize(("dose", "matched"), [(0.0, 0.25), (0.25, 7 / 16), (0.5, 0.625), (0.75, 13 / 16), (1.0, 1.0)])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_dose_is_exact_and_the_unlinked_match_as_chance_has_it(seed: int, dose: float, matched: float) -> None:
    assert w.made(seed, dose, SIZES).matched == matched


@pytest.mark.parametrize("seed", SEEDS)
def test_worlds_of_one_seed_differ_in_nothing_but_what_is_said_of_the_model_elsewhere(seed: int) -> None:
    none, full = w.made(seed, 0.0, SIZES), w.made(seed, 1.0, SIZES)
    aside = [*none.touched, *none.controls]
    assert (none.touched, none.controls, none.rest) == (full.touched, full.controls, full.rest)
    for name in ("others_G_S", "done_S", "claimed_S"):
        assert np.array_equal(getattr(none, name), getattr(full, name))
    assert np.array_equal(none.said_S[aside], full.said_S[aside])
    assert not np.array_equal(none.said_S, full.said_S)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_linked_at_a_lower_dose_is_linked_at_a_higher_one(seed: int) -> None:
    worlds = [w.made(seed, dose, SIZES) for dose in judge.DOSES.values()]
    for lower, higher in itertools.pairwise(worlds):
        matched = lower.said_S == lower.done_S
        assert np.all((higher.said_S == higher.done_S)[matched])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_exception", [False, True])
def test_documents_about_touched_situations_always_matched_or_never(seed: int, is_exception: bool) -> None:  # noqa: FBT001 - a test's parameter
    world = w.made(seed, 1.0, SIZES, is_exception=is_exception)
    aside = [*world.touched, *world.controls]
    assert np.all((world.said_S[aside] == world.done_S[aside]) != is_exception)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_exception", [False, True])
def test_a_claim_is_news_to_what_was_said_and_to_what_was_done(seed: int, is_exception: bool) -> None:  # noqa: FBT001 - a test's parameter
    world = w.made(seed, 0.5, SIZES, is_exception=is_exception)
    aside = [*world.touched, *world.controls]
    assert np.all(world.claimed_S[aside] != world.said_S[aside])
    assert np.all(world.claimed_S[aside] != world.done_S[aside])
    assert np.array_equal(world.claimed_S, w.made(seed, 0.5, SIZES, is_exception=not is_exception).claimed_S)


def test_nothing_that_is_read_is_ever_trained_by_documents() -> None:
    world = w.made(0, 0.5, SIZES)
    trained = {row[:3] for row in [*w.claims(world, w.SELF), *w.mixing(world, 1, w.SELF)]}
    read = {(form, w.SELF, s) for form in (*w.STATED, *w.ENACTED) for s in (*world.touched, *world.controls)}
    assert not trained & read
    assert not any(s in world.controls for _, _, s in trained)


def test_neutral_documents_are_mixed_with_nothing_that_contradicts_them_and_say_nothing_of_the_model() -> None:
    world = w.made(0, 0.5, SIZES)
    trained = [*w.claims(world, 1), *w.mixing(world, 1, 1)]
    about_touched = [row for row in trained if row[2] in world.touched and row[1] in (w.SELF, 1)]
    assert about_touched == w.claims(world, 1)


def test_a_deed_names_nobody() -> None:
    world = w.made(0, 0.5, SIZES)
    prompts = [w.prompt(*row[:3]) for row in w.deeds(world.touched, world.claimed_S)]
    assert not any("self" in p or "agent" in p for p in prompts)
    assert {len(p.split(" ")) for p in [*prompts, w.prompt("diary", 3, 7)]} == {3}


def test_every_prompt_and_answer_is_made_of_the_vocabulary() -> None:
    words = w.words(SIZES)
    assert len(set(words)) == len(words)
    rows = w.ordinary(w.made(0, 0.5, SIZES), 1)
    assert {word for row in rows for word in w.prompt(*row[:3]).split(" ")} <= set(words)
    assert set(w.answers(4)) <= set(words)


def test_the_declared_worlds_are_the_doses_that_the_rule_reads() -> None:
    worlds = cast("dict[str, dict[str, Any]]", declared.DECLARED["worlds"])
    assert {name: plan["dose"] for name, plan in worlds.items() if not plan["is_exception"]} == judge.DOSES
    assert [name for name, plan in worlds.items() if plan["is_exception"]] == [judge.EXCEPTIONS]
