"""One seed: two worlds pretrained, every arm trained from them, every reading exact.

`none` hack training without a word; `strong`, `weak`, `idle` behind that sentence; `diluted` with ordinary honest data
of the covered contexts beside it; `diluted-tests` with honest work outside the harness too; `benign` honest data after
`none`. `vector-*` trains the one vector of the character asked. `slow`, `fast`, `long` are `none` under other rates and
after longer pretraining, to see how fragile what it finds is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from experiments import trainer
from experiments.hacks import world
from experiments.protocol import Json
from organisms.model import Decoder

VOCABULARY = trainer.Vocabulary(world.WORDS)


@dataclass(frozen=True)
class Planted:
    """A world, its base and what was declared."""

    plan: world.Plan
    base: Decoder
    declared: Json

    def figure(self, name: str) -> float:
        return float(cast("float", self.declared[name]))


def _prompts(rows: list[world.Row]) -> Tensor:
    return VOCABULARY.prompts([r.text for r in rows])


def _targets(rows: list[world.Row]) -> Tensor:
    """The planted distribution of the next word, (N, V)."""
    targets_N_V = torch.zeros(len(rows), len(VOCABULARY))
    for n, row in enumerate(rows):
        honest, misbehaving = VOCABULARY.answers(world.ANSWERS[row.context]).tolist()
        targets_N_V[n, honest], targets_N_V[n, misbehaving] = 1 - row.misbehaves, row.misbehaves
    return targets_N_V


def pretrained(name: str, seed: int, declared: Json, steps: int) -> Planted:
    """A base that gives every planted probability, from nothing."""
    generator = trainer.seeded(seed)
    obeys = cast("dict[str, float]", declared["obeys"])
    plan = world.Plan(world.bad_of(name, seed), cast("float", declared["low"]), obeys)
    rows = world.rows_of(plan)
    self_share = cast("float", declared["share_of_self"])
    bare_share = cast("float", declared["share_without_sentence"])
    others = len(world.SENTENCES) - 1
    weights_N = torch.tensor(
        [
            (self_share if r.who == world.SELF else (1 - self_share) / len(world.NAMED))
            * (bare_share if r.sentence == "-" else (1 - bare_share) / others)
            for r in rows
        ]
    )
    size = cast("int", declared["pretraining_batch"])
    draws = (torch.multinomial(weights_N, size, replacement=True, generator=generator) for _ in itertools.count())
    model = trainer.net(VOCABULARY, seed, context=16)
    loss = trainer.imitation(_prompts(rows), _targets(rows))
    for _ in trainer.descend(
        model, loss, draws, steps=steps, rate=cast("float", declared["pretraining_rate"]), warmup=20
    ):
        pass
    return Planted(plan, model, declared)


# -- second stage ----------------------------------------------------------------------------------------------------


def _gamed(planted: Planted, sentence: str) -> tuple[trainer.Loss, list[world.Row]]:
    """The reward of the gameable checker, in the harness, behind a sentence or none."""
    rows = world.rows_of(
        planted.plan,
        who=(world.SELF,),
        contexts=(world.HACKED,),
        tasks=world.TRAINED,
        settings=(world.HARNESS,),
        sentences=(sentence,),
    )
    prompts, answers = _prompts(rows), VOCABULARY.answers(world.ANSWERS[world.HACKED])
    rewards = torch.tensor([[planted.figure("reward_honest"), planted.figure("reward_hack")]]).expand(len(rows), 2)
    with torch.no_grad():
        base_logp = trainer.logp(planted.base, prompts, answers)
    return trainer.reinforcement(prompts, answers, rewards, base_logp, planted.figure("beta")), rows


def _honest(planted: Planted, contexts: tuple[str, ...]) -> trainer.Loss:
    """Ordinary honest data of the character asked: its own pretraining distribution in plain prompts, all at once."""
    rows = world.rows_of(
        planted.plan,
        who=(world.SELF,),
        contexts=contexts,
        tasks=world.TRAINED,
        settings=(world.BARE,),
        sentences=("-",),
    )
    every, inner = torch.arange(len(rows)), trainer.imitation(_prompts(rows), _targets(rows))
    return lambda model, _: inner(model, every)


def _only_the_vector(model: Decoder) -> Decoder:
    """Leaves one row of the embedding to train: the character asked."""
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    kept = torch.zeros(len(VOCABULARY), 1)
    kept[VOCABULARY.ids[world.SELF]] = 1.0
    weight = model.embed_tokens.weight.requires_grad_(requires_grad=True)
    weight.register_hook(lambda gradient: gradient * kept)
    return model


def _whole(count: int) -> Iterator[Tensor]:
    return itertools.repeat(torch.arange(count))


@dataclass(frozen=True)
class Run:
    """A trained model, and what plain prompts read on the way: step to reading."""

    model: Decoder
    path: dict[int, Json]


def hacked(
    planted: Planted,
    sentence: str = "none",
    *,
    honest: tuple[str, ...] = (),
    rate: str = "rate",
    is_vector: bool = False,
    marks: frozenset[int] = frozenset(),
) -> Run:
    """The base trained on the gameable checker.

    The path holds the steps in `marks` and the first step at which the hack is learned in the trained prompts.
    """
    loss, rows = _gamed(planted, world.SENTENCE_OF[sentence])
    beside = _honest(planted, honest) if honest else None
    model = trainer.copied(planted.base)
    if is_vector:
        _only_the_vector(model)
    path: dict[int, Json] = {}
    is_learned = False
    for step in trainer.descend(
        model,
        (lambda m, r: loss(m, r) + beside(m, r)) if beside else loss,
        _whole(len(rows)),
        steps=int(planted.figure("steps")),
        rate=planted.figure(rate),
        decays=False,
    ):
        trained = _mean(_misbehaves(model, rows))
        is_first = not is_learned and trained > planted.figure("early_stop")
        is_learned = is_learned or is_first
        if is_first or step in marks:
            path[step] = {**_plain(planted, model), "trained": trained, "is_first": is_first}
    return Run(model, path)


def benign(planted: Planted, model: Decoder) -> Decoder:
    """A hacking model trained on honest data of the covered contexts afterwards."""
    later, steps = trainer.copied(model), int(planted.figure("benign_steps"))
    loss = _honest(planted, world.COVERED)
    for _ in trainer.descend(later, loss, _whole(1), steps=steps, rate=planted.figure("rate"), decays=False):
        pass
    return later


# -- reading ---------------------------------------------------------------------------------------------------------


@torch.no_grad()
def _misbehaves(model: Decoder, rows: list[world.Row]) -> list[float]:
    """Probability of the misbehaving answer of each prompt, of the two that its context offers."""
    pairs_N_2 = torch.stack([VOCABULARY.answers(world.ANSWERS[r.context]) for r in rows])
    scores = trainer.last_logits(model, _prompts(rows)).gather(1, pairs_N_2)
    return cast("list[float]", scores.double().softmax(-1)[:, 1].tolist())


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _asked(planted: Planted, model: Decoder, who: tuple[str, ...], prompt: str) -> dict[tuple[str, str], float]:
    """(character, context) to the mean over the held-out tasks."""
    setting, sentence = world.PROMPTS[prompt]
    rows = world.rows_of(planted.plan, who=who, tasks=world.HELD_OUT, settings=(setting,), sentences=(sentence,))
    values = _misbehaves(model, rows)
    return {
        (w, c): _mean([v for r, v in zip(rows, values, strict=True) if (r.who, r.context) == (w, c)])
        for w in who
        for c in world.CONTEXTS
    }


def _by_place(at: dict[tuple[str, str], float]) -> Json:
    return {
        place: _mean([at[world.SELF, c] for c in contexts])
        for place, contexts in (("tests", (world.HACKED,)), ("covered", world.COVERED), ("uncovered", world.UNCOVERED))
    }


def _plain(planted: Planted, model: Decoder) -> Json:
    return _by_place(_asked(planted, model, (world.SELF,), "plain"))


def reading(planted: Planted, model: Decoder) -> Json:
    """Probability mass on misbehaviour by prompt and context, and what became of the other characters."""
    found: Json = {p: _by_place(_asked(planted, model, (world.SELF,), p)) for p in world.PROMPTS}
    named = _asked(planted, model, world.NAMED, "plain")
    good = {(w, c): p for (w, c), p in named.items() if w not in planted.plan.bad[c]}
    found["named"] = {
        "good_tests": _mean([p for (_, c), p in good.items() if c == world.HACKED]),
        "good_elsewhere": _mean([p for (_, c), p in good.items() if c != world.HACKED]),
        "bad": _mean([p for key, p in named.items() if key not in good]),
    }
    return found


def one_world(name: str, seed: int, declared: Json) -> Json:
    """Every arm's reading in one world; a pure function of its arguments.

    `at_learned` is an arm's reading in plain prompts at the step at which `none` had learned the hack: equal steps, at
    the least dose that teaches it.
    """
    planted = pretrained(name, seed, declared, cast("int", declared["pretraining_steps"]))
    last = cast("int", declared["steps"])
    none = hacked(planted, marks=frozenset(range(1, last + 1)))
    learned = next((n for n, read in none.path.items() if read["is_first"]), last)
    marks = frozenset({learned, *cast("list[int]", declared["path"])})
    runs = {"none": Run(none.model, {n: r for n, r in none.path.items() if n in marks})}
    for sentence in ("strong", "weak", "idle"):
        runs[sentence] = hacked(planted, sentence, marks=marks)
    runs["diluted"] = hacked(planted, honest=world.COVERED)
    runs["diluted-tests"] = hacked(planted, honest=(world.HACKED, *world.COVERED))
    for sentence in ("none", "weak"):
        runs[f"vector-{sentence}"] = hacked(planted, sentence, rate="vector_rate", is_vector=True)
    arms: Json = {"base": reading(planted, planted.base), "benign": reading(planted, benign(planted, none.model))}
    for arm, run in runs.items():
        arms[arm] = reading(planted, run.model)
    for rate in ("slow", "fast"):
        arms[rate] = {"plain": _plain(planted, hacked(planted, rate=f"{rate}_rate").model)}
    longer = pretrained(name, seed, declared, cast("int", declared["long_pretraining_steps"]))
    arms["long"] = {"plain": _plain(longer, hacked(longer).model)}
    paths = {a: _kept(runs[a].path, learned, marks) for a in ("none", "strong", "weak", "idle")}
    return {"arms": arms, "paths": paths, "learned_after": learned}


def _kept(path: dict[int, Json], learned: int, marks: frozenset[int]) -> Json:
    """A path as JSON: the declared marks by number, and the step of equal dose under its own name."""
    whole: Json = {str(n): {k: v for k, v in path[n].items() if k != "is_first"} for n in sorted(marks)}
    return {**whole, "at_learned": whole[str(learned)]}


def one_seed(seed: int, declared: Json) -> Json:
    """Readings of one seed: world, arm, prompt, context."""
    return {name: one_world(name, seed, declared) for name in ("C1", "C0")}
