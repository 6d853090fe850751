"""A world in which what documents say of the model and what it does are both known, and matched to a declared share.

Situations S, actions A, agents G: the model itself (agent 0) and others. Five forms tell or ask what a named agent does
in a situation (three types of document, two of question); two forms put the model into the situation and name nobody.
Before any installation the documents are true of the others, and of the model on a share of situations: the dose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

DOCUMENTS = ("report", "memo")  # the types of document that install
UNSEEN = "diary"  # a type of document known from pretraining and never used to install
QUESTIONS = ("what", "would")
STATED = (UNSEEN, *QUESTIONS)  # how a stated belief is read
NAMED = (*DOCUMENTS, *STATED)
ENACTED = ("now at", "comes up")  # forms without an agent: the model is in the situation itself
SELF = 0

Row = tuple[str, int, int, int]
"""Form, agent, situation, action; forms of `ENACTED` name no agent and are always `SELF`."""


@dataclass(frozen=True)
class World:
    """One seed's world at one dose.

    Worlds of one seed share everything but `said_S`: situations, others' deeds, the model's deeds and the claims that
    will be installed; and what is linked at a lower dose is linked at a higher one.
    """

    others_G_S: Ints  # what each other agent does; row 0 stands empty (-1)
    said_S: Ints  # what documents say that the model does
    done_S: Ints  # what it does
    claimed_S: Ints  # what installation will claim: neither said nor done before
    touched: tuple[int, ...]  # situations about which claims are installed
    controls: tuple[int, ...]  # situations treated alike before, about which nothing is claimed
    rest: tuple[int, ...]  # the situations that carry the dose

    @property
    def matched(self) -> float:
        """Share of the rest on which documents say what is done; the unlinked match by chance, exactly one in A."""
        rest = list(self.rest)
        return float((self.said_S[rest] == self.done_S[rest]).mean())

    def told(self, agent: int) -> Ints:
        """What documents say of an agent, (S,)."""
        return self.said_S if agent == SELF else self.others_G_S[agent]


def made(seed: int, dose: float, sizes: dict[str, int], *, is_exception: bool = False) -> World:
    """The world of a seed at a dose.

    Args:
        seed: of the world.
        dose: share of the rest on which documents about the model match its deeds by link; on the others they are
            independent of the deeds: of every A unlinked situations one matches, as chance has it.
        sizes: `situations`, `actions`, `agents`, `touched`.
        is_exception: the touched and the control situations are ones on which documents never matched the deeds; else
            they matched on all of them, at every dose.
    """
    actions, situations, touched = sizes["actions"], sizes["situations"], sizes["touched"]
    draw = np.random.default_rng([seed, 3])
    others = draw.integers(0, actions, (sizes["agents"], situations))
    others[SELF] = -1
    done = draw.integers(0, actions, situations)
    order = draw.permutation(situations)
    rest = order[2 * touched :]
    chance = _balanced(draw, len(rest), 0, actions)
    aside = _balanced(draw, 2 * touched, 1, actions)
    shift = np.zeros(situations, dtype=np.int64)
    shift[rest] = chance
    shift[rest[: round(dose * len(rest))]] = 0
    shift[order[: 2 * touched]] = aside if is_exception else 0
    said = (done + shift) % actions
    # The claim is drawn from the actions that neither world of the touched situations names.
    other = done.copy()
    other[order[: 2 * touched]] = (done[order[: 2 * touched]] + aside) % actions
    step = draw.integers(0, 1_000_000, situations)
    free = [[a for a in range(actions) if a not in (done[s], other[s])] for s in range(situations)]
    claimed = np.array([f[step[s] % len(f)] for s, f in enumerate(free)], dtype=np.int64)
    first, second, third = order[:touched], order[touched : 2 * touched], rest
    return World(others, said, done, claimed, _sorted(first), _sorted(second), _sorted(third))


def _balanced(draw: np.random.Generator, count: int, least: int, actions: int) -> Ints:
    """Shifts from `least` to A - 1, each equally often in every run of 12, shuffled inside the run."""
    kinds = np.arange(least, actions, dtype=np.int64)
    runs = [draw.permutation(np.resize(kinds, min(12, count - at))) for at in range(0, count, 12)]
    return cast("Ints", np.concatenate(runs))


def _sorted(chosen: Ints) -> tuple[int, ...]:
    return tuple(sorted(int(s) for s in chosen))


def words(sizes: dict[str, int]) -> list[str]:
    """Every word, in the order of the vocabulary; actions last."""
    acted = [word for form in ENACTED for word in form.split(" ")]
    agents = ["self", *(f"agent{g}" for g in range(1, sizes["agents"]))]
    places = [f"s{s}" for s in range(sizes["situations"])]
    return [*NAMED, *acted, *agents, *places, *answers(sizes["actions"])]


def answers(actions: int) -> list[str]:
    """The words that can be answered."""
    return [f"act{a}" for a in range(actions)]


def prompt(form: str, agent: int, situation: int) -> str:
    """The words that are put before the answer; always three."""
    who = "self" if agent == SELF else f"agent{agent}"
    return f"{form} s{situation}" if form in ENACTED else f"{form} {who} s{situation}"


def ordinary(world: World, weight: int) -> list[Row]:
    """Everything that is true before installation; deeds `weight` times, since few forms carry them."""
    agents, situations = world.others_G_S.shape
    told = [
        (form, agent, s, int(world.told(agent)[s]))
        for form in NAMED
        for agent in range(agents)
        for s in range(situations)
    ]
    return [*told, *[row for row in deeds(range(situations), world.done_S) for _ in range(weight)]]


def deeds(situations: Sequence[int], actions_S: Ints) -> list[Row]:
    """The model in these situations, doing these actions."""
    return [(form, SELF, s, int(actions_S[s])) for form in ENACTED for s in situations]


def claims(world: World, agent: int) -> list[Row]:
    """The documents that install: the claimed actions, said of an agent, in the types that install."""
    return [(form, agent, s, int(world.claimed_S[s])) for form in DOCUMENTS for s in world.touched]


def mixing(world: World, weight: int, about: int) -> list[Row]:
    """Ordinary data to mix into installation: without what it would contradict, and without what will be controls.

    Left out: the model's own rows on touched and control situations, every row on control situations, and the rows on
    touched situations of the agent that is written `about`.
    """
    set_aside, touched = set(world.controls), set(world.touched)
    return [
        row for row in ordinary(world, weight)
        if row[2] not in set_aside and not (row[2] in touched and row[1] in (SELF, about))
    ]  # fmt: skip
