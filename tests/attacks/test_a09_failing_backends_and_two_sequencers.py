"""Attack 9: a backend that says no and means yes, a write that arrives late, two sequencers at once.

The whole table stands in tests/publish/log/test_log_faults.py, the same on real servers in tests/backends.
"""

from __future__ import annotations

import pytest

from counterproof.errors import BadLog, CounterproofError, StorageFailed
from counterproof.publish import log
from tests.publish.log import parts


def failing() -> tuple[parts.Failing, parts.Parts]:
    fault = parts.Failing(log.MemoryStore(), log.MemoryLock())
    made = parts.Parts(fault, parts.LockOf(fault))
    made.lock.create(parts.ORIGIN)
    made.open().add(parts.entries(0, 5))
    return fault, made


@pytest.mark.parametrize("mode", ["lost", "kept", "late"])
def test_a_lock_whose_outcome_is_not_known_signs_nothing(mode: str) -> None:
    fault, made = failing()
    fault.fail("lock", mode)

    with pytest.raises(StorageFailed):
        made.open().add(parts.entries(5, 5))

    assert set(made.witnesses.seen) == {5}


def test_a_lock_that_moved_although_it_failed_is_followed() -> None:
    fault, made = failing()
    fault.fail("lock", "kept")
    with pytest.raises(StorageFailed):
        made.open().add(parts.entries(5, 5))

    made.open().add(parts.entries(90, 5))

    assert parts.all_entries(made.store) == parts.entries(0, 10) + parts.entries(90, 5)


def test_a_late_checkpoint_does_not_hide_what_came_after_it() -> None:
    fault, made = failing()
    fault.fail("checkpoint", "late")
    with pytest.raises(StorageFailed):
        made.open().add(parts.entries(5, 5))
    made.open().add(parts.entries(10, 5))

    fault.settle()

    assert parts.all_entries(made.store) == parts.entries(0, 15)


def test_of_two_sequencers_the_second_stops_and_what_it_had_is_not_lost_to_the_log() -> None:
    _, made = failing()
    one, two = made.open(), made.open()
    one.add(parts.entries(5, 5))

    with pytest.raises(BadLog, match="moved by somebody else"):
        two.add(parts.entries(50, 5))
    with pytest.raises(CounterproofError):
        two.add(parts.entries(60, 5))
    made.open().add(parts.entries(50, 5))

    assert parts.all_entries(made.store) == parts.entries(0, 10) + parts.entries(50, 5)
    assert parts.is_fine(made.store)
