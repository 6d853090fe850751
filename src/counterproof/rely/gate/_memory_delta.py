"""What one memory tells others: keyed digests, counts, sketches and weights; no word that anybody said.

A delta is MessagePack (spec/gate-memory.md). It is taken once, in any order with others: who tells it (`origin`)
numbers its deltas, and a number that was seen, or is more than `SERIALS` behind, is not taken again.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated

import msgspec

from counterproof.errors import BadGate
from counterproof.rely.gate import _sketch

SERIALS = 64
MAX_ANCHORS_TOLD = 1_024
MAX_FRAGMENTS_TOLD = 1_024
MAX_DELTA_BYTES = 1_000_000

_Sketch = Annotated[bytes, msgspec.Meta(max_length=_sketch.BITS // 8)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Told(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """Of one anchor: events since last told, and the sketches of the half window that is going on."""

    anchor: _Name
    events: _Count
    contexts: _Sketch
    identities: _Sketch


class Signal(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """One event that carried a signal: its anchors, as places in the list of those told."""

    fragment: _Name
    weight: float
    age_s: float
    anchors: Annotated[tuple[_Count, ...], msgspec.Meta(max_length=64)]


class Delta(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All that a memory saw since it was last asked, of what is worth telling."""

    format: Annotated[str, msgspec.Meta(pattern=r"^counterproof-gate-delta/1\Z")]
    origin: _Name
    serial: _Count
    window_s: _Count
    events: _Count
    weight: float
    anchors: Annotated[tuple[Told, ...], msgspec.Meta(max_length=MAX_ANCHORS_TOLD)]
    signals: Annotated[tuple[Signal, ...], msgspec.Meta(max_length=MAX_FRAGMENTS_TOLD)]


_DECODER = msgspec.msgpack.Decoder(Delta)
_ENCODER = msgspec.msgpack.Encoder()


def encoded(delta: Delta) -> bytes:
    """Its bytes, the same for the same delta."""
    return _ENCODER.encode(delta)


def decoded(data: bytes, where: str) -> Delta:
    """The delta that bytes hold.

    Raises:
        BadGate: they hold none.
    """
    mend = "all gates that share a store must be of one version"
    if len(data) > MAX_DELTA_BYTES:
        raise BadGate(f"a delta has at most {MAX_DELTA_BYTES} bytes", where=where, mend=mend)
    try:
        delta = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise BadGate(f"this is no delta of a memory ({e})", where=where, mend=mend) from None
    if not isfinite(delta.weight) or delta.weight < 0.0:
        raise BadGate("the sum of weights is no number from 0", where=where, mend=mend)
    for signal in delta.signals:
        if not (isfinite(signal.weight) and isfinite(signal.age_s) and signal.weight > 0.0 and signal.age_s >= 0.0):
            raise BadGate("a signal has no weight above 0, or no age from 0", where=where, mend=mend)
        if any(place >= len(delta.anchors) for place in signal.anchors):
            raise BadGate("a signal speaks of an anchor that is not told", where=where, mend=mend)
    return delta


class Serials:
    """Which deltas were taken: of each origin the highest number, and the `SERIALS` below it."""

    def __init__(self, most: int = 1_024) -> None:
        self._most = most
        self._taken: dict[str, tuple[int, int]] = {}

    def take(self, origin: str, serial: int) -> bool:
        """Whether this one is new; it is taken with that."""
        highest, below = self._taken.get(origin, (-1, 0))
        if serial > highest:
            below = ((below << 1 | int(highest >= 0)) << min(serial - highest - 1, SERIALS)) & (1 << SERIALS) - 1
            highest = serial
        else:
            place = highest - serial - 1
            if place < 0 or place >= SERIALS or below >> place & 1:
                return False
            below |= 1 << place
        self._taken.pop(origin, None)
        self._taken[origin] = highest, below
        if len(self._taken) > self._most:
            del self._taken[next(iter(self._taken))]
        return True
