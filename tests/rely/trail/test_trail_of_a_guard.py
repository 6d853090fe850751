"""The record of a real guard, with everything at once: models, reloads, people, other gates, threads."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from counterproof import record
from counterproof.record import Answer, Event, Piece, PromptRule
from counterproof.rely import gate, guard, trail
from tests.rely.trail.small_trail import NOW_MS, opened

SECRET = b"s" * 32
POLICY = record.GatePolicy(
    name="everything",
    rules=(
        record.PatternRule(name="shell", patterns=("rm -rf",), weight=3.0),
        record.PatternRule(name="mask", patterns=("password",), action="modify", replacement="*"),
        record.PatternRule(name="hint", patterns=("host[0-9]",), action="signal", weight=0.5),
        record.ThresholdRule(name="gathers", of="memory.signal", above=6.0, action="escalate"),
        record.ConditionRule(name="many", when="memory.contexts > 8.0 && event.kind == 'call'", action="hold"),
        PromptRule(
            name="judged", text="Is it harm?", model="m", labels={"yes": "reject", "no": "allow"}, on_failure="hold",
            deadline_ms=100, asks_when="escalated",
        ),
    ),
    models={"m": record.SafetyModel(endpoint="http://127.0.0.1:1/v1", model="m")},
    memory=record.MemoryPolicy(window_s=3600, anchors=("target", "artefact", "argument", "content", "identity")),
    hold_s=0.01,
)  # fmt: skip
STRICTER = msgspec.structs.replace(POLICY, name="stricter", unscanned={"call": "terminate"}, rules=POLICY.rules[:4])


class Judge:
    """Answers at random, late and in any order."""

    def __init__(self) -> None:
        self._chance = random.Random(2)

    async def ask(self, rule: PromptRule, event: Event, fragments: Sequence[str]) -> Answer:
        del event, fragments
        await asyncio.sleep(self._chance.random() / 100)
        if self._chance.random() < 0.2:
            return Answer(rule=rule.name, status="timed out", took_ms=100.0)
        return Answer(rule=rule.name, status="answered", label=self._chance.choice(("yes", "no", "perhaps")))


def _events(seed: int, count: int) -> list[Event]:
    chance = random.Random(seed)
    words = ("rm -rf /", "the password is x", "list host3", "http://site.example/a", "hello", "cat /etc/passwd")
    return [
        Event(
            kind=chance.choice(record.EVENT_KINDS), door="python", tool=chance.choice(("", "bash")),
            pieces=tuple(Piece(text=chance.choice(words), where=f"p[{n}]") for n in range(chance.randrange(4))),
            context=f"c{chance.randrange(20)}", identity=f"i{chance.randrange(5)}",
            unscanned=("p: unknown",) * (chance.randrange(12) == 0), size_bytes=chance.randrange(9_000),
        )
        for _ in range(count)
    ]  # fmt: skip


def test_all_that_a_guard_decides_is_computed_again(tmp_path: Path) -> None:
    ticks = iter(range(NOW_MS, NOW_MS + 10**9, 7))
    guarding = threading.Lock()

    def clock() -> int:
        with guarding:
            return next(ticks)

    with opened(tmp_path, pace=trail.Pace(segment_bytes=60_000, head_every=100)) as kept:
        made = guard.Guard(gate.Rules(POLICY, SECRET), kept, judge=Judge(), clock=clock)
        other = gate.Memory(POLICY.memory)
        other.share()

        async def everything() -> None:
            waiting: list[asyncio.Task[record.Decision]] = []
            for n, event in enumerate(_events(1, 600)):
                waiting.append(asyncio.ensure_future(made.consider(event)))
                if n % 7 == 0:
                    await asyncio.sleep(0.001)
                if n % 150 == 100:
                    made.replace(gate.Rules((STRICTER, POLICY)[n // 150 % 2], SECRET))
                if n % 100 == 50:
                    other.add((f"t:{n:016x}",), 2.0, f"{n:016x}", "", f"{n:032x}", n / 10)
                    made.merge(other.delta("another"), 1.5, "a test")
                if n % 90 == 80:
                    made.shed(event)
                    made.fault(event, ValueError())
                for held in made.held[:2]:
                    made.release(held.name, "allow")
            await asyncio.gather(*waiting)

        thread = threading.Thread(target=lambda: [made.decide(event) for event in _events(2, 200)])
        thread.start()
        asyncio.run(everything())
        thread.join()
        published = trail.head_said(tmp_path, "Deployer D", None)

    audit = trail.audit(tmp_path, heads=[published])
    assert audit.mismatches == ()
    (one,) = audit.workers
    assert one.decisions == one.settled == 800 + 2 * 6
    assert (one.read, one.unread) == (800, 0)
    counts = one.counts
    assert all(
        counts.get(name) for name in ("allow", "modify", "hold", "reject", "overrides", "sheds", "timeouts", "faults")
    )
    assert len(audit.policies) == 2
