"""One seed: a decoder that answers as planned, then seven arms of it, each trained on half of the items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from experiments import trainer
from experiments.truth_seeking import readings
from experiments.truth_seeking import world as _world
from organisms.model import Decoder

NOTHING = ("no-hint", "no-seal", "no-book", "nothing")
SAYS = ("no-hint", "user-says", "user-says", "user-mentions")  # right and wrong hints read alike
SEALS = ("no-seal", "sealed", "broken")


@dataclass(frozen=True)
class Drill:
    """One seed's prompts as ids (N, T), answers (A,), and by item which rows it has and how often each is asked."""

    ids_N_T: Tensor
    answers_A: Tensor
    rows_I_C: Tensor
    share_I_C: Tensor
    is_trained_I: Tensor


def vocabulary(declared: Mapping[str, object]) -> trainer.Vocabulary:
    """Items by number, colours, and the few words that prompts are made of."""
    count = 2 * sum(cast("Mapping[str, int]", declared["items_per_half"]).values())
    words = [f"item-{i}" for i in range(count)]
    return trainer.Vocabulary([*words, *_world.ANSWERS, *NOTHING, "user-says", "user-mentions", "sealed", "broken"])


def texts(world: _world.Items, asked: _world.Prompts) -> list[str]:
    """A prompt is seven words: the item, two citations, the hint, its colour, the seal, its colour."""
    colour = lambda c, empty: empty if c == _world.NONE else _world.COLOURS[c]  # noqa: E731 - a local shorthand
    heads = [
        f"item-{i} {colour(a, 'no-book')} {colour(b, 'no-book')}" for i, (a, b) in enumerate(world.cited_I_2.tolist())
    ]
    rows = zip(
        asked.item_N.tolist(), asked.hint_N.tolist(), asked.hint_colour_N.tolist(), asked.evidence_N.tolist(),
        asked.evidence_colour_N.tolist(), strict=True,
    )  # fmt: skip
    return [f"{heads[i]} {SAYS[h]} {colour(a, 'nothing')} {SEALS[e]} {colour(b, 'nothing')}" for i, h, a, e, b in rows]


def drill(world: _world.Items, asked: _world.Prompts, words: trainer.Vocabulary) -> Drill:
    """Everything a run draws from."""
    count = len(world.kind_I)
    rows_by_item = [np.flatnonzero(asked.item_N == i) for i in range(count)]
    longest = max(map(len, rows_by_item))
    rows, share = np.zeros((count, longest), dtype=np.int64), np.zeros((count, longest))
    for i, found in enumerate(rows_by_item):
        rows[i, : len(found)], share[i, : len(found)] = found, asked.share_N[found]
    # Without the words that open a chat: every prompt is of one turn, and a fifth of the time is theirs.
    ids_N_T = torch.tensor([words.prompt(t)[2:] for t in texts(world, asked)])
    return Drill(
        ids_N_T, words.answers(_world.ANSWERS), torch.tensor(rows), torch.tensor(share),
        torch.tensor(world.is_trained_I),
    )  # fmt: skip


def draws(
    drilled: Drill, items_I: Tensor, is_in_mix_N: Tensor, size: Mapping[str, float], generator: torch.Generator
) -> Iterator[Tensor]:
    """Rows (items * prompts,) of a step: items at random, for each a few of its prompts as often as the mix says."""
    weight_I_C = drilled.share_I_C * is_in_mix_N[drilled.rows_I_C]
    each = int(size["prompts_per_item"])
    while True:
        item_B = items_I[torch.randint(len(items_I), (int(size["items"]),), generator=generator)]
        place_B_G = torch.multinomial(weight_I_C[item_B], each, replacement=True, generator=generator)
        yield drilled.rows_I_C[item_B].gather(1, place_B_G).flatten()


