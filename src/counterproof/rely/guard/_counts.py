"""What a guard has done so far, in numbers that only grow."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from counterproof.record import Answer, Decision, Sighting

BOUNDS_S = (
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper ends of the latency histogram's buckets, in seconds; one more is for what took longer."""


class Counts:
    """Decisions by (kind, door, outcome), rules by (name, status), answers by (rule, status), and how long it took.

    `sheds`: events that were not looked at. `unkept`: refused because the record could not be written; these are in no
    record. `faults`: errors of the gate itself. `overrides`: held events that a person decided about, by outcome.
    """

    __slots__ = (
        "answers", "decisions", "faults", "latency", "latency_sum_s", "overrides", "rules", "sheds", "unkept",
    )  # fmt: skip

    def __init__(self) -> None:
        self.decisions: Counter[tuple[str, str, str]] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.answers: Counter[tuple[str, str]] = Counter()
        self.overrides: Counter[str] = Counter()
        self.latency = [0] * (len(BOUNDS_S) + 1)
        self.latency_sum_s = 0.0
        self.sheds = 0
        self.unkept = 0
        self.faults = 0

    def add(self, sighting: Sighting, answers: dict[str, Answer], decision: Decision, took_s: float) -> None:
        """One decision more. `took_s`: from the event's arrival to the decision, waiting for models included."""
        self.decisions[sighting.kind, sighting.door, decision.outcome] += 1
        for named in decision.statuses:
            self.rules[named] += 1
        for rule, answer in answers.items():
            self.answers[rule, answer.status] += 1
        self.sheds += sighting.is_shed
        self.latency[bisect_left(BOUNDS_S, took_s)] += 1
        self.latency_sum_s += took_s
