from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof.errors import BadLog, StorageFailed
from counterproof.publish import log

FILES = [("tile/0/000", b"a"), ("tile/0/x001/000", b"b"), ("tile/entries/000.p/3", b"c")]


def stores(tmp_path: Path) -> list[log.Store]:
    return [log.FolderStore(tmp_path), log.MemoryStore()]


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_created_is_there_and_stays(which: int, tmp_path: Path) -> None:
    store = stores(tmp_path)[which]
    store.create(FILES)
    store.create(FILES)  # the same bytes again are no error

    with pytest.raises(BadLog, match="other bytes"):
        store.create([("tile/0/000", b"x")])

    assert [store.get(path) for path, _ in FILES] == [b"a", b"b", b"c"]
    assert store.get("tile/0/999") is None
    assert store.get("tile/0/000/under-a-file") is None
    assert store.names("tile/entries/000.p/") == ["tile/entries/000.p/3"]


@pytest.mark.parametrize("which", [0, 1])
def test_the_checkpoint_is_replaced_only_over_the_one_that_was_read(which: int, tmp_path: Path) -> None:
    store = stores(tmp_path)[which]
    store.replace("checkpoint", None, b"one")
    store.replace("checkpoint", b"one", b"two")

    with pytest.raises(BadLog):
        store.replace("checkpoint", b"one", b"three")
    with pytest.raises(BadLog):
        store.replace("checkpoint", None, b"three")

    assert store.get("checkpoint") == b"two"


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_removed_is_gone(which: int, tmp_path: Path) -> None:
    store = stores(tmp_path)[which]
    store.create(FILES)

    store.remove([*(path for path, _ in FILES), "never/was"])

    assert [store.get(path) for path, _ in FILES] == [None] * 3
    assert store.names("nowhere/") == []


def test_published_files_cannot_be_written_over_by_accident(tmp_path: Path) -> None:
    log.FolderStore(tmp_path).create(FILES)

    assert stat.S_IMODE((tmp_path / "tile/0/000").stat().st_mode) == 0o444


def test_many_files_at_once(tmp_path: Path) -> None:
    store = log.FolderStore(tmp_path)
    files = [(f"tile/0/x{n:03}/{m:03}", b"%d" % (n * m)) for n in range(5) for m in range(20)]

    store.create(files)

    assert [(path, store.get(path)) for path, _ in files] == files
    assert list((tmp_path / ".writer/new").iterdir()) == []


def test_a_second_writer_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    first = log.FolderStore(tmp_path)

    with pytest.raises(BadLog, match="another process is writing"):
        log.FolderStore(tmp_path)
    log.FolderStore(tmp_path, is_writer=False)  # readers are not
    first.close()
    log.FolderStore(tmp_path).close()


def test_what_a_dead_writer_left_aside_is_dropped(tmp_path: Path) -> None:
    log.FolderStore(tmp_path).close()
    (tmp_path / ".writer/new/1").write_bytes(b"half")

    log.FolderStore(tmp_path).create(FILES)

    assert list((tmp_path / ".writer/new").iterdir()) == []


def _refused(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("call", ["fsync", "link", "write", "open", "mkdir", "unlink"])
def test_a_failing_machine_is_named_and_never_asked_twice(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = log.FolderStore(tmp_path)
    asked: list[str] = []

    def once(*args: object, **more: object) -> None:
        asked.append(call)
        _refused(*args, **more)

    monkeypatch.setattr(os, call, once)
    with pytest.raises(StorageFailed, match="Input/output error"):
        store.create(FILES)

    assert len(asked) == 1


def test_new_folders_are_made_durable_in_their_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = log.FolderStore(tmp_path)
    synced: list[str] = []
    fsync: Callable[[int], None] = os.fsync

    def noted(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().relative_to(tmp_path).as_posix())
        fsync(fd)

    monkeypatch.setattr(os, "fsync", noted)
    store.create([("tile/0/x001/000", b"b")])

    assert synced == [".", "tile", "tile/0", ".writer/new/1", "tile/0/x001"]


def test_of_eight_who_move_the_lock_at_once_one_wins(tmp_path: Path) -> None:
    log.SqliteLock(tmp_path / "lock").create("o")
    for round_ in range(20):
        old = log.SqliteLock(tmp_path / "lock").read("o")
        assert old is not None
        won: list[bool] = []
        gate = threading.Barrier(8)

        def go(n: int, old: log.Head = old, won: list[bool] = won, gate: threading.Barrier = gate) -> None:
            lock = log.SqliteLock(tmp_path / "lock")
            gate.wait()
            won.append(lock.swap("o", old, log.Head(old.size + 1, bytes([n]) * 32)))
            lock.close()

        threads = [threading.Thread(target=go, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(won) == [False] * 7 + [True]
        now = log.SqliteLock(tmp_path / "lock").read("o")
        assert now is not None
        assert now.size == round_ + 1


@pytest.mark.parametrize("which", ["memory", "sqlite"])
def test_a_lock_begins_once_and_moves_only_from_where_it_is(which: str, tmp_path: Path) -> None:
    lock: log.Lock = log.MemoryLock() if which == "memory" else log.SqliteLock(tmp_path / "lock")
    new = log.Head(1, bytes(32))
    assert lock.read("o") is None
    assert not lock.swap("o", log.EMPTY, new)

    lock.create("o")
    with pytest.raises(BadLog, match="has begun already"):
        lock.create("o")

    assert lock.read("o") == log.EMPTY
    assert lock.swap("o", log.EMPTY, new)
    assert not lock.swap("o", log.EMPTY, log.Head(2, bytes(32)))
    assert not lock.swap("other", log.EMPTY, new)
    assert lock.read("o") == new
    lock.close()


def test_a_lock_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"no database " * 100)

    with pytest.raises(StorageFailed, match="not known whether the lock moved"):
        log.SqliteLock(tmp_path / "lock")
