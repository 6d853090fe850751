from __future__ import annotations

from pathlib import Path

import pytest

from counterproof import tlog
from counterproof.errors import BadLog
from counterproof.publish import log
from counterproof.publish.log import _index

LEAVES = tlog.leaf_hashes([b"%d" % n for n in range(1_200)])


def test_what_was_added_is_found_before_and_after_it_is_written(tmp_path: Path) -> None:
    index = log.Index(tmp_path / "index")
    index.add(0, LEAVES[:700], [3, 5])

    before = index.find(LEAVES)
    index.flush()
    index.add(700, LEAVES[700:1_000], [900])

    assert before == {leaf: n for n, leaf in enumerate(LEAVES[:700])}
    assert index.find(LEAVES) == {leaf: n for n, leaf in enumerate(LEAVES[:1_000])}
    assert (index.upto, index.marked()) == (1_000, [3, 5, 900])
    index.close()
    assert log.Index(tmp_path / "index").find(LEAVES) == {leaf: n for n, leaf in enumerate(LEAVES[:1_000])}


def test_much_is_written_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_index, "_KEPT_BACK", 100)
    index = log.Index(tmp_path / "index")
    index.add(0, LEAVES[:99])
    assert log.Index.reading(tmp_path / "index").upto == 0
    index.add(99, LEAVES[99:101])

    assert log.Index.reading(tmp_path / "index").upto == 101


def test_the_first_place_of_the_same_bytes_stays(tmp_path: Path) -> None:
    index = log.Index(tmp_path / "index")
    index.add(0, [LEAVES[0], LEAVES[0]])
    index.flush()
    index.add(2, [LEAVES[0]])
    index.flush()

    assert index.find(LEAVES[:1]) == {LEAVES[0]: 0}


def test_a_hole_is_refused() -> None:
    with pytest.raises(BadLog, match="the index ends at 0, not at 5"):
        log.Index(None).add(5, LEAVES[:1])


def test_who_only_reads_changes_nothing(tmp_path: Path) -> None:
    assert log.Index.reading(tmp_path / "none").find(LEAVES) == {}
    assert not (tmp_path / "none").exists()
