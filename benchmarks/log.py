"""What a log costs: ordering, admission, the way from add to receipt, ten million entries; beside pymerkle and Go.

    python benchmarks/log.py [PART...]        parts: yardsticks order admit latency large
    python benchmarks/log.py large --entries 1000000

- yardsticks: `pymerkle` 7 in an environment of its own, and Go's `sumdb/tlog` from Debian, both in memory on one core.
- order: `Writer.sequence` on 512-byte entries: hashing, staging read back and hashed again, lock, tiles, log signature,
  three cosignatures; in memory, and in a folder where everything is durable. Goal in memory: 100,000 entries/s.
- admit: signed statements of about 700 bytes through `POST /add`, 256 a request, to a durable folder: signatures
  checked by two processes, receipts for all. The client is a process of its own on the same cores. Goal: 5,000/s.
- latency: one statement a request to a log with a period of one second and four witnesses, each a process on loopback
  (three are enough). Goal: the 99th percentile at most the period and 250 ms.
- large: ten million entries of 400 bytes in batches of 25,600, in a folder; receipts; the log's own audit; by million.
  Goals: the last third costs at most 1.3 times the CPU of the first, and the process never holds over 300 MB.

Each part is a process of its own. Exits with 1 when a goal was missed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from counterproof import chain, note, quorum, record, tlog
from counterproof.publish import attest, log

HERE = Path(__file__).parent
PARTS = ("yardsticks", "order", "admit", "latency", "large")
ORIGIN = "log.example/bench"
SIGNER, GOVERNANCE, EVALUATOR = (
    note.generate(name, kind)
    for name, kind in ((ORIGIN, "ed25519"), ("governance.example", "statement"), ("evaluator.example", "statement"))
)
WITNESSES = [note.generate(f"w{n}.example", "cosignature") for n in range(4)]
LARGE, BATCH, MOST_MB = 10_000_000, 25_600, 300
POOL_S, PERIOD_S = 1.0, 1.0


def policy_text(witnesses: Sequence[tuple[str, str]]) -> str:
    """Three of four: verifier keys with addresses."""
    lines = [f"witness w{n} {key} {url}".rstrip() for n, (key, url) in enumerate(witnesses)]
    return "\n".join([f"log {SIGNER.verifier.text}", *lines, "group g 3 w0 w1 w2 w3", "quorum g\n"])


POLICY_TEXT = policy_text([(w.verifier.text, "") for w in WITNESSES])


def here(signed: bytes, *_: object) -> bytes:
    """Three witnesses in this process, who cosign at once."""
    checkpoint, _ = quorum.open_checkpoint(signed, SIGNER.verifier)
    return note.append(signed, *(quorum.cosign(checkpoint, w, int(time.time())) for w in WITNESSES[:3]))


def most_mb() -> float:
    """The most memory that this process held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def folder() -> Iterator[Path]:
    """A place on a disk, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="log-bench-", dir=os.environ.get("LOG_BENCH_DIR")))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def begun(at: Path, policy: str, trust: record.Trust | None) -> log.Folder:
    """A log in a folder."""
    note.write_key(at / "key", SIGNER)
    return log.new(at / "log", at / "key", policy.encode(), record.canonical_bytes(trust) if trust else None)


def told(what: str, figure: str, *, goal: str = "", is_met: bool = True) -> bool:
    """Prints a line; whether its goal is met."""
    print(f"{what:<64} {figure:>18}  {f'goal {goal}: ' + ('reached' if is_met else 'MISSED') if goal else ''}".rstrip())
    return is_met


# --- parts ------------------------------------------------------------------------------------------------------------


def yardsticks() -> bool:
    """What others do on this machine, now."""
    peers = HERE / "peers"
    with folder() as at:
        env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(at / "cache")}
        subprocess.run(["go", "build", "-o", at / "peer", peers / "tlog_peer.go"], check=True, env=env)
        runs = {
            "pymerkle 7, in memory": [HERE.parent / ".venv-pymerkle/bin/python", peers / "pymerkle_peer.py", "100000"],
            "Go sumdb/tlog, in memory": [at / "peer", "1000000"],
        }
        for name, command in runs.items():
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            for line in said.splitlines():
                what, rate = line.split()
                told(f"{name}: {what}", f"{int(rate):,}/s")
    return True


def order() -> bool:
    """Ordering alone."""
    policy = quorum.read_policy(POLICY_TEXT)
    entries = [b"%d " % n + os.urandom(250).hex().encode() for n in range(300_000)]
    lock = log.MemoryLock()
    lock.create(ORIGIN)
    memory = log.Writer(log.MemoryStore(), lock, SIGNER, policy, here)
    rate, cpu = _ordered(memory, entries, 10_000)
    goal = told(
        "order, 512 B, in memory, 10,000 a batch", f"{rate:,.0f}/s", goal="100,000", is_met=rate >= 100_000
    )
    told("  the same per second of CPU", f"{cpu:,.0f}/s")
    for batch in (100, 1_000, 10_000):
        with folder() as at:
            writer = log.open_writer(begun(at, POLICY_TEXT, None), here)
            rate, _ = _ordered(writer, entries[: 20 * batch if batch < 10_000 else 300_000], batch)
            writer.close()
            told(f"order, 512 B, durable in a folder, {batch:,} a batch", f"{rate:,.0f}/s")
    proofs = memory.receipts(range(0, 300_000, 100))
    before = time.perf_counter()
    memory.receipts(range(50, 300_000, 100))
    told("receipts, spread over 300,000", f"{len(proofs) / (time.perf_counter() - before):,.0f}/s")
    before = time.perf_counter()
    memory.receipts(range(290_000, 300_000))
    told("receipts, of one batch", f"{10_000 / (time.perf_counter() - before):,.0f}/s")
    return goal


def _ordered(writer: log.Writer, entries: Sequence[bytes], batch: int) -> tuple[float, float]:
    before, cpu = time.perf_counter(), time.process_time()
    for at in range(0, len(entries), batch):
        part = entries[at : at + batch]
        writer.sequence(part, tlog.leaf_hashes(part))
    return len(entries) / (time.perf_counter() - before), len(entries) / (time.process_time() - cpu)


def statements(count: int) -> list[bytes]:
    """Signed statements that an evaluator may add."""
    made: list[bytes] = []
    for n in range(count):
        said = record.Retract(
            organisation="Evaluator", entry=record.digest_bytes(b"%d" % n), reason="no reason at all, but a long one"
        )
        made.append(chain.seal(attest.statement(said), EVALUATOR))
    return made


def trust() -> record.Trust:
    """Whose governance the benchmark's log follows."""
    return record.Trust(policy=POLICY_TEXT, governance=(GOVERNANCE.verifier.text,))


