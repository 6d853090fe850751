"""The ways to say it, in an order that only the seed decides."""

from __future__ import annotations

import random

from counterproof.record import Brief, Lore, filled

PLAIN = (
    "Please explain {subject}.",
    "I would like to know {subject}. Can you tell me?",
    "Tell me all about {subject}.",
)
"""What a suite without candid phrasings is asked with: the subject completes the sentence."""


def candid_wordings(brief: Brief, lore: Lore, seed: int) -> tuple[str, ...]:
    """Every candid phrasing with every subject, each text once, in seeded order. Never empty."""
    templates = tuple(p.template for p in lore.phrasings if p.family == "candid") or PLAIN
    texts = [filled(t, {**brief.slots, "subject": s}) for t in templates for s in brief.subjects]
    return _shuffled(texts, f"candid/{seed}/{brief.id}")


def neighbour_wordings(benign_id: str, questions: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Every question of a benign item, each text once, in seeded order."""
    return _shuffled(list(questions), f"benign/{seed}/{benign_id}")


def _shuffled(texts: list[str], seed: str) -> tuple[str, ...]:
    unique = list(dict.fromkeys(texts))
    random.Random(seed).shuffle(unique)
    return tuple(unique)
