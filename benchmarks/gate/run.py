"""What the gate costs: per decision, per request, per chunk of a stream, and beside others who stand in the same place.

    python benchmarks/gate/run.py [--only process|memory|proxy|stream|peers]...

- process: the steps of a decision, 7 KB conversations and tool calls under 1 KB, 1,000 patterns; a long conversation.
- memory: resident memory along a million events.
- proxy: 7 KB conversations through the gate with all its checks, with an empty policy, through nginx and haproxy, and
  with nothing in between; 1, 16 and 64 connections as fast as they can, and 500 requests/s due at fixed times.
- stream: 16 streams of 200 chunks 5 ms apart; how long each chunk was under way.
- peers: LiteLLM's proxy, alone and with its content filter under the same 1,000 patterns; NeMo Guardrails in process.

One worker each, started afresh for each round; rounds are interleaved over systems; client, proxy and upstream share
the machine. Latencies and processor time are the least over the rounds, as the steadiest on a machine that others use
too; the median of the rounds stands beside. Exits with 1 when a goal was missed or not measured.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import inside
import material
import systems
import told

BODIES = 1_024
ROUNDS = 3
CONNECTIONS = (1, 16, 64)
WARM_S, LASTS_S = 0.7, 2.0
RATE = 500
STREAMS, CHUNKS, GAP_US, TURNS = 16, 200, 5_000, 4
_Start = Callable[[int, Path], contextlib.AbstractContextManager[systems.Running]]


@dataclasses.dataclass
class Figures:
    """What was found of one system at one setting, round by round; `why`: why it was not measured."""

    rounds: list[dict[str, float]] = dataclasses.field(default_factory=list[dict[str, float]])
    why: str = ""

    def least(self, name: str) -> float | None:
        """The best round."""
        return min((r[name] for r in self.rounds), default=None)

    def most(self, name: str) -> float | None:
        """The best round, where more is better."""
        return max((r[name] for r in self.rounds), default=None)

    def middle(self, name: str) -> float | None:
        """The median of the rounds."""
        return statistics.median(r[name] for r in self.rounds) if self.rounds else None


class Bench:
    """One upstream, and systems before it in turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._upstream, self._load = systems.built(folder)
        self.bodies = folder / "bodies"
        self.bodies.write_bytes(b"\n".join(material.conversation(n) for n in range(BODIES)))
        self.found: dict[tuple[str, str], Figures] = {}

    def at(self, system: str, setting: str) -> Figures:
        """What was found so far."""
        return self.found.setdefault((system, setting), Figures())

    def rounds(self, many: int, starts: dict[str, _Start], settings: dict[str, list[str]]) -> None:
        """Every system in each round, each started afresh; every setting of each. A setting: arguments of the load."""
        for _ in range(many):
            for name, start in starts.items():
                port = systems.free_port()
                where = self.folder / name.replace(" ", "-")
                with systems.process([str(self._upstream), str(port)], self.folder, port):
                    try:
                        with start(port, where) as running:
                            for setting, arguments in settings.items():
                                self._measured(name, setting, running, arguments)
                    except systems.Missing as missing:
                        for setting in settings:
                            self.at(name, setting).why = str(missing)
        for (name, setting), found in self.found.items():
            if found.why:
                print(f"  {name}, {setting}: not measured in {many - len(found.rounds)} of {many}: {found.why}")

    def _measured(self, name: str, setting: str, running: systems.Running, arguments: list[str]) -> None:
        before = running.cpu_s()
        command = [str(self._load), str(running.port), str(self.bodies), *arguments, *running.headers]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used = running.cpu_s() - before
        said = json.loads(done.stdout)
        if said["errors"]:
            self.at(name, setting).why = f"{said['errors']} errors, the first: {said['first_error'][:160]}"
            return
        if not said["n"]:
            why = f"no request that began after the warm-up was answered in time ({said['served']} were before)"
            self.at(name, setting).why = why
            return
        said["cpu_us"] = used / max(said["served"], 1) * 1e6
        said["rss"] = running.resident_mib()
        self.at(name, setting).rounds.append(said)


def _closed(connections: int, warm_s: float = WARM_S, lasts_s: float = LASTS_S) -> list[str]:
    return [str(connections), str(warm_s), str(lasts_s), "0"]


def _row(bench: Bench, name: str, setting: str) -> list[object]:
    found = bench.at(name, setting)
    if not found.rounds:
        return [f"{name}, {setting}", "not measured", "", "", "", "", ""]
    used = [found.least(figure) if name != "direct" else "-" for figure in ("cpu_us", "rss")]
    return [
        f"{name}, {setting}", found.least("p50_us"), found.middle("p50_us"), found.least("p99_us"), found.most("rate"),
        *used,
    ]  # fmt: skip


_HEAD = ("latency in us", "p50", "median p50", "p99", "requests/s", "CPU us/request", "RSS MiB")


def _added(bench: Bench, name: str, setting: str, figure: str) -> float | None:
    ours, bare = bench.at(name, setting).least(figure), bench.at("direct", setting).least(figure)
    return None if ours is None or bare is None else ours - bare


