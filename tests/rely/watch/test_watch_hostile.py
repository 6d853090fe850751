"""Logs that want the watcher itself: to poison what it holds, to stop it, to fill its memory or its disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof import errors, note, quorum, record, tlog
from counterproof.rely import watch
from tests.rely.watch import small_log
from tests.rely.watch.small_log import NOW_S, ORIGIN, SmallLog


def _roles(first: int, last: int) -> list[bytes]:
    return [small_log.role(number) for number in range(first, last)]


def _watcher(log: SmallLog, state: Path, trust: record.Trust | None = None) -> watch.Watcher:
    return watch.Watcher(watch.Folder(log.folder), trust or small_log.trust(max_age_s=3600), state)


def _kinds(found: watch.Look) -> list[str]:
    return [alarm.kind for alarm in found.alarms if alarm.kind != "blind"]


def _proven(found: watch.Look) -> list[watch.Proven]:
    proofs = [alarm.evidence for alarm in found.alarms if alarm.evidence is not None]
    return [watch.evidence(watch.evidence_bytes(proof), small_log.trust()) for proof in proofs]


@pytest.mark.parametrize("size", [20, 25])
def test_a_head_without_quorum_is_not_held_against_the_log(tmp_path: Path, size: int) -> None:
    """A fork shown to the watcher alone: were it taken, the log that everybody else sees would look like the fork."""
    log = SmallLog(tmp_path / "log", _roles(0, 20))
    log.publish()
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    honest = [*log.entries, *_roles(20, 30)]
    log.entries = [*log.entries[: size - 5], *_roles(500, 505)]
    log.publish(log.note(by=2))

    found = watcher.look(NOW_S)

    assert "quorum" in _kinds(found)
    assert (found.new, found.head) == (0, tlog.Checkpoint(ORIGIN, 20, tlog.root_of(tlog.leaf_hashes(honest[:20]))))

    log.entries = honest
    log.publish()
    after = watcher.look(NOW_S)

    assert (after.new, after.head) == (10, log.head())
    if size == 20:  # a fork of what was held is proved at once
        assert [proven.kind for proven in _proven(found)] == ["same-size", "leaf"]
        assert _kinds(after) == []
    else:  # this one grew from what was held: only the honest head shows what it was
        assert _kinds(found) == ["quorum"]
        assert [proven.kind for proven in _proven(after)] == ["prefix"]


def test_a_head_without_quorum_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    log = SmallLog(tmp_path / "log", [*_roles(0, 20), *_roles(500, 505)])
    log.publish(log.note(by=0))
    first = _watcher(log, tmp_path / "state").look(NOW_S)
    log.entries = _roles(0, 30)
    log.publish()

    found = _watcher(log, tmp_path / "state").look(NOW_S)

    assert (first.head, _kinds(first)) == (None, ["quorum"])
    assert found.head == log.head()
    assert [proven.kind for proven in _proven(found)] == ["prefix"]
    assert _kinds(_watcher(log, tmp_path / "state").look(NOW_S)) == [], "told once"


def test_heads_without_quorum_do_not_fill_the_disk(tmp_path: Path) -> None:
    log = SmallLog(tmp_path / "log")
    watcher = _watcher(log, tmp_path / "state")
    for size in range(1, 40):
        log.entries = _roles(0, size)
        log.publish(log.note(by=1))
        watcher.look(NOW_S)

    assert len([path for path in (tmp_path / "state").rglob("*") if path.is_file()]) <= 16


def test_an_old_head_that_a_quorum_saw_is_taken_and_told(tmp_path: Path) -> None:
    log = SmallLog(tmp_path / "log", _roles(0, 20))
    log.publish(log.note(at_s=NOW_S - 3601))

    found = _watcher(log, tmp_path / "state").look(NOW_S)

    assert (found.head, _kinds(found), found.seen_by) == (log.head(), ["quorum"], ())


def test_a_head_whose_tiles_were_never_served(tmp_path: Path) -> None:
    log = SmallLog(tmp_path / "log", _roles(0, 20))
    log.publish()
    for place in list((tmp_path / "log" / "tile").rglob("*")):
        if place.is_file():
            place.unlink()

    found = _watcher(log, tmp_path / "state").look(NOW_S)

    assert (found.head, _kinds(found)) == (None, ["withheld"])


@pytest.mark.parametrize("size", [256, 300, 900])
def test_a_tree_left_in_the_middle_for_another(tmp_path: Path, size: int) -> None:
    """Serves half of a tree, then another tree: what was taken of the first must not stop the watcher."""
    log = SmallLog(tmp_path / "log", _roles(1000, 1600))
    log.publish()
    (tmp_path / "log" / tlog.Tile(tlog.ENTRIES, 1).path).unlink()
    watcher = _watcher(log, tmp_path / "state")
    assert _kinds(watcher.look(NOW_S)) == ["withheld"]
    log.entries = _roles(0, size)
    log.publish()

    found = watcher.look(NOW_S)

    assert (found.head, found.new) == (log.head(), size)
    assert "fork" in _kinds(found)
    assert "rule" not in _kinds(found), "what lay in the other tree broke no rule of this one"
    assert _proven(found)[0].kind == "prefix"
    assert _watcher(log, tmp_path / "state").old_breaches == ()


def test_a_tree_left_in_the_middle_goes_on(tmp_path: Path) -> None:
    log = SmallLog(tmp_path / "log", _roles(0, 600))
    log.publish()
    place = tmp_path / "log" / tlog.Tile(tlog.ENTRIES, 1).path
    kept = place.read_bytes()
    place.unlink()
    watcher = _watcher(log, tmp_path / "state")
    first = watcher.look(NOW_S)
    log.entries += _roles(600, 700)
    log.publish()
    place.write_bytes(kept)

    found = watcher.look(NOW_S)

    assert (first.new, found.new) == (256, 444), "what was fetched is not fetched again"
    assert (found.head, _kinds(found)) == (log.head(), [])


def test_a_head_stuffed_with_signatures_of_nobody(tmp_path: Path) -> None:
    """Evidence holds whole heads; were they taken as served, 1 MB of junk each would make receipts too long."""
    log = SmallLog(tmp_path / "log", _roles(0, 20))
    log.publish()
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    log.entries[7] = small_log.role(70)
    junk = note.Line("nobody.test", b"\0\0\0\0", bytes(740_000)).encode()
    log.publish(note.append(log.note(), junk))

    found = watcher.look(NOW_S)

    assert [proven.kind for proven in _proven(found)] == ["same-size", "leaf"]
    assert all(len(watch.evidence_bytes(alarm.evidence)) < 10_000 for alarm in found.alarms if alarm.evidence)


def test_a_wrong_cosignature_does_not_spoil_the_evidence(tmp_path: Path) -> None:
    """A log that forks adds a line by a witness that does not hold, so that nobody would believe the evidence."""
    log = SmallLog(tmp_path / "log", _roles(0, 20))
    log.publish()
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    log.entries[7] = small_log.role(70)
    wrong = quorum.cosign(tlog.Checkpoint(ORIGIN, 1, bytes(32)), small_log.WITNESSES[3], NOW_S)
    spoiled = note.append(log.note(), wrong)
    log.publish(spoiled)

    found = watcher.look(NOW_S)

    assert [proven.kind for proven in _proven(found)] == ["same-size", "leaf"]
    fork = next(alarm.evidence for alarm in found.alarms if alarm.kind == "fork")
    assert fork is not None
    raw = record.Evidence(kind="same-size", says="x", checkpoints=(fork.checkpoints[0], spoiled.decode()))
    assert watch.evidence(watch.evidence_bytes(raw), small_log.trust()).twice == ("east", "north", "south")


def test_a_flood_of_breaches_is_told_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterproof.rely.watch._watch.MOST_BREACHES", 10)
    log = SmallLog(tmp_path / "log", [b"no statement %d" % number for number in range(300)])
    log.publish()

    found = _watcher(log, tmp_path / "state").look(NOW_S)

    rules = [alarm.says for alarm in found.alarms if alarm.kind == "rule"]
    assert len(rules) == 11
    assert rules[-1] == "290 more breaches"
    assert len(_watcher(log, tmp_path / "state").old_breaches) == 11


def test_evidence_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterproof.rely.watch._watch.MOST_EVIDENCE", 3)
    alarms = [watch.Alarm("rule", "x", record.Evidence(kind="entries", says=str(number))) for number in range(5)]

    kept = [watch.keep_evidence(tmp_path / "evidence", alarm) for alarm in alarms]

    assert [place is not None for place in kept] == [True] * 3 + [False] * 2
    assert watch.keep_evidence(tmp_path / "evidence", alarms[0]) == kept[0]


def test_one_watcher_at_a_time(tmp_path: Path) -> None:
    with (
        watch.alone(tmp_path / "state"),
        pytest.raises(errors.BadLog, match="another watcher"),
        watch.alone(tmp_path / "state"),
    ):
        pass
    with watch.alone(tmp_path / "state"):
        assert (tmp_path / "state").is_dir()


class _Turning:
    """Serves other bytes to each request."""

    name = "turning"

    def __init__(self, folders: list[Path]) -> None:
        self._sources, self._asked = [watch.Folder(folder) for folder in folders], 0

    def read(self, path: str, limit_bytes: int = 1 << 24) -> bytes | None:
        self._asked += 1
        return self._sources[self._asked % len(self._sources)].read(path, limit_bytes)

    def close(self) -> None:
        self._asked = 0


def test_a_log_that_serves_other_bytes_to_each_request(tmp_path: Path) -> None:
    logs = [SmallLog(tmp_path / str(at), _roles(at * 700, at * 700 + 600 + at * 50)) for at in range(3)]
    for log in logs:
        log.publish()
    watcher = watch.Watcher(_Turning([log.folder for log in logs]), small_log.trust(), tmp_path / "state")

    for _ in range(12):
        found = watcher.look(NOW_S)
        assert found.head is None or found.head in [log.head() for log in logs]
        assert found.alarms
    steady = _watcher(logs[0], tmp_path / "state").look(NOW_S)
    assert steady.head is not None
