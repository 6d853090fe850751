"""Inputs that the gate's parsers take."""

from __future__ import annotations

from counterproof.rely import gate
from tests.rely.gate import walk_bodies


def bodies() -> tuple[bytes, ...]:
    """Bodies of every shape, each behind the number of its shape."""
    return tuple(bytes([gate.SHAPES.index(shape)]) + walk_bodies.as_body(value) for shape, value in walk_bodies.BODIES)
