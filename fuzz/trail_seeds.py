"""Inputs that the readers of a gate's record accept."""

from __future__ import annotations

import tempfile
from pathlib import Path

from counterproof.rely import trail
from tests.rely.trail import small_trail


def _segment() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with small_trail.opened(folder, pace=trail.Pace(head_every=5)) as kept:
            small_trail.Worker(kept).decide(7)
        (path,) = small_trail.segments(folder)
        return path.read_bytes()


def records() -> tuple[bytes, ...]:
    """Lines of a chain."""
    return tuple(dict.fromkeys(_segment().splitlines()))


def heads() -> tuple[bytes, ...]:
    """Heads, signed."""
    with tempfile.TemporaryDirectory() as scratch, small_trail.opened(Path(scratch)) as kept:
        kept.head(small_trail.NOW_MS)
        return tuple(str(one[3]).encode() for one in small_trail.lines(Path(scratch)) if one[0] == "head")
