"""An audit computes everything again: what was changed, left out, added or decided otherwise is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import chain, errors, note, record
from counterproof.record import Decision, GateHead, Sighting
from counterproof.rely import gate, trail
from tests.chain.small_gates import OWNER_KEY
from tests.rely.trail.small_trail import (
    GATE,
    NOW_MS,
    OTHER,
    POLICY,
    SIGNER,
    Worker,
    found,
    opened,
    rewritten,
    segments,
)

UNSCANNED, WEIGHT, READINGS = map(Sighting.__struct_fields__.index, ("unscanned", "weight", "readings"))
ORGANISATION = "Deployer D"
PACE = trail.Pace(head_every=40, segment_bytes=20_000)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, GateHead]:
    """A trail of two workers, and the head that was published in the middle of it."""
    folder = tmp_path_factory.mktemp("honest")
    with opened(folder, "a", PACE) as a, opened(folder, "b", PACE) as b:
        one, other = Worker(a), Worker(b, policy=OTHER)
        one.decide(100)
        other.decide(50)
        head = trail.head_said(folder, ORGANISATION, None)
        one.replace(OTHER)
        one.decide(60)
        other.decide(10)
    return folder, head


@pytest.fixture
def copied(honest: tuple[Path, GateHead], tmp_path: Path) -> tuple[Path, GateHead]:
    return shutil.copytree(honest[0], tmp_path / "trail"), honest[1]


def test_an_honest_record_agrees_whole(honest: tuple[Path, GateHead]) -> None:
    folder, head = honest
    following = trail.head_said(folder, ORGANISATION, ("sha256:" + "0" * 64, head))
    said = [
        trail.policy_said(policy, ORGANISATION, GATE, (record.NoNumber(name="x", reason="y"),), "1")
        for policy in (POLICY, OTHER)
    ]

    audit = trail.audit(folder, keys=[SIGNER.verifier], heads=[head, following], said=said)

    assert audit.mismatches == ()
    assert audit.agrees
    assert (audit.gate, audit.published, len(audit.policies)) == (GATE, 2, 2)
    assert [(one.worker, one.decisions, one.settled, one.read) for one in audit.workers] == [
        ("a", 160, 160, 160), ("b", 60, 60, 60),
    ]  # fmt: skip
    assert following.seq == 1
    assert (following.starts, len(following.policies), len(head.policies)) == (head.ends, 2, 2)
    assert sum(audit.workers[0].counts[name] for name in record.OUTCOMES if name in audit.workers[0].counts) == 160


def _changed(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def test_a_changed_byte_breaks_the_chain_where_it_stands(copied: tuple[Path, GateHead]) -> None:
    folder, _ = copied
    path = segments(folder)[1]
    _changed(path, b'"bash"', b'"dash"')

    audit = trail.audit(folder)

    first = audit.mismatches[0]
    number = next(n for n, line in enumerate(path.read_bytes().splitlines(), 1) if b'"dash"' in line)
    assert first.where == f"{path}:{number}"
    assert "is not whole from here on" in first.what
    assert "its bytes give" in first.recorded


def _without_line(folder: Path) -> None:
    path = segments(folder)[1]
    kept = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(kept[:5] + kept[6:]))


def _swapped(folder: Path) -> None:
    path = segments(folder)[1]
    kept = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*kept[:5], kept[6], kept[5], *kept[7:]]))


def _cut(folder: Path) -> None:
    path = segments(folder)[1]
    path.write_bytes(path.read_bytes()[:-30])


def _without_file(folder: Path) -> None:
    segments(folder)[1].unlink()


def _without_first_file(folder: Path) -> None:
    segments(folder)[0].unlink()


def _not_json(folder: Path) -> None:
    _changed(segments(folder)[1], b'["decision"', b'["decisiom"')


def _long(folder: Path) -> None:
    path = segments(folder)[-1]
    path.write_bytes(path.read_bytes() + b"x" * ((16 << 20) + 1) + b"\n")


def _negative(folder: Path) -> None:
    _changed(segments(folder)[1], b'["decision",', b'["decision",-')


@pytest.mark.parametrize(
    "harm", [_without_line, _swapped, _cut, _without_file, _without_first_file, _not_json, _long, _negative]
)
def test_damage_breaks_the_chain(copied: tuple[Path, GateHead], harm: Callable[[Path], None]) -> None:
    harm(copied[0])

    assert any("is not whole from here on" in what for what in found(copied[0]))


Change = Callable[[list[Any]], list[Any] | None]


def _milder(line: list[Any]) -> list[Any]:
    if line[0] == "decision" and line[7][0] == "reject":
        line[7] = ["allow", [], line[7][2], "", []]
    return line


def _unseen(line: list[Any]) -> list[Any]:
    if line[0] == "decision":
        line[5][UNSCANNED] = 0
    return line


def _answered(line: list[Any]) -> list[Any]:
    if line[0] == "decision":
        line[6] = [["judged", "answered", "no", 1.5]]
    return line


def _hidden(line: list[Any]) -> list[Any]:
    if line[0] == "decision":
        line[7][2] = []
    return line


@pytest.mark.parametrize("change", [_milder, _unseen, _answered, _hidden])
def test_a_decision_that_does_not_follow_is_named(copied: tuple[Path, GateHead], change: Change) -> None:
    """Whoever holds the disk makes the chain right again; the decisions do not follow from what was seen."""
    rewritten(copied[0], change)

    audit = trail.audit(copied[0])

    named = [one for one in audit.mismatches if one.what == "another decision follows from what was seen"]
    assert named
    lines = segments(copied[0])[0].read_bytes().splitlines()
    for one in named:
        place, _, number = one.where.rpartition(":")
        assert place == str(segments(copied[0])[0])
        assert msgspec.json.decode(lines[int(number) - 1])[1] == one.n
        assert one.recorded != one.computed


def _calmer(line: list[Any]) -> list[Any]:
    if line[0] == "decision" and line[5][READINGS][0] > 2.0:
        line[5][READINGS][0] = 1.0
    return line


def _lighter(line: list[Any]) -> list[Any]:
    if line[0] == "decision":
        line[5][WEIGHT] = 0.0
    return line


def test_a_reading_that_does_not_follow_is_named(copied: tuple[Path, GateHead]) -> None:
    for change in (_calmer, _lighter):
        rewritten(copied[0], change)

        assert "the memory reads otherwise" in found(copied[0])


def _dropped(line: list[Any]) -> list[Any] | None:
    return None if line[0] == "decision" and line[7][0] == "reject" else line


def test_what_was_published_convicts_a_record_that_was_rewritten_whole(copied: tuple[Path, GateHead]) -> None:
    """With every hash made right and every decision in order: only the log knows that it was otherwise."""
    folder, head = copied
    rewritten(folder, _dropped)

    said = found(folder, heads=[head])

    assert any(what.startswith("the first ") and what.endswith("records of 'a' are others") for what in said) or (
        "worker 'a' had more records" in said
    )
    with pytest.raises(errors.NotVerified, match=r"are not those that were published|were published and"):
        trail.head_said(folder, ORGANISATION, ("sha256:" + "0" * 64, head))


def test_a_worker_that_is_gone_is_missed(copied: tuple[Path, GateHead]) -> None:
    folder, head = copied
    shutil.rmtree(folder / "workers" / "b")

    assert found(folder, heads=[head]) == ["worker 'b' has no record"]
    with pytest.raises(errors.NotVerified, match="'b' was published and is gone"):
        trail.head_said(folder, ORGANISATION, ("sha256:" + "0" * 64, head))


@pytest.mark.parametrize("name", ["rejected", "overrides", "timeouts", "failures", "upheld"])
def test_counts_that_were_published_must_be_those_of_the_record(honest: tuple[Path, GateHead], name: str) -> None:
    folder, head = honest
    other = msgspec.structs.replace(head, **{name: getattr(head, name) + 1})

    assert found(folder, heads=[other]) == [f"its count of {name} is another"]


def test_policies_that_were_published_must_be_those_of_the_record(honest: tuple[Path, GateHead]) -> None:
    folder, head = honest
    said = trail.policy_said(POLICY, ORGANISATION, GATE, (), "1")

    assert found(folder, heads=[msgspec.structs.replace(head, policies=())]) == ["its policies are others"]
    assert found(folder, said=[msgspec.structs.replace(said, unscanned={"call": "allow"})]) == [
        "its unscanned are others"
    ]
    assert found(folder, said=[msgspec.structs.replace(said, rules=said.rules[:1])]) == ["its rules are others"]
    assert found(folder, said=[msgspec.structs.replace(said, policy="sha256:" + "9" * 64)]) == []


def test_a_policy_that_was_changed_or_is_gone_is_named(copied: tuple[Path, GateHead]) -> None:
    folder, _ = copied
    path = folder / "policies" / f"{record.digest_of(POLICY)[7:]}.json"
    _changed(path, b'"name":"small"', b'"name":"smell"')
    says = found(folder)
    assert says[0] == "the policy that came into force is not known"
    assert "decided by no policy that is known" in says

    path.unlink()
    assert found(folder)[0] == "the policy that came into force is not known"


def test_heads_are_signed_by_the_keys_that_are_given(honest: tuple[Path, GateHead]) -> None:
    stranger = note.unsafe_seeded("stranger.example/head", "ed25519", b"s" * 32)
    same_name = note.unsafe_seeded(SIGNER.verifier.name, "ed25519", b"t" * 32)

    for key in (stranger, same_name):
        assert set(found(honest[0], keys=[key.verifier])) == {"a head is signed by none of the given keys"}


def test_a_head_whose_signature_or_words_do_not_hold_is_named(tmp_path: Path) -> None:
    from counterproof.rely.trail import _line  # noqa: PLC0415 - the chain's own arithmetic

    with opened(tmp_path) as made:
        Worker(made).decide(9)
    (path,) = segments(tmp_path)
    before, data = bytes(32), b""
    for one in path.read_bytes().splitlines():
        line = msgspec.json.decode(one)
        if line[0] == "head":
            line[3] = line[3].replace('"sheds":0', '"sheds":1')
        before, whole = _line.closed(before, msgspec.json.encode(line[:-1])[:-1])
        data += whole
    path.write_bytes(data)

    assert found(tmp_path) == ["a head states another counts"]
    assert found(tmp_path, keys=[SIGNER.verifier]) == ["a head does not hold"]


def test_a_decision_in_flight_is_settled_by_the_policy_that_is_noted_for_it(tmp_path: Path) -> None:
    stricter = msgspec.structs.replace(POLICY, unscanned=dict.fromkeys(record.EVENT_KINDS, "terminate"))
    for is_noted in (True, False):
        folder = tmp_path / f"{is_noted}"
        with opened(folder) as kept:
            worker = Worker(kept)
            waiting = next(each for _ in range(100) if (each := worker.look())[0].unscanned)
            before = worker.rules
            worker.replace(stricter)
            after, worker.rules = worker.rules, before
            if is_noted:
                kept.begin_policy(POLICY, worker.now_ms)
            worker.settle(*waiting)
            worker.rules = after
            if is_noted:
                kept.begin_policy(stricter, worker.now_ms)
            worker.decide(30)

        assert found(folder) == ([] if is_noted else ["another decision follows from what was seen"])


def test_what_was_looked_at_and_never_kept_leaves_the_memory_unknown(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        worker = Worker(kept)
        worker.decide(5)
        worker.look()
        worker.decide(7)
    with opened(tmp_path) as kept:
        Worker(kept).decide(3)

    audit = trail.audit(tmp_path)
    assert audit.agrees
    assert (audit.workers[0].read, audit.workers[0].unread) == (8, 7)
    assert "was never kept" in audit.workers[0].why_unread


def test_decisions_that_wait_are_read_in_the_order_in_which_they_were_looked_at(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        worker = Worker(kept)
        waiting = [worker.look() for _ in range(9)]
        for each in reversed(waiting):
            worker.settle(*each)
        worker.decide(5)

    audit = trail.audit(tmp_path)
    assert audit.agrees
    assert (audit.workers[0].read, audit.workers[0].unread) == (14, 0)


def test_modify_that_found_nothing_to_replace_is_a_refusal(tmp_path: Path) -> None:
    rule = record.PatternRule(name="mask", patterns=("x",), action="modify")
    seen = Sighting(kind="call", door="d", hits=(("mask", 1),))
    with opened(tmp_path) as kept:
        worker = Worker(kept, policy=msgspec.structs.replace(POLICY, rules=(rule,)))
        decided = worker.rules.settle(seen, {})
        assert decided.outcome == "modify"
        kept.keep(seen, (), msgspec.structs.replace(decided, spans=((0, 0, 1, "*"),)), NOW_MS)
        kept.keep(seen, (), msgspec.structs.replace(decided, outcome="reject"), NOW_MS)
        assert trail.audit(tmp_path).agrees
        kept.keep(seen, (), msgspec.structs.replace(decided, outcome="allow"), NOW_MS)

    assert found(tmp_path) == ["another decision follows from what was seen"]


def test_decisions_before_any_policy_and_after_a_new_beginning_are_named(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path) as kept:
            kept.keep(Sighting(kind="call", door="d"), (), Decision(outcome="allow"), NOW_MS)
            kept.begin_policy(POLICY, NOW_MS)

    assert found(tmp_path) == ["decided by no policy that is known"] * 2


def test_a_rule_that_the_policy_does_not_have_is_named(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        kept.begin_policy(POLICY, NOW_MS)
        kept.keep(Sighting(kind="call", door="d", hits=(("who", 1),)), (), Decision(outcome="allow"), NOW_MS)

    assert found(tmp_path) == ["another decision follows from what was seen"]


def test_what_other_gates_saw_is_read_again_where_the_record_holds_it(tmp_path: Path) -> None:
    import base64  # noqa: PLC0415 - here alone

    with opened(tmp_path) as kept:
        worker, other = Worker(kept), gate.Memory(POLICY.memory)
        other.share()
        for n in range(9):
            other.add((f"t:{n:016x}",), 2.0, f"{n + 50:016x}", "", f"{n + 50:032x}", NOW_MS / 1000)
        worker.decide(10)
        delta = other.delta("another")
        assert worker.memory.merge(delta, worker.now_ms / 1000)
        said: dict[str, trail.Said] = {
            "delta": base64.b64encode(delta).decode(), "turn": worker.turn, "seen_ms": worker.now_ms,
        }  # fmt: skip
        kept.note("merge", said, worker.now_ms)
        worker.decide(20)
        assert trail.audit(tmp_path).agrees
        assert trail.audit(tmp_path).workers[0].read == 30
        kept.note("merge", {}, worker.now_ms)
        worker.decide(4)

    audit = trail.audit(tmp_path)
    assert audit.agrees
    assert (audit.workers[0].read, audit.workers[0].unread) == (30, 4)
    assert "the record does not hold it" in audit.workers[0].why_unread


@pytest.mark.parametrize("delta", ["*", "AAAA"])
def test_a_delta_that_cannot_be_read_changed_nothing(tmp_path: Path, delta: str) -> None:
    with opened(tmp_path) as kept:
        worker = Worker(kept)
        kept.note("merge", {"delta": delta, "turn": 0}, NOW_MS)
        worker.decide()

    assert found(tmp_path) == ([] if delta == "AAAA" else ["what was merged in is not base64"])


def test_a_day_is_settled_alone_and_the_chain_is_checked_whole(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        worker = Worker(kept)
        worker.decide(10)
        worker.now_ms += 5 * 86_400_000
        day = datetime.fromtimestamp(worker.now_ms / 1000, UTC).strftime("%Y-%m-%d")
        worker.decide(7)

    audit = trail.audit(tmp_path, day=day)
    assert audit.agrees
    assert (audit.day, audit.workers[0].settled, audit.workers[0].decisions, audit.workers[0].read) == (day, 7, 17, 17)
    with pytest.raises(errors.BadOption, match="is no day"):
        trail.audit(tmp_path, day="yesterday")


def test_two_gates_in_one_trail_are_told(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trail.Trail(tmp_path, name, name, now_ms=NOW_MS).close(NOW_MS)

    assert found(tmp_path) == ["the workers' records are of several gates"]
    with pytest.raises(errors.BadTrail, match="is the record of 2 gates"):
        trail.head_said(tmp_path, ORGANISATION, None)


def test_what_is_logged_of_many_rules_begins_with_those_that_fail_most_lightly() -> None:
    rules = tuple(
        record.ThresholdRule(name=f"r{n}", of="memory.signal", above=n / 8, on_failure="allow" if n == 99 else "reject")
        for n in range(100)
    )
    said = trail.policy_said(msgspec.structs.replace(POLICY, rules=rules), ORGANISATION, GATE, (), "1")

    assert [one.name for one in said.rules] == ["r99", *(f"r{n}" for n in range(63))]
    assert (said.count, said.fails) == (100, {"allow": "1", "reject": "99"})
    assert said.rules[4].above == "0.375"


def test_what_is_logged_fits_an_entry() -> None:
    rules = tuple(record.ThresholdRule(name=f"{'r' * 60}{n}", of="memory.signal", above=1.0) for n in range(100))
    numbers = [record.NoNumber(name=f"{n}", reason="x" * 90) for n in range(64)]
    said = trail.policy_said(msgspec.structs.replace(POLICY, rules=rules), ORGANISATION, GATE, numbers, "1")

    assert 4 <= len(said.numbers) < 64
    assert len(chain.seal(record.Statement(subject=(chain.named(said),), predicate=said), OWNER_KEY)) <= 16_384


def test_a_head_of_a_record_that_is_being_written(tmp_path: Path) -> None:
    with opened(tmp_path, pace=trail.Pace(segment_bytes=2_000, head_every=10)) as kept:
        worker = Worker(kept)
        worker.decide(50)
        first = trail.head_said(tmp_path, ORGANISATION, None)
        path = segments(tmp_path)[-1]
        with path.open("ab") as file:
            file.write(b'["decision",')  # as it looks for a moment
        second = trail.head_said(tmp_path, ORGANISATION, ("sha256:" + "0" * 64, first))
        path.write_bytes(path.read_bytes()[: -len(b'["decision",')])
        (tmp_path / "workers" / "a" / f"{kept.n:012d}.jsonl").touch()
        third = trail.head_said(tmp_path, ORGANISATION, ("sha256:" + "0" * 64, first))
        (tmp_path / "workers" / "a" / f"{kept.n:012d}.jsonl").unlink()

    assert cast("tuple[object, ...]", first.workers) == second.workers == third.workers
    assert first.workers[0].n == kept.n - 2  # end, head
    assert trail.audit(tmp_path, heads=[first, second]).agrees


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    with opened(folder, pace=trail.Pace(head_every=4)) as kept:
        Worker(kept).decide(9)
    return folder


@given(at=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.booleans(), more=st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_is_done_to_a_file_is_named_and_nothing_breaks(
    small: Path, at: int, byte: int, more: bytes, *, cut: bool
) -> None:
    (path,) = segments(small)
    whole = path.read_bytes()
    at %= len(whole)
    changed = whole[:at] + bytes([byte]) + more + (b"" if cut else whole[at + 1 :])
    path.write_bytes(changed)
    try:
        audit = trail.audit(small, keys=[SIGNER.verifier])
    finally:
        path.write_bytes(whole)

    if changed == whole:
        assert audit.agrees
    elif not (cut and b"\n" not in changed[changed.rfind(b"\n", 0, at) + 1 :]):
        assert not audit.agrees  # all but half a line at the end, which may be a write that never returned
