"""In process: what each step of a decision costs, along a conversation, and what a million events leave in memory."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import material
import told

from counterproof.record import Event, Piece
from counterproof.rely import gate, guard, trail

ROUNDS = 3
CHATS, CALLS = 400, 2_000
TRACE = 10_000
EVENTS, STOPS = 1_000_000, (100_000, 200_000, 500_000, 1_000_000)
KEY = bytes(range(32))
T = TypeVar("T")


class Timed:
    """Of each call how long it took, and what all of them used of the processor."""

    def __init__(self) -> None:
        self.took: list[int] = []
        self.cpu_s = 0.0

    def run(self, call: Callable[[T], object], items: Sequence[T]) -> list[object]:
        """Calls with each item, in order; what came out."""
        out, took, clock = [], self.took, time.perf_counter_ns
        cpu = time.process_time()
        for item in items:
            began = clock()
            made = call(item)
            took.append(clock() - began)
            out.append(made)
        self.cpu_s += time.process_time() - cpu
        return out

    def us(self, share: float) -> float:
        """A percentile."""
        return sorted(self.took)[int(share * (len(self.took) - 1))] / 1000

    @property
    def cpu_us(self) -> float:
        """The mean."""
        return self.cpu_s / len(self.took) * 1e6


STEPS = ("walk", "look, all new", "settle", "trail.keep", "decide, all new", "decide", "walk + decide")
"""`all new`: no earlier turn came through here. Otherwise the earlier turns did, as they do in a conversation."""


class Case:
    """One kind of event under one policy; a round is done with new events, a new memory and a new record."""

    def __init__(
        self, name: str, rules: gate.Rules, made: Callable[[int], bytes], shape: gate.Shape, many: int
    ) -> None:
        self.name, self._rules, self._made, self._shape, self._many = name, rules, made, shape, many
        self.rounds: dict[str, list[Timed]] = {step: [] for step in STEPS}
        self.bytes: list[int] = []
        self.anchors = 0.0
        self._next = 0

    def round(self, folder: Path) -> None:
        """Each step by itself, then together."""
        first = self._taken(self._many)
        again, unheard = self._taken(self._many), self._taken(self._many)
        self.bytes += map(len, first)
        steps = {step: Timed() for step in STEPS}
        walks = steps["walk"].run(self._walk, first)
        events = [walk.events[0] for walk in walks if isinstance(walk, gate.Walk)]
        memory, n = gate.Memory(self._rules.policy.memory), iter(range(10**9))
        sightings = steps["look, all new"].run(
            lambda event: self._rules.look(event, memory, 1e6 + next(n) * 0.01), events
        )
        self.anchors = statistics.mean(len(s.anchors) for s in sightings)  # type: ignore[attr-defined] # sightings
        decisions = steps["settle"].run(lambda s: self._rules.settle(s, {}), sightings)  # type: ignore[arg-type] # same
        with trail.Trail(folder / "steps", "w0", "bench") as kept:
            pairs = list(zip(sightings, decisions, strict=True))
            steps["trail.keep"].run(
                lambda p: kept.keep(p[0], (), p[1], 1, turn=1, seen_ms=1),  # type: ignore[arg-type] # as above
                pairs,
            )
        with trail.Trail(folder / "whole", "w0", "bench") as kept:
            watched = guard.Guard(self._rules, kept)
            steps["decide, all new"].run(watched.decide, [self._walk(body).events[0] for body in unheard])
            self._whole(watched, steps, events, again)
        for step in STEPS:
            self.rounds[step].append(steps[step])

    def _whole(self, watched: guard.Guard, steps: dict[str, Timed], events: list[Event], again: list[bytes]) -> None:
        others = [self._walk(body).events[0] for body in again]
        for event in (*events, *others):  # the conversation so far came through here, turn by turn
            before = tuple(p for p in event.pieces if not p.is_new or event.kind != "message")
            if event.kind == "message":
                watched.decide(Event(kind="message", door=event.door, pieces=before))
        steps["decide"].run(watched.decide, events)
        steps["walk + decide"].run(lambda body: [watched.decide(e) for e in self._walk(body).events], again)
        if refused := {k[2] for k in watched.counts.decisions} - {"allow"}:
            raise SystemExit(f"{self.name}: something was not allowed ({refused}): other work than was to be measured")

    def _walk(self, body: bytes) -> gate.Walk:
        return gate.walk(self._shape, body, door=self._shape.rpartition(".")[0])

    def _taken(self, many: int) -> list[bytes]:
        self._next += many
        return [self._made(n) for n in range(self._next - many, self._next)]

    def best(self, step: str, share: float) -> float:
        """The least over the rounds."""
        return min(timed.us(share) for timed in self.rounds[step])

    def cpu_us(self, step: str) -> float:
        """The least over the rounds."""
        return min(timed.cpu_us for timed in self.rounds[step])


def steps() -> bool:
    """The table of steps, and the goals for them."""
    told.heading("process: one decision, step by step, in one thread")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rules = {kind: _rules(folder, kind) for kind in ("mixed", "listed")}
        cases = [
            Case("chat 7 KB, no hit", rules["mixed"], material.conversation, "openai.chat.request", CHATS),
            Case("chat 7 KB, listed terms alone", rules["listed"], material.conversation, "openai.chat.request", CHATS),
            Case("chat 7 KB, 20 hits", rules["mixed"], lambda n: material.conversation(n, hits=20),
                 "openai.chat.request", CHATS),
            Case("tool call", rules["mixed"], lambda n: material.call(n)[2], "mcp.request", CALLS),
        ]  # fmt: skip
        for number in range(ROUNDS):
            for at, case in enumerate(cases):
                case.round(folder / f"{number}-{at}")
        rows: list[list[object]] = []
        for case in cases:
            about = f"{case.name} ({statistics.mean(case.bytes):,.0f} B, {case.anchors:.0f} anchors)"
            rows += [[f"{about}: {step}", case.best(step, 0.5), case.best(step, 0.99), case.cpu_us(step)]
                     for step in STEPS]  # fmt: skip
        told.table(("best of 3 rounds, us", "p50", "p99", "CPU, mean"), rows)
        chat, call = cases[0], cases[3]
        met = told.goal("decide p50, a turn of a chat, 7 KB, 1,000 patterns", chat.best("decide", 0.5), 60, "us")
        met &= told.goal("the same, no turn of it known", chat.best("decide, all new", 0.5), 60, "us")
        met &= told.goal("decide p99, a turn of a chat, the same", chat.best("decide", 0.99), 250, "us")
        met &= told.goal("decide p50, tool call under 1 KB", call.best("decide", 0.5), 25, "us")
        return _trace(rules["mixed"], folder) and met


def _rules(folder: Path, kind: str) -> gate.Rules:
    said = material.write_policy(folder / kind, material.policy(kind, weighty=True))
    began = time.perf_counter()
    policy = gate.read_policy(said)
    read = time.perf_counter()
    made = gate.Rules(policy, KEY)
    print(
        f"  policy {kind!r}: read in {read - began:.1f} s, made ready in {time.perf_counter() - read:.1f} s", flush=True
    )
    return made


def _trace(rules: gate.Rules, folder: Path) -> bool:
    """Tool calls of one conversation, one after the other."""
    told.heading(f"process: one conversation of {TRACE:,} tool calls")
    events = [
        gate.walk("mcp.request", material.call(n)[2], door="mcp", context="one", identity="one").events[0]
        for n in range(TRACE)
    ]
    timed = Timed()
    with trail.Trail(folder / "trace", "w0", "bench") as kept:
        timed.run(guard.Guard(rules, kept).decide, events)
    spans = ((0, 100), (100, 1_000), (1_000, 2_000), (4_500, 5_500), (9_000, 10_000))
    took = {span: sorted(timed.took[span[0] : span[1]]) for span in spans}
    rows = [[f"{a + 1:,} to {b:,}", t[len(t) // 2] / 1000, t[int(len(t) * 0.99)] / 1000] for (a, b), t in took.items()]
    told.table(("decide, us", "p50", "p99"), rows)
    ratio = float(rows[-1][1]) / float(rows[1][1])
    return told.goal("last thousand over events 101 to 1,000, p50", ratio, 1.25, "times")


def _event(number: int) -> Event:
    """Cheap to make; half of the words are new each time, one in fifty carries a signal, a thousand people."""
    term = _TERMS[number % len(_TERMS)] if number % 50 == 0 else "nothing"
    text = (
        f"read item{number} at /srv/area{number % 7919}/file-{number % 104729}.txt about {term} x{number * 31 % 65537}"
    )
    return Event(
        kind="call", door="mcp", pieces=(Piece(text, "assistant", "arguments"),), tool="read_file",
        context=f"c{number // 2}", identity=f"i{number % 1000}", size_bytes=len(text),
    )  # fmt: skip


_TERMS = tuple(material.phrases(300, "policy"))


def memory() -> bool:
    """Resident memory along a million events."""
    told.heading(f"memory: {EVENTS:,} events through one guard (memory of 24 hours, record on disk)")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rules = _rules(folder, "mixed")
        rows: list[list[object]] = []
        with trail.Trail(folder / "trail", "w0", "bench") as kept:
            watched = guard.Guard(rules, kept)
            begun, cpu = time.perf_counter(), time.process_time()
            before = 0
            for number in range(1, EVENTS + 1):
                watched.decide(_event(number))
                if number in STOPS:
                    gc.collect()
                    each = (time.process_time() - cpu) / (number - before) * 1e6
                    rows.append([f"{number:,}", told.resident_mib(), each, f"{len(watched.memory):,}"])
                    cpu, before = time.process_time(), number
                if number % 50_000 == 0:
                    _forget_files(folder / "trail")
        told.table(("events", "RSS MiB", "CPU us each", "anchors held"), rows)
        print(f"  {time.perf_counter() - begun:,.0f} s in all; the events' making counts in the CPU", flush=True)
        after = [float(str(row[1])) for row in rows]
        met = told.goal(
            "RSS after 1,000,000 over after 100,000, bounds not yet reached", after[-1] / after[0], 1.1, "times"
        )
        return (
            told.goal("RSS after 1,000,000 over after 200,000, where bounds are", after[-1] / after[1], 1.1, "times")
            and met
        )


def _forget_files(folder: Path) -> None:
    """All but the newest file of the record: a gigabyte is not needed for this."""
    files = sorted(folder.rglob("*.jsonl"))
    for path in files[:-1]:
        path.unlink()
