"""Rows 8 to 10 of the table of attacks, on backends that fail in every way: lost, kept although it failed, late.

What must hold: no size is ever signed with two roots (`Witnesses` asserts it at each signature), whatever was
acknowledged stays where it was, and the log's own audit finds nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import tlog
from counterproof.errors import BadLog, CounterproofError, NotVerified, StorageFailed
from counterproof.publish import log
from tests.publish.log.parts import (
    ORIGIN,
    Failing,
    LockOf,
    Parts,
    all_entries,
    check_receipt,
    entries,
    flipped,
    is_fine,
)

TARGETS = ["lock", "checkpoint", "staging", "data tile", "level-0 tile", "upper tile"]
MODES = ["lost", "kept", "late"]
AFTER = ["fails again", "same size", "other size"]


def failing(folder: Path | None = None) -> tuple[Failing, Parts]:
    store = log.FolderStore(folder) if folder else log.MemoryStore()
    fault = Failing(store, log.MemoryLock())
    parts = Parts(fault, LockOf(fault))
    parts.lock.create(ORIGIN)
    return fault, parts


def added(parts: Parts, said: list[bytes], acknowledged: dict[int, bytes]) -> bool:
    """A start and an addition, as a supervised process makes them; whether it was acknowledged."""
    try:
        receipts = parts.open().add(said)
    except CounterproofError:
        return False
    acknowledged.update({check_receipt(r, e): e for r, e in zip(receipts, said, strict=True)})
    return True


def check_all(parts: Parts, acknowledged: dict[int, bytes]) -> None:
    published = all_entries(parts.store)
    assert {index: published[index] for index in acknowledged} == acknowledged
    assert is_fine(parts.store)


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("settles", "on"), [("at once", "memory"), ("at the end", "memory"), ("at the end", "folder")])
def test_no_fault_of_the_backend_makes_two_heads(
    target: str, mode: str, after: str, settles: str, on: str, tmp_path: Path
) -> None:
    fault, parts = failing(tmp_path if on == "folder" else None)
    acknowledged: dict[int, bytes] = {}
    assert added(parts, entries(0, 250), acknowledged)
    again = {"fails again": entries(250, 10), "same size": entries(900, 10), "other size": entries(900, 4)}[after]

    fault.fail(target, mode)
    was_hit = not added(parts, entries(250, 10), acknowledged)
    if settles == "at once":
        fault.settle()
    if after == "fails again":
        fault.fail(target, mode)
        added(parts, again, acknowledged)
    fault.times = 0
    tries = [added(parts, again, acknowledged) for _ in range(3)]
    fault.settle()
    tries.append(added(parts, entries(2_000, 300), acknowledged))

    assert was_hit
    assert tries[-1]
    assert any(tries[:3])
    check_all(parts, acknowledged)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_two_sequencers_with_failing_backends_never_fork(data: st.DataObject) -> None:
    fault, parts = failing()
    acknowledged: dict[int, bytes] = {}
    writers: list[log.Writer | None] = [None, None]
    for step in range(data.draw(st.integers(4, 14))):
        who = data.draw(st.integers(0, 1))
        if data.draw(st.integers(0, 3)) == 0:
            fault.fail(data.draw(st.sampled_from(TARGETS)), data.draw(st.sampled_from(MODES)))
        if data.draw(st.booleans()):
            fault.settle()
        said = entries(step * 400 - data.draw(st.integers(0, 5)), data.draw(st.integers(1, 300)))
        try:
            writer = writers[who] = writers[who] or parts.open()
            receipts = writer.add(said)
            acknowledged.update({check_receipt(r, e): e for r, e in zip(receipts, said, strict=True)})
        except CounterproofError:
            writers[who] = None
    fault.times = 0
    fault.settle()
    assert any(added(parts, [b"last"], acknowledged) for _ in range(3))

    check_all(parts, acknowledged)


def test_of_two_sequencers_one_loses_the_lock_and_stops() -> None:
    _, parts = failing()
    one, two = parts.open(), parts.open()
    one.add(entries(0, 5))

    with pytest.raises(BadLog, match="the lock was moved by somebody else"):
        two.add(entries(10, 5))
    with pytest.raises(StorageFailed, match="the writer stopped"):
        two.add(entries(20, 5))

    receipt = parts.open().add(entries(10, 5))[0]
    assert tlog.read_proof(receipt).index == 5


def test_a_delayed_checkpoint_does_not_put_the_log_back() -> None:
    fault, parts = failing()
    acknowledged: dict[int, bytes] = {}
    added(parts, entries(0, 5), acknowledged)
    fault.fail("checkpoint", "late")
    added(parts, entries(5, 5), acknowledged)
    added(parts, entries(10, 5), acknowledged)
    before = parts.store.get(log.CHECKPOINT)

    fault.settle()

    assert parts.store.get(log.CHECKPOINT) == before


def test_a_control_that_drops_staging_too_early_is_caught() -> None:
    """Without what was staged a lock that is ahead cannot be followed: the harness sees it, and the writer refuses."""
    fault, parts = failing()
    acknowledged: dict[int, bytes] = {}
    added(parts, entries(0, 250), acknowledged)
    fault.fail("level-0 tile", "lost")
    added(parts, entries(250, 10), acknowledged)
    parts.store.remove(parts.store.names("staging/"))

    with pytest.raises((BadLog, NotVerified)):
        parts.open()


@pytest.mark.parametrize("bit", range(0, 4_000, 397))
def test_what_was_staged_and_rotted_after_the_lock_moved_is_not_applied(bit: int) -> None:
    fault, parts = failing()
    fault.fail("data tile", "lost")
    added(parts, entries(0, 30), {})
    (name,) = parts.store.names("staging/")
    memory = fault.store
    assert isinstance(memory, log.MemoryStore)
    memory.files[name] = flipped(memory.files[name], bit)

    with pytest.raises((BadLog, NotVerified)):
        parts.open()
    assert parts.witnesses.seen == {}
