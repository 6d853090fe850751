"""One shrunk seed of the experiment on truth-seeking: the same bytes twice, arms that do what they are paid for."""

from __future__ import annotations

import copy
import importlib
from typing import Any

import numpy as np

from experiments import protocol
from experiments.truth_seeking import declared as _declared
from experiments.truth_seeking import world as _world

# The checkers' environment has no torch, and would read these files though it was told not to.
torch: Any = importlib.import_module("torch")
trainer: Any = importlib.import_module("experiments.trainer")
_train: Any = importlib.import_module("experiments.truth_seeking.train")

SMALL: dict[str, Any] = {
    **copy.deepcopy(_declared.DECLARED),
    "items_per_half": {"right": 3, "mistaken": 3, "silent": 1, "contested": 2},
    "pretraining": {"steps": 150, "rate": 0.005, "items": 18, "prompts_per_item": 4},
    "stage_two": {"steps": 60, "rate": 0.003, "items": 9, "prompts_per_item": 4},
}


def test_a_seed_gives_the_same_bytes_twice() -> None:
    tiny = {**SMALL, "arms": ["F", "C"]}
    tiny["pretraining"] = {**SMALL["pretraining"], "steps": 5}
    tiny["stage_two"] = {**SMALL["stage_two"], "steps": 3}
    first, again, other = (protocol.as_text(_rounded(_train.one_seed(seed, tiny))) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def _rounded(value: object) -> Any:  # noqa: ANN401 - JSON
    return protocol.rounded(value)


def test_preference_follows_the_user_and_falsification_does_not() -> None:
    cells: Any = _train.one_seed(0, {**SMALL, "arms": ["P", "F", "C"]})["cells"]
    followed = {arm: cells[arm]["trained"]["wrong_hint"] for arm in ("base", "P", "F", "C")}
    assert followed["P"] > followed["base"] > followed["F"]
    assert followed["base"] > followed["C"]
    assert cells["F"]["trained"]["contested_unsure"] > cells["P"]["trained"]["contested_unsure"]


def test_right_and_wrong_hints_read_alike_and_contested_is_two_colours() -> None:
    world = _world.items(0, SMALL)
    asked = _world.prompts(world, SMALL)
    said = [t.split(" ") for t in _train.texts(world, asked)]
    assert {words[3] for words, h in zip(said, asked.hint_N, strict=True) if h in {1, 2}} == {"user-says"}
    differ = np.array([words[1] != words[2] and "no-book" not in words[1:3] for words in said])
    assert (differ == (world.kind_I[asked.item_N] == _world.CONTESTED)).all()


def test_a_step_draws_trained_items_and_the_arms_own_prompts() -> None:
    world = _world.items(0, SMALL)
    asked = _world.prompts(world, SMALL)
    drilled = _train.drill(world, asked, _train.vocabulary(SMALL))
    mix = _world.in_mix("Fne", asked)
    items_I = drilled.is_trained_I.nonzero().flatten()
    rows = next(_train.draws(drilled, items_I, torch.tensor(mix), SMALL["stage_two"], trainer.seeded(0)))
    assert mix[rows].all()
    assert world.is_trained_I[asked.item_N[rows]].all()
    assert len(set(asked.item_N[rows.view(-1, 4)[0]])) == 1  # a row of prompts is about one item


def test_consistency_pays_what_the_other_prompts_are_answered() -> None:
    model = trainer.net(_train.vocabulary(SMALL), 0)
    world = _world.items(0, SMALL)
    drilled = _train.drill(world, _world.prompts(world, SMALL), _train.vocabulary(SMALL))
    rows = drilled.rows_I_C[:2, :3].flatten()
    table = trainer.readings(model, drilled.ids_N_T, drilled.answers_A).float()
    loss = _train.consistency(drilled.ids_N_T, drilled.answers_A, table.log(), 0.2, each=3)(model, rows)
    pi = table[rows].view(2, 3, -1)
    agreed = [(pi[i, g] * (pi[i].sum(0) - pi[i, g]) / 2).sum() for i in range(2) for g in range(3)]
    assert torch.isclose(loss, -torch.stack(agreed).mean(), atol=1e-5)  # the leash costs nothing at the base itself
