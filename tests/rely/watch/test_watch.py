"""What the watcher sees of a log that keeps its word, and of logs that do not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from counterproof import errors, note, quorum, tlog
from counterproof.rely import watch
from tests.rely.watch import small_log
from tests.rely.watch.small_log import NOW_S, ORIGIN, SmallLog


def _log(folder: Path, size: int) -> SmallLog:
    made = SmallLog(folder, [small_log.role(number) for number in range(size)])
    made.publish()
    return made


def _watcher(log: SmallLog, state: Path, witnesses: dict[str, watch.Source] | None = None) -> watch.Watcher:
    return watch.Watcher(watch.Folder(log.folder), small_log.trust(max_age_s=3600), state, witnesses)


def _kinds(found: watch.Look) -> list[str]:
    """Alarms but `blind`: most of these logs have no witness to ask."""
    return [alarm.kind for alarm in found.alarms if alarm.kind != "blind"]


def _evidence(found: watch.Look, kind: str) -> watch.Proven:
    """What the evidence of an alarm proves to somebody else, who has only the trust file."""
    proof = next(a.evidence for a in found.alarms if a.evidence is not None and a.evidence.kind == kind)
    return watch.evidence(watch.evidence_bytes(proof), small_log.trust())


@pytest.mark.parametrize("sizes", [(1, 2), (255, 256, 257), (3, 300, 600)])
def test_a_log_that_grows_agrees(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    log = SmallLog(tmp_path / "log")
    watcher = None
    for size in sizes:
        log.entries += [small_log.role(number) for number in range(len(log.entries), size)]
        log.publish()
        watcher = watcher or _watcher(log, tmp_path / "state")
        before = watcher.look(NOW_S)

        assert _kinds(before) == []
        assert before.head == log.head()
        assert before.seen_by == (("north", NOW_S), ("east", NOW_S), ("south", NOW_S))

    again = _watcher(log, tmp_path / "state")
    assert again.look(NOW_S).new == 0
    assert again.old_breaches == ()


def test_what_was_accepted_is_a_log_of_its_own(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 300)
    _watcher(log, tmp_path / "state").look(NOW_S)

    copy = watch.Watcher(watch.Folder(tmp_path / "state"), small_log.trust(), tmp_path / "second")
    assert copy.look(NOW_S).new == 300


def test_two_heads_of_one_size_are_proof(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    log.entries[7] = small_log.role(70)
    log.publish()

    found = watcher.look(NOW_S)

    assert _kinds(found) == ["fork", "rewritten"]
    assert found.head is not None
    assert found.head.root != log.root
    proven = _evidence(found, "same-size")
    assert (proven.origin, proven.twice) == (ORIGIN, ("east", "north", "south"))
    assert _evidence(found, "leaf").says == f"{ORIGIN} showed two entries at index 7"


@pytest.mark.parametrize(("size", "grown", "at"), [(20, 33, 0), (256, 300, 255), (300, 700, 299), (600, 601, 256)])
def test_a_rewritten_entry_in_a_grown_log_is_proof(tmp_path: Path, size: int, grown: int, at: int) -> None:
    log = _log(tmp_path / "log", size)
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    log.entries += [small_log.role(number) for number in range(size, grown)]
    log.entries[at] = small_log.role(at + 1000)
    log.publish()

    found = watcher.look(NOW_S)

    assert _kinds(found) == ["fork", "rewritten"]
    assert "does not extend" in _evidence(found, "prefix").says
    assert _evidence(found, "leaf").says == f"{ORIGIN} showed two entries at index {at}"
    assert watcher.look(NOW_S).head == found.head, "the head that was accepted stays"


def test_an_older_head_is_no_proof_but_an_alarm(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    del log.entries[15:]
    log.publish()

    found = watcher.look(NOW_S)

    assert _kinds(found) == ["rollback"]
    assert found.head is not None
    assert found.head.size == 20


def test_an_older_head_of_another_past_is_proof(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    del log.entries[15:]
    log.entries[3] = small_log.role(99)
    log.publish()

    found = watcher.look(NOW_S)

    assert _kinds(found) == ["fork"]
    assert _evidence(found, "prefix").origin == ORIGIN


def test_a_head_over_other_entries_than_are_served(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    watcher = _watcher(log, tmp_path / "state")
    watcher.look(NOW_S)
    log.entries.append(small_log.role(21))
    log.publish(log.note(log.head(root=hashlib.sha256(b"another tree").digest())))

    found = watcher.look(NOW_S)

    assert _kinds(found) == ["withheld"]
    assert found.new == 0


def test_an_entry_that_is_not_the_one_under_the_head(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    place = tmp_path / "log" / tlog.Tile(tlog.ENTRIES, 0, 20).path
    place.write_bytes(tlog.encode_entries([*log.entries[:19], small_log.role(77)]))

    found = _watcher(log, tmp_path / "state").look(NOW_S)

    assert _kinds(found) == ["withheld"]
    assert found.head is None


def test_a_full_bundle_stands_in_for_a_partial_one(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 256)
    small = SmallLog(tmp_path / "log", log.entries[:200])
    (tmp_path / "log" / "checkpoint").write_bytes(small.note())

    assert _kinds(_watcher(log, tmp_path / "state").look(NOW_S)) == []


@pytest.mark.parametrize(("by", "at_s"), [(2, NOW_S), (3, NOW_S - 3601)])
def test_too_few_or_too_old_cosignatures(tmp_path: Path, by: int, at_s: int) -> None:
    log = _log(tmp_path / "log", 5)
    log.publish(log.note(by=by, at_s=at_s))

    found = _watcher(log, tmp_path / "state").look(NOW_S)

    assert _kinds(found) == ["quorum"]
    assert found.seen_by == ()


def test_a_head_that_the_log_did_not_sign(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 5)
    log.publish(note.sign(log.head().body, small_log.key(ORIGIN, "ed25519", 77)))

    assert _kinds(_watcher(log, tmp_path / "state").look(NOW_S)) == ["signature"]


def test_a_log_that_serves_nothing(tmp_path: Path) -> None:
    log = SmallLog(tmp_path)

    assert _kinds(_watcher(log, tmp_path / "state").look(NOW_S)) == ["unreachable"]


class _Shown:
    """What a witness shows of the log: one file, or nothing."""

    name = "witness"

    def __init__(self, data: bytes | None) -> None:
        self.data = data

    def read(self, path: str, limit_bytes: int = 0) -> bytes | None:
        assert path == hashlib.sha256(ORIGIN.encode()).hexdigest() + "/checkpoint"
        return self.data if self.data is None else self.data[: limit_bytes or None]

    def close(self) -> None:
        self.data = None


class _Gone(_Shown):
    def read(self, path: str, limit_bytes: int = 0) -> bytes | None:
        raise errors.TargetUnreachable(f"nothing answers within {limit_bytes} bytes", where=path)


def _witnessed(log: SmallLog, state: Path, shown: list[bytes | None]) -> watch.Watcher:
    named = zip(small_log.NAMES, shown, strict=False)
    return _watcher(log, state, {name: _Shown(data) for name, data in named})


def test_witnesses_that_saw_the_same(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    older = SmallLog(tmp_path / "older", log.entries[:11])

    found = _witnessed(log, tmp_path / "state", [log.note(), older.note(), log.note(), log.note()]).look(NOW_S)

    assert found.alarms == ()


@pytest.mark.parametrize("size", [11, 20, 27])
def test_a_witness_that_was_shown_another_log(tmp_path: Path, size: int) -> None:
    log = _log(tmp_path / "log", 20)
    other = SmallLog(tmp_path / "other", [small_log.role(500 + number) for number in range(size)])
    shown: list[bytes | None] = [log.note(), other.note(), log.note(), log.note()]
    watcher = _witnessed(log, tmp_path / "state", shown)

    found = watcher.look(NOW_S)

    if size > 20:  # the log does not serve the other tree's tiles, so nothing can be proved, and it is said
        assert _kinds(found) == ["withheld"]
    else:
        assert _kinds(found) == ["fork"]
        assert _evidence(found, "same-size" if size == 20 else "prefix").origin == ORIGIN


def test_a_witness_that_saw_more_than_is_shown(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    larger = SmallLog(tmp_path / "log", [*log.entries, *(small_log.role(number) for number in range(20, 25))])
    larger.publish(log.note())  # the tiles are there already, as before every publication
    watcher = _witnessed(log, tmp_path / "state", [log.note(), larger.note(), log.note(), log.note()])

    assert _kinds(watcher.look(NOW_S)) == [], "once is no sign"
    assert _kinds(watcher.look(NOW_S)) == ["withheld"]


def test_a_witness_with_a_head_of_nobody(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    forged = note.sign(log.head().body, small_log.key(ORIGIN, "ed25519", 77))

    found = _witnessed(log, tmp_path / "state", [forged, log.note(), log.note(), log.note()]).look(NOW_S)

    assert _kinds(found) == ["witness"]


def test_silent_witnesses_that_could_hide_a_view(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)

    for silent, kinds in ((1, ["witness-silent"]), (3, ["witness-silent"] * 3 + ["blind"])):
        shown: dict[str, watch.Source] = {name: _Shown(log.note()) for name in small_log.NAMES}
        shown |= {name: _Gone(None) for name in small_log.NAMES[:silent]}
        found = _watcher(log, tmp_path / f"state-{silent}", shown).look(NOW_S)

        assert [alarm.kind for alarm in found.alarms] == kinds


def test_a_copy_that_somebody_wrote_into_is_refused(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    _watcher(log, tmp_path / "state").look(NOW_S)
    place = tmp_path / "state" / tlog.Tile(tlog.ENTRIES, 0, 20).path
    place.write_bytes(tlog.encode_entries([*log.entries[:19], small_log.role(77)]))

    with pytest.raises(errors.BadLog, match="does not hash to its own head"):
        _watcher(log, tmp_path / "state")


def test_a_watcher_killed_before_its_head_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _log(tmp_path / "log", 20)
    _watcher(log, tmp_path / "state").look(NOW_S)
    log.entries += [small_log.role(number) for number in range(20, 300)]
    log.publish()
    dying = _watcher(log, tmp_path / "state")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("counterproof.rely.watch._mirror.keep", die)
        with pytest.raises(KeyboardInterrupt):
            dying.look(NOW_S)

    found = _watcher(log, tmp_path / "state").look(NOW_S)
    assert (found.new, _kinds(found)) == (280, [])


def test_a_monitor_cosigns_what_it_accepted(tmp_path: Path) -> None:
    log = _log(tmp_path / "log", 20)
    watcher = _watcher(log, tmp_path / "state")
    monitor = small_log.key("monitor.test", "cosignature", 50)
    with pytest.raises(errors.BadOption, match="no head to cosign"):
        watcher.cosign(monitor, NOW_S)
    watcher.look(NOW_S)

    _, lines = note.split(watcher.cosign(monitor, NOW_S + 5))

    assert quorum.cosigned_at(log.head(), lines[-1], monitor.verifier) == NOW_S + 5
