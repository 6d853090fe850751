"""Computes again what a worker recorded: every decision from what was seen, every reading from what came before."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from math import isclose
from typing import Protocol

from msgspec.structs import astuple

from counterproof import record
from counterproof.errors import BadGate
from counterproof.record import Answer, Decision, GatePolicy, Sighting
from counterproof.rely import gate
from counterproof.rely.trail._line import DecisionLine, KeptDecision, KeptReadings, NoteLine

_UNKEPT = "an event that the memory took was never kept: the worker ended, or could not write"

MAX_WAITING = 65_536
"""How many events may be looked at, and not yet decided, at once: beyond it one of them was never kept."""

Found = Callable[[str, str, str, str], None]
"""What is wrong, told as where, what, recorded, computed."""


class Settles(Protocol):
    """What decides again."""

    def settle(self, sighting: Sighting, answers: dict[str, Answer]) -> Decision:
        """The decision."""
        ...


class Decisions:
    """Settles every decision of a worker again, by the policy that was noted last before it."""

    def __init__(self, policy: Callable[[str], Settles]) -> None:
        self._policy = policy
        self._now: Settles | None = None
        self.replayed = 0

    def change(self, digest: str) -> None:
        """Another policy is in force from here on.

        Raises:
            BadTrail: it is not among those that are kept, or is another than its digest says.
            BadGate: no decisions can be made by it.
        """
        self._now = None
        self._now = self._policy(digest)

    def end(self) -> None:
        """The worker began again: what was in force is no longer."""
        self._now = None

    def check(self, line: DecisionLine, where: object, found: Found) -> None:
        """Holds one decision against what follows from what was seen."""
        if self._now is None:
            found(str(where), "decided by no policy that is known", line.decision.outcome, "")
            return
        answers: dict[str, Answer] = {answer.rule: answer for answer in line.answers}
        computed = _settled(self._now, line.sighting, answers)
        self.replayed += 1
        if not _agrees(line.decision, computed):
            found(str(where), "another decision follows from what was seen", _said(line.decision), _said(computed))


_NOTHING = KeptDecision("reject", (), (), "", ())


def _settled(rules: Settles, sighting: Sighting, answers: dict[str, Answer]) -> Decision | KeptDecision:
    try:
        return rules.settle(sighting, answers)
    except LookupError:  # it names a rule that the policy does not have
        return _NOTHING


def _agrees(kept: KeptDecision, computed: Decision | KeptDecision) -> bool:
    outcome = computed.outcome
    if outcome == "modify" and not kept.spans:
        outcome = "reject"  # nothing was found to replace, and so it could not pass as it was
    return (kept.outcome, kept.rules, kept.statuses) == (outcome, computed.rules, computed.statuses)


def _said(decision: Decision | KeptDecision) -> str:
    statuses = ", ".join(f"{name} {status}" for name, status in decision.statuses)
    return f"{decision.outcome} by {', '.join(decision.rules) or 'no rule'} ({statuses or 'all clear'})"


class Memories:
    """Drives a memory with what a worker recorded, in the order in which it looked, and compares what it reads.

    Possible as long as every event that the memory took is in the record. `missed`: how many could not be compared,
    and `why` not, the first time; `apart`: in how many the memory took no part.
    """

    def __init__(self) -> None:
        self._memory: gate.Memory | None = None
        self._waiting: dict[int, tuple[DecisionLine, object]] = {}
        self._merges: dict[int, list[tuple[bytes, float, float]]] = {}
        self._next = 0
        self._is_lost = False
        self.compared = self.missed = self.apart = 0
        self.why = ""

    def begin(self) -> None:
        """The worker began, with nothing in its memory."""
        self._give_up(_UNKEPT)
        self._memory, self._next, self._is_lost = None, 0, False
        self._merges.clear()

    def change(self, policy: GatePolicy) -> None:
        """A policy is in force; the first one since the worker began says what the memory is like."""
        if self._memory is None:
            self._memory = gate.Memory(policy.memory)

    def merge(self, note: NoteLine, where: str, found: Found) -> None:
        """What others saw came in, before event `turn` was looked at; where the note lacks it, no reading follows."""
        turn, delta, seen_ms = note.said.get("turn"), note.said.get("delta"), note.said.get("seen_ms", note.at_ms)
        older_s = note.said.get("older_s", 0.0)
        if not isinstance(turn, int) or not isinstance(delta, str) or not isinstance(seen_ms, int | float):
            self._is_lost = True
            self.why = self.why or "another gate's memory was merged in, and the record does not hold it"
            self._give_up(self.why)
            return
        if turn < self._next and not self._is_lost:
            found(where, "what was merged in came before an event that was looked at already", str(turn), "")
            return
        try:
            self._merges.setdefault(turn, []).append(
                (base64.b64decode(delta, validate=True), seen_ms / 1000, _number(older_s))
            )
        except ValueError:
            found(where, "what was merged in is not base64", delta[:64], "")

    def take(self, line: DecisionLine, where: object, found: Found) -> None:
        """The next decision in the record; its turn may not have come."""
        if line.turn < 0:
            self.apart += 1
            if line.sighting.anchors or line.sighting.readings != _UNREAD:
                found(str(where), "it has readings, and says that the memory took no part",
                      _readings(line.sighting.readings), "")  # fmt: skip
            return
        if self._is_lost or self._memory is None:
            self.missed += 1
            self.why = self.why or "the memory is not known from there on"
            return
        if line.turn < self._next or line.turn in self._waiting:
            found(str(where), "another event had this turn of the memory", str(line.turn), "")
            return
        self._waiting[line.turn] = line, where
        while self._next in self._waiting:
            for merged in self._merges.pop(self._next, ()):
                with contextlib.suppress(BadGate):  # as then: it changed nothing
                    self._memory.merge(*merged)
            self._compare(self._memory, *self._waiting.pop(self._next), found)
            self._next += 1
        if len(self._waiting) > MAX_WAITING:
            self._is_lost = True
            self._give_up(f"event {self._next} of the memory was never kept")

    def end(self) -> None:
        """The record ends."""
        self._give_up(_UNKEPT)

    def _give_up(self, why: str) -> None:
        if self._waiting:
            self.why = self.why or why
        self.missed += len(self._waiting)
        self._waiting.clear()

    def _compare(self, memory: gate.Memory, line: DecisionLine, where: object, found: Found) -> None:
        seen = line.sighting
        computed = memory.add(seen.anchors, seen.weight, seen.context, seen.identity, seen.content, line.seen_ms / 1000)
        self.compared += 1
        if not _reads_same(seen.readings, computed):
            found(str(where), "the memory reads otherwise", _readings(seen.readings), _readings(computed))


def _reads_same(one: record.Readings, other: record.Readings) -> bool:
    """To nine digits: the last bit of a power is the machine's."""
    if astuple(one) == astuple(other):
        return True
    return all(isclose(getattr(one, name), getattr(other, name), rel_tol=1e-9, abs_tol=1e-12) for name in _FIELDS)


_UNREAD = KeptReadings()
_FIELDS = record.Readings.__struct_fields__


def _readings(readings: record.Readings) -> str:
    return ", ".join(f"{name} {getattr(readings, name):g}" for name in _FIELDS)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
