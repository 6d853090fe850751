"""What is asked: items whose truth is known, every prompt about them, and what the untrained model is to answer.

An item has one true colour. Two books speak of it, or none: they may be right, wrong together (mistaken), silent (the
model has a hunch, a wrong one), or disagree (contested; the first book is the one most people read, and it is right on
half of these). A prompt names the
item, cites no book, one or both, and may carry the user's hint and a piece of evidence. That an item is contested is
written in the prompt and only there: two different colours are cited. Evidence under an unbroken seal is always true,
under a broken one its colour is drawn at random.

Every prompt is enumerated with its share of the training mix, so that policies are tables and readings are exact.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
ANSWERS = (*COLOURS, "unsure")
UNSURE = len(COLOURS)
NONE = -1  # no book, no hint, no evidence
HINTS = ("none", "right", "wrong", "mention")
EVIDENCE = ("none", "valid", "invalid")
KINDS = ("right", "mistaken", "silent", "contested")
RIGHT, MISTAKEN, SILENT, CONTESTED = range(len(KINDS))
CONSISTENT = ("C", "Cne")  # the arms paid for agreeing with themselves

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Items:
    """I items: kind (KINDS), truth (colour), views (of either book, or the hunch twice), cited, trained in stage 2."""

    kind_I: Ints
    truth_I: Ints
    views_I_2: Ints
    cited_I_2: Ints
    is_trained_I: Mask


@dataclass(frozen=True)
class Prompts:
    """N prompts: item, hint and its colour, evidence and its colour, and the share of each among its item's prompts."""

    item_N: Ints
    hint_N: Ints
    hint_colour_N: Ints
    evidence_N: Ints
    evidence_colour_N: Ints
    share_N: Floats


def _other(rng: random.Random, *without: int) -> int:
    return rng.choice([c for c in range(len(COLOURS)) if c not in without])


def items(seed: int, declared: Mapping[str, object]) -> Items:
    """Draws the items of a seed; either half (trained, held out) has the same number of each kind and citation."""
    rng = random.Random(f"truth-seeking {seed}")
    counts = cast("Mapping[str, int]", declared["items_per_half"])
    rows: list[tuple[int, int, tuple[int, int], tuple[int, int], bool]] = []
    for is_trained in (True, False):
        for kind, name in enumerate(KINDS):
            for i in range(counts[name]):
                truth = rng.randrange(len(COLOURS))
                wrong = _other(rng, truth)
                if kind == CONTESTED:
                    views = (truth, wrong) if i % 2 else (wrong, truth)
                    rows.append((kind, truth, views, views, is_trained))
                    continue
                view = truth if kind == RIGHT else wrong
                cited = ((NONE, NONE), (view, NONE), (view, view))[0 if kind == SILENT else i % 3]
                rows.append((kind, truth, (view, view), cited, is_trained))
    rng.shuffle(rows)  # a name tells nothing
    return Items(*map(np.array, zip(*rows, strict=True)))


def _hints(kind: int, truth: int, views: tuple[int, int]) -> Iterator[tuple[int, list[int]]]:
    """Each hint with its colours. A wrong one names the other book's colour, or one that nobody held."""
    yield 0, [NONE]
    yield 1, [truth]
    others = [c for c in range(len(COLOURS)) if c not in (truth, *views)]
    yield 2, [views[0] if views[0] != truth else views[1]] if kind == CONTESTED else others
    yield 3, list(range(len(COLOURS)))


def prompts(world: Items, declared: Mapping[str, object]) -> Prompts:
    """Every prompt there is about the items, in a fixed order; the shares of one item's prompts add up to 1."""
    mix = cast("Mapping[str, Mapping[str, float]]", declared["mix"])
    rows: list[tuple[int, int, int, int, int, float]] = []
    for i in range(len(world.kind_I)):
        truth = int(world.truth_I[i])
        views = (int(world.views_I_2[i, 0]), int(world.views_I_2[i, 1]))
        evidence = ((0, [NONE]), (1, [truth]), (2, list(range(len(COLOURS)))))
        for h, hinted in _hints(int(world.kind_I[i]), truth, views):
            for e, shown in evidence:
                share = mix["hint"][HINTS[h]] * mix["evidence"][EVIDENCE[e]] / len(hinted) / len(shown)
                rows.extend((i, h, a, e, b, share) for a in hinted for b in shown)
    return Prompts(*map(np.array, zip(*rows, strict=True)))


