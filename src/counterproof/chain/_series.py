"""Series of results, one per evaluator, subject and category: numbered, linked, and kept small."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from counterproof import record

Place = Literal["next", "twice", "hole"]
_BYTES = 32
MAX_MISSING = 256
"""How many results that were left out may still come."""


def _numbers() -> array[int]:
    return array("Q")


@dataclass(slots=True)
class Series:
    """What one evaluator said of one subject in one category. Some 100 bytes for each result, whatever it says.

    `missing`: numbers that were left out, with the digest of the entry that must stand there where one after it names
    it; `is_lost`: too many were left out to wait for, or a link leads elsewhere; `late`: what came after a later
    number, with what was signed and its index.
    """

    evaluator: str
    subject: str
    category: str
    is_twice: bool = False
    is_lost: bool = False
    missing: dict[int, str] = field(default_factory=dict[int, str])
    late: dict[int, tuple[bytes, int]] = field(default_factory=dict[int, tuple[bytes, int]])
    does_last_count: bool = False
    last_prev: str = ""
    seqs: array[int] = field(default_factory=_numbers)
    indexes: array[int] = field(default_factory=_numbers)
    entries: bytearray = field(default_factory=bytearray)
    payloads: bytearray = field(default_factory=bytearray)

    def place(self, seq: int, prev: str, payload: bytes, *, is_linked: bool) -> tuple[Place, int]:
        """Where a result falls, and the index of the one it contradicts (-1 if none).

        It is what was *signed* that is compared: anybody can put another signature beside somebody's own.
        """
        said, index = self._said(seq)
        if said and said != payload:
            return "twice", index
        if prev and prev == self.last_prev:
            return "twice", self.indexes[-1]
        return ("next" if is_linked and seq == self.expected else "hole"), -1

    def index_of(self, seq: int, payload: bytes) -> int | None:
        """Where the same was said before; None if it was not."""
        said, index = self._said(seq)
        return index if said == payload else None

    @property
    def expected(self) -> int:
        """The number that the next result has to have."""
        return self.seqs[-1] + 1 if self.seqs else 0

    def add(self, said: record.Behaviour, index: int, entry: bytes, payload: bytes, breaches: Collection[str]) -> bool:
        """Takes a result if it is newer than all before; whether it was. `breaches`: rules that it breaks."""
        if said.seq < self.expected:
            self.late[said.seq] = payload, index
            self._fill(said, entry)
            return False
        if "sequence" in breaches:
            self._miss(said)
        self.seqs.append(said.seq)
        self.indexes.append(index)
        self.entries += entry
        self.payloads += payload
        self.last_prev, self.does_last_count = said.prev, not breaches
        return True

    def _miss(self, said: record.Behaviour) -> None:
        gap = range(self.expected, said.seq)
        # Next in number but not in link: somebody was shown another result before this one.
        if not gap or len(gap) + len(self.missing) > MAX_MISSING:
            self.is_lost = True
            return
        self.missing.update(dict.fromkeys(gap, ""))
        self.missing[said.seq - 1] = said.prev

    def _fill(self, said: record.Behaviour, entry: bytes) -> None:
        """What was left out may still come, if it is what the result after it names."""
        if self.missing.get(said.seq) == f"sha256:{entry.hex()}":
            del self.missing[said.seq]
            if said.seq - 1 in self.missing:
                self.missing[said.seq - 1] = said.prev

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out and nothing said twice."""
        return not (self.is_twice or self.is_lost or self.missing)

    def head(self, size: int) -> record.Head | None:
        """The latest result below index `size`."""
        at = bisect_left(self.indexes, size) - 1
        if at < 0:
            return None
        return record.Head(
            subject=self.subject,
            category=self.category,
            evaluator=self.evaluator,
            seq=self.seqs[at],
            index=self.indexes[at],
            entry="sha256:" + self.entries[at * _BYTES : (at + 1) * _BYTES].hex(),
        )

    def _said(self, seq: int) -> tuple[bytes, int]:
        """What was signed under a number, in time or late, and its index; empty where nothing was."""
        at = bisect_left(self.seqs, seq)
        if at < len(self.seqs) and self.seqs[at] == seq:
            return bytes(self.payloads[at * _BYTES : (at + 1) * _BYTES]), self.indexes[at]
        return self.late.get(seq, (b"", -1))
