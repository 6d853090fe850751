"""A gate in memory whose record is on disk: real rules, a real memory, events at random from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from counterproof import note, record
from counterproof.record import Answer, Decision, GatePolicy, Sighting
from counterproof.rely import gate, trail
from tests.chain import small_chain

NOW_MS = 1_790_000_000_000
GATE = "front door"
SIGNER = small_chain.key("gate.example/head", "ed25519")
POLICY = GatePolicy(
    name="small",
    rules=(
        record.ThresholdRule(name="gathers", of="memory.signal", above=2.0, action="escalate"),
        record.ConditionRule(name="many", when="memory.contexts > 3.0 && event.kind == 'call'", action="hold"),
        record.PromptRule(
            name="judged", text="Is it harm?", model="m", labels={"yes": "reject", "no": "allow"}, on_failure="hold",
            deadline_ms=100, asks_when="escalated",
        ),
    ),
    memory=record.MemoryPolicy(window_s=3600),
)  # fmt: skip
OTHER = msgspec.structs.replace(POLICY, name="other", unscanned={"call": "terminate"})


@dataclass
class Worker:
    """Looks, decides and keeps, as a guard does."""

    trail: trail.Trail
    policy: GatePolicy = POLICY
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    turn: int = 0
    now_ms: int = NOW_MS

    def __post_init__(self) -> None:
        self.rules, self.memory = gate.Settlement(self.policy), gate.Memory(self.policy.memory)
        self.trail.begin_policy(self.policy, self.now_ms)

    def replace(self, policy: GatePolicy) -> None:
        self.trail.begin_policy(policy, self.now_ms)
        self.policy, self.rules = policy, gate.Settlement(policy)

    def look(self) -> tuple[Sighting, int, int]:
        """A sighting, its turn and its time."""
        draw = self.chance.randrange
        self.now_ms += draw(2_000) - 500 * (draw(10) == 0)
        weight, fragment = float(draw(3)), f"{draw(40):032x}"
        anchors = tuple(sorted({f"t:{draw(12):016x}" for _ in range(3)}))
        context, identity = f"{draw(9):016x}", f"{draw(4):016x}"
        readings = self.memory.add(anchors, weight, context, identity, fragment, self.now_ms / 1000)
        seen = Sighting(
            kind=self.chance.choice(record.EVENT_KINDS), door="python", tool="bash", context=context, identity=identity,
            size_bytes=draw(9_000), pieces=draw(4), roles=("user",), unscanned=int(draw(9) == 0), anchors=anchors,
            weight=weight, readings=readings, content=fragment,
        )  # fmt: skip
        self.turn += 1
        return seen, self.turn - 1, self.now_ms

    def settle(self, seen: Sighting, turn: int, seen_ms: int) -> Decision:
        status, label = self.chance.choice((("answered", "yes"), ("answered", "no"), ("timed out", "")))
        answers = {"judged": Answer(rule="judged", status=status, label=label, took_ms=1.5)}  # type: ignore[arg-type] # of the above
        decision = self.rules.settle(seen, answers)
        if decision.outcome != "allow":
            decision = msgspec.structs.replace(decision, receipt=f"receipt {turn}", reason="No.")
        self.trail.keep(seen, tuple(answers.values()), decision, self.now_ms, turn=turn, seen_ms=seen_ms)
        return decision

    def decide(self, times: int = 1) -> list[Decision]:
        return [self.settle(*self.look()) for _ in range(times)]


def opened(
    folder: Path, worker: str = "a", pace: trail.Pace | None = None, signer: note.Signer | None = SIGNER
) -> trail.Trail:
    return trail.Trail(folder, worker, GATE, now_ms=NOW_MS, signer=signer, pace=pace)


def segments(folder: Path, worker: str = "a") -> list[Path]:
    return sorted((folder / "workers" / worker).glob("*.jsonl"))


def lines(folder: Path, worker: str = "a") -> Iterator[list[object]]:
    """Every line of a worker's chain, decoded."""
    for path in segments(folder, worker):
        for line in path.read_bytes().splitlines():
            yield msgspec.json.decode(line)


def rewritten(folder: Path, change: Callable[[list[object]], list[object] | None], worker: str = "a") -> None:
    """Rewrites a worker's chain with every hash made right again: what whoever holds the disk can do.

    `change` gives what stands in a line's place, or None to drop it; heads lose their place and are left out.
    """
    from counterproof.rely.trail import _line  # noqa: PLC0415 - the chain's own arithmetic

    kept = [made for line in lines(folder, worker) if line[0] != "head" and (made := change(line)) is not None]
    for path in segments(folder, worker):
        path.unlink()
    before, data = _line.ROOT, b""
    for n, line in enumerate(kept):
        body = msgspec.json.encode([line[0], n, *line[2:-1]])[:-1]
        before, whole = _line.closed(before, body)
        data += whole
    (folder / "workers" / worker / f"{0:012d}.jsonl").write_bytes(data)


def found(folder: Path, **more: object) -> list[str]:
    """What an audit says does not agree."""
    return [one.what for one in trail.audit(folder, **more).mismatches]  # type: ignore[arg-type] # as the caller says
