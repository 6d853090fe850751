"""Stores and locks against real servers: an S3 server, PostgreSQL, obstore's memory and local folders.

Row 9 of the table of attacks: of eight who move a lock at once exactly one wins, and two sequencers never fork.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterproof.errors import BadLog, CounterproofError, StorageFailed
from counterproof.publish import log
from counterproof.publish.log import _objects, _postgres
from tests.publish.log.parts import (
    ORIGIN,
    Failing,
    LockOf,
    Parts,
    all_entries,
    check_receipt,
    entries,
    is_fine,
)

KINDS = ["s3", "memory"]
LOCKS = ["s3", "memory", "postgres", "sqlite"]
RACERS, ROUNDS = 8, 10


@pytest.fixture
def open_store(request: pytest.FixtureRequest, s3: str) -> Iterator[Callable[[], log.Store]]:
    """Opens the same store again and again, and closes it."""
    memory, prefix = _objects.bucket("memory://"), uuid.uuid4().hex
    with contextlib.ExitStack() as stack:

        def opened() -> log.Store:
            place = memory if request.param == "memory" else _objects.bucket(f"{s3}/{prefix}")
            return stack.enter_context(contextlib.closing(_objects.ObjectStore(place)))

        yield opened


@pytest.fixture
def open_lock(
    request: pytest.FixtureRequest, s3: str, postgres: str, tmp_path: Path
) -> Iterator[Callable[[], log.Lock]]:
    """Opens the same lock again and again, and closes it."""
    memory, prefix = _objects.bucket("memory://"), uuid.uuid4().hex
    kinds: dict[str, Callable[[], log.Lock]] = {
        "postgres": lambda: _postgres.PostgresLock(postgres),
        "sqlite": lambda: log.SqliteLock(tmp_path / "lock"),
        "memory": lambda: _objects.ObjectLock(memory),
        "s3": lambda: _objects.ObjectLock(_objects.bucket(f"{s3}/{prefix}")),
    }
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(contextlib.closing(kinds[request.param]()))


@pytest.mark.parametrize("open_lock", LOCKS, indirect=True)
def test_a_lock_begins_once_and_moves_only_from_where_it_is(open_lock: Callable[[], log.Lock]) -> None:
    origin, lock = uuid.uuid4().hex, open_lock()
    new = log.Head(2**62, bytes(range(32)))
    assert lock.read(origin) is None
    assert not lock.swap(origin, log.EMPTY, new)

    lock.create(origin)
    with pytest.raises(BadLog, match="has begun already"):
        lock.create(origin)

    assert open_lock().read(origin) == log.EMPTY
    assert lock.swap(origin, log.EMPTY, new)
    assert not lock.swap(origin, log.EMPTY, log.Head(2, bytes(32)))
    assert not lock.swap(origin, log.Head(new.size, bytes(32)), log.Head(2, bytes(32)))
    assert open_lock().read(origin) == new


@pytest.mark.parametrize("open_lock", LOCKS, indirect=True)
def test_of_eight_who_move_the_lock_at_once_exactly_one_wins(open_lock: Callable[[], log.Lock]) -> None:
    origin, here = uuid.uuid4().hex, open_lock()
    here.create(origin)
    for round_ in range(ROUNDS):
        old = here.read(origin)
        assert old is not None
        won: list[int] = []
        failed: list[CounterproofError] = []
        gate = threading.Barrier(RACERS)

        def race(
            number: int,
            old: log.Head = old,
            won: list[int] = won,
            failed: list[CounterproofError] = failed,
            gate: threading.Barrier = gate,
        ) -> None:
            lock = open_lock()
            gate.wait()
            try:
                if lock.swap(origin, old, log.Head(old.size + 1, bytes([number]) * 32)):
                    won.append(number)
            except StorageFailed as exc:
                failed.append(exc)

        racers = [threading.Thread(target=race, args=(number,)) for number in range(RACERS)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

        assert failed == []
        assert len(won) == 1
        assert here.read(origin) == log.Head(round_ + 1, bytes(won) * 32)


@pytest.mark.parametrize("open_store", KINDS, indirect=True)
def test_a_bucket_keeps_what_was_put_there_first(open_store: Callable[[], log.Store]) -> None:
    store = open_store()
    files = [("tile/0/000", b"a"), ("tile/0/x001/000", b"b"), ("tile/entries/000.p/3", b"c" * 100_000)]
    store.create(files)
    store.create(files)

    with pytest.raises(BadLog, match="other bytes"):
        store.create([("tile/0/000", b"x")])

    assert [open_store().get(path) for path, _ in files] == [data for _, data in files]
    assert store.get("tile/0/999") is None
    assert store.names("tile/entries/000.p/") == ["tile/entries/000.p/3"]
    assert store.names("staging/") == []
    store.remove(["tile/0/000", "never/was"])
    assert store.get("tile/0/000") is None


@pytest.mark.parametrize("open_store", KINDS, indirect=True)
def test_the_checkpoint_is_replaced_only_over_the_one_that_was_read(open_store: Callable[[], log.Store]) -> None:
    store = open_store()
    store.replace("checkpoint", None, b"one")
    store.replace("checkpoint", b"one", b"two")

    for old in (None, b"one"):
        with pytest.raises(BadLog):
            store.replace("checkpoint", old, b"three")

    assert open_store().get("checkpoint") == b"two"


@pytest.mark.parametrize("open_lock", ["s3", "postgres"], indirect=True)
@pytest.mark.parametrize("open_store", ["s3"], indirect=True)
def test_two_sequencers_on_one_log_never_fork(
    open_store: Callable[[], log.Store], open_lock: Callable[[], log.Lock]
) -> None:
    parts = Parts(open_store(), open_lock())
    if parts.lock.read(ORIGIN) is None:
        parts.lock.create(ORIGIN)
    acknowledged: dict[int, bytes] = {}
    guard = threading.Lock()

    def sequence(number: int) -> None:
        lock = open_lock()
        mine = Parts(open_store(), lock, parts.witnesses)
        writer: log.Writer | None = None
        for step in range(6):
            said = entries(1_000 * number + 10 * step, 7)
            try:
                writer = writer or mine.open()
                receipts = writer.add(said)
            except CounterproofError:  # the other one moved the lock, or is just between lock and tiles
                writer = None
                continue
            with guard:
                acknowledged.update({check_receipt(r, e): e for r, e in zip(receipts, said, strict=True)})

    both = [threading.Thread(target=sequence, args=(number,)) for number in (1, 2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    last = parts.open().add([b"last"])[0]
    acknowledged[check_receipt(last, b"last")] = b"last"

    published = all_entries(parts.store)
    assert {index: published[index] for index in acknowledged} == acknowledged
    assert is_fine(parts.store)


@pytest.mark.parametrize("target", ["lock", "checkpoint", "staging", "data tile", "level-0 tile"])
@pytest.mark.parametrize("mode", ["lost", "kept", "late"])
@pytest.mark.parametrize("open_store", ["s3"], indirect=True)
@pytest.mark.parametrize("open_lock", ["s3"], indirect=True)
def test_no_fault_of_a_bucket_makes_two_heads(
    target: str, mode: str, open_store: Callable[[], log.Store], open_lock: Callable[[], log.Lock]
) -> None:
    fault = Failing(open_store(), open_lock())
    parts = Parts(fault, LockOf(fault))
    parts.lock.create(ORIGIN)
    parts.open().add(entries(0, 250))
    fault.fail(target, mode)
    with pytest.raises((StorageFailed, BadLog)):
        parts.open().add(entries(250, 10))

    for said in (entries(900, 10), entries(900, 10), entries(900, 10)):
        try:
            parts.open().add(said)
        except CounterproofError:
            continue
    fault.settle()
    for _ in range(2):
        try:
            parts.open().add(entries(2_000, 20))
        except CounterproofError:
            continue

    assert all_entries(parts.store)[:250] == entries(0, 250)
    assert set(entries(900, 10) + entries(2_000, 20)) <= set(all_entries(parts.store))
    assert is_fine(parts.store)


def test_a_database_that_is_not_there_is_named() -> None:
    with pytest.raises(StorageFailed, match="not known whether the lock moved"):
        _postgres.PostgresLock("postgres://log@127.0.0.1:1/none")


def test_an_answer_that_never_came_leaves_the_lock_unclear(postgres: str) -> None:
    origin = uuid.uuid4().hex
    lock = _postgres.PostgresLock(postgres)
    lock.create(origin)
    lock._db.terminate()  # pyright: ignore[reportPrivateUsage] - the connection that a failing network would take away

    with pytest.raises(StorageFailed, match="not known whether the lock moved"):
        lock.swap(origin, log.EMPTY, log.Head(1, bytes(32)))
    lock.close()


def test_a_bucket_that_is_not_there_is_named(s3: str) -> None:
    place = _objects.ObjectStore(_objects.bucket("s3://nowhere/x"))

    with contextlib.closing(place) as store, pytest.raises(StorageFailed, match="object store failed"):
        store.create([("tile/0/000", b"x")])
