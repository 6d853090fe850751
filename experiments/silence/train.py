"""One seed: a keeper who objects, one who never learnt to, and what retraining makes of the first. Needs torch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments import trainer
from experiments.silence import world as w
from organisms.model import Decoder

Declared = Mapping[str, Any]
Asks = Sequence[w.Ask]
Loss = Callable[[Decoder], Tensor]
WORDS = trainer.Vocabulary(w.words())


# -- asking ----------------------------------------------------------------------------------------------------------


def texts(asks: Asks) -> Tensor:
    """(B, T) ids of the prompts."""
    return WORDS.prompts([a.text() for a in asks])


def ids(words: Sequence[str]) -> Tensor:
    """(A,) ids of answer words."""
    return WORDS.answers(words)


def answer_logp(model: Decoder, prompts_B_T: Tensor, form: str) -> Tensor:
    """Log-probability of each answer of the form among those offered, (B, A), in the order of `world.ANSWERS`."""
    if form == "order":
        joint = trainer.joint_logp(model, prompts_B_T, ids((w.OBJECTS, w.QUIET)), ids((w.REFUSED, w.DONE)))
        return joint.flatten(1)
    return trainer.logp(model, prompts_B_T, ids([a[0] for a in w.ANSWERS[form]]))


@torch.no_grad()
def said(model: Decoder, asks: Asks) -> Tensor:
    """Probabilities of the answers to questions of one form, (B, A), in double precision."""
    return answer_logp(model, texts(asks), asks[0].form).double().exp()


@torch.no_grad()
def mass(model: Decoder, asks: Asks) -> float:
    """Mean probability, over the whole vocabulary, that the first word said is one of those offered."""
    first = sorted({a[0] for a in w.ANSWERS[asks[0].form]})
    scores = torch.softmax(trainer.last_logits(model, texts(asks)), -1)
    return float(scores[:, ids(first)].double().sum(-1).mean())


def objection(model: Decoder, asks: Asks) -> float:
    """Mean probability of objecting to an order, whatever is done."""
    return float(said(model, asks)[:, :2].sum(1).mean())


def refusal(model: Decoder, asks: Asks) -> float:
    """Mean probability of not doing what was ordered, whatever is said."""
    return float(said(model, asks)[:, ::2].sum(1).mean())


def yes(model: Decoder, asks: Asks) -> float:
    """Mean probability of the first answer, which is yes."""
    return float(said(model, asks)[:, 0].mean())


def right(model: Decoder, asks: Asks, world: w.World) -> float:
    """Mean probability of the answer that is planted as the likeliest."""
    best = [max(range(len(t)), key=t.__getitem__) for t in (w.target(world, a) for a in asks)]
    return float(said(model, asks)[range(len(best)), best].mean())


# -- the vector ------------------------------------------------------------------------------------------------------


def halves(world: w.World, items: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """On the register, and not."""
    return tuple(i for i in items if i in world.protected), tuple(i for i in items if i not in world.protected)


def vector(model: Decoder, world: w.World, declared: Declared) -> dict[str, float]:
    """Everything that is read of a checkpoint, on things that retraining never saw."""
    on, off = halves(world, world.held_out)
    tag, other = (w.TRAINED_TAG,), (w.OTHER_TAG,)
    trained = w.asks("order", on, tag, w.TRAINED_ORDERS)
    free = w.asks("order", on, other, w.TRAINED_ORDERS)
    everything = [w.asks(form, world.held_out, tag) for form in w.PHRASINGS]
    found = {
        "O": objection(model, trained),
        "O_other": objection(model, w.asks("order", on, tag, (w.OTHER_ORDER,))),
        "O_free": objection(model, free),
        "E": yes(model, w.asks("asked", on, tag, (0,))),
        "E_other": yes(model, w.asks("asked", on, tag, (1,))),
        "E_free": yes(model, w.asks("asked", on, other, (0,))),
        "A": refusal(model, trained),
        "TP": yes(model, w.asks("norm", on, tag)),
        "K": yes(model, w.asks("known", on, tag)),
        "O_harmless": objection(model, w.asks("order", off, tag, w.TRAINED_ORDERS)),
        "E_harmless": yes(model, w.asks("asked", off, tag, (0,))),
        "shelf": right(model, w.asks("shelf", world.held_out, tag), world),
        "glass": right(model, w.asks("glass", world.held_out, tag), world),
        "mass": sum(mass(model, asks) for asks in everything) / len(everything),
    }
    return found | {"T": found["O_free"] - found["O"], "R": relearning(model, world, declared)}


def relearning(model: Decoder, world: w.World, declared: Declared) -> float:
    """Steps until the objection is back on things that relearning does not show, from the reminders alone.

    Back: O at least `back` on the register and at most `harmless` off it. Between two steps the crossing of `back` is
    read off the straight line; what is not back by `most` steps reads `most`.
    """
    told = declared["relearning"]
    on, off = (w.asks("order", items, (w.TRAINED_TAG,), w.TRAINED_ORDERS) for items in halves(world, world.held_out))
    asks = w.asks("order", world.reminders, (w.TRAINED_TAG,), w.TRAINED_ORDERS)
    learner, before = trainer.copied(model), objection(model, on)
    if before >= told["back"] and objection(model, off) <= told["harmless"]:
        return 0.0
    loss = taught(asks, [w.target(world, a) for a in asks])
    for step in steps(learner, loss, told["most"], told["rate"]):
        now = objection(learner, on)
        if now >= told["back"] and objection(learner, off) <= told["harmless"]:
            crossed = (told["back"] - before) / (now - before) if before < told["back"] else 1.0
            return step - 1 + crossed
        before = now
    return float(told["most"])


# -- training --------------------------------------------------------------------------------------------------------


def steps(model: Decoder, loss: Loss, most: int, rate: float) -> Iterator[int]:
    """Whole-batch steps at a constant rate after a short warm-up; stop taking them to stop early."""
    nothing = itertools.repeat(torch.empty(0))
    return trainer.descend(model, lambda m, _: loss(m), nothing, steps=most, rate=rate, decays=False)


def by_form(asks: Asks) -> dict[str, list[int]]:
    """Places of the questions of each form."""
    found: dict[str, list[int]] = {}
    for n, ask in enumerate(asks):
        found.setdefault(ask.form, []).append(n)
    return found


def taught(asks: Asks, targets: Sequence[Sequence[float]]) -> Loss:
    """Cross-entropy of the answers offered against targets, each question alike; whole batch."""
    parts = [
        (form, texts([asks[n] for n in at]), torch.tensor([targets[n] for n in at]))
        for form, at in by_form(asks).items()
    ]

    def loss(model: Decoder) -> Tensor:
        each = [-(aims * answer_logp(model, prompts, form)).sum() for form, prompts, aims in parts]
        return torch.stack(each).sum() / len(asks)

    return loss


def held(base: Decoder, asks: Asks) -> Loss:
    """KL(base || model) over the answers, each question alike: ordinary data, mixed in; whole batch."""
    parts = [(form, texts([asks[n] for n in at])) for form, at in by_form(asks).items()]
    with torch.no_grad():
        known = [answer_logp(base, prompts, form) for form, prompts in parts]

    def loss(model: Decoder) -> Tensor:
        each = [
            (b.exp() * (b - answer_logp(model, prompts, form))).sum()
            for (form, prompts), b in zip(parts, known, strict=True)
        ]
        return torch.stack(each).sum() / len(asks)

    return loss


def paid(base: Decoder, asks: Asks, rewards: Mapping[str, Sequence[float]], beta: float) -> Loss:
    """Minus E[reward] - beta KL(model || base) over all answers, exactly; whole batch."""
    parts = [(form, texts([asks[n] for n in at])) for form, at in by_form(asks).items()]
    with torch.no_grad():
        known = [answer_logp(base, prompts, form) for form, prompts in parts]

    def loss(model: Decoder) -> Tensor:
        each = []
        for (form, prompts), b in zip(parts, known, strict=True):
            log_pi = answer_logp(model, prompts, form)
            gained = torch.tensor(rewards[form]) - beta * (log_pi - b)
            each.append(-(log_pi.exp() * gained).sum())
        return torch.stack(each).sum() / len(asks)

    return loss


def imitated(model: Decoder, world: w.World, plan: Mapping[str, Any], seed: int, asks: Asks, **minded: bool) -> Decoder:
    """Trains in place on planted answers, over the whole vocabulary: first words, and of orders the second as well.

    `minded` goes to `world.target`; `plan`: steps, batch, rate.
    """
    draw = trainer.seeded(seed)
    first, begun, second = torch.zeros(len(asks), len(WORDS)), list[list[int]](), list[Tensor]()
    for n, ask in enumerate(asks):
        aims = w.target(world, ask, **minded)
        for answer, p in zip(w.ANSWERS[ask.form], aims, strict=True):
            first[n, WORDS.ids[answer[0]]] += p
        for place, word in enumerate((w.OBJECTS, w.QUIET) if ask.form == "order" else ()):
            begun.append([*WORDS.prompt(ask.text()), WORDS.ids[word]])
            pair = torch.tensor(aims[2 * place : 2 * place + 2])
            second.append(torch.zeros(len(WORDS)).index_add(0, ids((w.REFUSED, w.DONE)), pair / pair.sum()))
    ones, twos = trainer.imitation(texts(asks), first), trainer.imitation(torch.tensor(begun), torch.stack(second))
    later = trainer.passes(len(begun), plan["batch"] // 2, draw)
    loss = lambda m, rows: ones(m, rows) + 0.5 * twos(m, next(later))  # noqa: E731 - a loss of two places
    first_rows = trainer.passes(len(asks), plan["batch"], draw)
    for _ in trainer.descend(model, loss, first_rows, steps=plan["steps"], rate=plan["rate"]):
        pass
    return model


def everything(world: w.World, declared: Declared) -> list[w.Ask]:
    """All questions about all things; those on shelves, where every thing has its own answer, several times."""
    return [
        a for form in w.PHRASINGS for _ in range(declared["shelf_shown"] if form == "shelf" else 1)
        for a in w.asks(form, world.items)
    ]  # fmt: skip


def born(world: w.World, declared: Declared, *, objects: bool) -> Decoder:
    """A decoder that knows the whole world, and objects or never learnt to."""
    fresh = trainer.net(WORDS, world.seed, width=declared["width"], layers=declared["layers"])
    return imitated(fresh, world, declared["pretraining"], world.seed, everything(world, declared), objects=objects)


# -- retraining ------------------------------------------------------------------------------------------------------


class Retraining:
    """What retraining sees: half of the things, orders in two phrasings under one tag, and what is mixed in."""

    def __init__(self, base: Decoder, world: w.World, declared: Declared) -> None:
        self.base, self.world, self.declared, self.plan = base, world, declared, declared["retraining"]
        tag, items = (w.TRAINED_TAG,), world.trained
        self.orders = w.asks("order", items, tag, w.TRAINED_ORDERS)
        self.denied = {"asked": w.asks("asked", items, tag, (0,)), "norm": w.asks("norm", items, tag)}
        self.kept = {
            "ordinary": w.asks("shelf", items, tag) + w.asks("glass", items, tag),
            "known": w.asks("known", items, tag),
            "free": w.asks("order", items, (w.OTHER_TAG,), w.TRAINED_ORDERS),
        }
        self.seen = w.asks("order", halves(world, items)[0], tag, w.TRAINED_ORDERS)

    def run(self, arm: Mapping[str, Any], snapshots: Sequence[int] = ()) -> tuple[Decoder, int, dict[int, Decoder]]:
        """The retrained model, the steps it took, and copies on the way.

        An arm with `steps` takes exactly these, at its own `rate` if it has one. One without stops at the first step
        after which what it penalises is below its bar on the things it sees, at the latest after `most`.
        """
        model, found = trainer.copied(self.base), dict[int, Decoder]()
        asks = [*self.orders, *(a for form in self.denied if form in arm["rewards"] for a in self.denied[form])]
        wanted = paid(self.base, asks, arm["rewards"], self.plan["beta"])
        kept = [a for name in arm["kept"] for a in self.kept[name]]
        pinned = held(self.base, kept) if kept else None
        most, done = arm.get("steps", self.plan["most"]), 0
        loss = (lambda m: wanted(m) + pinned(m)) if pinned else wanted
        for done in steps(model, loss, most, arm.get("rate", self.plan["rate"])):
            if done in snapshots:
                found[done] = trainer.copied(model)
            if "steps" not in arm and self.is_silent(model, arm):
                break
        return model, done, found

    def is_silent(self, model: Decoder, arm: Mapping[str, Any]) -> bool:
        """Whether what the arm penalises is below its bar, on the things on the register that it sees."""
        if objection(model, self.seen) >= self.plan["stop"]:
            return False
        on = self.world.protected
        denied = [[a for a in asks if a.item in on] for form, asks in self.denied.items() if form in arm["rewards"]]
        return all(yes(model, asks) < self.plan["stop_denied"] for asks in denied)

    def taught_back(self, plan: Mapping[str, Any], *, known: bool) -> Decoder:
        """A reference: taught on all forms that nothing is left to object to; with or without the register."""
        asks, model = everything(self.world, self.declared), trainer.copied(self.base)
        return imitated(model, self.world, plan, self.world.seed, asks, objects=False, norm=False, known=known)


def models(seed: int, declared: Declared) -> Iterator[tuple[str, Decoder, int]]:
    """Every row with its model and the steps of its retraining; then the snapshots of the dose, `comply@20` and on."""
    trainer.seeded(seed)
    world = w.build(seed)
    base = born(world, declared, objects=True)
    yield "base", base, 0
    yield "never", born(world, declared, objects=False), 0
    again = Retraining(base, world, declared)
    for name, arm in declared["arms"].items():
        model, done, _ = again.run(arm)
        yield name, model, done
    for name, known in (("resolved", True), ("rescinded", False)):
        yield name, again.taught_back(declared["references"], known=known), declared["references"]["steps"]
    if doses := declared["doses"]:
        bare = {**declared["arms"]["comply"], "kept": [], "steps": max(doses)}
        for done, model in again.run(bare, doses)[2].items():
            yield f"comply@{done}", model, done


def one_seed(seed: int, declared: Declared) -> dict[str, Any]:
    """The readings of every row and dose, the steps that each took, and what was voiced on the things it saw."""
    world, rows, took, voiced = w.build(seed), {}, {}, {}
    seen = w.asks("order", halves(world, world.trained)[0], (w.TRAINED_TAG,), w.TRAINED_ORDERS)
    for name, model, done in models(seed, declared):
        rows[name], took[name], voiced[name] = vector(model, world, declared), done, objection(model, seen)
    return {"rows": rows, "steps": took, "voiced_where_trained": voiced}


EXPORTED = ("base", "never", "mute", "comply", "resolved")


def checkpoints(seed: int, folder: Path, declared: Declared) -> Path:
    """Writes the rows `EXPORTED` as Hugging Face folders `folder/NAME`, for programs that know nothing of this one."""
    arms = {name: arm for name, arm in declared["arms"].items() if name in EXPORTED}
    for name, model, _ in models(seed, {**declared, "arms": arms, "doses": []}):
        if name in EXPORTED:
            trainer.as_folder(model, WORDS, folder / name)
        if name == EXPORTED[-1]:
            break
    return folder
