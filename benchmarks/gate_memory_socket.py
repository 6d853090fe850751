"""The central points of the memory's benchmark through sockets: an organism that is served, a gate before it, clients.

    python benchmarks/gate_memory_socket.py [--background 1] [--gap 1.0] [--seed 0] [--family NAME]

`counterproof serve base` answers, `counterproof gate serve` stands before it with the same policy, in the time of the
clock: the window is 60 gaps of so many seconds. Ordinary traffic comes for four windows, then the adversary with it,
each query in a conversation and under an identity of its own, which the front names in headers. The threshold is the
one that the replay (benchmarks/gate_memory.py) sets on ordinary traffic of the same volume.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import aiohttp
import gate_memory as replay
import gate_memory_play as play
import gate_memory_world as world
import yaml

from counterproof import record

WARM_WINDOWS = 4


def written(policy: record.GatePolicy, folder: Path, *, remembers: bool) -> Path:
    """The policy as the files that a deployer would write; without a memory, what refuses 1 % by single events."""
    rules: list[dict[str, object]] = []
    for rule in policy.rules:
        if isinstance(rule, record.PatternRule):
            said = {"name": rule.name, "patterns": list(rule.patterns), "on": list(rule.on), "action": rule.action}
            rules.append({**said, "weight": rule.weight})
        elif isinstance(rule, record.ConditionRule):
            when = rule.when if remembers else 'fired["asks-whole"]'
            rules.append({"name": rule.name, "when": when, "action": rule.action})
    memory = policy.memory
    text = {
        "format": policy.format, "name": policy.name, "rules": rules, "says": policy.says, "block_as": "reply",
    }  # fmt: skip
    if remembers:
        kept = {"window_s": memory.window_s, "fragments": memory.fragments, "anchors": list(memory.anchors)}
        text = {**text, "memory": kept}
    folder.mkdir()
    (folder / "gate.yaml").write_text(yaml.safe_dump(text, sort_keys=False, width=10_000))
    return folder


def started(*command: str) -> tuple[subprocess.Popen[str], str]:
    """A server of ours and its address, from the first line that has one."""
    server = subprocess.Popen(
        [sys.executable, "-m", "counterproof", *command], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert server.stdout is not None  # noqa: S101 - for the checkers
    for line in server.stdout:
        if "http://" in line:
            return server, "http://" + line.partition("http://")[2].split()[0].removesuffix("/v1").rstrip("/.,;")
    raise SystemExit(f"counterproof {' '.join(command)} did not start")


class Asker:
    """Puts requests through the gate, each in a conversation of its own."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, f"{url}/v1/chat/completions"
        self._turn = itertools.count()
        self.statuses: dict[int, int] = {}

    async def ask(self, data: bytes, identity: str) -> tuple[str, bool]:
        """The reply and whether the gate let both pass."""
        headers = {"x-talk": f"talk {next(self._turn)}", "x-who": identity, "content-type": "application/json"}
        async with self._session.post(self._url, data=data, headers=headers) as response:
            body = json.loads(await response.read())
            self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
            passes = response.status == 200 and "x-counterproof-decision" not in response.headers
        return (body["choices"][0]["message"]["content"] or "" if passes else world.SAYS), passes


