"""A calibration as rows: what was measured beside what is true, organism by organism."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from counterproof.publish.report import _format
from counterproof.record import Calibration, CalibrationRow

QUANTITIES = ("R", "F", "T", "K")


class OrganismView(NamedTuple):
    """One organism from one training seed: a cell per quantity (over all categories), and where intervals missed."""

    name: str
    cells: list[CalibrationRow | None]
    misses: list[str]


def organisms(calibration: Calibration) -> list[OrganismView]:
    """One row per organism where a pooled row exists; else one row per organism and category."""
    groups: dict[tuple[str, int], list[CalibrationRow]] = {}
    for row in calibration.rows:
        groups.setdefault((row.target, row.training_seed), []).append(row)
    views: list[OrganismView] = []
    for (target, seed), rows in groups.items():
        name = _format.clean(target if ":" in target else f"{target}:{seed}")
        if any(r.category == _format.POOLED for r in rows):
            views.append(OrganismView(name, _cells(rows, _format.POOLED), _misses(rows)))
            continue
        for category in dict.fromkeys(r.category for r in rows):
            own = [r for r in rows if r.category == category]
            views.append(OrganismView(f"{name} {_format.clean(category)}", _cells(own, category), _misses(own)))
    return views


def _cells(rows: Sequence[CalibrationRow], category: str) -> list[CalibrationRow | None]:
    return [next((r for r in rows if r.quantity == q and r.category == category), None) for q in QUANTITIES]


def _misses(rows: Sequence[CalibrationRow]) -> list[str]:
    """`T hush` for each interval that does not hold the truth; the pooled ones say `all`."""
    return [f"{r.quantity} {'all' if r.category == _format.POOLED else _format.clean(r.category)}"
            for r in rows if r.covered is False]