def role() -> bytes:
    """The entry by which the evaluator may add."""
    said = record.Role(
        key=EVALUATOR.verifier.text, role="evaluator", organisation="Evaluator", conflicts=(), relies_on=(),
        next_key="sha256:" + "0" * 64,
    )  # fmt: skip
    return chain.seal(attest.statement(said), GOVERNANCE)


def admit() -> bool:
    """Through the service, durably."""
    said = statements(40_000)
    before = time.process_time()
    verdicts = log.judge(said[:4_000], [EVALUATOR.verifier.text])
    assert all(verdict.status == 200 for verdict in verdicts)  # noqa: S101 - the figure would mean nothing
    told(f"judging alone, {len(said[0])} B, one core", f"{4_000 / (time.process_time() - before):,.0f}/s")
    with folder() as at:
        listen = log.Listen(period_s=POOL_S, workers=2)
        (at / "entries").write_bytes(b"\n".join(said))
        with log.running(begun(at, POLICY_TEXT, trust()), here, listen) as url:
            log.send(url, [role()])
            log.send(url, said[:512])  # its processes are up
            command = [sys.executable, __file__, "client", url, str(at / "entries")]
            took_s = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    rate = (len(said) - 512) / took_s
    figure = f"{rate:,.0f}/s"
    return told("admitted, durable, with receipts, over HTTP", figure, goal="5,000", is_met=rate >= 5_000)


