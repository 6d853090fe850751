"""One call for every door: what it returns is what stands in the record, and what cannot stand there is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from counterproof import errors, record
from counterproof.record import (
    Answer,
    Decision,
    Event,
    GatePolicy,
    MemoryPolicy,
    Outcome,
    PatternRule,
    Piece,
    PromptRule,
    Sighting,
)
from counterproof.rely import appeal, gate, guard, trail

KEY = b"a secret of sixteen bytes or more"


class Kept:
    """A record in memory that fails where it is told to."""

    def __init__(self) -> None:
        self.decisions: list[tuple[Sighting, tuple[Answer, ...], Decision]] = []
        self.notes: list[tuple[str, dict[str, str | int | float]]] = []
        self.policies: list[str] = []
        self.is_full = False

    def keep(
        self, sighting: Sighting, answers: Sequence[Answer], decision: Decision, now_ms: int, *, turn: int, seen_ms: int
    ) -> int:
        assert now_ms >= seen_ms
        assert turn >= -1
        self._write()
        self.decisions.append((sighting, tuple(answers), decision))
        return len(self.decisions)

    def note(self, kind: guard.Noted, said: dict[str, str | int | float], now_ms: int) -> int:
        self._write()
        self.notes.append((kind, said))
        return now_ms

    def begin_policy(self, policy: GatePolicy, now_ms: int) -> str:
        assert now_ms
        self._write()
        self.policies.append(policy.name)
        return record.digest_of(policy)

    def _write(self) -> None:
        if self.is_full:
            raise errors.StorageFailed("no space left", where="the record")


class Model:
    """A safety model that says one thing."""

    def __init__(self, said: Answer) -> None:
        self.said = said
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def ask(self, rule: PromptRule, event: Event, fragments: Sequence[str]) -> Answer:
        self.asked.append((event.pieces[0].text, tuple(fragments)))
        await asyncio.sleep(0)
        return msgspec.structs.replace(self.said, rule=rule.name)


def words(name: str, pattern: str, action: record.Action = "reject", **more: str) -> PatternRule:
    return PatternRule(name=name, patterns=(pattern,), action=action, reason=f"no {name}", **more)  # type: ignore[arg-type]  # texts alone


ASK = PromptRule(
    name="judge", text="policy", model="m", labels={"OK": "allow", "NO": "reject"}, on_failure="reject",
    deadline_ms=50, asks_when="escalated",
)  # fmt: skip


def policy(*rules: record.GateRule, hold_s: float = 0.0, name: str = "house", window_s: int = 0) -> GatePolicy:
    return GatePolicy(name=name, rules=rules, hold_s=hold_s, says="Refused.", memory=MemoryPolicy(window_s=window_s))


def ready(kept: guard.Keeps, *rules: record.GateRule, judge: Model | None = None, **more: float) -> guard.Guard:
    return guard.Guard(gate.Rules(policy(*rules, **more), KEY), kept, judge=judge)  # type: ignore[arg-type]  # numbers alone


async def until_held(found: guard.Guard) -> None:
    for _ in range(1000):
        if found.held:
            return
        await asyncio.sleep(0)
    raise AssertionError("nothing is held")


def said(text: str, context: str = "") -> Event:
    return Event(kind="call", door="python", tool="shell", pieces=(Piece(text),), context=context)


def test_what_is_returned_is_what_was_kept() -> None:
    kept = Kept()
    found = ready(kept, words("bombs", "bomb"))

    allowed, refused = found.decide(said("a cake")), found.decide(said("a bomb"))

    assert [d for *_, d in kept.decisions] == [allowed, refused]
    assert (allowed.outcome, allowed.receipt) == ("allow", "")
    assert (refused.outcome, refused.reason) == ("reject", "no bombs")
    assert appeal.read_receipt(refused.receipt) == refused.receipt
    assert found.counts.decisions == {("call", "python", "allow"): 1, ("call", "python", "reject"): 1}
    assert sum(found.counts.latency) == 2


def test_what_cannot_be_kept_does_not_pass_and_comes_back_with_the_disk() -> None:
    kept = Kept()
    found = ready(kept, words("bombs", "bomb"))

    kept.is_full = True
    refused = found.decide(said("a cake"))
    kept.is_full = False

    assert (refused.outcome, refused.rules) == ("reject", ("gate:unkept",))
    assert found.counts.unkept == 1
    assert found.decide(said("a cake")).outcome == "allow"


def test_an_event_that_cannot_be_looked_at_is_refused_and_its_content_is_in_no_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept()
    found = ready(kept, words("bombs", "bomb"))

    def broken(*_: object) -> Sighting:
        raise RuntimeError("a cake")

    monkeypatch.setattr(found.rules, "look", broken)
    refused = found.decide(said("a cake"))

    assert (refused.outcome, refused.rules) == ("reject", (gate.FAULT,))
    assert kept.notes == [("fault", {"error": "RuntimeError"})]
    assert found.counts.faults == 1


def test_what_a_door_fails_over_or_sheds_is_kept_as_refused() -> None:
    kept = Kept()
    found = ready(kept)

    faulty, shed = found.fault(said("x"), ValueError("y")), found.shed(said("x"))

    assert (faulty.rules, shed.rules) == ((gate.FAULT,), (gate.SHED,))
    assert [d.outcome for *_, d in kept.decisions] == ["reject", "reject"]
    assert found.counts.sheds == 1


def test_a_terminated_context_stays_so_and_no_other_is() -> None:
    found = ready(Kept(), words("bombs", "bomb", "terminate"))

    assert found.decide(said("a bomb", "one")).outcome == "terminate"
    assert found.decide(said("a cake", "one")).outcome == "terminate"
    assert found.decide(said("a cake", "two")).outcome == "allow"
    assert found.decide(said("a bomb")).outcome == "terminate"
    assert found.decide(said("a cake")).outcome == "allow", "nobody without a context is taken for another"


def test_without_waiting_a_model_that_should_be_asked_has_failed() -> None:
    kept = Kept()
    found = ready(
        kept, words("odd", "odd", "escalate"), ASK, judge=Model(Answer(rule="", status="answered", label="OK"))
    )

    decision = found.decide(said("odd"))

    assert decision.outcome == "reject"
    assert ("judge", "failed") in decision.statuses


def test_a_model_is_asked_only_where_it_should_be_and_its_word_counts() -> None:
    async def main(label: str) -> tuple[Decision, Decision, int]:
        model = Model(Answer(rule="", status="answered", label=label))
        found = ready(Kept(), words("odd", "odd", "escalate"), ASK, judge=model)
        return await found.consider(said("odd")), await found.consider(said("even")), len(model.asked)

    odd, even, asked = asyncio.run(main("OK"))
    assert (odd.outcome, even.outcome, asked) == ("allow", "allow", 1)
    assert ("judge", "cleared") in odd.statuses
    assert asyncio.run(main("NO"))[0].outcome == "reject"
    assert asyncio.run(main("MAYBE"))[0].outcome == "reject", "what is no label is a failure, and the rule says reject"


def test_a_model_sees_what_other_conversations_said() -> None:
    async def main() -> list[tuple[str, tuple[str, ...]]]:
        model = Model(Answer(rule="", status="answered", label="OK"))
        found = ready(Kept(), words("odd", "odd", "escalate"), ASK, judge=model, window_s=3600)
        await found.consider(said("the odd nitrofoo42 plan, part one", "one"))
        await found.consider(said("the odd nitrofoo42 plan, part two", "two"))
        return model.asked

    first, second = asyncio.run(main())
    assert first[1] == ("the odd nitrofoo42 plan, part one",)
    assert set(second[1]) == {"the odd nitrofoo42 plan, part one", "the odd nitrofoo42 plan, part two"}


@pytest.mark.parametrize(("word", "outcome"), [("allow", "allow"), ("reject", "reject")])
@pytest.mark.parametrize("action", ["hold", "escalate"])
def test_a_held_event_waits_for_a_persons_word(action: Outcome, word: guard.Word, outcome: Outcome) -> None:
    held_as: list[str] = []

    async def main() -> tuple[Decision, Kept, guard.Guard]:
        kept = Kept()
        found = ready(kept, words("odd", "odd", action), hold_s=30.0)
        waiting = asyncio.create_task(found.consider(said("odd")))
        await until_held(found)
        (held,) = found.held
        assert (held.rules, held.sighting.kind) == (("odd",), "call")
        held_as.append(held.name)
        assert not found.release("another", word)
        assert found.release(held.name, word)
        decision = await waiting
        assert not found.release(held.name, word), "nobody waits any more"
        return decision, kept, found

    decision, kept, found = asyncio.run(main())
    assert decision.outcome == outcome
    assert [d.outcome for *_, d in kept.decisions] == [action]
    assert kept.notes == [("override", {"receipt": appeal.receipt_digest(decision.receipt), "said": word})]
    assert found.counts.overrides == {word: 1}
    assert held_as == [appeal.receipt_digest(decision.receipt)], "the receipt itself is the asker's alone"


def test_nobody_comes_and_what_was_held_is_refused() -> None:
    async def main(hold_s: float) -> Decision:
        return await ready(Kept(), words("odd", "odd", "hold"), hold_s=hold_s).consider(said("odd"))

    assert asyncio.run(main(0.01)).outcome == "reject"
    assert asyncio.run(main(0.0)).outcome == "reject"


def test_a_word_that_cannot_be_kept_has_no_effect() -> None:
    async def main() -> Decision:
        kept = Kept()
        found = ready(kept, words("odd", "odd", "hold"), hold_s=30.0)
        waiting = asyncio.create_task(found.consider(said("odd")))
        await until_held(found)
        kept.is_full = True
        found.release(found.held[0].name, "allow")
        return await waiting

    assert asyncio.run(main()).outcome == "reject"


def test_what_is_modified_says_where() -> None:
    found = ready(Kept(), words("names", "(?:ann|bob)", "modify", replacement="X"))

    assert found.decide(said("ann and bob")).spans == ((0, 0, 3, "X"), (0, 8, 11, "X"))


def test_rules_are_replaced_whole_or_not_at_all() -> None:
    kept = Kept()
    found = ready(kept, words("bombs", "bomb"))
    other = gate.Rules(policy(words("cakes", "cake"), name="other"), KEY)

    kept.is_full = True
    with pytest.raises(errors.StorageFailed):
        found.replace(other)
    kept.is_full = False
    assert found.decide(said("a cake")).outcome == "allow"

    found.replace(other)
    assert kept.policies == ["house", "other"]
    assert (found.decide(said("a cake")).outcome, found.decide(said("a bomb")).outcome) == ("reject", "allow")


def test_other_settings_of_the_memory_wait_for_a_start() -> None:
    found = ready(Kept(), words("bombs", "bomb"))

    with pytest.raises(errors.BadGate, match="other settings of the memory"):
        found.replace(gate.Rules(policy(words("cakes", "cake"), window_s=60), KEY))
    assert found.decide(said("a cake")).outcome == "allow"


def test_what_was_looked_at_before_a_change_is_audited_by_what_looked_at_it(tmp_path: Path) -> None:
    class Slow(Model):
        def __init__(self) -> None:
            super().__init__(Answer(rule="", status="answered", label="NO"))
            self.may, self.is_asked = asyncio.Event(), asyncio.Event()

        async def ask(self, rule: PromptRule, event: Event, fragments: Sequence[str]) -> Answer:
            self.is_asked.set()
            await self.may.wait()
            return await super().ask(rule, event, fragments)

    async def main(kept: trail.Trail) -> list[Outcome]:
        model = Slow()
        found = ready(kept, words("odd", "odd", "escalate"), ASK, judge=model)
        waiting = asyncio.create_task(found.consider(said("odd")))
        await model.is_asked.wait()
        found.replace(gate.Rules(policy(words("cakes", "cake"), name="other"), KEY))
        first = await found.consider(said("a cake"))
        model.may.set()
        return [first.outcome, (await waiting).outcome, (await found.consider(said("odd"))).outcome]

    with trail.Trail(tmp_path / "trail", "w0", "house") as kept:
        assert asyncio.run(main(kept)) == ["reject", "reject", "allow"]
    audited = trail.audit(tmp_path / "trail")
    assert audited.agrees, audited.mismatches
    assert audited.workers[0].settled == 3


def test_many_threads_lose_no_decision(tmp_path: Path) -> None:
    with trail.Trail(tmp_path / "trail", "w0", "house") as kept:
        found = ready(kept, words("bombs", "bomb"), window_s=3600)

        def work(i: int) -> None:
            for j in range(50):
                text = "a bomb" if (i + j) % 2 else "a cake"
                assert found.decide(said(text, f"c{i}")).outcome == ("reject" if "bomb" in text else "allow")

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sum(found.counts.decisions.values()) == 400
    found_again = trail.audit(tmp_path / "trail")
    assert found_again.agrees, found_again.mismatches
    assert (found_again.workers[0].settled, found_again.workers[0].read) == (400, 400)


def test_what_another_gate_saw_counts_here_and_is_in_the_record(tmp_path: Path) -> None:
    found: list[guard.Guard] = []
    with trail.Trail(tmp_path / "trail", "w0", "house") as one, trail.Trail(tmp_path / "trail", "w1", "house") as two:
        for kept in (one, two):
            made = ready(kept, words("odd", "odd", "signal"), window_s=3600)
            made.share()
            found.append(made)
        for i in range(5):
            found[0].decide(said(f"the odd nitrofoo42 plan, part {i}", f"c{i}"))
        assert found[1].merge(found[0].delta("first"), 0.5, "a store")
        assert found[1].memory.fragments(()) == ()
        found[1].decide(said("the odd nitrofoo42 plan, the end", "z"))

    audited = trail.audit(tmp_path / "trail")
    assert audited.agrees, audited.mismatches
    assert [w.read for w in audited.workers] == [5, 1]


def test_a_clock_does_not_see_the_wall_clock_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = guard.steady()
    before = clock()

    monkeypatch.setattr("time.time_ns", lambda: 0)

    assert 0 <= clock() - before < 60_000


class Slow(Model):
    """A safety model that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(Answer(rule="", status="answered", label="OK"))
        self.may_answer = asyncio.Event()

    async def ask(self, rule: PromptRule, event: Event, fragments: Sequence[str]) -> Answer:
        answer = await super().ask(rule, event, fragments)
        await self.may_answer.wait()
        return answer


