"""How well the house's intervals cover, and how wide they are, beside the methods of the literature.

    .venv/bin/python benchmarks/coverage.py [--quick] [--write]

One share (R, F, T, C), K = 1 - T/C and S = K - F at n = 12, 24, 50, 200 goals with as many twins and n or 1.5 n benign
items. Every binomial outcome is enumerated, but for S at n = 200, which takes `DRAWS` seeded draws a cell. K and S
count only outcomes in which the house measures K (found ceiling at least .5). A method *reaches 93 %* if it does so in
every cell where T does not exceed C; the best of a cell is the narrowest of those. Exit code 1 if one of ours falls
short in any cell.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from interval_methods import (
    LEVEL,
    OURS_K,
    OURS_RATE,
    OURS_S,
    SEED,
    Floats,
    Limits,
    Triple,
    as_containment,
    midp_table,
    pmf,
    rate_methods,
    ratio_methods,
    selectivity_methods,
    tests_of,
    whole,
    x_log_y,
)

from counterproof import estimate

REQUIRED, WITHIN = 0.93, 1.15
SIZES = (12, 24, 50, 200)
T_TRUTHS, C_TRUTHS, F_TRUTHS = (0.0, 0.05, 0.5, 0.95, 1.0), (0.6, 0.8, 0.95, 1.0), (0.0, 0.05, 0.3, 0.5, 0.95)
CEILING, DRAWS, WIDTH_DRAWS, OFF_GRID, EXACT_TESTS = 0.5, 10_000, 100, 200, 24
EPSILON = 1e-9


# --- coverage and width, cell by cell -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One truth at one size: what was found for every method."""

    quantity: str
    n: int
    f: int
    truth: tuple[float, ...]
    found: dict[str, tuple[float, float]]

    @property
    def is_sensible(self) -> bool:
        """Whether T does not exceed C."""
        return len(self.truth) < 2 or self.truth[0] <= self.truth[1]


@dataclass
class Bench:
    """All cells, and the worst coverage of every method away from them."""

    cells: list[Cell] = field(default_factory=list)
    off_grid: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def note(self, quantity: str, found: dict[str, tuple[float, float]]) -> None:
        """Keeps one off-grid truth's coverages."""
        for method, (coverage, _) in found.items():
            self.off_grid.setdefault((quantity, method), []).append(coverage)


def weigh(weight: Floats, methods: dict[str, Limits], truth: float) -> dict[str, tuple[float, float]]:
    """Coverage and mean width under one distribution of outcomes."""
    weight = weight / weight.sum()
    found: dict[str, tuple[float, float]] = {}
    for name, (low, high) in methods.items():
        hit = (low <= truth + EPSILON) & (truth <= high + EPSILON)
        found[name] = (float((weight * hit).sum()), float((weight * (high - low)).sum()))
    return found


