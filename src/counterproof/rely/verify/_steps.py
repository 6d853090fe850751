"""The numbered steps, what each of them said, and what the whole of them gives."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass

from counterproof import record
from counterproof.errors import CounterproofError, NotVerified

STEPS = (
    "1 format", "2 trust", "3 checkpoint", "4 inclusion", "5 statement", "6 roles", "7 signature", "8 subject",
    "9 preregistration", "10 openings", "11 arithmetic",
)  # fmt: skip
"""A refusal's `where` begins with one of these. They are taken in this order and the first that fails ends it."""

(
    FORMAT, TRUST, CHECKPOINT, INCLUSION, STATEMENT, ROLES, SIGNATURE, SUBJECT, PREREGISTRATION, OPENINGS, ARITHMETIC,
) = STEPS  # fmt: skip

ALWAYS_UNCHECKED = (
    "that no newer result, retraction or loss of a key was logged later, or is left out here: for that, read the log",
    "that what answered the evaluator is what you are served",
    "that the evaluator graded rightly and kept to what it declared in what a signature cannot show",
)
"""What no bundle can show, said of every one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that was taken: its name (of `STEPS`) and what it found, in a sentence."""

    name: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed: the key's name, the organisation that governance or the genesis says it belongs to, and as what."""

    key: str
    organisation: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What holds, and what nobody can know from a bundle alone.

    `entry`: digest of the entry's bytes. `index`: its place in the log `origin`, whose tree of `size` entries has the
    root `root` (hexadecimal). `seen_by`: witnesses that cosigned that root, and when (seconds since 1970). `opened`:
    how many of the `behaviour`'s graded transcripts were opened. `unchecked` says in sentences what was not looked at.
    """

    statement: record.Statement
    entry: str
    signers: tuple[Signer, ...]
    origin: str
    index: int
    size: int
    root: str
    seen_by: tuple[tuple[str, int], ...]
    numbers: tuple[record.Number | record.NoNumber, ...]
    opened: int
    steps: tuple[Step, ...]
    unchecked: tuple[str, ...]


@contextlib.contextmanager
def at(step: str) -> Generator[None]:
    """Whatever is refused inside names this step, and what it said of the place goes into the sentence."""
    try:
        yield
    except CounterproofError as exc:
        if exc.where.startswith(step):
            raise
        what = f"{exc.where}: {exc.what}" if exc.where else exc.what
        raise type(exc)(what, where=step, mend=exc.mend) from exc


def refuse(step: str, what: str, mend: str = "") -> NotVerified:
    """The refusal of a step, to be raised."""
    return NotVerified(what, where=step, mend=mend)
