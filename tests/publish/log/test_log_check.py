"""The log's own audit, row 1 of the table of attacks: whatever is turned over, it ends and names the file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import tlog
from counterproof.errors import NotVerified
from counterproof.publish import log
from tests.publish.log.parts import ORIGIN, POLICY, Parts, begun, entries, flipped

SIZE = 1_100


def whole() -> tuple[Parts, dict[str, bytes]]:
    parts = begun()
    parts.open().add(entries(0, SIZE))
    assert isinstance(parts.store, log.MemoryStore)
    return parts, parts.store.files


PARTS, FILES = whole()
PATHS = sorted(path for path in FILES if path.startswith("tile/"))


def checked(files: dict[str, bytes]) -> log.Checked:
    store = log.MemoryStore()
    store.files = files
    return log.check(store, POLICY)


def test_a_whole_log_has_no_fault() -> None:
    seen: list[int] = []
    found = log.check(PARTS.store, POLICY, head=PARTS.lock.read(ORIGIN), on_size=seen.append)

    assert (found.size, found.faults) == (SIZE, ())
    assert found.root == tlog.root_of(tlog.leaf_hashes(entries(0, SIZE)))
    assert seen[-1] == SIZE


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(PATHS), bit=st.integers(0, 2**20))
def test_every_flipped_bit_is_named(path: str, bit: int) -> None:
    found = checked({**FILES, path: flipped(FILES[path], bit)})

    named = {where for where, _ in found.faults}
    beside = path.replace("entries", "0")  # a changed entry shows where its hash does not fit
    assert named & {path, beside}


@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(PATHS), cut=st.integers(0, 9_000))
def test_every_file_that_is_cut_is_named(path: str, cut: int) -> None:
    found = checked({**FILES, path: FILES[path][: min(cut, len(FILES[path]) - 1)]})

    assert path in {where for where, _ in found.faults}


@pytest.mark.parametrize("path", PATHS)
def test_every_file_that_is_gone_is_named(path: str) -> None:
    found = checked({where: data for where, data in FILES.items() if where != path})

    assert path in {where for where, _ in found.faults}


def test_a_log_where_everything_is_wrong_is_checked_to_its_end() -> None:
    """Other auditors wait for ever once as many files are bad as they have workers."""
    found = checked({path: flipped(data, 77) if path in PATHS else data for path, data in FILES.items()})

    assert {path for path in PATHS if "entries" not in path} <= {where for where, _ in found.faults}


def test_where_neither_entries_nor_hashes_are_left_it_says_so_and_ends() -> None:
    gone = {path: data for path, data in FILES.items() if not path.endswith("/001")}

    assert "nothing after them can be derived" in checked(gone).faults[-1][1]


def test_two_entries_that_changed_places_are_found() -> None:
    bundle = tlog.read_entries(FILES["tile/entries/000"], 256)
    bundle[3], bundle[4] = bundle[4], bundle[3]

    assert checked({**FILES, "tile/entries/000": tlog.encode_entries(bundle)}).faults[0][0] == "tile/0/000"


def test_a_lock_that_is_behind_or_elsewhere_is_named() -> None:
    def faults(head: log.Head) -> list[str]:
        return [where for where, _ in log.check(PARTS.store, POLICY, head=head).faults]

    assert faults(log.Head(SIZE - 1, bytes(32))) == ["lock"]
    assert faults(log.Head(SIZE, bytes(32))) == ["lock"]
    assert faults(log.Head(SIZE + 1, bytes(32))) == []


def test_without_a_checkpoint_there_is_nothing_to_check() -> None:
    with pytest.raises(NotVerified, match="there is no checkpoint"):
        checked({})
