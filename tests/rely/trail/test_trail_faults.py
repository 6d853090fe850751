"""The process is killed, the disk is full, a write is cut short, a sync fails: what took effect is kept, all of it."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from counterproof import errors, record
from counterproof.record import Decision, Sighting
from counterproof.rely import trail
from tests.rely.trail.small_trail import NOW_MS, Worker, found, lines, opened, segments

PROGRAM = Path(__file__).parent / "killed.py"
ROOT = Path(__file__).parents[3]
SEEN, ALLOW = Sighting(kind="call", door="d"), Decision(outcome="allow")
FREE = record.GatePolicy(name="all pass", rules=())


def _killed_after(folder: Path, records: int) -> int:
    """Runs a gate until so many records took effect, kills it outright, and gives the last that it told."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), "a"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as gate:
        assert gate.stdout is not None
        told = b""
        while told.count(b"\n") < records:
            told += os.read(gate.stdout.fileno(), 65_536)
        gate.kill()
        while more := os.read(gate.stdout.fileno(), 65_536):
            told += more
    return int(told.split(b"\n")[-2])


def test_a_gate_that_is_killed_under_load_loses_nothing_that_took_effect(tmp_path: Path) -> None:
    told = [_killed_after(tmp_path, records) for records in (1, 150, 400)]

    there = {one[1] for one in lines(tmp_path) if one[0] == "decision"}
    assert there >= set(told)
    with opened(tmp_path) as kept:
        assert kept.n > told[-1]
        Worker(kept).decide(10)
    audit = trail.audit(tmp_path)
    assert audit.mismatches == ()
    assert audit.workers[0].crashes == 3
    assert audit.workers[0].decisions == audit.workers[0].settled == audit.workers[0].read


@pytest.mark.parametrize("left", range(1, 80, 13))
def test_half_a_line_is_taken_away_and_the_chain_goes_on(tmp_path: Path, left: int) -> None:
    """What a loss of power leaves of a record whose write never returned."""
    with opened(tmp_path) as kept:
        Worker(kept).decide(5)
        before = kept.n
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - left])

    assert trail.audit(tmp_path).workers[0].torn_bytes > 0
    assert found(tmp_path) == []
    with opened(tmp_path) as kept:
        assert kept.n == before + 2  # without the head that was cut; end, head and begin
    begun = [one for one in lines(tmp_path) if one[3] == "begin"]
    assert "torn_bytes" in msgspec.convert(begun[-1][4], dict[str, object])
    assert found(tmp_path) == []


@pytest.mark.parametrize("rest", [b"", b'["head",'])
def test_a_file_that_was_only_begun_is_given_up(tmp_path: Path, rest: bytes) -> None:
    with opened(tmp_path) as kept:
        Worker(kept).decide(5)
        n = kept.n + 2
    path = tmp_path / "workers" / "a" / f"{n:012d}.jsonl"
    path.write_bytes(rest)
    assert found(tmp_path) == []

    with opened(tmp_path) as kept:
        assert kept.n == n + 1
    assert not path.exists()
    assert found(tmp_path) == []


@contextlib.contextmanager
def _no_file_longer_than(size: int) -> Generator[None]:
    """A write beyond it is cut short, the next refused (setrlimit(2), RLIMIT_FSIZE)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("sync_s", [0, 1.0])
@pytest.mark.parametrize("room", [0, 1, 70])
def test_a_write_that_is_cut_short_leaves_nothing_and_the_next_goes_on(
    tmp_path: Path, room: int, sync_s: float
) -> None:
    with opened(tmp_path, pace=trail.Pace(sync_s=sync_s)) as kept:
        kept.begin_policy(FREE, NOW_MS)
        kept.keep(SEEN, (), ALLOW, NOW_MS)
        (path,) = segments(tmp_path)
        before, n = path.read_bytes(), kept.n
        with _no_file_longer_than(len(before) + room):
            for _ in range(3):
                with pytest.raises(errors.StorageFailed, match="cannot be written"):
                    kept.keep(SEEN, (), ALLOW, NOW_MS)
                with pytest.raises(errors.StorageFailed, match="cannot be written"):
                    kept.note("fault", {}, NOW_MS)
            assert (path.read_bytes(), kept.n) == (before, n)
        assert kept.keep(SEEN, (), ALLOW, NOW_MS) == n
        assert kept.head(NOW_MS).counts.faults == 0
    assert found(tmp_path) == []
    assert trail.audit(tmp_path).workers[0].decisions == 2


def test_a_head_that_does_not_fit_refuses_the_decision_before_it(tmp_path: Path) -> None:
    with opened(tmp_path, pace=trail.Pace(segment_bytes=500, head_every=4)) as kept:
        kept.begin_policy(FREE, NOW_MS)
        for _ in range(2):
            kept.keep(SEEN, (), ALLOW, NOW_MS)
        with _no_file_longer_than(100), pytest.raises(errors.StorageFailed):
            kept.keep(SEEN, (), ALLOW, NOW_MS)
        assert found(tmp_path) == []
        kept.keep(SEEN, (), ALLOW, NOW_MS)
        assert len(segments(tmp_path)) == 2
    assert found(tmp_path) == []
    assert trail.audit(tmp_path).workers[0].decisions == 3


def test_a_policy_that_cannot_be_kept_is_not_begun(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        before = kept.n
        with _no_file_longer_than(10), pytest.raises(errors.StorageFailed):
            kept.begin_policy(FREE, NOW_MS)
        assert (kept.n, kept.policy) == (before, "")
        assert list((tmp_path / "policies").iterdir()) == []
        kept.begin_policy(FREE, NOW_MS)
    assert found(tmp_path) == []


def _until(is_so: object, what: str) -> None:
    for _ in range(500):
        if callable(is_so) and is_so():
            return
        time.sleep(0.01)
    pytest.fail(what)


def test_after_a_sync_that_failed_nothing_takes_effect_until_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def refused(handle: int) -> None:
        asked.append(handle)
        raise OSError(5, "Input/output error")

    with opened(tmp_path, pace=trail.Pace(sync_s=0.01)) as kept:
        kept.begin_policy(FREE, NOW_MS)
        with monkeypatch.context() as broken:
            broken.setattr(os, "fdatasync", refused)
            kept.note("appeal", {}, NOW_MS)
            _until(lambda: len(asked) > 1, "nothing was synced in the background")
            n = kept.n
            with pytest.raises(errors.StorageFailed, match="Input/output error"):
                kept.keep(SEEN, (), ALLOW, NOW_MS)
            assert kept.n == n
        kept.keep(SEEN, (), ALLOW, NOW_MS)
        counts = kept.head(NOW_MS).counts

    assert counts.faults == 1
    fault = next(one for one in lines(tmp_path) if one[3] == "fault")
    said = msgspec.convert(fault[4], dict[str, object])
    assert said["what"] == "sync"
    assert (said["to"], fault[1]) == (n, n)
    assert found(tmp_path) == []


def test_a_file_that_is_removed_underneath_is_noticed(tmp_path: Path) -> None:
    with opened(tmp_path, pace=trail.Pace(sync_s=0.01)) as kept:
        kept.begin_policy(FREE, NOW_MS)
        segments(tmp_path)[0].unlink()

        def is_refused() -> bool:
            try:
                kept.keep(SEEN, (), ALLOW, NOW_MS)
            except errors.StorageFailed as error:
                return "was removed" in str(error)
            return False

        _until(is_refused, "it went on in a file that nobody can find")
        with pytest.raises(errors.StorageFailed):
            kept.close(NOW_MS)
