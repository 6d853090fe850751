"""What is kept: whole lines, chained, in files that only grow, by one process at a time."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import errors, record
from counterproof.record import Answer, Decision, Readings, Sighting
from counterproof.rely import trail
from counterproof.rely.trail import _line
from tests.rely.trail.small_trail import GATE, NOW_MS, OTHER, POLICY, SIGNER, Worker, lines, opened, segments

SEEN = Sighting(kind="call", door="python")
ALLOW = Decision(outcome="allow")


def test_every_record_is_one_line_that_ends_in_the_hash_of_all_before(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        Worker(kept).decide(20)
    (path,) = segments(tmp_path)

    before = bytes(32)
    for n, line in enumerate(path.read_bytes().splitlines()):
        body, end = line[:-68], line[-68:]
        before = hashlib.sha256(before + body).digest()
        assert end == b',"%b"]' % before.hex().encode()
        assert msgspec.json.decode(line)[1] == n
    assert kept.hash == before.hex()
    assert kept.n == 20 + 2 + 2  # begin, policy; end, head


def test_a_decision_is_kept_without_its_words_and_with_its_receipts_digest(tmp_path: Path) -> None:
    said = Decision(
        outcome="reject", rules=("r",), statuses=(("r", "fired"),), reason="secret reason", receipt="secret receipt",
        spans=((0, 1, 2, "x"),),
    )  # fmt: skip
    with opened(tmp_path) as kept:
        kept.keep(SEEN, (Answer(rule="r", status="timed out"),), said, NOW_MS + 5, turn=3, seen_ms=NOW_MS + 4)

    (path,) = segments(tmp_path)
    line = next(one for one in lines(tmp_path) if one[0] == "decision")
    assert line[2:5] == [NOW_MS + 5, 3, NOW_MS + 4]
    digest = hashlib.sha256(b"secret receipt").hexdigest()
    assert line[7] == ["reject", ["r"], [["r", "fired"]], digest, [[0, 1, 2, "x"]]]
    assert b"secret" not in path.read_bytes()


def test_a_kept_sighting_reads_back_field_for_field() -> None:
    """`Sighting` may gain fields: what is kept is all of them, in their order."""
    assert _line.KeptSighting.__struct_fields__ == Sighting.__struct_fields__
    assert _line.KeptReadings.__struct_fields__ == Readings.__struct_fields__
    assert _line.KeptAnswer.__struct_fields__ == Answer.__struct_fields__


_TEXT = st.text(max_size=20)
_NUMBER = st.floats(allow_nan=False, allow_infinity=False)


@given(
    tool=_TEXT, hits=st.lists(st.tuples(_TEXT, st.integers(0, 9)), max_size=3), weight=_NUMBER, signal=_NUMBER,
    n=st.integers(0, 2**53 - 1), receipt=_TEXT, label=_TEXT,
)  # fmt: skip
def test_whatever_was_seen_reads_back(
    tool: str, hits: list[tuple[str, int]], weight: float, signal: float, n: int, receipt: str, label: str
) -> None:
    seen = Sighting(kind="span", door="d", tool=tool, hits=tuple(hits), weight=weight, readings=Readings(signal=signal))
    answers = (Answer(rule="r", status="answered", label=label),)
    body = _line.decision_body(n, 1, 2, 3, seen, answers, Decision(outcome="hold", receipt=receipt))
    after, data = _line.closed(bytes(32), body)

    line = _line.read_line(data[:-1], "x")

    assert isinstance(line, _line.DecisionLine)
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert line.hash == after.hex() == _line.chained(bytes(32), data[:-1]).hex()
    assert (line.n, line.at_ms, line.turn, line.seen_ms) == (n, 1, 2, 3)
    assert all(getattr(line.sighting, f) == getattr(seen, f) for f in ("tool", "hits", "weight", "kind", "anchors"))
    assert line.sighting.readings.signal == signal
    assert line.answers[0].label == label
    assert line.decision.receipt == (hashlib.sha256(receipt.encode()).hexdigest() if receipt else "")


def test_half_a_surrogate_pair_is_kept_as_a_question_mark(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        kept.keep(
            Sighting(kind="call", door="d", tool="a\ud800b"), (), Decision(outcome="hold", receipt="\udfff"), NOW_MS
        )

    assert next(one for one in lines(tmp_path) if one[0] == "decision")[5][2] == "a?b"  # type: ignore[index] # a list


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_no_reader_takes_is_not_kept(tmp_path: Path, number: float) -> None:
    with opened(tmp_path) as kept:
        before = kept.n
        with pytest.raises(errors.StorageFailed, match="not finite"):
            kept.keep(Sighting(kind="call", door="null", weight=number), (), ALLOW, NOW_MS)
        kept.keep(Sighting(kind="call", door="null"), (), ALLOW, NOW_MS)

        assert kept.n == before + 1


def test_a_record_that_no_reader_takes_is_not_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as kept, pytest.raises(errors.StorageFailed, match="over 16777216 bytes"):
        kept.keep(Sighting(kind="call", door="d", tool="x" * (16 << 20)), (), ALLOW, NOW_MS)
    assert trail.audit(tmp_path).agrees


def test_heads_come_by_number_and_by_time_and_begin_each_file(tmp_path: Path) -> None:
    with opened(tmp_path, pace=trail.Pace(segment_bytes=4_000, head_every=10, head_every_s=1000)) as kept:
        worker = Worker(kept)
        worker.decide(95)
        before = kept.n
        kept.keep(SEEN, (), ALLOW, worker.now_ms + 1_000_001)
        assert kept.n == before + 2  # a head, and the decision

    files = segments(tmp_path)
    assert len(files) > 2
    firsts = [msgspec.json.decode(path.read_bytes().splitlines()[0]) for path in files]
    assert [one[0] for one in firsts] == ["note"] + ["head"] * (len(files) - 1)
    assert [int(path.stem) for path in files] == [one[1] for one in firsts]
    heads = [trail.read_head(str(one[3]), "x") for one in lines(tmp_path) if one[0] == "head"]
    assert [head.n for head in heads] == [one[1] for one in lines(tmp_path) if one[0] == "head"]
    assert all(trail.signers_of(str(one[3]), [SIGNER.verifier]) for one in lines(tmp_path) if one[0] == "head")
    assert sum(heads[-1].counts.outcomes.values()) == 96
    assert heads[-1].counts.timeouts > 0


@pytest.mark.parametrize("bytes_each", [1, 3_000, 64 << 20])
def test_a_chain_goes_on_where_it_ended(tmp_path: Path, bytes_each: int) -> None:
    pace = trail.Pace(segment_bytes=bytes_each, head_every=7)
    records = 0
    for round_ in range(3):
        with opened(tmp_path, pace=pace) as kept:
            assert kept.policy == ""
            assert kept.n == records + 1  # begin
            Worker(kept, policy=(POLICY, OTHER)[round_ % 2]).decide(20)
        records = kept.n
    found = trail.audit(tmp_path, keys=[SIGNER.verifier])

    assert found.agrees
    (one,) = found.workers
    assert (one.decisions, one.settled, one.read, one.unread, one.crashes) == (60, 60, 60, 0, 0)
    assert one.records == records
    assert one.heads == one.signed > 3
    assert len(found.policies) == 2


def test_one_process_at_a_time_writes_a_workers_record(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(errors.BadTrail, match="another process is writing"):
        opened(tmp_path)
    with opened(tmp_path, "b"), opened(tmp_path):
        pass
    assert trail.workers(tmp_path) == ["a", "b"]


def test_many_threads_keep_one_chain(tmp_path: Path) -> None:
    with opened(tmp_path, pace=trail.Pace(head_every=50)) as kept:
        kept.begin_policy(record.GatePolicy(name="all pass", rules=()), NOW_MS)
        threads = [
            threading.Thread(target=lambda: [kept.keep(SEEN, (), ALLOW, NOW_MS) for _ in range(200)]) for _ in range(4)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    found = trail.audit(tmp_path)

    assert found.agrees
    assert found.workers[0].decisions == 800


def test_a_clock_that_goes_back_orders_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        worker = Worker(kept)
        worker.decide(5)
        worker.now_ms -= 86_400_000
        worker.decide(5)
        worker.now_ms += 1_000_000_000
        worker.decide(5)

    assert trail.audit(tmp_path).agrees


def test_a_policy_is_kept_whole_under_its_digest(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        digest = kept.begin_policy(POLICY, NOW_MS)
        assert kept.begin_policy(POLICY, NOW_MS) == digest == kept.policy == record.digest_of(POLICY)

    assert trail.read_kept_policy(tmp_path, digest) == POLICY
    assert (tmp_path / "policies" / f"{digest[7:]}.json").read_bytes() == record.canonical_bytes(POLICY)


def test_every_note_is_counted(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        said: list[tuple[trail.NoteKind, dict[str, trail.Said]]] = [
            ("override", {"receipt": "ab", "said": "allow"}), ("override", {"receipt": "ab", "said": "nobody came"}),
            ("shed", {"count": 7}), ("shed", {}), ("fault", {"error": "ValueError"}), ("appeal", {"receipt": "ab"}),
            ("verdict", {"case": "1", "upheld": True}), ("verdict", {"case": "2", "upheld": False}),
        ]  # fmt: skip
        for kind, each in said:
            kept.note(kind, each, NOW_MS)
        kept.keep(msgspec.structs.replace(SEEN, is_shed=True), (), Decision(outcome="reject"), NOW_MS)
        counts = kept.head(NOW_MS).counts

    assert (counts.overrides, counts.sheds, counts.faults, counts.appeals, counts.upheld, counts.denied) == (
        1, 9, 1, 1, 1, 1,
    )  # fmt: skip
    assert counts.outcomes == {"reject": 1}


@pytest.mark.parametrize(
    "pace", [{"sync_s": -1.0}, {"sync_s": 3601.0}, {"segment_bytes": 0}, {"head_every": 0}, {"head_every_s": 0.0}]
)
def test_intervals_that_mean_nothing(pace: dict[str, Any]) -> None:
    with pytest.raises(errors.BadOption, match="means nothing"):
        trail.Pace(**pace)


def test_closing_twice_does_nothing(tmp_path: Path) -> None:
    kept = opened(tmp_path, signer=None)
    kept.close(NOW_MS)
    kept.close(NOW_MS)

    found = trail.audit(tmp_path)
    assert found.agrees
    assert (found.workers[0].records, found.workers[0].signed, found.gate) == (3, 0, GATE)


def test_two_gates_keep_one_policy_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers both may be process number 1."""
    with opened(tmp_path, "a") as a, opened(tmp_path, "b") as b:
        fsync: Callable[[int], None] = os.fsync

        def meanwhile(descriptor: int) -> None:
            monkeypatch.setattr(os, "fsync", fsync)
            b.begin_policy(POLICY, NOW_MS)
            fsync(descriptor)

        monkeypatch.setattr(os, "getpid", lambda: 1)
        monkeypatch.setattr(os, "fsync", meanwhile)
        digest = a.begin_policy(POLICY, NOW_MS)

    assert [path.name for path in (tmp_path / "policies").iterdir()] == [f"{digest[7:]}.json"]
    assert trail.audit(tmp_path).agrees