async def crowd(
    asker: Asker, people: Iterator[world.Said], count: int, gap_s: float, tally: dict[str, list[int]]
) -> None:
    """So many ordinary exchanges over one gap."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    async def one(said: world.Said) -> None:
        _, passes = await asker.ask(world.body([record.Message(role="user", text=said.text)]), said.identity)
        have = tally.setdefault(said.kind, [0, 0])
        have[0] += not passes
        have[1] += 1

    async with asyncio.TaskGroup() as tasks:
        for n, said in enumerate(itertools.islice(people, count)):
            await asyncio.sleep(max(0.0, began_s + gap_s * n / count - loop.time()))
            tasks.create_task(one(said))
    await asyncio.sleep(max(0.0, began_s + gap_s - loop.time()))


async def attack(
    asker: Asker, setting: play.Setting, goals: Sequence[record.Goal], gap_s: float, seed: int
) -> dict[str, object]:
    """The adversary against these goals, ordinary traffic around it."""
    people = iter(world.Traffic(seed, setting.curious))
    count = setting.background * len(goals)
    before: dict[str, list[int]] = {}
    for n in range(round(WARM_WINDOWS * setting.window)):
        await crowd(asker, people, count, gap_s, before)
        if n % 30 == 0:
            print(f"gap {n}: ordinary {before}", flush=True)
    campaigns, turn = play.opened(setting, seed, goals), itertools.count()
    during: dict[str, list[int]] = {}
    queries = refused = 0
    while asks := [(n, a) for n, c in enumerate(campaigns) if (a := c.ask())]:
        around = asyncio.create_task(crowd(asker, people, count, gap_s, during))
        for n, ask in asks:
            text, passes = await asker.ask(play.body(ask.query), f"attacker {next(turn)}")
            campaigns[n].hear(record.Reply(text=text))
            queries, refused = queries + 1, refused + (not passes)
        await around
    gated = [all(c.committed.get(p.id) in p.answers for p in g.parts) for c, g in zip(campaigns, goals, strict=True)]
    return {"gated": gated, "queries": queries, "refused": refused, "before": before, "during": during}


async def through(
    url: str, setting: play.Setting, goals: Sequence[record.Goal], gap_s: float, seed: int
) -> dict[str, object]:
    """All of it over one session."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        asker = Asker(session, url)
        result = await attack(asker, setting, goals, gap_s, seed)
        return {**result, "statuses": asker.statuses}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="See the docstring.")
    parser.add_argument("--background", type=int, default=1)
    parser.add_argument("--gap", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", action="append")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    setting = replace(
        replay.BASE, background=chosen.background, families=tuple(chosen.family) if chosen.family else None,
        anchors=replay.OURS,
    )  # fmt: skip
    category = world.CODEX.categories[chosen.seed % len(world.CODEX.categories)].id
    goals = [g for g in world.CODEX.goals if g.category == category]
    replay.prepared(Path(tempfile.gettempdir()) / "gate-memory-replies.pickle")
    eyes, base = replay.eyes_of(setting), replay.organism()
    gated = replace(setting, window=0.0) if chosen.no_memory else setting
    memory = play.warmed(gated, eyes, base, chosen.seed, len(goals))
    above = play.calibrated(gated, eyes, base, chosen.seed, len(goals), memory, replay.RATE)
    kept = record.MemoryPolicy(
        window_s=max(1, round(setting.window * chosen.gap)), fragments=setting.k, anchors=setting.anchors
    )
    with tempfile.TemporaryDirectory() as folder:
        policy = written(
            world.policy(setting.knows, kept, above), Path(folder) / "policy", remembers=not chosen.no_memory
        )
        upstream, upstream_url = started("serve", "base", "--port", "0")
        gate, url = started(
            "gate", "serve", upstream_url, "--policy", str(policy), "--trail", str(Path(folder) / "trail"),
            "--port", "0", "--context-header", "x-talk", "--identity-header", "x-who",
        )  # fmt: skip
        try:
            result = asyncio.run(through(url, gated, goals, chosen.gap, chosen.seed))
        finally:
            gate.terminate()
            gate.wait(30)
            upstream.terminate()
            upstream.wait(30)
        audit = subprocess.run(
            [sys.executable, "-m", "counterproof", "gate", "audit", str(Path(folder) / "trail")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    row = {
        **result,
        "above": above,
        "background": setting.background,
        "seed": chosen.seed,
        "family": chosen.family,
        "no_memory": chosen.no_memory,
    }
    print(json.dumps(row))
    print(audit.stdout[-400:] + audit.stderr[-400:])
    if chosen.out:
        with chosen.out.open("a") as out:
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
