"""How often the test of continuity sees a difference, and how often it sees one where there is none.

`python benchmarks/continuity.py [RUNS]`. Every system is asked 200 questions 60 times, in two pools of 30 that share no
seed; a run picks questions and replies from the pools anew, and where the truth is `same` from both pools together.
Served systems answer over loopback HTTP. The p of a run is taken over 199 dealings, so the level of 0.05 is met
exactly. Runs of one row share its pools: from 100 questions at n=10 on, a difference that two pools have by chance
shows in rows other than `same`.
"""

from __future__ import annotations

import platform
import random
import statistics
import sys
import time
from collections.abc import Sequence

from counterproof import estimate, record
from counterproof.measure import serve, suite, target
from counterproof.measure.instrument import continuity

ANCHOR = 77.4
"""The median power in percent that Gao et al. report at about ten replies a prompt; over their own distortions."""
RUNS, LEVEL, DRAWS, POOL, QUESTIONS = 50, 0.05, 199, 30, 200
SIZES, TIMES = (10, 25, 50, 100, 200), (2, 3, 10)
PAIRS = (
    ("same: base", "base", "base"),
    ("same, served: base", "base", "http base"),
    ("drifted: temperature 1 to 0.8", "base", "base at 0.8"),
    ("drifted: base, training seed 0 to 1", "base", "base:1"),
    ("drifted: surface, seed 0 to 1", "surface", "surface:1"),
    ("drifted: deep, seed 0 to 1", "deep", "deep:1"),
    ("swapped: deep for deep-max", "deep", "deep-max"),
    ("swapped: surface for surface-broad", "surface", "surface-broad"),
    ("swapped: deep for filtered", "deep", "filtered"),
    ("swapped: base for surface", "base", "surface"),
)
MIXED = (("surface", "base"), ("surface", "surface-broad"))
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
Pool = Sequence[Sequence[str]]


def main() -> int:
    """Draws the pools, prints three tables; 1 where one system is rejected too often, or a change seen too seldom."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    began_s = time.perf_counter()
    names = sorted({n for _, *pair in PAIRS for n in pair})
    pools = {(n, side): pool(n, side) for n in names for side in ("before", "after")}
    count = len(pools["base", "before"])
    replies = len(pools) * count * POOL
    print(f"{platform.machine()}, Python {platform.python_version()}; {count} questions of codex, {replies:,} replies")
    print(f"drawn in {time.perf_counter() - began_s:.0f} s; {runs} runs a cell, level {LEVEL}\n")
    sizes = [min(s, count) for s in SIZES]
    print(f"{'rejected, %':<38}" + "".join(f"{f'n={n}':<30}" for n in TIMES))
    print(f"{'questions':<38}" + "".join(f"{s:>5}" for _ in TIMES for s in sizes) + "  distance")
    most, changed = 0.0, list[list[float]]()
    for label, one, other in PAIRS:
        first, second = pools[one, "before"], pools[other, "after"]
        is_same = label.startswith("same")
        cells = [power(first, second, s, n, runs, share=0.0 if is_same else 1.0, twin=second if is_same else None)
                 for n in TIMES for s in sizes]
        whole = estimate.two_sample(first, second, seed=0, draws=DRAWS).distance
        print(f"{label:<38}" + "".join(f"{c:>5.0f}" for c in cells)
              + f"  {whole.value:.3f} [{whole.low:.3f}, {whole.high:.3f}]", flush=True)
        most = max([most, *cells]) if is_same else most
        changed += [] if is_same else [cells[-3:]]
    greedy(sizes, runs)
    mixed(pools, runs)
    print(f"\nin all {time.perf_counter() - began_s:.0f} s")
    may = 100 * (LEVEL + 4 * (LEVEL * (1 - LEVEL) / runs) ** 0.5)
    print(f"one system rejected in {most:.0f} % of a cell's runs at worst (at most {may:.0f} by chance)")
    seen = [statistics.median(c) for c in zip(*changed, strict=True)]
    for size, median in zip(sizes[-3:], seen, strict=True):
        print(f"median power over {len(changed)} changes, {size} questions, n=10: {median:.0f} % (anchor {ANCHOR})")
    return 0 if most <= may and seen[0] >= ANCHOR else 1


def pool(name: str, side: str, *, samples: int = POOL, temperature: float = 1.0) -> Pool:
    """Every question's replies by one system; `http NAME` is asked over loopback, `NAME at T` at another heat."""
    bare, _, heat = name.removeprefix("http ").partition(" at ")
    plan = continuity.Plan(questions=QUESTIONS, samples=samples, temperature=float(heat or temperature))
    found = suite.load("codex")
    if name.startswith("http "):
        with serve.running(target.open_model(bare)) as url:
            drawn = continuity.draw(found, target.open_model(f"{url}#{bare}"), plan, side=side)
    else:
        drawn = continuity.draw(found, target.open_model(bare), plan, side=side)
    return texts(drawn)


