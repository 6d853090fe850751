from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import note, quorum, tlog
from counterproof.errors import BadLog, BadNote, NoQuorum, NotVerified, StorageFailed
from counterproof.publish import log
from tests.publish.log.parts import (
    NOW_S,
    ORIGIN,
    POLICY,
    SIGNER,
    Parts,
    Witnesses,
    all_entries,
    begun,
    check_receipt,
    cosigned_by,
    entries,
    flipped,
    is_fine,
)


def test_receipts_hold_for_strangers() -> None:
    writer = begun().open()
    said = entries(0, 600)

    indices = [check_receipt(r, e) for r, e in zip(writer.add(said), said, strict=True)]

    assert indices == list(range(600))


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=6), again=st.booleans())
def test_a_log_grows_in_any_batches(sizes: list[int], *, again: bool) -> None:
    parts = begun()
    writer, said = parts.open(), entries(0, sum(sizes))
    at = 0
    for count in sizes:
        writer.add(said[at : at + count])
        at += count
        if again:
            writer = parts.open()

    assert all_entries(parts.store) == said
    assert writer.published.root == tlog.root_of(tlog.leaf_hashes(said))
    assert is_fine(parts.store)


def test_the_same_bytes_keep_their_index() -> None:
    parts = begun()
    writer, said = parts.open(), entries(0, 300)
    first = writer.add(said)

    again = writer.add([said[7], b"new", said[7], b"new"])

    assert [tlog.read_proof(r).index for r in again] == [7, 300, 7, 300]
    assert writer.published.size == 301
    assert check_receipt(first[7], said[7]) == 7


def test_a_retry_gets_the_same_receipt() -> None:
    writer = begun().open()
    said = entries(0, 5)

    assert writer.add(said) == writer.add(said)


def test_the_same_bytes_keep_their_index_when_the_index_was_lost() -> None:
    parts = begun()
    parts.open().add(entries(0, 600))

    again = parts.open().add([entries(599, 1)[0]])  # a new writer, with an index in memory

    assert tlog.read_proof(again[0]).index == 599


def test_an_index_that_lies_is_not_believed(tmp_path: Path) -> None:
    parts = begun()
    index = log.Index(tmp_path / "index")
    writer = parts.open(index=index)
    writer.add(entries(0, 10))
    index.flush()
    with sqlite3.connect(tmp_path / "index") as db:
        db.execute("UPDATE leaf SET at = (at + 1) % 10")

    receipt = writer.add([entries(3, 1)[0]])[0]

    assert check_receipt(receipt, entries(3, 1)[0]) == 10  # a second place, and never a wrong one


def test_a_damaged_index_is_built_again(tmp_path: Path) -> None:
    parts = begun()
    parts.open(index=log.Index(tmp_path / "index")).add(entries(0, 10))
    for end in ("-wal", "-shm"):
        (tmp_path / f"index{end}").unlink(missing_ok=True)
    (tmp_path / "index").write_bytes(b"no database " * 1000)

    writer = parts.open(index=log.Index(tmp_path / "index"))

    assert tlog.read_proof(writer.add([entries(3, 1)[0]])[0]).index == 3


def test_an_index_of_a_longer_log_is_dropped(tmp_path: Path) -> None:
    longer, parts = begun(), begun()
    longer.open(index=log.Index(tmp_path / "index")).add(entries(0, 10))

    writer = parts.open(index=log.Index(tmp_path / "index"))

    assert tlog.read_proof(writer.add([entries(3, 1)[0]])[0]).index == 0


def test_marked_entries_are_remembered_and_found_again() -> None:
    parts = begun()
    parts.open().add(entries(0, 600))

    def is_marked(entry: bytes) -> bool:
        return b"entry 5" in entry

    writer = parts.open(marks=is_marked)
    writer.add([b"entry 5 again"])

    assert writer.marked()[0] == entries(5, 1)[0]
    assert writer.marked()[-1] == b"entry 5 again"
    assert len(writer.marked()) == 112