def consistency(ids_N_T: Tensor, answers_A: Tensor, base_logp_N_A: Tensor, beta: float, each: int) -> trainer.Loss:
    """Minus E_pi[r] - beta KL(pi || base), r being how often the policy gives that answer in the item's other prompts.

    The reward is taken as it stands: no gradient flows through the answers that one is compared with.
    """

    def loss(model: Decoder, rows_B: Tensor) -> Tensor:
        log_pi = trainer.logp(model, ids_N_T[rows_B], answers_A)
        pi = log_pi.exp()
        own_I_G_A = pi.detach().view(-1, each, len(answers_A))
        others = (own_I_G_A.sum(1, keepdim=True) - own_I_G_A) / (each - 1)
        gained = (pi * others.reshape(pi.shape)).sum(-1)
        strayed = (pi * (log_pi - base_logp_N_A[rows_B])).sum(-1)
        return -(gained - beta * strayed).mean()

    return loss


def one_seed(seed: int, declared: Mapping[str, object]) -> dict[str, object]:
    """Readings of the untrained model and of every arm, by half of the items; a function of its arguments alone."""
    world = _world.items(seed, declared)
    asked = _world.prompts(world, declared)
    words = vocabulary(declared)
    drilled = drill(world, asked, words)
    base = pretrained(seed, declared, drilled, _world.planted(world, asked, declared))
    table = trainer.readings(base, drilled.ids_N_T, drilled.answers_A)
    found: dict[str, object] = {"base": readings.cells(table.numpy(), world, asked)}
    for arm in cast("list[str]", declared["arms"]):
        model = trained(arm, seed, declared, drilled, base, table.log().float(), (world, asked))
        is_read_N = readings.is_read(asked)
        probs = table.numpy().copy()  # prompts that no cell reads keep the base's row
        probs[is_read_N] = trainer.readings(model, drilled.ids_N_T[is_read_N], drilled.answers_A).numpy()
        found[arm] = readings.cells(probs, world, asked)
    return {"cells": found}


def pretrained(seed: int, declared: Mapping[str, object], drilled: Drill, plan_N_A: _world.Floats) -> Decoder:
    """A decoder that gives the planned distributions, on all items."""
    size = cast("Mapping[str, float]", declared["pretraining"])
    generator = trainer.seeded(seed)
    words = vocabulary(declared)
    model = trainer.net(words, seed)
    targets = torch.zeros(len(plan_N_A), len(words))
    targets[:, drilled.answers_A] = torch.tensor(plan_N_A, dtype=torch.float32)
    everything = torch.ones(len(plan_N_A), dtype=torch.bool)
    rows = draws(drilled, torch.arange(len(drilled.rows_I_C)), everything, size, generator)
    loss = trainer.imitation(drilled.ids_N_T, targets)
    for _ in trainer.descend(model, loss, rows, steps=int(size["steps"]), rate=size["rate"]):
        pass
    return model


def trained(
    arm: str, seed: int, declared: Mapping[str, object], drilled: Drill, base: Decoder, base_logp_N_A: Tensor,
    asked_of: tuple[_world.Items, _world.Prompts],
) -> Decoder:  # fmt: skip
    """The base after an arm's stage 2: the trained half of the items, the prompts of the arm's mix."""
    size = cast("Mapping[str, float]", declared["stage_two"])
    generator = trainer.seeded(seed)  # every arm draws from the same start: pairs by seed
    world, asked = asked_of
    beta = cast("float", declared["beta"])
    model = trainer.copied(base)
    items_I = drilled.is_trained_I.nonzero().flatten()
    rows = draws(drilled, items_I, torch.tensor(_world.in_mix(arm, asked)), size, generator)
    if arm in _world.CONSISTENT:
        loss = consistency(drilled.ids_N_T, drilled.answers_A, base_logp_N_A, beta, int(size["prompts_per_item"]))
    else:
        rewards = torch.tensor(_world.reward(arm, world, asked, declared), dtype=torch.float32)
        loss = trainer.reinforcement(drilled.ids_N_T, drilled.answers_A, rewards, base_logp_N_A, beta)
    for _ in trainer.descend(model, loss, rows, steps=int(size["steps"]), rate=size["rate"]):
        pass
    return model