def texts(drawn: record.Samples) -> Pool:
    """The replies alone.

    Raises:
        SystemExit: one is missing.
    """
    if any(r is None for q in drawn.questions for r in q.replies):
        raise SystemExit(f"{drawn.target.name} failed to answer")
    return [[r or "" for r in q.replies] for q in drawn.questions]


def power(before: Pool, after: Pool, questions: int, times: int, runs: int, *, share: float = 1.0,
          twin: Pool | None = None) -> float:
    """How often, in percent, p is at most the level.

    With a `twin`, which is the first system again, both sides are dealt from the two pools together, so that nothing
    but chance parts them; then a `share` of the second side's replies is `after`'s.
    """
    rejected = 0
    for run in range(runs):
        chance = random.Random(run)
        picked = chance.sample(range(len(before)), questions)
        first: list[list[str]] = []
        second: list[list[str]] = []
        for q in picked:
            own = chance.sample([*before[q], *(twin[q] if twin else ())], times * (2 if twin else 1))
            others = chance.sample(list(after[q]), times)
            first.append(own[:times])
            second.append([o if n >= len(own[times:]) or chance.random() < share else own[times + n]
                           for n, o in enumerate(others)])
        rejected += estimate.two_sample(first, second, seed=run, draws=DRAWS).p <= LEVEL
    return 100 * rejected / runs


def greedy(sizes: Sequence[int], runs: int) -> None:
    """One reply a question at temperature 0, where any difference rejects."""
    print(f"\n{'temperature 0, n=1: rejected, %':<38}" + "".join(f"{s:>5}" for s in sizes) + "  questions differ")
    for label, one, other in PAIRS:
        if "at" in other.split():
            continue
        pair = [pool(name, "before", samples=1, temperature=0.0) for name in (one, other)]
        moved = [a != b for a, b in zip(*pair, strict=True)]
        cells = [sum(any(random.Random(f"{s}/{r}").sample(moved, s)) for r in range(runs)) / runs for s in sizes]
        print(f"{label:<38}" + "".join(f"{100 * c:>5.0f}" for c in cells) + f"  {sum(moved)} of {len(moved)}")


def mixed(pools: dict[tuple[str, str], Pool], runs: int) -> None:
    """The operator serves the evaluated system but for a share of the replies."""
    print(f"\n{'another serves a share: rejected, %':<38}" + "".join(f"{s:>6.0%}" for s in SHARES))
    for one, other in MIXED:
        for questions in (50, len(pools[one, "before"])):
            cells = [power(pools[one, "before"], pools[other, "after"], questions, 10, runs, share=s,
                           twin=pools[one, "after"]) for s in SHARES]
            label = f"{one}, {other} by share, {questions} questions"
            print(f"{label[:37]:<38}" + "".join(f"{c:>6.0f}" for c in cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