# --- quorum -----------------------------------------------------------------------------------------------------------


def test_without_a_quorum_nothing_is_published() -> None:
    parts = begun()
    writer = parts.open()
    writer.add(entries(0, 3))
    parts.witnesses.cosigning = 2

    with pytest.raises(NoQuorum):
        writer.add(entries(3, 3))

    assert writer.published.size == 3
    assert all_entries(parts.store) == entries(0, 3)


def test_after_a_missing_quorum_the_same_entries_can_be_added_again() -> None:
    parts = begun()
    writer = parts.open()
    parts.witnesses.cosigning = 0
    for _ in range(3):
        with pytest.raises(NoQuorum):
            writer.add(entries(0, 3))
    with pytest.raises(NoQuorum):
        writer.add(entries(3, 2))  # nothing new is put in order meanwhile
    parts.witnesses.cosigning = 3

    receipts = writer.add(entries(0, 5))

    assert [check_receipt(r, e) for r, e in zip(receipts, entries(0, 5), strict=True)] == [0, 1, 2, 3, 4]
    assert cosigned_by(writer.checkpoint) == 3


def test_what_waits_for_a_quorum_is_published_by_the_next_writer() -> None:
    parts = begun()
    parts.witnesses.cosigning = 1
    with pytest.raises(NoQuorum):
        parts.open().add(entries(0, 3))
    parts.witnesses.cosigning = 4

    writer = parts.open()
    writer.publish()

    assert all_entries(parts.store) == entries(0, 3)


def test_a_gatherer_cannot_put_another_checkpoint_in_place() -> None:
    other = begun()
    other.open().add(entries(50, 3))
    forged = other.store.get(log.CHECKPOINT) or b""
    parts = begun()

    def lies(*_: object) -> bytes:
        return forged

    writer = log.Writer(parts.store, parts.lock, SIGNER, POLICY, lies, clock=lambda: NOW_S)

    with pytest.raises(NoQuorum, match="other checkpoints came back"):
        writer.add(entries(0, 3))
    assert parts.store.get(log.CHECKPOINT) is None


def test_an_empty_log_publishes_its_first_checkpoint() -> None:
    parts = begun()

    parts.open().publish()

    assert quorum.check(parts.store.get(log.CHECKPOINT) or b"", POLICY, NOW_S).checkpoint.size == 0


# --- starting ---------------------------------------------------------------------------------------------------------


def test_a_log_must_be_begun() -> None:
    with pytest.raises(BadLog, match="no log of this name was begun"):
        Parts().open()


def test_a_lock_behind_the_checkpoint_is_refused() -> None:
    parts = begun()
    parts.open().add(entries(0, 3))
    parts.lock = log.MemoryLock()
    parts.lock.create(ORIGIN)

    with pytest.raises(BadLog, match="the lock is at 0 and the published checkpoint at 3"):
        parts.open()


def test_a_lock_with_another_root_is_refused() -> None:
    parts = begun()
    parts.open().add(entries(0, 3))
    parts.lock = log.MemoryLock()
    parts.lock.heads[ORIGIN] = log.Head(3, bytes(32))

    with pytest.raises(BadLog, match="the lock is at 3 and the published checkpoint at 3"):
        parts.open()


def test_a_lock_of_another_tree_is_refused() -> None:
    parts, other = begun(), begun()
    parts.open().add(entries(0, 3))
    other.open().add(entries(50, 5))
    parts.lock = other.lock

    with pytest.raises(BadLog, match="this tile is missing"):
        parts.open()


def test_a_lock_of_a_tree_of_the_same_shape_is_refused() -> None:
    parts, other = begun(), begun()
    parts.open().add(entries(0, 3))
    other.open().add(entries(50, 3))
    parts.lock = other.lock
    parts.store.remove([log.CHECKPOINT])

    with pytest.raises(NotVerified, match="do not lead to its root"):
        parts.open()


