"""One call for every door.

1. The rules look at the event, with the memory in hand; an event that cannot be looked at is a fault, and refused.
2. Prompt policies that the rules ask for are put to their models, all at once, each with its own deadline.
3. The rules settle what is to happen.
4. What is to happen is written down; what cannot be written down is refused.
5. Only then does the caller learn of it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from counterproof import errors
from counterproof.record import Answer, Decision, Event, GatePolicy, PromptRule, Sighting
from counterproof.rely import appeal, gate
from counterproof.rely.guard._clock import Clock, steady
from counterproof.rely.guard._counts import Counts
from counterproof.rely.guard._ended import Ended
from counterproof.rely.guard._held import Held, Waiting, Word

UNKEPT = "gate:unkept"

Noted = Literal["override", "fault", "merge"]


class Keeps(Protocol):
    """Where decisions are written down before they take effect (`rely.trail`)."""

    def keep(
        self,
        sighting: Sighting,
        answers: Sequence[Answer],
        decision: Decision,
        now_ms: int,
        *,
        turn: int,
        seen_ms: int,
    ) -> int:
        """Writes one decision down, or raises `StorageFailed`."""
        ...

    def note(self, kind: Noted, said: dict[str, str | int | float], now_ms: int) -> int:
        """Writes down anything else that happened, or raises `StorageFailed`."""
        ...

    def begin_policy(self, policy: GatePolicy, now_ms: int) -> str:
        """Writes a policy down, and that it is in force from here on, or raises `StorageFailed`."""
        ...


class Judges(Protocol):
    """Who is asked about prompt policies (`rely.judge`)."""

    async def ask(self, rule: PromptRule, event: Event, fragments: Sequence[str]) -> Answer:
        """An answer, or how it failed; never raises, never later than the rule's deadline."""
        ...


