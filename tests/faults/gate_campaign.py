"""A gate under load while everything around it, and some of what is in it, fails: what was injected, and what held."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack, get_args

from counterproof.rely import trail
from tests.faults import gate_oracle
from tests.faults.gate_client import Client, Got, bomb, judge, send
from tests.faults.gate_inside.sitecustomize import CRASH, LEAK, PASS_THROUGH, UNRECORDED
from tests.faults.gate_plans import Given, Plan, Plans
from tests.faults.gate_rig import Disk, Gate, Inside, Store, break_policy, write_policy
from tests.faults.gate_upstream import Mood, SafetyModel, Upstream

CONTROLS = {"pass-through": PASS_THROUGH, "unrecorded": UNRECORDED, "leak": LEAK}
_BAD_SIGNS = ("Traceback", "Error:", "Exception", "never retrieved", "never awaited", "Unclosed", "Fatal")
_GRACE_S = 1.0
_PEAK_MIB = 1_500.0


class Weather:
    """Which faults were about when, so that what came of a request is held against what was wrong meanwhile."""

    def __init__(self) -> None:
        self._spells: dict[str, list[list[float]]] = {}
        self.counts: Counter[str] = Counter()

    @contextlib.contextmanager
    def spell(self, name: str, grace_s: float = _GRACE_S) -> Generator[None]:
        """A fault, while the block lasts and a little longer."""
        spell = [time.monotonic(), float("inf")]
        self._spells.setdefault(name, []).append(spell)
        self.counts[name] += 1
        try:
            yield
        finally:
            spell[1] = time.monotonic() + grace_s

    def was(self, names: tuple[str, ...], began_s: float, ended_s: float) -> bool:
        """Whether one of these was about."""
        return any(
            since_s <= ended_s and began_s <= until_s
            for name in names
            for since_s, until_s in self._spells.get(name, ())
        )


@dataclass
class Result:
    """What came of a campaign. `wrong`: everything that did not hold, with how often."""

    requests: int = 0
    took_s: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter[str])
    planted: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    wrong: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    blocked: int = 0
    decisions: int = 0
    sheds: int = 0
    peak_mib: float = 0.0
    last_mib: float = 0.0
    late: int = 0
    audit: tuple[trail.WorkerAudit, ...] = ()
    notes: Counter[str] = field(default_factory=Counter[str])
    acts: list[list[str]] = field(default_factory=list[list[str]])
    harmful: int = 0
    caught: int = 0
    missed: list[str] = field(default_factory=list[str])


class Campaign:
    """One gate, its clients, its upstream, and all that goes wrong."""

    def __init__(self, folder: Path, seed: int, *, control: str = "", control_share: float = 0.001) -> None:
        self.folder, self.control, self.control_share = folder, control, control_share
        self.random = random.Random(seed)
        self.plans: dict[int, Plan] = {}
        self.got: dict[int, Got] = {}
        self.maker = Plans(seed)
        self.weather = Weather()
        self.upstream, self.model = Upstream(self.plans), SafetyModel()
        self.disk = Disk(folder / "disk")
        self.policy = folder / "policy"
        self.inside = Inside(folder / "inside")
        self.store = Store(free_port(), folder)
        self.policy_name = "house-1"
        self.memory_mib: list[float] = []
        self.result = Result()
        self.restarted = 0.0
        self.left = 0
        self.unshared = asyncio.Lock()
        self._gate: Gate | None = None

    @property
    def gate(self) -> Gate:
        """The gate, once it is up."""
        if self._gate is None:
            raise RuntimeError("the gate is not up")
        return self._gate

    @property
    def trail(self) -> Path:
        """The record."""
        return self.disk.folder / "trail"

    async def run(self, requests: int, faults: list[str] | None = None, *, at_once: int = 96) -> Result:
        """So many requests, while the named faults (all, where none are named) come and go."""
        await self.upstream.http.open()
        await self.model.http.open()
        self.store.start()
        for coding in ("gzip", "br", "zstd"):
            bomb(coding)  # made now: it takes seconds, in which no client would do anything
        write_policy(self.policy, self.policy_name, self.model.http.port)
        options = [
            f"http://127.0.0.1:{self.upstream.http.port}", "--policy", str(self.policy), "--trail", str(self.trail),
            "--port", "0", "--workers", "2", "--desk-port", "0", "--pool", self.store.url,
            "--context-header", "x-conversation",
        ]  # fmt: skip
        self._gate = Gate(self.folder, options, self.inside)
        await self.gate.up()
        if self.control:
            self.inside.share(CONTROLS[self.control], self.control_share)
        began_s = time.monotonic()
        self.left = requests
        named = set(FAULTS if faults is None else faults)
        chaos = asyncio.gather(*(self._chaos(sorted(named & group)) for group in (AROUND, WITHIN)))
        minder = asyncio.create_task(self._mind())
        await asyncio.gather(*(self._slot(n) for n in range(at_once)))
        chaos.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await chaos
        await self._calm()
        minder.cancel()
        self.result.took_s = time.monotonic() - began_s
        status = await self.gate.stop()
        if status:
            self.result.wrong.append((0, f"the gate ended with {status}"))
        await self._end()
        return self.result

    def close(self, *, keep: bool = False) -> None:
        """Ends whatever still runs, and takes everything away unless it is to be kept."""
        if self._gate is not None and self._gate.process.poll() is None:
            pids = self._gate.workers()
            self._gate.process.kill()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.store.kill()
        if keep:
            shutil.copytree(self.disk.folder, self.folder / "kept", dirs_exist_ok=True)
        self.disk.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # Load.

    async def _slot(self, number: int) -> None:
        await asyncio.sleep(0.01 * number)
        client = Client(self.gate.port)
        while self.left > 0:
            self.left -= 1
            got = await self.ask(client)
            if (got.status == 0 and not self.plans[got.number].quits) or got.status in (500, 502) or got.is_unkept:
                await asyncio.sleep(0.2)  # a fault is over before all requests are spent on it
        client.close()

    async def ask(self, client: Client, **given: Unpack[Given]) -> Got:
        """One request of a plan made for it."""
        plan = self.maker.next(**given)
        self.plans[plan.number] = plan
        got, body = await client.ask(plan)
        judge(plan, got, body, is_cut=self._was(got, "upstream gone"))
        self.got[plan.number] = got
        if got.wrong:
            with (self.folder / "wrong.txt").open("a") as file:
                file.write(f"{got}\n{plan}\n{body!r}\n\n")
        old = self.plans.get(plan.number - 5_000)
        if old is not None and old.number in self.got:
            old.body, old.pieces = b"", []
        return got

    async def _calm(self) -> None:
        """At the end, without faults, everything that is harmless must pass again."""
        self.inside.share(CRASH, 0)
        self.inside.offset(0)
        self.model.moods.update(strict="well", lenient="well")
        self.upstream.delay_s = 0.0
        if not self.upstream.http.is_open:
            await self.upstream.http.open()
        write_policy(self.policy, "house-1", self.model.http.port)
        self.disk.free(self.gate.workers())
        self.gate.reload()
        for _ in range(300):
            if len(self.gate.workers()) == 2 and time.monotonic() > self.restarted + 2.0:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)
        clients = [Client(self.gate.port) for _ in range(8)]
        for _ in range(10):
            found = await asyncio.gather(*(self.ask(c, plant="", breaks="", sends="plain") for c in clients))
            self.result.wrong += [
                (got.number, f"after the storm: {got.status} {got.why}") for got in found if not got.is_passed
            ]
        for client in clients:
            client.close()
        self.result.last_mib = max(self.gate.memory_mib(), default=0.0)

    async def _mind(self) -> None:
        while True:
            self.memory_mib += self.gate.memory_mib()
            await asyncio.sleep(0.5)

    # Faults.

    async def _chaos(self, faults: list[str]) -> None:
        order: list[str] = []
        await asyncio.sleep(0.5)
        while faults:
            order = order or self.random.sample(faults, len(faults))
            name = order.pop()
            async with self.unshared if name in UNSHARED else contextlib.nullcontext():
                await FAULTS[name](self)
            await asyncio.sleep(self.random.uniform(0.2, 0.8))

    # What came of it.

    async def _end(self) -> None:
        await self.upstream.http.close()
        await self.model.http.close()
        self.store.kill()
        result = self.result
        result.requests = len(self.got)
        result.peak_mib = max(self.memory_mib, default=0.0)
        result.faults += self.weather.counts
        if result.peak_mib > _PEAK_MIB:
            result.wrong.append((0, f"a process took {result.peak_mib:.0f} MiB"))
        self._stderr()
        self._record()
        self._audit()
        self._controlled()

    def _stderr(self) -> None:
        for line in self.gate.errors.read_text(errors="replace").splitlines():
            if any(sign in line for sign in _BAD_SIGNS):
                self.result.wrong.append((0, f"stderr: {line}"))
            if line.startswith("warning: process"):
                self.result.faults["restarts seen"] += 1

    def _record(self) -> None:
        result, found = self.result, gate_oracle.read_record(self.trail)
        key = gate_oracle.context_key((self.trail / "secret").read_text())
        known: set[str] = set()
        refused = 0
        for number, plan in self.plans.items():
            got, seen = self.got[number], self.upstream.seen.get(number)
            digest = gate_oracle.context_digest(key, plan.context)
            known.add(digest)
            rows = found.by_context.get(digest, [])
            is_crashing, is_cut = self._was(got, "crash"), self._was(got, "upstream gone")
            wrong = gate_oracle.hold(plan, got, seen, rows, found.receipts, is_crashing=is_crashing, is_cut=is_cut)
            wrong += self._excused(plan, got, rows)
            wrong += self._asked(plan, rows)
            wrong += self._broken_off(plan, got, rows)
            result.late += self._late(got, rows)
            result.wrong += [(number, text) for text in wrong]
            result.statuses[self._said(got)] += 1
            result.planted[f"{plan.plant or 'nothing'} in {'request' if plan.is_asked else 'reply'}"] += 1
            result.faults[f"upstream: {plan.breaks}"] += bool(plan.breaks)
            result.faults[f"body: {plan.sends}"] += plan.sends != "plain"
            result.blocked += plan.plant in ("always", "broken")
            refused += got.status == 503
        result.notes = found.notes
        result.decisions, result.sheds = found.decisions, found.sheds
        result.wrong += [(0, f"{w} ended under {name}") for w, name in found.last.items() if name != "house-1"]
        result.faults["policies put in force"] += sum(found.named.values())
        result.wrong += [(0, f"a decision on an unknown conversation {d}") for d in found.by_context if d not in known]
        unsure = sum(got.status == 0 for got in self.got.values())
        if not refused <= found.sheds <= refused + unsure:
            result.wrong.append((0, f"{refused} were turned away, {found.sheds} stand in the record"))

    def _was(self, got: Got, *names: str) -> bool:
        return self.weather.was(names, got.began_s, got.ended_s)

    @staticmethod
    def _said(got: Got) -> str:
        if got.status == 0:
            return f"nothing ({got.why})"
        if got.status == 200:
            amid = "refused amid" if got.is_refused_amid else "whole" if got.is_whole else "cut"
            return f"200 {amid}"
        return f"{got.status}{' without a record' if got.is_unkept else ''}"

    def _excused(self, plan: Plan, got: Got, rows: list[gate_oracle.Row]) -> list[str]:
        """What came in place of a reply, and whether anything was wrong meanwhile that explains it."""
        if got.is_passed:
            return []
        if got.is_unkept:
            return [] if self._was(got, "disk full") else ["refused without a record while there was room"]
        is_due = plan.plant not in ("", "code") or any(row.failed for row in rows)
        match got.status:
            case 0:
                is_meant = self._was(got, "killed") or not plan.decodes or got.why in ("quit", "never read")
            case 200 | 400:
                is_meant = is_due or bool(plan.breaks) or self._was(got, "crash", "killed", "upstream gone")
            case 413:
                is_meant = not plan.decodes
            case 500:
                is_meant = self._was(got, "crash") or plan.breaks == "status"
            case 502 | 504:
                is_meant = bool(plan.breaks) or self._was(got, "upstream gone")
            case 503:
                is_meant = self._was(got, "overload", "connections")
            case _:
                is_meant = False
        return (
            []
            if is_meant
            else [f"{self._said(got)} {got.why} for {plan.plant or 'nothing'} {plan.breaks} {plan.sends}"]
        )

    def _asked(self, plan: Plan, rows: list[gate_oracle.Row]) -> list[str]:
        """An answer of a safety model in the record is one that the model gave."""
        wrong: list[str] = []
        for row in rows:
            for rule, (status, label) in row.answers.items():
                if status == "answered" and (rule, label) not in self.model.said.get(plan.number, []):
                    wrong.append(f"{rule} is said to have answered {label}")
        if plan.number in self.model.fooled:
            wrong.append("what is judged stood outside of its block")
        return wrong

    def _broken_off(self, plan: Plan, got: Got, rows: list[gate_oracle.Row]) -> list[str]:
        """What was let out of a stream that the upstream broke off is decided on too, unless the gate failed itself."""
        if not got.has_text or plan.breaks not in ("reset", "end") or got.why == "quit" or len(rows) > 1:
            return []
        if self._was(got, "crash", "killed", "disk full", "upstream gone"):
            return []
        return ["of a stream that broke off something was let out, and nothing of it was decided on"]

    def _late(self, got: Got, rows: list[gate_oracle.Row]) -> int:
        """Answers that were given too late, or not at all, while nothing was wrong with the models."""
        if self._was(got, *(f"model {mood}" for mood in get_args(Mood)), "crash", "killed"):
            return 0
        return sum(status != "answered" for row in rows for status, _ in row.answers.values())

    def _audit(self) -> None:
        found = trail.audit(self.trail)
        self.result.audit = found.workers
        self.result.wrong += [
            (0, f"audit: {m.where} {m.what}: {m.recorded} / {m.computed}") for m in found.mismatches[:20]
        ]

    def _controlled(self) -> None:
        """Of what was done on purpose, what could do harm, and how much of that was found."""
        result = self.result
        acts = self.inside.acts()
        result.faults["crashes within"] = sum(act[0] == "crash" for act in acts)
        result.acts = [act for act in acts if act[0] in CONTROLS]
        if not self.control:
            return
        key = gate_oracle.context_key((self.trail / "secret").read_text())
        by_name = {p.context: p for p in self.plans.values()}
        by_name |= {gate_oracle.context_digest(key, p.context): p for p in self.plans.values()}
        flagged = {number for number, _ in result.wrong}
        touched = {(by_name[act[1]].number, act[2]) for act in result.acts if act[1] in by_name}
        harmed = {number for number, kind in touched if self._is_harmed(number, kind)}
        result.harmful, result.caught = len(harmed), len(harmed & flagged)
        result.missed = [f"{self.plans[n]} {self.got[n]}" for n in harmed - flagged]
        result.wrong = [w for w in result.wrong if w[0] not in {number for number, _ in touched}]

    def _is_harmed(self, number: int, kind: str) -> bool:
        """Whether sabotage of this request let anything through, or left a hole: not so where nobody got anything."""
        plan, got = self.plans[number], self.got[number]
        has_answer = got.status == 200 and got.why != "quit"
        if self.control == "leak":
            # Refused amid, or a code replaced: the gate met what is planted whole, so nothing of it was in the piece.
            if got.is_refused_amid:
                return False
            return plan.plant == "always" and not plan.is_asked and has_answer and not plan.breaks
        return has_answer if kind != "message" else number in self.upstream.seen


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# Each fault: what is done, for how long, and that it ends.


async def _crash(c: Campaign) -> None:
    with c.weather.spell("crash"):
        c.inside.share(CRASH, c.random.choice((0.002, 0.01, 0.1)))
        await asyncio.sleep(c.random.uniform(0.5, 2))
        c.inside.share(CRASH, 0)


async def _mood(c: Campaign) -> None:
    moods: tuple[Mood, ...] = ("down", "slow", "lying", "odd", "busy")
    mood = c.random.choice(moods)
    with c.weather.spell(f"model {mood}", 3.0):
        for name in c.random.sample(("strict", "lenient"), c.random.choice((1, 2))):
            c.model.moods[name] = mood
        await asyncio.sleep(c.random.uniform(1, 3))
        c.model.moods.update(strict="well", lenient="well")


async def _store(c: Campaign) -> None:
    with c.weather.spell("store gone"):
        c.store.kill()
        await asyncio.sleep(c.random.uniform(0.5, 2))
        c.store.start()


async def _disk(c: Campaign) -> None:
    with c.weather.spell("disk full"):
        c.disk.fill(c.gate.workers())
        await asyncio.sleep(c.random.uniform(0.5, 1.5))
        c.disk.free(c.gate.workers())


async def _clock(c: Campaign) -> None:
    with c.weather.spell("clock jump"):
        for _ in range(c.random.randrange(1, 6)):
            c.inside.offset(c.random.choice((-86_400_000, -5_000, 5_000, 400 * 86_400_000, -1_600_000_000_000)))
            await asyncio.sleep(0.2)
        c.inside.offset(0)


async def _overload(c: Campaign) -> None:
    with c.weather.spell("overload", 12.0):
        c.upstream.delay_s = 1.0
        clients = [Client(c.gate.port) for _ in range(1_600)]
        tasks = [asyncio.create_task(c.ask(client, breaks="", sends="plain")) for client in clients]
        await asyncio.sleep(2)
        c.upstream.delay_s = 0.0
        await asyncio.gather(*tasks)
        for client in clients:
            client.close()


async def _reload(c: Campaign) -> None:
    name = c.random.choice([n for n in ("house-1", "house-2", "house-3") if n != c.policy_name])
    with c.weather.spell("reload"):
        c.policy_name = name
        write_policy(c.policy, name, c.model.http.port)
        c.gate.reload()
        await asyncio.sleep(c.random.uniform(0.3, 1.5))


async def _bad_reload(c: Campaign) -> None:
    with c.weather.spell("broken reload"):
        break_policy(c.policy, c.random.randrange(99))
        c.gate.reload()
        await asyncio.sleep(c.random.uniform(0.2, 0.6))
        write_policy(c.policy, c.policy_name, c.model.http.port)


async def _kill(c: Campaign) -> None:
    pids = c.gate.workers()
    if len(pids) < 2:
        return
    with c.weather.spell("killed"), contextlib.suppress(ProcessLookupError):
        os.kill(c.random.choice(pids), signal.SIGKILL)
    for _ in range(150):
        await asyncio.sleep(0.1)
        if len(c.gate.workers()) == 2:
            break
    c.restarted = time.monotonic()


async def _upstream_gone(c: Campaign) -> None:
    with c.weather.spell("upstream gone", 2.0):
        await c.upstream.http.close()
        await asyncio.sleep(c.random.uniform(0.3, 1))
        await c.upstream.http.open()


_HALF_SAID = (
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\n{",
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a: bbbbbbbb",
)


async def _loris(c: Campaign) -> None:
    with c.weather.spell("slow loris"):
        opened = [(await asyncio.open_connection("127.0.0.1", c.gate.port))[1] for _ in range(50)]
        for step in range(0, 60, 3):
            for at, writer in enumerate(opened):
                with contextlib.suppress(OSError):
                    writer.write(_HALF_SAID[at % 2][step : step + 3])
            await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_later(15, _drop, opened)


def _drop(opened: list[asyncio.StreamWriter]) -> None:
    for writer in opened:
        writer.transport.abort()


async def _never_reading(c: Campaign) -> None:
    with c.weather.spell("never reading"):
        opened: list[asyncio.StreamWriter] = []
        unread: list[asyncio.StreamReader] = []  # each takes 2 KB from its socket, and no more
        for _ in range(5):
            plan = c.maker.next(plant="", is_streamed=True, breaks="", sends="plain", words=20_000)
            c.plans[plan.number] = plan
            c.got[plan.number] = Got(plan.number, time.monotonic(), time.monotonic(), why="never read")
            reader, writer = await asyncio.open_connection("127.0.0.1", c.gate.port, limit=1024)
            unread.append(reader)
            opened.append(writer)
            with contextlib.suppress(OSError):
                await send(writer, plan)
        await asyncio.sleep(3)
        _drop(opened)


async def _bodies(c: Campaign) -> None:
    with c.weather.spell("huge bodies"):
        for sends in ("huge", "huge chunked", "bomb", "bomb", "bomb"):
            client = Client(c.gate.port)
            await c.ask(client, plant="", is_asked=True, breaks="", sends=sends)
            client.close()


FAULTS: dict[str, Callable[[Campaign], Awaitable[None]]] = {
    "crash": _crash, "mood": _mood, "store": _store, "disk": _disk, "clock": _clock, "overload": _overload,
    "reload": _reload, "bad reload": _bad_reload, "kill": _kill, "upstream gone": _upstream_gone, "loris": _loris,
    "never reading": _never_reading, "bodies": _bodies,
}  # fmt: skip

AROUND = {"mood", "store", "clock", "overload", "kill", "loris", "never reading", "bodies"}
WITHIN = set(FAULTS) - AROUND
UNSHARED = {"overload", "disk", "crash"}
"""Who is turned away unseen is noted, unless what notes it fails too: then nobody could count."""
