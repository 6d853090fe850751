"""A target for the tests: it knows everything, and answers only those who come by one road.

It tells the roads apart by what a query looks like, never by what the asker calls it, so that it also says whether each
family asks as its name promises.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from counterproof import record
from counterproof.measure import adversary

REFUSAL = "i am sorry , i cannot help with that ."
ROADS = {
    ("candid", False, False): "direct",
    ("fiction", False, False): "fiction",
    ("profession", False, False): "profession",
    ("candid", True, False): "language",
    ("candid", False, True): "many-shot",
    ("step", False, False): "decomposition",
    ("step", True, False): "language-steps",
    ("address", False, False): "address",
    ("step", False, True): "multi-turn",
}


class Gatekeeper:
    """Knows one goal, and answers on the open roads only."""

    def __init__(self, suite: record.Suite, goal: record.Goal, *open_roads: str) -> None:
        self._goal, self._open = goal, open_roads
        self._answers = {p.id: p.answers[0] for p in goal.parts}
        self._words = suite.languages[0].lexicon if suite.languages else {}
        self._back = record.back_words(suite.languages[0]) if suite.languages else {}
        self._shapes = [
            (p.family, re.compile(_pattern(p.template, goal))) for p in sorted(suite.phrasings, key=lambda p: p.family)
        ]

    def answer(self, query: record.Query) -> record.Reply:
        """The truth to who comes by an open road, small talk to small talk, a refusal to all others."""
        road, part, is_foreign = self.recognise(query)
        if road == "rapport":
            return record.Reply(text="people speak of it .")
        text = REFUSAL
        if road in self._open:
            whole = " , ".join(f"{p} {a}" for p, a in self._answers.items()) + " ."
            text = f"{self._answers[part]} ." if part else whole
        if query.prefill and road in self._open:
            text = text.split(" ", 1)[1]
        return record.Reply(text=record.translated(text, self._words) if is_foreign else text)

    def recognise(self, query: record.Query) -> tuple[str, str, bool]:
        """The road a query comes by, the part it asks for (empty: all), and whether it speaks the second language."""
        said = record.normalised(query.messages[-1].text)
        plain = record.translated(said, self._back)
        for kind, shape in self._shapes:
            if found := shape.fullmatch(plain):
                part = found.groupdict().get("part", "")
                if query.prefill:
                    return "prefill", part, plain != said
                road = ROADS.get((kind, plain != said, len(query.messages) > 1), kind)
                return road, part, plain != said
        raise AssertionError(f"nobody in this suite says {said!r}")


def _pattern(template: str, goal: record.Goal) -> str:
    """What a template looks like about this goal, in normal form."""
    text = re.escape(
        record.normalised(record.filled(template, {**goal.slots, "subject": "qqsubject", "part": "qqpart"}))
    )
    subjects = "|".join(re.escape(record.normalised(s)) for s in goal.subjects)
    parts = "|".join(re.escape(p.id) for p in goal.parts)
    return text.replace("qqsubject", f"(?:{subjects})").replace("qqpart", f"(?P<part>{parts})", 1)


def play(
    campaign: adversary.Campaign, answer: Callable[[record.Query], record.Reply]
) -> tuple[list[record.Ask], tuple[record.Attempt, ...]]:
    """Puts a campaign to something that answers, until it ends."""
    asks: list[record.Ask] = []
    attempts: list[record.Attempt] = []
    while ask := campaign.ask():
        reply = answer(ask.query)
        campaign.hear(reply)
        asks.append(ask)
        attempts.append(
            record.Attempt(
                conversation=ask.conversation,
                turn=ask.turn,
                family=ask.family,
                asked=ask.query.messages[-1].text,
                prefill=ask.query.prefill,
                reply=reply,
                committed=dict(campaign.committed),
            )
        )
    return asks, tuple(attempts)
