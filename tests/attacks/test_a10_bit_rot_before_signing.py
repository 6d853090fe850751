"""Attack 10: a bit falls over between the moment when a batch is staged and the moment when its head is signed.

One such bit made a log's head impossible to reproduce for ever; so what is staged is read back and hashed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from counterproof import errors
from counterproof.publish import log
from tests.publish.log import parts


class Rotting(log.MemoryStore):
    """Turns over one bit of what is staged as soon as it lies there."""

    def __init__(self, bit: int) -> None:
        super().__init__()
        self._bit, self.is_rotting = bit, False

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        super().create(files)
        for path, data in files:
            if self.is_rotting and path.startswith("staging/"):
                self.files[path] = parts.flipped(data, self._bit)


@pytest.mark.parametrize("bit", range(0, 6_000, 41))
def test_nothing_is_signed_and_the_lock_does_not_move(bit: int) -> None:
    store, lock = Rotting(bit), log.MemoryLock()
    lock.create(parts.ORIGIN)
    begun = parts.Parts(store, lock)
    writer = begun.open()
    writer.add(parts.entries(0, 10))
    before, signed = lock.read(parts.ORIGIN), dict(begun.witnesses.seen)
    store.is_rotting = True

    with pytest.raises(errors.BadLog, match="not what storage gives back"):
        writer.add(parts.entries(10, 20))

    assert lock.read(parts.ORIGIN) == before
    assert begun.witnesses.seen == signed
    with pytest.raises(errors.StorageFailed, match="stopped"):
        writer.add(parts.entries(10, 20))


def test_rot_after_the_lock_moved_stops_the_next_start(tmp_path: Path) -> None:
    """Then the head is bound and cannot be reached any more: stopping is all that is left, and nothing is signed."""
    del tmp_path
    store, lock = Rotting(0), log.MemoryLock()
    lock.create(parts.ORIGIN)
    begun = parts.Parts(store, lock)
    begun.open().add(parts.entries(0, 10))
    begun.witnesses.cosigning = 0
    with pytest.raises(errors.NoQuorum):
        begun.open().add(parts.entries(10, 20))
    head = lock.read(parts.ORIGIN)
    assert head is not None
    signed = dict(begun.witnesses.seen)
    for path in [path for path in store.files if path.startswith("tile/")]:
        if path not in ("tile/0/000.p/10", "tile/entries/000.p/10"):
            del store.files[path]
    store.files[head.staging] = parts.flipped(store.files[head.staging], 900)

    with pytest.raises(errors.BadLog):
        begun.open()
    assert begun.witnesses.seen == signed
