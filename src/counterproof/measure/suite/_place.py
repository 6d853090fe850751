"""Where a thing stands in a suite file, and how a fault there is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from counterproof import errors

T = TypeVar("T")


@dataclass(frozen=True)
class Placed(Generic[T]):
    """A thing and the number of its line, counted from 1."""

    line: int
    item: T


def bad(where: str, line: int, what: str, mend: str) -> errors.BadSuite:
    """The refusal of one line."""
    return errors.BadSuite(what, where=f"{where}:{line}", mend=mend)


def shown(text: object) -> str:
    """A value from the file as it may stand in a message: quoted, without control characters, at most 60 characters."""
    plain = ascii(text)
    return plain if len(plain) <= 60 else plain[:57] + "..."
