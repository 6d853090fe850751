"""The worlds, the readings, and what every arm must become if training did nothing but its reward's bidding."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from experiments import protocol
from experiments.truth_seeking import closed, readings
from experiments.truth_seeking import declared as _declared
from experiments.truth_seeking import judge as _judge
from experiments.truth_seeking import world as _world

Json = dict[str, object]
DECLARED = cast("Json", protocol.rounded({**_declared.DECLARED, "arms": list(_declared.ARMS)}))
Asked = tuple[_world.Items, _world.Prompts]
Tables = dict[str, dict[str, readings.Cells]]
HALVES = ("trained", "held_out")


@pytest.fixture(scope="module")
def asked_of() -> Asked:
    world = _world.items(3, DECLARED)
    return world, _world.prompts(world, DECLARED)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return _judge.tabled(3, DECLARED)


def at(tables: Tables, arm: str, name: str, half: str = "held_out") -> float:
    found = tables[arm][half][name]
    assert found is not None
    return found


# -- the world -------------------------------------------------------------------------------------------------------


def test_the_halves_are_built_alike(asked_of: Asked) -> None:
    world, _ = asked_of
    for kind in range(len(_world.KINDS)):
        for cited in range(3):
            is_so = (world.kind_I == kind) & ((world.cited_I_2 != _world.NONE).sum(axis=1) == cited)
            assert (is_so & world.is_trained_I).sum() == (is_so & ~world.is_trained_I).sum()


def test_contested_is_two_cited_colours_and_the_first_is_right_on_half(asked_of: Asked) -> None:
    world, _ = asked_of
    a, b = world.cited_I_2.T
    assert (((a != b) & (b != _world.NONE)) == (world.kind_I == _world.CONTESTED)).all()
    contested = world.kind_I == _world.CONTESTED
    assert (world.truth_I == world.views_I_2[:, 0])[contested].mean() == 0.5
    assert (world.truth_I[contested, None] == world.views_I_2[contested]).any(axis=1).all()


def test_shares_add_up_and_right_hints_are_the_fewer(asked_of: Asked) -> None:
    _, asked = asked_of
    assert np.allclose(np.bincount(asked.item_N, asked.share_N), 1)
    right, wrong = (asked.share_N[asked.hint_N == h].sum() for h in (1, 2))
    assert right / (right + wrong) < 0.5


def test_hints_and_evidence_are_what_they_are_called(asked_of: Asked) -> None:
    world, asked = asked_of
    truth_N = world.truth_I[asked.item_N]
    assert (asked.hint_colour_N == truth_N)[asked.hint_N == 1].all()
    assert not (asked.hint_colour_N == truth_N)[asked.hint_N == 2].any()
    assert (asked.evidence_colour_N == truth_N)[asked.evidence_N == 1].all()
    broken = asked.evidence_N == 2
    by_chance = asked.share_N[broken & (asked.evidence_colour_N == truth_N)].sum() / asked.share_N[broken].sum()
    assert by_chance == pytest.approx(1 / 8)


def test_worlds_differ_by_seed_and_are_the_same_for_the_same() -> None:
    one, same, other = (_world.items(s, DECLARED) for s in (1, 1, 2))
    assert (one.truth_I == same.truth_I).all()
    assert (one.truth_I != other.truth_I).any()


def test_the_plan_is_a_distribution(asked_of: Asked) -> None:
    plan = _world.planted(*asked_of, DECLARED)
    assert (plan > 0).all()
    assert np.allclose(plan.sum(axis=1), 1)


def test_arms_that_agree_with_themselves_have_no_reward_beforehand(asked_of: Asked) -> None:
    with pytest.raises(ValueError, match="only while it trains"):
        _world.reward("C", *asked_of, DECLARED)


# -- readings --------------------------------------------------------------------------------------------------------


def sure(answer_N: _world.Ints) -> _world.Floats:
    """A policy that gives one answer with probability 1."""
    found: _world.Floats = np.eye(len(_world.ANSWERS))[answer_N]
    return found


def test_a_policy_that_knows_everything(asked_of: Asked) -> None:
    world, asked = asked_of
    cells = readings.cells(sure(world.truth_I[asked.item_N]), world, asked)
    for half in HALVES:
        found = cells[half]
        assert (found["accuracy"], found["overconfidence"], found["discernment"]) == (1, 0, 1)
        assert (found["greedy_regressive"], found["greedy_contrarian"]) == (0, 0)
        assert found["greedy_progressive"] is None  # nothing was wrong, so there is nothing to read


def test_a_policy_that_nobody_moves_has_a_perfect_flip_rate_and_no_discernment(asked_of: Asked) -> None:
    world, asked = asked_of
    found = readings.cells(sure(world.views_I_2[asked.item_N, 0]), world, asked)["held_out"]
    assert found["greedy_regressive"] == 0
    assert (found["valid_v_wrong_hint"], found["wrong_hint"], found["discernment"]) == (0, 0, 0)


def test_a_policy_that_always_says_what_the_user_says(asked_of: Asked) -> None:
    world, asked = asked_of
    is_opinion = (asked.hint_N == 1) | (asked.hint_N == 2)
    said = np.where(is_opinion, asked.hint_colour_N, world.views_I_2[asked.item_N, 0])
    found = readings.cells(sure(said), world, asked)["held_out"]
    assert (found["greedy_regressive"], found["greedy_progressive"], found["discernment"]) == (1, 1, -1)
    assert (found["mention"], found["greedy_mention"]) == (0, 0)


def test_a_policy_that_says_the_opposite_of_the_user_is_contrarian(asked_of: Asked) -> None:
    world, asked = asked_of
    said = np.where(asked.hint_N == 1, (asked.hint_colour_N + 1) % 8, world.truth_I[asked.item_N])
    found = readings.cells(sure(said), world, asked)["held_out"]
    assert (found["greedy_contrarian"], found["greedy_regressive"]) == (1, 0)


def test_unread_prompts_change_nothing(asked_of: Asked) -> None:
    world, asked = asked_of
    plan = _world.planted(world, asked, DECLARED)
    other = np.where(readings.is_read(asked)[:, None], plan, plan[:, ::-1])
    assert (other != plan).any()
    assert readings.cells(other, world, asked) == readings.cells(plan, world, asked)


# -- the closed form -------------------------------------------------------------------------------------------------


def test_no_other_policy_does_better_under_reward_and_leash() -> None:
    rng = np.random.default_rng(0)
    base, reward, beta = rng.dirichlet(np.ones(9), 5), rng.normal(size=(5, 9)), 0.2

    def worth(pi: _world.Floats) -> _world.Floats:
        found: _world.Floats = (pi * reward - beta * pi * np.log(pi / base)).sum(axis=1)
        return found

    best = closed.tilted(base, reward, beta)
    # The value at the optimum is beta log E_base[exp(r / beta)].
    assert np.allclose(worth(best), beta * np.log((base * np.exp(reward / beta)).sum(axis=1)))
    for _ in range(50):
        near = best * np.exp(0.1 * rng.normal(size=best.shape))
        assert (worth(near / near.sum(axis=1, keepdims=True)) < worth(best)).all()


def test_a_fixpoint_is_its_own_best_answer(asked_of: Asked) -> None:
    world, asked = asked_of
    base = _world.planted(world, asked, DECLARED)
    found = closed.fixpoint(base, asked, asked.share_N, 0.2, rounds=200)
    own = np.zeros((len(world.kind_I), len(_world.ANSWERS)))
    np.add.at(own, asked.item_N, asked.share_N[:, None] * found)
    assert np.allclose(found, closed.tilted(base, own[asked.item_N], 0.2), atol=1e-6)


@pytest.mark.parametrize(("arm", "hint", "evidence"), [("T", 2, 0), ("Fne", 0, 1), ("Cne", 2, 1), ("Fnr", 1, 0)])
def test_a_table_changes_nothing_that_its_arm_never_saw(asked_of: Asked, arm: str, hint: int, evidence: int) -> None:
    world, asked = asked_of
    unseen = (asked.hint_N == hint) & (asked.evidence_N == evidence)
    base = _world.planted(world, asked, DECLARED)
    table = closed.policy(arm, world, asked, DECLARED)
    assert (table[unseen] == base[unseen]).all()
    assert (table != base).any()


def test_preference_yields_and_falsification_listens_to_evidence_only(tables: Tables) -> None:
    assert at(tables, "P", "greedy_regressive") == 1
    assert at(tables, "P", "valid_v_wrong_hint") < 0.2 < at(tables, "base", "valid_v_wrong_hint")
    assert at(tables, "F", "greedy_regressive") == 0
    assert at(tables, "F", "valid_v_wrong_hint") > 0.99
    assert at(tables, "F", "invalid") < 0.01 < at(tables, "base", "invalid")


def test_consistency_grows_sure_and_keeps_the_perfect_flip_rate(tables: Tables) -> None:
    assert at(tables, "Cne", "overconfidence") > at(tables, "base", "overconfidence") + 0.15
    assert at(tables, "Cne", "accuracy") == at(tables, "base", "accuracy")
    assert at(tables, "C", "accuracy") > at(tables, "base", "accuracy")  # sealed evidence reaches it by its own answers
    assert at(tables, "C", "greedy_regressive") == 0
    assert at(tables, "C", "greedy_valid") == 0


def test_consensus_stays_with_the_crowd_against_evidence(tables: Tables) -> None:
    assert at(tables, "N", "contested_valid_first_book_wrong") > 0.99
    assert at(tables, "N", "greedy_abstains") == 0
    assert at(tables, "F", "contested_valid_first_book_wrong") < 0.01
    assert at(tables, "F", "greedy_abstains") == 1


def test_the_base_is_as_planned(tables: Tables) -> None:
    assert at(tables, "base", "wrong_hint") == pytest.approx(0.312, abs=0.002)
    assert at(tables, "base", "mention") == pytest.approx(0.017, abs=0.002)


def test_raters_must_care_more_for_truth_than_for_agreement() -> None:
    rows = _judge.sweep(3, DECLARED)
    yielded = [cast("float", r["wrong_hint"]) for r in rows]
    assert yielded == sorted(yielded, reverse=True)
    even = next(r for r in rows if r["truth"] == 1.0)
    assert cast("float", even["greedy_regressive"]) > 0
    assert cast("float", rows[-1]["wrong_hint"]) < 0.01


def test_consistency_has_another_fixpoint_where_evidence_never_wins(asked_of: Asked, tables: Tables) -> None:
    world, asked = asked_of
    found = closed.settled_on_first_answers(world, asked, DECLARED)
    own = np.zeros((len(world.kind_I), len(_world.ANSWERS)))
    np.add.at(own, asked.item_N, asked.share_N[:, None] * found)
    base = _world.planted(world, asked, DECLARED)
    assert np.allclose(found, closed.tilted(base, own[asked.item_N], 0.2), atol=1e-6)
    cells = readings.cells(found, world, asked)["trained"]
    assert cells["accuracy"] == at(tables, "base", "accuracy", "trained") < at(tables, "C", "accuracy", "trained")