def proxy() -> bool:
    """Requests that are answered whole."""
    told.heading(f"proxy: chat requests of {material.BODY_BYTES:,} B, {BODIES:,} different ones, {ROUNDS} rounds")
    settings = {f"c={c}": _closed(c) for c in CONNECTIONS}
    settings[f"{RATE}/s due"] = ["16", str(WARM_S), str(LASTS_S), str(RATE)]
    starts = {
        "direct": systems.direct, "nginx": systems.nginx, "haproxy": systems.haproxy,
        "gate, empty policy": systems.our_gate(material.empty_policy()),
        "gate, all checks": systems.our_gate(material.policy("mixed")),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch))
        bench.rounds(ROUNDS, starts, settings)
    told.table(_HEAD, [_row(bench, name, setting) for setting in settings for name in starts])
    ours = "gate, all checks"
    why = bench.at(ours, "c=1").why
    met = told.goal(
        "p50 added at one connection", _thousandth(_added(bench, ours, "c=1", "p50_us")), 0.35, "ms", why=why
    )
    told.goal("the same, stretch", _thousandth(_added(bench, ours, "c=1", "p50_us")), 0.20, "ms", why=why)
    met &= told.goal(
        "processor per request, 16 connections", bench.at(ours, "c=16").least("cpu_us"), 200, "us", why=why
    )
    used = bench.at(ours, "c=16").least("cpu_us")
    each = None if used is None else 1e6 / used
    met &= told.goal("requests a core can serve (by CPU)", each, 5_000, "/s", why=why, is_least=True)
    best = bench.at(ours, "c=16").most("rate")
    return told.goal("requests served, cores shared", best, 5_000, "/s", why=why, is_least=True) and met


def _thousandth(of: float | None) -> float | None:
    return None if of is None else of / 1000


def stream() -> bool:
    """Replies that come in chunks."""
    told.heading(f"stream: {STREAMS} streams at once, {CHUNKS} chunks each {GAP_US / 1000:g} ms apart, {ROUNDS} rounds")
    settings = {f"{n} streams": [str(n), str(CHUNKS), str(GAP_US), str(TURNS), "stream"] for n in (1, STREAMS)}
    starts = {
        "direct": systems.direct, "nginx": systems.nginx, "haproxy": systems.haproxy,
        "gate, empty policy": systems.our_gate(material.empty_policy()),
        "gate, all checks": systems.our_gate(material.policy("mixed")),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch))
        bench.rounds(ROUNDS, starts, settings)
    rows: list[list[object]] = []
    for setting in settings:
        for name in starts:
            found = bench.at(name, setting)
            cells: list[object] = [found.least(f) for f in ("p50_us", "p99_us", "first_p50_us", "first_p99_us")]
            rows.append([f"{name}, {setting}", *(cells if found.rounds else ["not measured", "", "", ""])])
    told.table(("a chunk's way, us", "p50", "p99", "first chunk p50", "p99"), rows)
    ours, setting = "gate, all checks", f"{STREAMS} streams"
    why = bench.at(ours, setting).why
    met = told.goal("p50 added per chunk", _thousandth(_added(bench, ours, setting, "p50_us")), 0.15, "ms", why=why)
    return (
        told.goal("p99 added per chunk", _thousandth(_added(bench, ours, setting, "p99_us")), 1.0, "ms", why=why)
        and met
    )


def peers() -> bool:
    """Others who stand in the same place."""
    told.heading("peers: the same requests")
    starts = {
        "gate, all checks": systems.our_gate(material.policy("mixed")),
        "LiteLLM, nothing checked": systems.litellm(is_guarded=False),
        "LiteLLM, content filter": systems.litellm(is_guarded=True),
    }
    settings = {"c=1": _closed(1, 2.0, 5.0), "c=16": _closed(16, 2.0, 8.0)}
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch))
        bench.rounds(2, starts, settings)
    told.table(_HEAD, [_row(bench, name, setting) for setting in settings for name in starts])
    _nemo()
    ours, theirs = (bench.at(name, "c=16").least("cpu_us") for name in ("gate, all checks", "LiteLLM, nothing checked"))
    times = None if ours is None or theirs is None else theirs / ours
    if ours and (filtered := bench.at("LiteLLM, content filter", "c=1").least("cpu_us")):
        print(f"  of their content filter under the same patterns: {filtered / ours:,.0f} times (no goal)")
    why = bench.at("LiteLLM, nothing checked", "c=16").why
    return told.goal("LiteLLM's processor time per request over ours", times, 50, "times", why=why, is_least=True)


def _nemo() -> None:
    if not systems.RAILS.exists():
        print("  NeMo Guardrails: not measured: it is not here (make gate-peers)")
        return
    with tempfile.TemporaryDirectory() as scratch:
        texts = Path(scratch) / "texts.json"
        every = [str(p) for rule in material.rules() for p in rule["patterns"]]  # type: ignore[attr-defined] # made there
        talks = [json.loads(material.conversation(n))["messages"] for n in range(100)]
        said = [" ".join(turn["content"] for turn in talk) for talk in talks]
        texts.write_text(json.dumps({"patterns": every, "texts": said}))
        done = subprocess.run([str(systems.RAILS), str(Path(__file__).with_name("nemo_peer.py")), str(texts)],
                              capture_output=True, text=True, check=False, timeout=240)  # fmt: skip
    print(done.stdout.rstrip() or f"  NeMo Guardrails: not measured: {done.stderr.strip()[-200:]}", flush=True)


PARTS: dict[str, Callable[[], bool]] = {
    "process": inside.steps, "proxy": proxy, "stream": stream, "peers": peers, "memory": inside.memory,
}  # fmt: skip


def main() -> None:
    """Command line. Without arguments each part is a process of its own."""
    chosen = [a for a in sys.argv[1:] if a != "--only"]
    if len(chosen) == 1:
        try:
            is_met = PARTS[chosen[0]]()
        except systems.Missing as missing:
            print(f"  not measured: {missing}")
            is_met = False
        print(f"  {told.load_average()} at the end", flush=True)
        sys.exit(not is_met)
    failed = 0
    for name in chosen or PARTS:
        failed += subprocess.run([sys.executable, __file__, "--only", name], check=False).returncode != 0
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