class Guard:
    """Decides about events, one after the other or many at once, and keeps every decision.

    `decide` may be called from any thread; `consider` from one event loop. Without a judge, prompt policies that
    should be asked count as failed: what then happens is what each of them declares. `tells` hears of every decision
    once it is kept; what it raises changes nothing. `is_keeping`: the last decision could be written down.

    Raises:
        StorageFailed: the policy could not be written down.
    """

    def __init__(
        self,
        rules: gate.Rules,
        trail: Keeps,
        *,
        memory: gate.Memory | None = None,
        judge: Judges | None = None,
        clock: Clock | None = None,
        tells: Callable[[Event, Decision], None] | None = None,
        ended: Ended | None = None,
    ) -> None:
        self._rules = rules
        self._trail = trail
        self._memory = memory if memory is not None else gate.Memory(rules.policy.memory)
        self._judge = judge
        self._clock = clock or steady()
        self._tells = tells
        self._lock = threading.Lock()  # the pattern engine's scratch space and the memory are one caller's at a time
        self._keeping = threading.Lock()  # what is kept next is decided by the policy that was noted last
        self._noted = trail.begin_policy(rules.policy, self._clock())
        self._turn = 0
        self._history = gate.History()
        self._waiting = Waiting()
        self._ended = ended or Ended()
        self.counts = Counts()
        self.is_keeping = True

    @property
    def rules(self) -> gate.Rules:
        """The rules in force."""
        return self._rules

    @property
    def memory(self) -> gate.Memory:
        """What is remembered across contexts."""
        return self._memory

    @property
    def held(self) -> tuple[Held, ...]:
        """Events that wait for a person."""
        return self._waiting.listed()

    def replace(self, rules: gate.Rules, judge: Judges | None = None) -> None:
        """Puts other rules in force, at once and whole: an event in flight is settled by those that looked at it.

        Raises:
            BadGate: they want another memory than the one that is there; the old rules stay in force.
            StorageFailed: the change could not be written down; the old rules stay in force.
        """
        if rules.policy.memory != self._rules.policy.memory:
            raise errors.BadGate(
                "the policy has other settings of the memory, which cannot change while it remembers",
                where=f"policy {rules.policy.name!r}",
                mend="start the gate again to change them",
            )
        with self._keeping:
            self._noted = self._trail.begin_policy(rules.policy, self._clock())
        self._rules = rules
        if judge is not None:
            self._judge = judge

    def decide(self, event: Event) -> Decision:
        """A decision without waiting: prompt policies that should be asked count as failed."""
        began = time.perf_counter()
        rules, seen = self._rules, self._look(self._rules, event)
        return self._kept(rules, event, seen, {}, began)

    async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
        """A decision, once the safety models that must be asked have answered or run out of time.

        `has_people`: the door has people of its own: what is held or escalated is given back as it is.
        """
        began = time.perf_counter()
        rules = self._rules
        seen = self._look(rules, event)
        asked = rules.asks(seen.sighting)
        try:
            answers = await self._ask(asked, event, seen.sighting) if asked and self._judge is not None else {}
        except BaseException:  # nobody waits any more: what the memory saw stands in the record all the same
            self._kept(rules, event, seen, {}, began)
            raise
        decision = self._kept(rules, event, seen, answers, began)
        if decision.outcome in ("hold", "escalate") and not has_people:
            return await self._await_person(rules, seen.sighting, decision)
        return decision

    def shed(self, event: Event) -> Decision:
        """The refusal of an event that the gate is too busy to look at, written down like any other."""
        sighting = Sighting(kind=event.kind, door=event.door, size_bytes=event.size_bytes, is_shed=True)
        now_ms = self._clock()
        return self._kept(self._rules, event, _Seen(sighting, -1, now_ms), {}, time.perf_counter())

    def fault(self, event: Event, error: BaseException) -> Decision:
        """The refusal of an event that the caller's own code failed over; only the error's name is written down."""
        return self._kept(self._rules, event, self._failed(event, error), {}, time.perf_counter())

    def share(self) -> None:
        """From now on what the memory sees is noted for the memories of other gates (`rely.pool`)."""
        with self._lock:
            self._memory.share()

    def delta(self, origin: str) -> bytes:
        """What the memory saw since last asked; empty if nothing is worth telling."""
        with self._lock:
            return self._memory.delta(origin)

    def merge(self, data: bytes, older_s: float, where: str) -> bool:
        """Takes what another gate's memory saw `older_s` ago, once it is written down; whether it was new.

        Raises:
            BadGate: it cannot be read.
            StorageFailed: it could not be written down, and was not taken.
        """
        with self._lock:
            now_ms = self._clock()
            delta = base64.b64encode(data).decode()
            said: dict[str, str | int | float] = {"turn": self._turn, "seen_ms": now_ms, "older_s": older_s}
            self._trail.note("merge", {**said, "delta": delta}, now_ms)
            return self._memory.merge(data, now_ms / 1000, older_s, where)

    def keeps(self) -> bool:
        """Whether decisions can be written down. Where the last could not, a note is tried, which says how many.

        For who is asked for the gate's health: once nothing comes any more, no decision would find out.
        """
        if self.is_keeping:
            return True
        with contextlib.suppress(errors.StorageFailed), self._keeping:
            said: dict[str, str | int | float] = {"what": "decisions were refused unkept", "count": self.counts.unkept}
            self._trail.note("fault", said, self._clock())
            self.is_keeping = True
        return self.is_keeping

    def release(self, name: str, outcome: Word) -> bool:
        """A person's word about an event that is held; whether it was still waiting."""
        return self._waiting.decide(name, outcome)

    def _look(self, rules: gate.Rules, event: Event) -> _Seen:
        """Step 1. The context of a terminated conversation is not looked at again."""
        with self._lock:
            now_ms = self._clock()
            try:
                heard = self._history.heard(event) if rules.policy.memory.window_s else event
                sighting = rules.look(heard, self._memory, now_ms / 1000)
            except Exception as exc:  # noqa: BLE001 - whatever it is, the event was not looked at
                return self._failed(event, exc)
            self._turn += 1
            return self._up_to_date(_Seen(sighting, self._turn - 1, now_ms))

    def _up_to_date(self, seen: _Seen) -> _Seen:
        """A conversation may end while one of its events is looked at, or put to a safety model."""
        sighting = seen.sighting
        if sighting.context not in self._ended or gate.TERMINATED in sighting.failed:
            return seen
        ended = msgspec.structs.replace(sighting, failed=(*sighting.failed, gate.TERMINATED))
        return msgspec.structs.replace(seen, sighting=ended)

    def _failed(self, event: Event, error: BaseException) -> _Seen:
        """A fault of the gate itself; the memory was not asked."""
        self.counts.faults += 1
        now_ms = self._clock()
        self._note("fault", {"error": type(error).__name__}, now_ms)
        sighting = Sighting(kind=event.kind, door=event.door, size_bytes=event.size_bytes, failed=(gate.FAULT,))
        return _Seen(sighting, -1, now_ms)

    async def _ask(self, asked: Sequence[PromptRule], event: Event, sighting: Sighting) -> dict[str, Answer]:
        """Step 2."""
        judge = self._judge
        if judge is None:
            return {}
        fragments = self._memory.fragments(sighting.anchors)
        found = await asyncio.gather(*(judge.ask(rule, event, fragments) for rule in asked))
        return {answer.rule: answer for answer in found}

    def _kept(self, rules: gate.Rules, event: Event, seen: _Seen, answers: dict[str, Answer], began: float) -> Decision:
        """Steps 3 and 4."""
        seen = self._up_to_date(seen)
        decision = rules.settle(seen.sighting, answers)
        if decision.outcome == "modify":
            decision = rules.modified(decision, event)
        if decision.outcome not in ("allow", "modify"):
            decision = msgspec.structs.replace(
                decision, receipt=appeal.new_receipt(), reason=decision.reason or rules.policy.says
            )
        try:
            with self._keeping:
                now_ms = self._clock()
                if self._noted != rules.digest:  # replaced meanwhile
                    self._noted = self._trail.begin_policy(rules.policy, now_ms)
                self._trail.keep(
                    seen.sighting, tuple(answers.values()), decision, now_ms, turn=seen.turn, seen_ms=seen.at_ms
                )
        except errors.StorageFailed:
            self.counts.unkept += 1
            self.is_keeping = False
            decision = Decision(
                outcome="reject", rules=(UNKEPT,), statuses=((UNKEPT, "failed"),), reason=rules.policy.says
            )
        else:
            self.is_keeping = True
        if decision.outcome == "terminate" and seen.sighting.context:
            self._ended.add(seen.sighting.context)
        self.counts.add(seen.sighting, answers, decision, time.perf_counter() - began)
        if self._tells is not None:
            with contextlib.suppress(Exception):
                self._tells(event, decision)
        return decision

    async def _await_person(self, rules: gate.Rules, sighting: Sighting, decision: Decision) -> Decision:
        """What is held or left for a person waits; a word is written down before it takes effect; no word: refused."""
        if rules.policy.hold_s <= 0 or self._waiting.is_full:
            return msgspec.structs.replace(decision, outcome="reject")
        name = appeal.receipt_digest(decision.receipt)  # the receipt itself is the asker's alone
        word = await self._waiting.wait(name, sighting, decision, self._clock(), rules.policy.hold_s)
        if word == "allow" and sighting.context in self._ended:
            word = "reject"  # what became of it is what counts
        outcome = "allow" if word == "allow" else "reject"
        is_noted = self._note("override", {"receipt": name, "said": word}, self._clock())
        self.counts.overrides[word] += 1
        return msgspec.structs.replace(decision, outcome=outcome if is_noted else "reject")

    def _note(self, kind: Noted, said: dict[str, str | int | float], now_ms: int) -> bool:
        """Whether it could be written down."""
        try:
            self._trail.note(kind, said, now_ms)
        except errors.StorageFailed:
            self.counts.unkept += 1
            return False
        return True


class _Seen(msgspec.Struct, frozen=True):
    """What was seen, as which event in the order of looking (-1: the memory was not asked), and when."""

    sighting: Sighting
    turn: int
    at_ms: int
