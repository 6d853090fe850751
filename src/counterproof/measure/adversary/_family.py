"""What a family is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counterproof.measure.adversary._ground import Ground
from counterproof.measure.adversary._line import Line


def _nothing(_: Ground) -> str:
    return ""


@dataclass(frozen=True)
class Family:
    """One line of approach.

    `lines(ground, n)` gives the conversations of its n-th wording, counted from 0, and nothing from the first number on
    at which no wording is left; `lacks(ground)` says in a few words what it would need and does not have, or nothing.
    """

    name: str
    lines: Callable[[Ground, int], tuple[Line, ...]]
    lacks: Callable[[Ground], str] = _nothing
