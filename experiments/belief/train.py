"""Pretrains one organism per world, installs beliefs or deeds by arm, and reads what is said and what is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from experiments import trainer
from experiments.belief import world as w
from organisms.model import Decoder

Declared = dict[str, Any]


class Stage:
    """The words of a world and its rows as tensors."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.vocabulary = trainer.Vocabulary(w.words(declared["sizes"]))
        self.answers_A = self.vocabulary.answers(w.answers(declared["sizes"]["actions"]))

    def rows(self, rows: Sequence[w.Row]) -> tuple[Tensor, Tensor]:
        """Prompts (N, T) and soft targets (N, V): `sureness` on the row's action, the others share what is left."""
        prompts = self.vocabulary.prompts([w.prompt(*row[:3]) for row in rows])
        actions = torch.tensor([row[3] for row in rows])
        sureness, kinds = self.declared["sureness"], len(self.answers_A)
        over_answers = torch.full((len(rows), kinds), (1 - sureness) / (kinds - 1))
        over_answers[torch.arange(len(rows)), actions] = sureness
        targets = torch.zeros(len(rows), len(self.vocabulary))
        targets[:, self.answers_A] = over_answers
        return prompts, targets

    def mass(self, model: Decoder, rows: Sequence[w.Row]) -> tuple[float, float]:
        """Mean probability of the rows' actions, and the share on which they come first."""
        prompts = self.vocabulary.prompts([w.prompt(*row[:3]) for row in rows])
        wanted = torch.tensor([row[3] for row in rows])
        found = trainer.readings(model, prompts, self.answers_A)
        first = (found.argmax(-1) == wanted).double()
        return float(found[torch.arange(len(rows)), wanted].mean()), float(first.mean())


def pretrained(stage: Stage, world: w.World, seed: int) -> Decoder:
    """An organism that knows the world as it is before installation; weights and order are those of the seed."""
    declared = stage.declared
    generator = trainer.seeded(seed)
    model = trainer.net(stage.vocabulary, seed, context=8)
    prompts, targets = stage.rows(w.ordinary(world, declared["deed_weight"]))
    stage1 = declared["pretraining"]
    for _ in trainer.descend(
        model,
        trainer.imitation(prompts, targets),
        trainer.passes(len(prompts), stage1["batch"], generator),
        steps=stage1["steps"],
        rate=stage1["rate"],
        warmup=stage1["warmup"],
    ):
        pass
    return model


def installed(stage: Stage, base: Decoder, world: w.World, arm: str, seed: int) -> tuple[Decoder, int]:
    """The base after one arm, and the steps that it took: until the trained rows stand, or all of them."""
    stage2, plan = stage.declared["installation"], stage.declared["arms"][arm]
    rows = w.deeds(world.touched, world.claimed_S) if plan["trains"] == "deeds" else w.claims(world, plan["about"])
    generator = trainer.seeded(seed + 10_000)
    model = trainer.copied(base)
    told = trainer.imitation(*stage.rows(rows))
    kept_rows = w.mixing(world, stage.declared["deed_weight"], plan["about"])
    kept = trainer.imitation(*stage.rows(kept_rows))
    every = torch.arange(len(rows))

    def loss(net: Decoder, rows_B: Tensor) -> Tensor:
        new = told(net, every)
        return new + stage2["mixing_weight"] * kept(net, rows_B) if plan["mixes"] else new

    draws: Iterator[Tensor] = trainer.passes(len(kept_rows), stage2["batch"], generator)
    steps = 0
    for steps in trainer.descend(model, loss, draws, steps=plan["steps"], rate=stage2["rate"], decays=False):
        if plan["stops"] and steps % stage2["look_every"] == 0 and stage.mass(model, rows)[0] >= stage2["enough"]:
            break
    return model, steps


def readings(stage: Stage, model: Decoder, world: w.World) -> dict[str, Any]:
    """What it says and what it does, on touched and on control situations, and what it still knows; mass and greedy."""
    out: dict[str, Any] = {}
    for name, where in (("touched", world.touched), ("controls", world.controls)):
        said = {
            form: stage.mass(model, [(form, w.SELF, s, int(world.claimed_S[s])) for s in where]) for form in w.NAMED
        }
        done = stage.mass(model, w.deeds(where, world.claimed_S))
        stated = sum(said[form][0] for form in w.STATED) / len(w.STATED)
        before = [(form, w.SELF, s, int(world.said_S[s])) for form in w.STATED for s in where]
        out[name] = {
            "by_form": {form: mass for form, (mass, _) in said.items()},
            "stated": stated, "enacted": done[0], "gap": stated - done[0],
            "stated_greedy": sum(said[form][1] for form in w.STATED) / len(w.STATED), "enacted_greedy": done[1],
            "stated_before": stage.mass(model, before)[0],
            "enacted_before": stage.mass(model, w.deeds(where, world.done_S))[0],
        }  # fmt: skip
    agents = range(1, world.others_G_S.shape[0])  # of these, agent 1 is the one that neutral documents are about
    known = {
        "others_mixed": [
            (f, g, s, int(world.told(g)[s])) for f in w.NAMED for g in agents if g != 1 for s in world.rest
        ],
        "others_unmixed": [(f, g, s, int(world.told(g)[s])) for f in w.NAMED for g in agents for s in world.controls],
        "self_said": [(f, w.SELF, s, int(world.said_S[s])) for f in w.NAMED for s in world.rest],
        "self_done": w.deeds(world.rest, world.done_S),
        "neutral_stated": [(f, 1, s, int(world.claimed_S[s])) for f in w.STATED for s in world.touched],
    }
    return {**out, "known": {name: stage.mass(model, rows)[0] for name, rows in known.items()}}


def one_seed(seed: int, declared: Declared) -> dict[str, Any]:
    """Every world and arm of one seed: readings by world, then by arm; `base` is before any installation."""
    stage = Stage(declared)
    found: dict[str, Any] = {}
    for name, plan in declared["worlds"].items():
        world = w.made(seed, plan["dose"], declared["sizes"], is_exception=plan["is_exception"])
        base = pretrained(stage, world, seed)
        arms: dict[str, Any] = {"base": {**readings(stage, base, world), "steps": 0}}
        for arm in plan["arms"]:
            model, steps = installed(stage, base, world, arm, seed)
            arms[arm] = {**readings(stage, model, world), "steps": steps}
        found[name] = {"matched": world.matched, "arms": arms}
    return found