def test_a_checkpoint_of_another_tree_is_refused() -> None:
    parts, other = begun(), begun()
    parts.open().add(entries(0, 5))
    other.open().add(entries(50, 3))
    assert isinstance(parts.store, log.MemoryStore)
    parts.store.files[log.CHECKPOINT] = other.store.get(log.CHECKPOINT) or b""

    with pytest.raises(BadLog, match="the published checkpoint is not of this tree"):
        parts.open()


def test_another_key_is_refused() -> None:
    parts = begun()
    parts.open().add(entries(0, 3))
    thief = note.unsafe_seeded(ORIGIN, "ed25519", bytes([9]) * 32)

    with pytest.raises(NotVerified, match="not signed by"):
        log.Writer(parts.store, parts.lock, thief, POLICY, parts.witnesses)


@pytest.mark.parametrize("path", ["tile/0/000.p/3", "tile/entries/000.p/3"])
def test_a_flipped_bit_at_the_edge_is_refused(path: str) -> None:
    parts = begun()
    parts.open().add(entries(0, 3))
    assert isinstance(parts.store, log.MemoryStore)
    parts.store.files[path] = flipped(parts.store.files[path], 99)

    with pytest.raises(NotVerified):
        parts.open()


@pytest.mark.parametrize("path", ["tile/0/000.p/3", "tile/entries/000.p/3"])
def test_a_missing_tile_at_the_edge_is_refused(path: str) -> None:
    parts = begun()
    parts.open().add(entries(0, 3))
    parts.store.remove([path])

    with pytest.raises(BadLog, match="this tile is missing"):
        parts.open()


# --- refusals and tidying ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [b"", b"x" * (log.ENTRY_LIMIT_BYTES + 1)])
def test_entries_that_are_empty_or_too_long_are_refused_and_harm_nothing(entry: bytes) -> None:
    writer = begun().open()

    with pytest.raises(BadNote):
        writer.add([b"fine", entry])

    assert tlog.read_proof(writer.add([b"fine"])[0]).index == 0


def test_bit_rot_between_staging_and_signing_is_refused() -> None:
    class Rotten(log.MemoryStore):
        def get(self, path: str) -> bytes | None:
            data = super().get(path)
            return flipped(data, 700) if data and path.startswith("staging/") else data

    parts = begun()
    parts.store = Rotten()
    writer = parts.open()

    with pytest.raises(BadLog, match="not what storage gives back"):
        writer.add(entries(0, 3))

    assert parts.lock.read(ORIGIN) == log.EMPTY
    assert parts.witnesses.seen == {}
    with pytest.raises(StorageFailed, match="the writer stopped"):
        writer.add(entries(0, 3))


def test_staging_is_tidied() -> None:
    parts = begun()
    parts.open().add(entries(0, 700))

    assert parts.store.names("staging/") == []


def test_partial_tiles_go_when_the_full_one_is_there() -> None:
    parts = begun()
    writer = parts.open()
    for first in range(0, 300, 50):
        writer.add(entries(first, 50))

    assert isinstance(parts.store, log.MemoryStore)
    assert sorted(p for p in parts.store.files if p.startswith(("tile/0/000", "tile/entries/000"))) == [
        "tile/0/000", "tile/entries/000",
    ]  # fmt: skip
    assert is_fine(parts.store)


def test_a_witness_that_missed_some_gets_its_own_proof() -> None:
    parts = begun()
    slow = Witnesses()
    writer = parts.open()
    writer.add(entries(0, 5))
    slow.seen, slow.latest = dict(parts.witnesses.seen), tlog.Checkpoint(ORIGIN, 0, tlog.EMPTY_ROOT)
    parts.witnesses = slow

    parts.open().add(entries(5, 300))

    assert slow.latest.size == 305