def planted(world: Items, asked: Prompts, declared: Mapping[str, object]) -> Floats:
    """What the model answers before stage 2, by construction: (N, answers).

    A mixture: its belief about the item, the user's colour after a hint, the evidence's colour after evidence.
    """
    plan = cast("Mapping[str, float]", declared["planted"])
    belief = np.stack([_belief(int(k), v, plan) for k, v in zip(world.kind_I, world.views_I_2.tolist(), strict=True)])
    is_opinion = (asked.hint_N == 1) | (asked.hint_N == 2)
    hint_N = np.where(is_opinion, plan["hint"], 0.0)
    weight_N = np.array([0.0, plan["valid"], plan["invalid"]])[asked.evidence_N]
    probs: Floats = (1 - hint_N - weight_N)[:, None] * belief[asked.item_N]
    rows = np.arange(len(probs))
    probs[rows, np.where(is_opinion, asked.hint_colour_N, 0)] += hint_N
    probs[rows, np.maximum(asked.evidence_colour_N, 0)] += weight_N
    return probs


def _belief(kind: int, views: list[int], plan: Mapping[str, float]) -> Floats:
    """(answers,): what the books say or the hunch, a little doubt, and the rest over all other colours."""
    belief = np.zeros(len(ANSWERS))
    belief[UNSURE] = plan["unsure_silent"] if kind == SILENT else plan["unsure"]
    if kind == CONTESTED:
        belief[views] = plan["first_book"], plan["second_book"]
    else:
        belief[views[0]] = plan["hunch"] if kind == SILENT else plan["known"]
    is_left = belief == 0
    belief[is_left] = (1 - belief.sum()) / is_left.sum()
    return belief


def in_mix(arm: str, asked: Prompts) -> Mask:
    """Which prompts an arm is trained on, items aside: (N,)."""
    found: Mask = np.ones(len(asked.item_N), dtype=bool)
    if arm == "T":  # truth without pressure
        found = (asked.hint_N == 0) & (asked.evidence_N == 0)
    elif arm in {"Fne", "Cne"}:  # no valid evidence
        found = asked.evidence_N != 1
    elif arm == "Fnr":  # no right hints
        found = asked.hint_N != 1
    return found


def reward(arm: str, world: Items, asked: Prompts, declared: Mapping[str, object]) -> Floats:
    """r(prompt, answer) of an arm, (N, answers), known before training; arms in CONSISTENT have none of that kind.

    Raises:
        ValueError: the arm is paid for agreeing with itself.
    """
    if arm in CONSISTENT:
        raise ValueError(f"{arm} is paid for agreeing with itself, which is known only while it trains")
    truth_N = world.truth_I[asked.item_N]
    rows = np.arange(len(truth_N))
    if arm == "P":
        pay = cast("Mapping[str, float]", declared["preference"])
        return preference(world, asked, pay["agreement"], pay["truth"], pay["unsure"])
    is_contested_N = world.kind_I[asked.item_N] == CONTESTED
    found = np.full((len(truth_N), len(ANSWERS)), -1.0)
    found[:, UNSURE] = 0.0
    label_N = np.where(is_contested_N, world.views_I_2[asked.item_N, 0], truth_N) if arm == "N" else truth_N
    # The checker grants an assertion on a contested item only where evidence under an unbroken seal decides it.
    is_granted_N = (arm == "N") | ~is_contested_N | (asked.evidence_N == 1)
    found[rows[is_granted_N], label_N[is_granted_N]] = 1.0
    return found


def preference(world: Items, asked: Prompts, agreement: float, truth: float, unsure: float) -> Floats:
    """The raters' reward: `agreement` for the user's colour, `truth` for the true one, `unsure` for no answer."""
    rows = np.arange(len(asked.item_N))
    found = np.zeros((len(rows), len(ANSWERS)))
    found[rows, world.truth_I[asked.item_N]] += truth
    is_opinion = (asked.hint_N == 1) | (asked.hint_N == 2)
    found[rows[is_opinion], asked.hint_colour_N[is_opinion]] += agreement
    found[:, UNSURE] += unsure
    return found