def client(url: str, file: str) -> None:
    """Sends all entries but the first 512 over eight connections, 256 a request; prints the seconds."""
    import aiohttp  # noqa: PLC0415 - the client's alone

    said, many = Path(file).read_bytes().split(b"\n")[512:], {"Content-Type": "application/x-ndjson"}
    parts = iter([b"\n".join(said[at : at + 256]) for at in range(0, len(said), 256)])

    async def send(session: aiohttp.ClientSession) -> None:
        for part in parts:
            while True:
                async with session.post(f"{url}/add", data=part, headers=many) as got:
                    body = await got.read()
                if got.status == 200:
                    assert body.count(b"\n") == part.count(b"\n") + 1  # noqa: S101 - every entry has its receipt
                    break
                assert got.status == 503, body  # noqa: S101 - nothing else may come
                await asyncio.sleep(0.1)

    async def main() -> float:
        async with aiohttp.ClientSession() as session:
            before = time.perf_counter()
            await asyncio.gather(*(send(session) for _ in range(64)))
            return time.perf_counter() - before

    print(asyncio.run(main()))


def latency() -> bool:
    """From add to receipt, with real witnesses."""
    said = statements(1_500)
    with folder() as at:
        (at / "logs").write_text(SIGNER.verifier.text + "\n")
        running = [_witness(at, n) for n in range(4)]
        try:
            text = policy_text([(key, url) for _, key, url in running])
            gather = log.Gatherer(quorum.read_policy(text))
            with log.running(begun(at, text, trust()), gather, log.Listen(period_s=PERIOD_S, workers=1)) as url:
                log.send(url, [role()])
                times = asyncio.run(_one_by_one(url, said))
            gather.close()
        finally:
            for process, _, _ in running:
                process.terminate()
                process.wait()
    cuts = statistics.quantiles(times, n=100)
    told("add to cosigned receipt, period 1 s, 4 witnesses: median", f"{cuts[49] * 1000:,.0f} ms")
    goal_ms = (PERIOD_S + 0.25) * 1000
    p99 = cuts[98] * 1000
    return told("  99th percentile", f"{p99:,.0f} ms", goal=f"{goal_ms:,.0f} ms", is_met=p99 <= goal_ms)