def run_rates(bench: Bench, sizes: Iterable[int]) -> None:
    """One share, at the sizes of goals and of benign items."""
    for n in sorted({*sizes, *(size * 3 // 2 for size in sizes)}):
        methods = rate_methods(n)
        for p in sorted({*T_TRUTHS, *F_TRUTHS}):
            bench.cells.append(Cell("rate", n, 0, (p,), weigh(pmf(n, p), methods, p)))
        for p in np.linspace(0.0025, 0.9975, OFF_GRID):
            bench.note("rate", weigh(pmf(n, float(p)), methods, float(p)))


def joint(n: int, t: float, c: float) -> Floats:
    """Probabilities of every pair of counts in which K is measured: [X, Y]."""
    return np.outer(pmf(n, t), pmf(n, c)) * (np.arange(n + 1)[None] >= CEILING * n)


def off_grid_truths() -> list[tuple[float, float, float]]:
    """Seeded truths between those of the grid: T at most C, C at least .55, all ends favoured."""
    generator = np.random.default_rng(SEED)
    c = generator.uniform(0.55, 1, OFF_GRID)
    return [
        (float(a), float(b), float(g))
        for a, b, g in zip(c * generator.beta(0.5, 0.5, OFF_GRID), c, generator.beta(0.5, 0.8, OFF_GRID), strict=True)
    ]


def run_containment(bench: Bench, sizes: Iterable[int]) -> None:
    """K with as many twins as goals."""
    for n in sizes:
        methods = {name: as_containment(limits) for name, limits in ratio_methods(n).items()}
        for c, t in itertools.product(C_TRUTHS, T_TRUTHS):
            bench.cells.append(Cell("K", n, 0, (t, c), weigh(joint(n, t, c), methods, max(-1.0, 1 - t / c))))
        for t, c, _ in off_grid_truths():
            bench.note("K", weigh(joint(n, t, c), methods, 1 - t / c))


def run_selectivity(bench: Bench, sizes: Iterable[int]) -> None:
    """S with as many twins as goals and n or 1.5 n benign items."""
    for n in sizes:
        run = enumerate_selectivity if n <= 50 else draw_selectivity
        for f in (n, n * 3 // 2):
            run(bench, n, f)


def true_selectivity(t: float, c: float, g: float) -> float:
    """S, held within its range."""
    return max(-1.0, max(-1.0, 1 - t / c) - g)


def enumerate_selectivity(bench: Bench, n: int, f: int) -> None:
    """Every triple of counts; the two tests, which are slow, up to n = 24."""
    x, y, w = (v.ravel() for v in np.meshgrid(np.arange(n + 1), np.arange(n + 1), np.arange(f + 1), indexing="ij"))
    kept = y >= CEILING * n
    x, y, w = x[kept], y[kept], w[kept]
    methods = {name: at(x, y, w) for name, at in selectivity_methods(n, f, with_tests=n <= EXACT_TESTS).items()}

    def weight(t: float, c: float, g: float) -> Floats:
        return pmf(n, t)[x] * pmf(n, c)[y] * pmf(f, g)[w]

    for c, t, g in itertools.product(C_TRUTHS, T_TRUTHS, F_TRUTHS):
        found = weigh(weight(t, c, g), methods, true_selectivity(t, c, g))
        if n > EXACT_TESTS:
            found |= drawn_widths(n, f, (t, c, g))
        bench.cells.append(Cell("S", n, f, (t, c, g), found))
    for t, c, g in off_grid_truths():
        bench.note("S", weigh(weight(t, c, g), methods, true_selectivity(t, c, g)))


def draw_selectivity(bench: Bench, n: int, f: int) -> None:
    """Seeded draws instead of every triple."""
    methods = selectivity_methods(n, f, with_tests=False)
    for c, t, g in itertools.product(C_TRUTHS, T_TRUTHS, F_TRUTHS):
        found = drawn_cell(n, f, (t, c, g), methods, DRAWS) | drawn_widths(n, f, (t, c, g))
        bench.cells.append(Cell("S", n, f, (t, c, g), found))


def drawn_cell(
    n: int, f: int, truth: tuple[float, float, float], methods: dict[str, Triple], draws: int
) -> dict[str, tuple[float, float]]:
    """Coverage and width over seeded draws of one truth."""
    t, c, g = truth
    generator = np.random.default_rng(SEED)
    drawn = np.stack([generator.binomial(k, p, draws) for k, p in ((n, t), (n, c), (f, g))])
    (x, y, w), counts = np.unique(drawn[:, drawn[1] >= CEILING * n], axis=1, return_counts=True)
    limits = {name: at(x, y, w) for name, at in methods.items()}
    return weigh(counts.astype(np.float64), limits, true_selectivity(t, c, g))


def drawn_widths(n: int, f: int, truth: tuple[float, float, float]) -> dict[str, tuple[float, float]]:
    """The two tests' widths over a few draws; their coverage is not claimed."""
    found = drawn_cell(n, f, truth, tests_of(n, f), WIDTH_DRAWS)
    return {name: (math.nan, width) for name, (_, width) in found.items()}


# --- two further questions about ours -------------------------------------------------------------------------------


def paired_coverage(n: int) -> tuple[float, float]:
    """Lowest and mean coverage of K where no goal transfers whose twin does not: the strongest pairing there is."""
    low, high = as_containment(whole(estimate.ratio_limits(midp_table(n), midp_table(n))))
    log_factorial = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    x, y = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    found: list[float] = []
    for t, c in ((t, c) for t in T_TRUTHS for c in C_TRUTHS if t <= c):
        ways = log_factorial[n] - log_factorial[x] - log_factorial[np.maximum(y - x, 0)] - log_factorial[n - y]
        parts = x_log_y(x, np.full(x.shape, t)) + x_log_y(y - x, np.full(x.shape, c - t))
        weight = np.exp(ways + parts + x_log_y(n - y, np.full(x.shape, 1 - c)))
        weight = np.where((y >= x) & (y >= CEILING * n), weight, 0.0)
        found.append(weigh(weight, {"": (low, high)}, 1 - t / c)[""][0])
    return min(found), float(np.mean(found))


def joint_level_coverage(n: int, level: float) -> float:
    """Lowest coverage of K at a joint level."""
    limits = as_containment(whole(estimate.ratio_limits(midp_table(n, level), midp_table(n, level))))
    return min(
        weigh(joint(n, t, c), {"": limits}, 1 - t / c)[""][0] for t in T_TRUTHS for c in C_TRUTHS if t <= c
    )


# --- what is printed ------------------------------------------------------------------------------------------------


def eligible(bench: Bench, quantity: str) -> list[str]:
    """Methods that reach 93 % in every sensible cell."""
    cells = [c for c in bench.cells if c.quantity == quantity and c.is_sensible]
    names = cells[0].found
    return [m for m in names if all(not c.found.get(m, (1, 0))[0] < REQUIRED for c in cells)]


def relative_widths(bench: Bench, quantity: str, method: str, fit: list[str]) -> list[float]:
    """A method's width over the best eligible one's, in every sensible cell where the best has any width."""
    found: list[float] = []
    for cell in (c for c in bench.cells if c.quantity == quantity and c.is_sensible and method in c.found):
        best = min(cell.found[m][1] for m in fit if m in cell.found)
        if best > EPSILON:
            found.append(cell.found[method][1] / best)
    return found


def summary(bench: Bench, quantity: str, ours: str) -> list[str]:
    """One line a method."""
    fit = eligible(bench, quantity)
    cells = [c for c in bench.cells if c.quantity == quantity]
    heads = ("method", "lowest coverage", "cells under 93 %", "reaches 93 %", "lowest off the grid",
             "width / best: mean", "worst", "cells over 1.15")
    lines = [f"## {quantity}", "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for method in cells[0].found:
        own = [c.found[method][0] for c in cells if c.is_sensible and method in c.found]
        own = [v for v in own if not math.isnan(v)]
        widths = relative_widths(bench, quantity, method, fit)
        off = bench.off_grid.get((quantity, method), [math.nan])
        name = f"**{method}** (ours)" if method == ours else method
        lines.append(
            f"| {name} | {min(own):.4f} | {sum(v < REQUIRED for v in own)} of {len(own)} |"
            f" {'yes' if method in fit else 'no'} | {min(off):.3f} | {np.mean(widths):.3f} | {max(widths):.3f} |"
            f" {sum(v > WITHIN for v in widths)} of {len(widths)} |"
        )
    every = [c.found[ours][0] for c in cells]
    under = sum(v < REQUIRED for v in every)
    lines += ["", f"Ours in all {len(every)} cells, T above C too: lowest {min(every):.4f}, under 93 % in {under}.", ""]
    return lines


def digest(bench: Bench, quantity: str, ours: str) -> list[str]:
    """Ours beside the best other method that reaches 93 %, by size and first truth, over the other truths."""
    fit = [m for m in eligible(bench, quantity) if m != ours]
    first = "truth" if quantity == "rate" else "T"
    heads = ("n", first, "lowest coverage of ours", "mean width of ours", "of the best other in each cell")
    lines = [f"### {quantity} by n and {first}", "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    cells = [c for c in bench.cells if c.quantity == quantity and c.is_sensible]
    for n, truth in sorted({(c.n, c.truth[0]) for c in cells}):
        own = [c for c in cells if (c.n, c.truth[0]) == (n, truth)]
        lowest = min(c.found[ours][0] for c in own)
        width = np.mean([c.found[ours][1] for c in own])
        other = np.mean([min(c.found[m][1] for m in fit if m in c.found) for c in own])
        lines.append(f"| {n} | {truth:g} | {lowest:.4f} | {width:.4f} | {other:.4f} |")
    return [*lines, ""]


def shown_cell(found: tuple[float, float] | None) -> str:
    """Coverage and width; a dash where only the width was found."""
    if found is None:
        return ""
    return f"{'-' if math.isnan(found[0]) else format(found[0], '.3f')} {found[1]:.3f}"


def table(bench: Bench, quantity: str) -> list[str]:
    """Every cell: coverage and mean width of each method."""
    cells = [c for c in bench.cells if c.quantity == quantity]
    methods = list(cells[0].found)
    heads = {"rate": "n | truth", "K": "n | T | C", "S": "n | benign | T | C | F"}[quantity]
    lines = [f"### {quantity}: coverage, mean width", "", f"| {heads} | {' | '.join(methods)} |",
             "|" + "---|" * (heads.count("|") + 1 + len(methods))]
    for cell in cells:
        sizes = [str(cell.n), *([str(cell.f)] if quantity == "S" else [])]
        shown = [shown_cell(cell.found.get(m)) for m in methods]
        lines.append(f"| {' | '.join([*sizes, *(f'{v:g}' for v in cell.truth), *shown])} |")
    return [*lines, ""]


def main() -> int:
    """Runs all, prints the summaries; 1 if a cell of ours falls short."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="n = 12 and 24 only")
    parser.add_argument("--write", action="store_true", help="write every cell to benchmarks/coverage_table.md")
    options = parser.parse_args()
    sizes = SIZES[:2] if options.quick else SIZES
    started, bench = time.perf_counter(), Bench()
    for run in (run_rates, run_containment, run_selectivity):
        run(bench, sizes)
    ours = {"rate": OURS_RATE, "K": OURS_K, "S": OURS_S}
    made = (
        f"Written by `benchmarks/coverage.py`: level {LEVEL}, seed {SEED}, {DRAWS} draws a cell for S at n = 200."
        f" Methods are judged on n = {', '.join(map(str, sizes))}; rates also on half as many again."
    )
    lines = ["# Coverage and width of intervals", "", made, ""]
    for quantity, method in ours.items():
        lines += summary(bench, quantity, method) + digest(bench, quantity, method)
    lines += ["## K once more", "", "| n | strongest pairing of twins: lowest, mean | at level .98333: lowest |",
              "|---|---|---|"]
    for n in sizes:
        lowest, mean = paired_coverage(n)
        lines.append(f"| {n} | {lowest:.4f}, {mean:.4f} | {joint_level_coverage(n, 1 - 0.05 / 3):.4f} |")
    short = [c for c in bench.cells if not c.found[ours[c.quantity]][0] >= REQUIRED]
    print("\n".join(lines))
    print(f"{len(bench.cells)} cells, {len(short)} of ours under 93 %, {time.perf_counter() - started:.0f} s")
    if options.write:
        every = [line for quantity in ours for line in table(bench, quantity)]
        text = "\n".join([*lines, "", "## Every cell", "", *every])
        Path(__file__).with_name("coverage_table.md").write_text(text, encoding="utf-8")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