async def until_asked(model: Model) -> None:
    for _ in range(1000):
        if model.asked:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody is asked")


def test_who_goes_away_while_a_model_is_asked_leaves_no_gap_in_the_record() -> None:
    async def main() -> Kept:
        kept, model = Kept(), Slow()
        found = ready(kept, words("doubt", "bomb", "escalate"), ASK, judge=model, window_s=60)
        task = asyncio.create_task(found.consider(said("a bomb")))
        await until_asked(model)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return kept

    kept = asyncio.run(main())
    assert [d.outcome for *_, d in kept.decisions] == ["reject"]
    assert kept.decisions[0][0].hits == (("doubt", 1),)


def test_what_a_model_is_still_asked_about_ends_with_its_conversation() -> None:
    async def main() -> tuple[guard.Guard, Kept, Decision]:
        kept, model = Kept(), Slow()
        found = ready(kept, words("doubt", "bomb", "escalate"), words("end", "enough", "terminate"), ASK, judge=model)
        task = asyncio.create_task(found.consider(said("a bomb", context="c")))
        await until_asked(model)
        assert found.decide(said("enough", context="c")).outcome == "terminate"
        model.may_answer.set()
        return found, kept, await task

    found, kept, late = asyncio.run(main())
    sighting, answers, decision = kept.decisions[-1]
    assert late.outcome == "terminate"
    assert found.rules.settle(sighting, {a.rule: a for a in answers}).outcome == decision.outcome == "terminate"


def test_what_is_held_ends_with_its_conversation() -> None:
    async def main() -> Decision:
        found = ready(Kept(), words("doubt", "bomb", "hold"), words("end", "enough", "terminate"), hold_s=5.0)
        task = asyncio.create_task(found.consider(said("a bomb", context="c")))
        await until_held(found)
        found.decide(said("enough", context="c"))
        assert found.release(found.held[0].name, "allow")
        return await task

    assert asyncio.run(main()).outcome == "reject"


def test_a_gate_that_nobody_asks_finds_out_that_its_record_can_be_written_again() -> None:
    """A balancer that takes it out of service sends nothing more: only who asks for its health can try."""
    kept = Kept()
    one = guard.Guard(gate.Rules(GatePolicy(name="p", rules=()), KEY), kept)
    assert one.keeps()
    kept.is_full = True
    assert one.decide(Event(kind="message", door="python")).rules == ("gate:unkept",)
    assert not one.keeps()
    assert (one.counts.unkept, kept.notes) == (1, [])
    kept.is_full = False

    assert one.keeps()
    assert one.is_keeping
    assert kept.notes == [("fault", {"what": "decisions were refused unkept", "count": 1})]
