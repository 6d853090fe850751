"""Several statements at once: joint levels and stepwise tests."""

from __future__ import annotations

from collections.abc import Sequence


def bonferroni_level(level: float, statements: int) -> float:
    """The level at which each of some intervals must stand so that all hold at once at `level`, dependent or not."""
    return 1 - (1 - level) / _counted(statements)


def sidak_level(level: float, statements: int) -> float:
    """The same for independent statements (Sidak 1967): a little lower than Bonferroni's."""
    return float(level ** (1 / _counted(statements)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted stepwise for their number (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = worst
    return tuple(adjusted)


def _counted(statements: int) -> int:
    if statements < 1:
        raise ValueError(f"at least one statement is made, not {statements}")
    return statements
