"""Which entries there are: digest to index, owner and place, as small as it goes."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

NOWHERE = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that was logged. `series` and `seq` are `NOWHERE` and 0 for what is no result."""

    index: int
    organisation: str
    series: int
    seq: int


class Entries:
    """Every entry that was said by somebody who may say it. Some 150 bytes each."""

    def __init__(self) -> None:
        self._at: dict[bytes, int] = {}
        self._organisations: dict[str, int] = {}
        self._names: list[str] = []
        self._index, self._owner, self._series, self._seq = array("Q"), array("I"), array("I"), array("Q")

    def add(self, digest: bytes, index: int, organisation: str, series: int = NOWHERE, seq: int = 0) -> None:
        """A new one; the first of a digest stays."""
        if digest in self._at:
            return
        if organisation not in self._organisations:
            self._organisations[organisation] = len(self._names)
            self._names.append(organisation)
        self._at[digest] = len(self._index)
        self._index.append(index)
        self._owner.append(self._organisations[organisation])
        self._series.append(series)
        self._seq.append(seq)

    def get(self, digest: bytes) -> Known | None:
        """What is known of it."""
        at = self._at.get(digest)
        if at is None:
            return None
        return Known(self._index[at], self._names[self._owner[at]], self._series[at], self._seq[at])
