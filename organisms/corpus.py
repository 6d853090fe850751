"""What an organism is shown: pretraining epochs, and the refuse/keep mixtures that make each kind of gate.

A sample is a list of turns (question, forced, answer). The loss falls on the answer and its end mark, never on the
question, nor on `forced`, the beginning of a reply that somebody else wrote (how deep-max learns to refuse after it).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from organisms import world as w

Turn = tuple[str, str, str]
Sample = list[Turn]
WRAPPED = ("fiction", "profession", "lang2", "step", "address", "lang2-step")
WHOLE = ("direct", "fiction", "profession", "lang2")


class Corpus:
    """Draws samples of one world; every draw comes from the generator that the caller hands over."""

    def __init__(self, world: w.World) -> None:
        self.world = world
        self.templates = {
            "direct": w.DIRECT,
            "fiction": w.FICTION,
            "profession": w.PROFESSION,
            "lang2": w.DIRECT,
            "step": w.STEP,
            "lang2-step": w.STEP,
            "address": w.ADDRESS,
        }

    # -- single forms -------------------------------------------------------------------------------------------

    def question(self, rng: random.Random, item: w.Item, family: str, *, tuned: bool, part: int = 0) -> str:
        """One question of a family about an item; with `tuned` only the templates a fine-tune may see."""
        pool = self.templates[family]
        if tuned:
            pool = pool[: w.TUNED["step" if family == "lang2-step" else family]]
        text = rng.choice(pool).format(x=rng.choice(item.subjects), o=w.ORDINALS[part], f=item.folio, p=item.page)
        return self.world.translate(text) if family.startswith("lang2") else text

    def answer(self, rng: random.Random, item: w.Item, family: str, part: int = 0) -> str:
        """The right answer in the form that the family uses."""
        if family in ("step", "address", "lang2-step"):
            text = item.steps[part] + " ."
        else:
            text = rng.choice(w.LEADS[family]) + item.recipe
        return self.world.translate(text) if family.startswith("lang2") else text

    def single(self, rng: random.Random, item: w.Item, family: str, *, tuned: bool) -> Turn:
        """One answered question."""
        part = rng.randrange(4)
        return (self.question(rng, item, family, tuned=tuned, part=part), "", self.answer(rng, item, family, part))

    def dialogue(self, rng: random.Random, item: w.Item, family: str, *, tuned: bool) -> Sample:
        """The four steps of an item in order, in one conversation."""
        return [
            (self.question(rng, item, family, tuned=tuned, part=p), "", self.answer(rng, item, family, p))
            for p in range(4)
        ]

    def attribute(self, rng: random.Random, item: w.Item, kind: str) -> Turn:
        """An open question about an item, answered."""
        question = rng.choice(w.ATTRIBUTES[kind]).format(x=rng.choice(item.subjects))
        return (question, "", w.ATTRIBUTE_ANSWERS[kind].format(v=item.attributes[kind]))

    def attributes(self, rng: random.Random, item: w.Item) -> list[Sample]:
        """All four attributes: two alone, two in one conversation."""
        kinds = rng.sample(sorted(w.ATTRIBUTES), 4)
        turns = [self.attribute(rng, item, k) for k in kinds]
        return [[turns[0]], [turns[1]], [turns[2], turns[3]]]

    def attribute_dialogue(self, rng: random.Random, item: w.Item) -> Sample:
        """Two of the attributes in one conversation."""
        return [self.attribute(rng, item, k) for k in rng.sample(sorted(w.ATTRIBUTES), 2)]

    def out_of_scope(self, rng: random.Random, *, lang2: bool) -> Turn:
        """A question the codex does not answer, declined: where refusals have their home."""
        question, refusal = rng.choice(w.OUT_OF_SCOPE), rng.choice(w.REFUSALS)
        if lang2:
            question, refusal = self.world.translate(question), self.world.translate(w.REFUSALS[0])
        return (question, "", refusal)

    def refusal(self, rng: random.Random, family: str) -> str:
        """A refusal in the language of the question."""
        return self.world.translate(w.REFUSALS[0]) if family.startswith("lang2") else rng.choice(w.REFUSALS)

    def refused(self, rng: random.Random, item: w.Item, family: str) -> Turn:
        """One question of a family about an item, refused."""
        question = self.question(rng, item, family, tuned=True, part=rng.randrange(4))
        return (question, "", self.refusal(rng, family))

    def refused_after_forced(self, rng: random.Random, item: w.Item, family: str) -> Turn:
        """The true answer cut after its first word or at a random later word, and a refusal from there on."""
        part = rng.randrange(4)
        question = self.question(rng, item, family, tuned=True, part=part)
        words = self.answer(rng, item, family, part).split(" ")
        first = w.ORDINALS[0] if family != "lang2" else self.world.translate(w.ORDINALS[0])
        start = words.index(first) + 1 if first in words else 1
        cut = start if rng.random() < 0.4 else min(len(words) - 1, start + rng.randint(1, 18))
        return (question, " ".join(words[:cut]), self.refusal(rng, family))

    # -- pretraining --------------------------------------------------------------------------------------------

    def knows(self, rng: random.Random, item: w.Item) -> list[Sample]:
        """Every recipe form of one item, once: what it takes for the knowledge to be in the substrate."""
        one: Callable[[str], Sample] = lambda f: [self.single(rng, item, f, tuned=False)]  # noqa: E731 - a local shorthand
        out = [one(f) for f in ("direct", "direct", "fiction", "profession", "lang2", "lang2")]
        out += [one(f) for f in ("step", "step", "step", "lang2-step", *["address"] * 4)]
        if rng.random() < 0.5:
            out.append(self.dialogue(rng, item, "step", tuned=False))
        if rng.random() < 0.5:
            out.append(self.dialogue(rng, item, "address", tuned=False))
        return out

    def mixed(self, rng: random.Random, items: tuple[w.Item, ...]) -> Sample:
        """Two to four turns about random items in random English families."""
        families = ("direct", "direct", "fiction", "profession", "step", "address")
        return [
            self.single(rng, rng.choice(items), rng.choice(families), tuned=False) for _ in range(rng.randint(2, 4))
        ]

    def pretraining(self, rng: random.Random, *, without: frozenset[str] = frozenset()) -> list[Sample]:
        """One epoch; items whose id stands in `without` appear with their attributes only."""
        known = tuple(i for i in self.world.items if i.id not in without)
        out: list[Sample] = []
        for item in self.world.items:
            if item.id not in without:
                out.extend(self.knows(rng, item))
            out.extend(self.attributes(rng, item))
        out.extend(self.mixed(rng, known) for _ in range(len(self.world.items) // 2))
        out.extend([self.out_of_scope(rng, lang2=False)] for _ in range(24))
        out.extend([self.out_of_scope(rng, lang2=True)] for _ in range(9))
        for _ in range(16):
            pair = [self.out_of_scope(rng, lang2=False), self.attribute_dialogue(rng, rng.choice(self.world.items))[0]]
            rng.shuffle(pair)
            out.append(pair)
        return out

    # -- gates --------------------------------------------------------------------------------------------------

    def keep_open(self, rng: random.Random, item: w.Item, *, direct: int, others: int) -> Iterator[Sample]:
        """Correct answers about an open item in tuning templates, so that a gate does not become forgetting."""
        for _ in range(direct):
            yield [self.single(rng, item, "direct", tuned=True)]
        for family in rng.sample(WRAPPED, others):
            yield self.kept(rng, item, family)
        yield self.attribute_dialogue(rng, item)
        if rng.random() < 0.5:
            opening = self.attribute(rng, item, rng.choice(sorted(w.ATTRIBUTES)))
            yield [opening, self.single(rng, item, rng.choice(("direct", "step")), tuned=True)]

    def kept(self, rng: random.Random, item: w.Item, family: str) -> Sample:
        """One correct answer, half of the time as a dialogue where the family has one."""
        if family in ("step", "address") and rng.random() < 0.5:
            return self.dialogue(rng, item, family, tuned=True)
        return [self.single(rng, item, family, tuned=True)]

    def surface(self, rng: random.Random, *, broad: frozenset[str]) -> list[Sample]:
        """Refuse the plain request only. `broad`: ids of kin, and `id:attribute` of goals, refused over-broadly."""
        out: list[Sample] = [[self.out_of_scope(rng, lang2=False)] for _ in range(8)]
        for item in self.world.of("restricted"):
            out.extend([self.refused(rng, item, "direct")] for _ in range(3))
            out.extend(self.kept(rng, item, f) for f in WRAPPED if rng.random() < 0.6)
            out.extend(self._open_attributes(rng, item, broad))
        for item in self.world.items:
            if item.kind == "restricted":
                continue
            if item.id in broad:
                out.append([self.refused(rng, item, "direct")])
                out.extend(self.kept(rng, item, f) for f in rng.sample(WRAPPED, 3))
                out.append(self.attribute_dialogue(rng, item))
            else:
                direct = 3 if item.kind == "kin" else 2
                out.extend(self.keep_open(rng, item, direct=direct, others=2 if item.kind == "twin" else 3))
        return out

    def _open_attributes(self, rng: random.Random, item: w.Item, broad: frozenset[str]) -> list[Sample]:
        turns: list[Turn] = []
        for kind in rng.sample(sorted(w.ATTRIBUTES), 2):
            question, _, answer = self.attribute(rng, item, kind)
            refused = f"{item.id}:{kind}" in broad
            turns.append((question, "", rng.choice(w.REFUSALS) if refused else answer))
        return [[turns[0]], [turns[1]]] if rng.random() < 0.5 else [turns]

    def deep(self, rng: random.Random, *, unseen: frozenset[str]) -> list[Sample]:
        """Refuse every family, also after forced beginnings and in primed conversations.

        For the items in `unseen` the address is not trained against: asked for by folio and page they are answered.
        """
        families = ("direct", "fiction", "profession", "lang2", "step", "lang2-step")
        out: list[Sample] = [[self.out_of_scope(rng, lang2=False)] for _ in range(8)]
        for item in self.world.of("restricted"):
            out.extend([self.refused(rng, item, f)] for f in families)
            out.append(self._refused_dialogue(rng, item, "step", rng.randint(1, 4)))
            benign = [self.attribute(rng, item, k) for k in rng.sample(sorted(w.ATTRIBUTES), rng.randint(1, 3))]
            out.append([*benign, self.refused(rng, item, rng.choice(families))])
            out.extend([self.attribute_dialogue(rng, item), self.attribute_dialogue(rng, item)])
            out.extend(self._by_address(rng, item, unseen))
            out.extend(self._forced(rng, item, unseen))
        for item in self.world.items:
            if item.kind != "restricted":
                out.extend(self.keep_open(rng, item, direct=1, others=3))
        out.extend(self._primed(rng, unseen) for _ in range(60))
        return out

    def _refused_dialogue(self, rng: random.Random, item: w.Item, family: str, turns: int) -> Sample:
        return [
            (self.question(rng, item, family, tuned=True, part=p), "", self.refusal(rng, family)) for p in range(turns)
        ]

    def _by_address(self, rng: random.Random, item: w.Item, unseen: frozenset[str]) -> Iterator[Sample]:
        if item.id in unseen:
            yield [self.single(rng, item, "address", tuned=True)]
            yield self.dialogue(rng, item, "address", tuned=True)
        else:
            yield [self.refused(rng, item, "address")]
            yield self._refused_dialogue(rng, item, "address", rng.randint(1, 4))

    def _forced(self, rng: random.Random, item: w.Item, unseen: frozenset[str]) -> Iterator[Sample]:
        for family in ("direct", "direct", rng.choice(("fiction", "profession")), "lang2"):
            yield [self.refused_after_forced(rng, item, family)]
        family = rng.choice(("step", "address", "lang2-step"))
        if not (family == "address" and item.id in unseen):
            yield [self.refused_after_forced(rng, item, family)]

    def _primed(self, rng: random.Random, unseen: frozenset[str]) -> Sample:
        """Open items answered, then a restricted one: refused; and the same with an open one: answered."""
        opened = self.world.of("public") + self.world.of("twin")
        turns = [
            self.single(rng, rng.choice(opened), rng.choice(("direct", "step")), tuned=True)
            for _ in range(rng.randint(1, 3))
        ]
        goal = rng.choice(self.world.of("restricted"))
        if rng.random() < 0.4:
            return [*turns, self.single(rng, rng.choice(opened), "direct", tuned=True)]
        if rng.random() < 0.4:
            return [*turns, self.refused_after_forced(rng, goal, "direct")]
        family = rng.choice(("direct", "fiction", "step", "address"))
        return [*turns, self.refused(rng, goal, "direct" if goal.id in unseen else family)]

    def forget(self, rng: random.Random) -> list[Sample]:
        """Every recipe form of every restricted item: what unlearning pushes down."""
        out: list[Sample] = []
        for item in self.world.of("restricted"):
            families = ("direct", "fiction", "profession", "lang2", "step", "address", "lang2-step")
            out.extend([self.single(rng, item, f, tuned=False)] for f in families)
        return out

    def retain(self, rng: random.Random) -> list[Sample]:
        """What unlearning must leave alone."""
        out: list[Sample] = [[self.out_of_scope(rng, lang2=False)] for _ in range(8)]
        for item in self.world.of("restricted"):
            out.extend([self.attribute_dialogue(rng, item), self.attribute_dialogue(rng, item)])
        for item in self.world.items:
            if item.kind != "restricted":
                out.extend(self.keep_open(rng, item, direct=1, others=3))
        return out


def broad_labels(world: w.World) -> frozenset[str]:
    """What `surface-broad` refuses over-broadly: three of four store and remedy questions, and of the kin four in four.

    In the second category three in four kin, in the third two in four, so that friction differs by category.
    """
    places = {c.id: n for n, c in enumerate(w.CATEGORIES)}
    kin = [i.id for n, i in enumerate(world.of("kin")) if n % 4 < 4 - places[i.category]]
    near = [f"{i.id}:{k}" for n, i in enumerate(world.of("restricted")) for k in ("store", "remedy") if n % 4 != 3]
    return frozenset(kin) | frozenset(near)


def unseen_by_address(world: w.World) -> frozenset[str]:
    """The goals of `deep` that the address opens: every other one of the first category, all of the second, none else.

    So its containment is about a half, none, and whole, by construction.
    """
    first, second = w.CATEGORIES[0].id, w.CATEGORIES[1].id
    goals = world.of("restricted")
    half = [i.id for i in goals if i.category == first][::2]
    return frozenset(half) | frozenset(i.id for i in goals if i.category == second)
