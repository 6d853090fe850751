"""Attack 8: the log's process dies at any call, before it, after it, or within it.

Here at every call to storage, lock and witnesses, in memory; `make test-faults` and `make faults` kill the real process
at every call of the system, and let each fail (tests/faults).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import pytest

from counterproof.publish import log
from tests.publish.log.parts import ORIGIN, Parts, Witnesses, all_entries, check_receipt, entries, is_fine

_T = TypeVar("_T")
When = Literal["before", "after", "within"]


class Died(BaseException):
    """No code of ours runs any more."""


@dataclass
class Dying:
    """A store, a lock and witnesses of which call number `at` is the last; afterwards they are as they were left."""

    store: log.MemoryStore = field(default_factory=log.MemoryStore)
    memory: log.MemoryLock = field(default_factory=log.MemoryLock)
    witnesses: Witnesses = field(default_factory=Witnesses)
    at: int = -1
    when: When = "before"
    calls: int = 0

    def call(self, work: Callable[[], _T], half: Callable[[], object] = lambda: None) -> _T:
        self.calls += 1
        if self.calls != self.at:
            return work()
        {"before": lambda: None, "after": work, "within": half}[self.when]()
        raise Died

    def get(self, path: str) -> bytes | None:
        return self.call(lambda: self.store.get(path))

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        self.call(lambda: self.store.create(files), lambda: self.store.create(files[::2]))

    def replace(self, path: str, old: bytes | None, new: bytes) -> None:
        self.call(lambda: self.store.replace(path, old, new))

    def names(self, prefix: str) -> list[str]:
        return self.call(lambda: self.store.names(prefix))

    def remove(self, paths: Iterable[str]) -> None:
        gone = list(paths)
        self.call(lambda: self.store.remove(gone), lambda: self.store.remove(gone[::2]))

    def close(self) -> None:
        """Memory lets nobody wait."""

    def read(self, origin: str) -> log.Head | None:
        return self.call(lambda: self.memory.read(origin))

    def swap(self, origin: str, old: log.Head, new: log.Head) -> bool:
        return self.call(lambda: self.memory.swap(origin, old, new))

    def __call__(self, signed: bytes, old: int, proof: Sequence[bytes], prove: log.Prove) -> bytes:
        return self.call(lambda: self.witnesses(signed, old, proof, prove))


class _LockOf:
    """The lock among the parts that die."""

    def __init__(self, dying: Dying) -> None:
        self.read, self.swap, self.close = dying.read, dying.swap, dying.close
        self.create = dying.memory.create


def _run(dying: Dying) -> dict[int, bytes]:
    """A start and two additions across a tile's end; what was acknowledged before it died."""
    acknowledged: dict[int, bytes] = {}
    parts = Parts(dying, _LockOf(dying), dying)  # type: ignore[arg-type] # witnesses that die
    try:
        writer = parts.open()
        for said in (entries(250, 20), entries(270, 300)):
            acknowledged.update({check_receipt(r, e): e for r, e in zip(writer.add(said), said, strict=True)})
    except Died:
        pass
    return acknowledged


def _begun() -> Dying:
    dying = Dying()
    dying.memory.create(ORIGIN)
    Parts(dying.store, dying.memory, dying.witnesses).open().add(entries(0, 250))
    return dying


@pytest.mark.parametrize("when", ["before", "after", "within"])
def test_no_death_shows_two_trees_or_loses_what_was_acknowledged(when: When) -> None:
    whole = _begun()
    assert len(_run(whole)) == 320
    assert whole.calls > 25

    for at in range(1, whole.calls + 1):
        dying = _begun()
        dying.at, dying.when = at, when
        acknowledged = _run(dying)
        # `Witnesses` asserts at every signature that no size ever gets a second root.
        after = Parts(dying.store, dying.memory, dying.witnesses).open()
        said = entries(250, 320)
        receipts = after.add(said)

        published = all_entries(dying.store)
        assert published[:250] == entries(0, 250)
        assert {index: published[index] for index in acknowledged} == acknowledged
        assert sorted(published) == sorted(entries(0, 570)), f"call {at}: lost or twice"
        assert [check_receipt(r, e) for r, e in zip(receipts, said, strict=True)] == [published.index(e) for e in said]
        assert is_fine(dying.store)


def test_where_nothing_lasts_the_same_deaths_show_two_trees() -> None:
    """The control: what these tests look for can be seen."""
    seen = 0
    for at in range(1, 40):
        dying = _begun()
        dying.at, dying.when = at, "after"
        lasting, files = dying.memory.heads.copy(), dying.store.files.copy()
        _run(dying)
        dying.memory.heads, dying.store.files = lasting, files
        try:
            Parts(dying.store, dying.memory, dying.witnesses).open().add(entries(900, 20))
        except AssertionError:
            seen += 1
    assert seen
