"""How figures are told: a table as text, and beside a goal whether it was reached."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import systems


def load_average() -> str:
    """How busy the machine is with others' work: a figure of a busy machine is an upper bound."""
    one, five, _ = os.getloadavg()
    return f"load average {one:.1f} (1 min), {five:.1f} (5 min) on {os.cpu_count()} cores at {time.strftime('%H:%M')}"


def heading(title: str) -> None:
    """A part begins."""
    print(f"\n{title}\n  {load_average()}", flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as what stands in them; the first to the left."""
    said = [[f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in row] for row in (head, *rows)]
    wide = [max(len(row[n]) for row in said) for n in range(len(head))]
    for row in said:
        cells = [cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, wide, strict=True))]
        print("  " + "  ".join(cells).rstrip(), flush=True)


def goal(what: str, figure: float | None, most: float, unit: str, *, why: str = "", is_least: bool = False) -> bool:
    """One figure beside its goal; whether it was reached. None: not measured, and then not reached."""
    bound = f"{'>=' if is_least else '<='} {most:,g} {unit}"
    if figure is None:
        print(f"  not measured ({why}): {what}, goal {bound}", flush=True)
        return False
    is_met = figure >= most if is_least else figure <= most
    print(f"  {'reached' if is_met else 'MISSED'}: {what}: {figure:,.3g} {unit}, goal {bound}", flush=True)
    return is_met


def resident_mib() -> float:
    """Of this process."""
    return systems.resident_mib(os.getpid())
