"""An owner who wants to lie, makes every hash right again, and leaves nothing that does not follow: still named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from counterproof.record import MemoryPolicy, Sighting
from counterproof.rely import appeal, gate, trail
from tests.rely.trail.small_trail import NOW_MS, POLICY, SIGNER, Worker, found, opened, rewritten

READINGS = Sighting.__struct_fields__.index("readings")
LIFT = 6


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    with opened(tmp_path, "a", trail.Pace(head_every=20)) as a:
        Worker(a).decide(60)
    return tmp_path


def _is_decision(line: list[Any]) -> bool:
    return bool(line[0] == "decision")


def _flat(line: list[Any]) -> list[Any]:
    if _is_decision(line):
        line[5][READINGS][LIFT] = 1.0 if line[5][READINGS][LIFT] != 1.0 else 2.0
    return line


def _forgotten(line: list[Any]) -> list[Any]:
    if _is_decision(line):
        line[3] = -1
    return line


def _again(line: list[Any]) -> list[Any]:
    if _is_decision(line) and line[3] > 30:
        line[3] = 30
    return line


def _thirty(line: list[Any]) -> list[Any]:
    """One record's turn is that of another that waits."""
    if _is_decision(line) and line[3] in (30, 31):
        line[3] = 32
    return line


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_flat, "the memory reads otherwise"),
        (_forgotten, "it has readings, and says that the memory took no part"),
        (_again, "another event had this turn of the memory"),
        (_thirty, "another event had this turn of the memory"),
    ],
)
def test_whoever_hides_what_the_memory_read_is_named(
    busy: Path, change: Callable[[list[Any]], list[Any]], what: str
) -> None:
    assert found(busy) == []

    rewritten(busy, change)

    assert what in found(busy)


def test_a_merge_before_an_event_that_was_looked_at_is_named(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        Worker(kept).decide(5)
        kept.note("merge", {"turn": 2, "delta": "", "seen_ms": NOW_MS, "older_s": 0.0}, NOW_MS)

    assert found(tmp_path) == ["what was merged in came before an event that was looked at already"]


def _restless(policy: MemoryPolicy) -> Sighting:
    return Sighting(kind="call", door="python", readings=gate.Memory(policy).add((), 0.0, "", "", "", 1.0))


@pytest.mark.parametrize("receipt", ["ab" * 32, ""])
def test_a_persons_word_about_what_was_never_held_is_named(tmp_path: Path, receipt: str) -> None:
    with opened(tmp_path) as kept:
        Worker(kept).decide(5)
        kept.note("override", {"receipt": receipt, "said": "allow"}, NOW_MS)

    assert found(tmp_path) == ["a person's word about what was not held, or a second one"]


def test_a_person_speaks_once_of_what_was_held(tmp_path: Path) -> None:
    strict = msgspec.structs.replace(POLICY, unscanned={"call": "hold"})
    seen = msgspec.structs.replace(_restless(POLICY.memory), unscanned=1)
    with opened(tmp_path) as kept:
        worker = Worker(kept, policy=strict)
        decision = msgspec.structs.replace(worker.rules.settle(seen, {}), receipt="its receipt", reason="No.")
        assert decision.outcome == "hold"
        kept.keep(seen, (), decision, NOW_MS, turn=0)
        held = appeal.receipt_digest("its receipt")
        kept.note("override", {"receipt": held, "said": "allow"}, NOW_MS)
        assert found(tmp_path) == []
        kept.note("override", {"receipt": held, "said": "reject"}, NOW_MS)

    assert found(tmp_path) == ["a person's word about what was not held, or a second one"]


@pytest.mark.parametrize("count", [-5, 0, 1.5, "7", True, 2**70])
def test_events_refused_unseen_are_counted_in_whole_numbers_above_nothing(tmp_path: Path, count: object) -> None:
    with opened(tmp_path) as kept:
        Worker(kept).decide(1)
        kept.note("shed", {"count": 3}, NOW_MS)
    honest = trail.audit(tmp_path).workers[0].counts["sheds"]

    def fewer(line: list[Any]) -> list[Any]:
        return [*line[:4], {"count": count}, line[-1]] if line[0] == "note" and line[3] == "shed" else line

    rewritten(tmp_path, fewer)
    audit = trail.audit(tmp_path)

    assert [one.what for one in audit.mismatches] == ["it counts no events"]
    assert 0 <= audit.workers[0].counts["sheds"] <= honest


def test_what_was_replaced_by_nothing_is_named(tmp_path: Path) -> None:
    """`modify` without a span: the record says that something was replaced, and it passed as it was."""
    strict = msgspec.structs.replace(POLICY, unscanned={"call": "modify"})
    seen = msgspec.structs.replace(_restless(POLICY.memory), unscanned=1)
    with opened(tmp_path) as kept:
        kept.begin_policy(strict, NOW_MS)
        settled = gate.Settlement(strict).settle(seen, {})
        assert settled.outcome == "modify"
        kept.keep(seen, (), msgspec.structs.replace(settled, spans=((0, 0, 1, "x"),)), NOW_MS, turn=0)
        assert found(tmp_path) == []
        kept.keep(seen, (), msgspec.structs.replace(settled, spans=()), NOW_MS)

    assert "another decision follows from what was seen" in found(tmp_path)


def test_with_a_key_there_must_be_a_head_that_it_signed(busy: Path) -> None:
    """Whoever takes all heads out of the record leaves nothing whose signature could fail."""
    assert found(busy, keys=[SIGNER.verifier]) == []

    rewritten(busy, lambda line: line)

    assert found(busy) == []
    assert found(busy, keys=[SIGNER.verifier]) == ["none of its decisions stands under a head signed by a given key"]


def test_records_that_no_signed_or_published_head_covers_are_counted(tmp_path: Path) -> None:
    with opened(tmp_path, "a", trail.Pace(head_every=1_000)) as a:
        Worker(a).decide(10)
        head = trail.head_said(tmp_path, "Deployer D", None)
        a.head(NOW_MS)
        Worker(a).decide(4)
        one = trail.audit(tmp_path, keys=[SIGNER.verifier], heads=[head]).workers[0]

    assert (one.unsigned, one.unpublished) == (5, 6)


@pytest.mark.parametrize(("name", "value"), [("gate", "back door"), ("starts_ms", NOW_MS - 1)])
def test_a_head_of_another_gate_or_time_is_named(tmp_path: Path, name: str, value: object) -> None:
    from counterproof.rely.trail import _head, _line  # noqa: PLC0415 - what the owner's own key signs

    with opened(tmp_path) as kept:
        Worker(kept).decide(3)
        true = kept.head(NOW_MS)
        path = next((tmp_path / "workers" / "a").glob("*.jsonl"))
    whole = path.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(whole) if line.startswith(b'["head"'))
    before = bytes.fromhex(msgspec.json.decode(whole[at - 1])[-1])
    false = _head.head_note(msgspec.structs.replace(true, **{name: value}), SIGNER)
    path.write_bytes(b"".join([*whole[:at], _line.closed(before, _line.head_body(at, NOW_MS, false))[1]]))

    assert [what for what in found(tmp_path, keys=[SIGNER.verifier]) if what.startswith("a head")] == [
        f"a head states another {'gate' if name == 'gate' else 'time of the first record'}"
    ]