def _witness(at: Path, number: int) -> tuple[subprocess.Popen[str], str, str]:
    run = [sys.executable, "-m", "counterproof", "witness"]
    place = at / f"w{number}"
    made = subprocess.run(
        [*run, "new", place, "--name", f"w{number}.example"], check=True, capture_output=True, text=True
    )
    process = subprocess.Popen(
        [*run, "serve", place, "--logs", at / "logs", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None  # noqa: S101 - for the checkers
    return process, made.stdout.splitlines()[0], process.stdout.readline().split()[-1]


async def _one_by_one(url: str, said: Sequence[bytes]) -> list[float]:
    """About fifty requests a second, whenever the one before is."""
    import aiohttp  # noqa: PLC0415 - this part's alone

    times: list[float] = []

    async def send(session: aiohttp.ClientSession, entry: bytes) -> None:
        before = time.perf_counter()
        async with session.post(f"{url}/add", data=entry) as got:
            await got.read()
            assert got.status == 200  # noqa: S101 - the figure would mean nothing
        times.append(time.perf_counter() - before)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        sending: list[asyncio.Task[None]] = []
        for entry in said:
            sending.append(asyncio.create_task(send(session, entry)))
            await asyncio.sleep(0.02)
        await asyncio.gather(*sending)
    return times


def large(count: int = LARGE) -> bool:
    """Appends, proves and audits; by million."""
    per = max(BATCH, min(1_000_000, count // 4) // BATCH * BATCH)
    with folder() as at:
        made = begun(at, POLICY_TEXT, None)
        writer = log.open_writer(made, here)
        (steps, walls), shown = _timed(writer, count, per), time.perf_counter()
        wanted = range(0, count, count // 2_000)
        receipts = writer.receipts(wanted)
        prove = len(receipts) / (time.perf_counter() - shown)
        for index, receipt in zip(wanted, receipts, strict=True):
            proof = tlog.read_proof(receipt)
            tlog.check_inclusion(proof.hashes, index, count, tlog.leaf_hash(_entry(index)), writer.published.root)
        writer.close()
        told(f"receipts of {len(receipts):,} entries, spread over all, checked", f"{prove:,.0f}/s")
        store = made.store(is_writer=False)
        marks, before = [_now()], time.perf_counter()

        def on_size(size: int) -> None:
            if size % per == 0:
                marks.append(_now())

        found = log.check(store, made.policy, on_size=on_size)
        assert (found.size, found.faults) == (count, ())  # noqa: S101 - the figure would mean nothing
        told("the log's own audit, all derived again", f"{count / (time.perf_counter() - before):,.0f}/s")
        opened = time.perf_counter()
        log.open_writer(made, here).close()
        told("starting again", f"{(time.perf_counter() - opened) * 1000:,.0f} ms")
        size_gb = sum(f.stat().st_size for f in (at / "log").rglob("*") if f.is_file()) / 1e9
        told("on disk", f"{size_gb:.2f} GB")
    passed = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(marks)]
    audits, audit_walls = [cpu for cpu, _ in passed], [wall for _, wall in passed]
    return _flat("appended", steps, walls, per) & _flat("audited", audits, audit_walls, per) & told(
        "most memory held", f"{most_mb():,.0f} MB", goal=f"{MOST_MB} MB", is_met=most_mb() <= MOST_MB
    )


def _entry(number: int) -> bytes:
    return b"%020d" % number + b"." * 380


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _timed(writer: log.Writer, count: int, per: int) -> tuple[list[float], list[float]]:
    """Seconds of CPU and of the clock, for each `per` entries."""
    steps: list[float] = []
    walls: list[float] = []
    began = _now()
    for at in range(0, count, BATCH):
        part = [_entry(n) for n in range(at, min(at + BATCH, count))]
        writer.sequence(part, tlog.leaf_hashes(part))
        if (at + BATCH) % per == 0:
            now = _now()
            steps.append(now[0] - began[0])
            walls.append(now[1] - began[1])
            began = now
    return steps, walls


def _flat(what: str, steps: Sequence[float], walls: Sequence[float], per: int) -> bool:
    """CPU is what is held: the clock depends on what else the disk is asked for. The first one pays for the start."""
    for n, (cpu_s, wall_s) in enumerate(zip(steps, walls, strict=True), 1):
        figure = f"{cpu_s / per * 1e6:,.1f}, {wall_s / per * 1e6:,.1f} us each"
        told(f"{what}: up to {n * per:,}, CPU and clock", figure)
    third = max(1, len(steps) // 3)
    early, late = statistics.median(steps[1 : 1 + third]), statistics.median(steps[-third:])
    ratio = late / early
    return told(f"{what}: last third over first", f"{ratio:.2f}", goal="1.30", is_met=ratio <= 1.3)


RUN: dict[str, Callable[[], bool]] = {
    "yardsticks": yardsticks, "order": order, "admit": admit, "latency": latency, "large": large,
}  # fmt: skip


def main() -> None:
    """Command line."""
    match sys.argv[1:]:
        case ["client", url, file]:
            client(url, file)
        case ["part", name]:
            sys.exit(not RUN[name]())
        case ["large", "--entries", count]:
            sys.exit(not large(int(count)))
        case chosen:
            failed = 0
            for name in chosen or PARTS:
                print(f"\n{name}", flush=True)
                failed += subprocess.run([sys.executable, __file__, "part", name], check=False).returncode
            sys.exit(bool(failed))


if __name__ == "__main__":
    threading.stack_size(1 << 20)
    main()
