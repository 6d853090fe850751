"""Evidence that proves nothing is refused, step by step; what it proves does not hang on who found it."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import errors, note, record, tlog
from counterproof.rely import watch
from tests.rely.watch import small_log
from tests.rely.watch.small_log import ORIGIN, SmallLog


def _made(size: int, *changed: int) -> SmallLog:
    entries = [small_log.role(number + 1000 * (number in changed)) for number in range(size)]
    return SmallLog(Path(), entries)


class _Leaves:
    def __init__(self, log: SmallLog) -> None:
        self.leaves = tlog.leaf_hashes(log.entries)

    def hash_at(self, level: int, index: int) -> bytes:
        return tlog.root_of(self.leaves[index << level : (index + 1) << level])


def _same_size() -> record.Evidence:
    checkpoints = (_made(20).note().decode(), _made(20, 7).note(by=2).decode())
    return record.Evidence(kind="same-size", says="whatever", checkpoints=checkpoints)


def _prefix() -> record.Evidence:
    small, large = _made(20), _made(33, 7)
    hashes = _Leaves(large)
    proof = tlog.prove_consistency(20, 33, hashes)
    return record.Evidence(
        kind="prefix", says="", checkpoints=(small.note().decode(), large.note().decode()),
        root=base64.b64encode(tlog.tree_root(20, hashes)).decode(),
        consistency=tuple(base64.b64encode(part).decode() for part in proof),
    )  # fmt: skip


def _entry(log: SmallLog, index: int) -> record.Entry:
    proof = tlog.prove_inclusion(index, len(log.entries), _Leaves(log))
    receipt = tlog.Proof(index, tuple(proof), log.note()).encode().decode()
    return record.Entry(envelope=log.entries[index].decode(), receipt=receipt)


def _leaf() -> record.Evidence:
    return record.Evidence(kind="leaf", says="", entries=(_entry(_made(20), 7), _entry(_made(33, 7), 7)))


def _check(found: record.Evidence) -> watch.Proven:
    return watch.evidence(watch.evidence_bytes(found), small_log.trust())


def test_two_heads_of_one_size() -> None:
    proven = _check(_same_size())

    assert (proven.kind, proven.origin, proven.twice) == ("same-size", ORIGIN, ("east", "north"))
    assert proven.says == f"{ORIGIN} signed two different heads of size 20"


def test_a_larger_head_that_does_not_extend() -> None:
    says = f"{ORIGIN} signed a head of size 33 that does not extend the head of size 20 it signed"
    assert _check(_prefix()).says == says


def test_two_entries_at_one_place() -> None:
    assert _check(_leaf()).says == f"{ORIGIN} showed two entries at index 7"


HEAD = _made(20).note().decode()
FORGED = note.sign(_made(20, 7).head().body, small_log.key(ORIGIN, "ed25519", 77)).decode()
EXTENDED = (HEAD, _made(33).note().decode())


@pytest.mark.parametrize(
    ("changed", "step"),
    [
        (msgspec.structs.replace(_same_size(), checkpoints=(HEAD, HEAD)), "4 conflict"),
        (msgspec.structs.replace(_same_size(), checkpoints=EXTENDED), "4 conflict"),
        (msgspec.structs.replace(_same_size(), checkpoints=(HEAD, FORGED)), "2 heads"),
        (msgspec.structs.replace(_prefix(), checkpoints=EXTENDED), "consistency"),
        (msgspec.structs.replace(_prefix(), checkpoints=EXTENDED[::-1]), "4 conflict"),
        (msgspec.structs.replace(_prefix(), root=base64.b64encode(_made(20).root).decode()), "4 conflict"),
        (msgspec.structs.replace(_prefix(), consistency=_prefix().consistency[1:]), "consistency"),
        (msgspec.structs.replace(_leaf(), entries=(_entry(_made(20), 6), _entry(_made(33, 7), 7))), "4 conflict"),
        (msgspec.structs.replace(_leaf(), entries=(_entry(_made(20), 7), _entry(_made(33), 7))), "4 conflict"),
    ],
)
def test_what_proves_nothing(changed: record.Evidence, step: str) -> None:
    with pytest.raises(errors.NotVerified) as refused:
        _check(changed)

    assert refused.value.where == step


def test_an_entry_that_is_not_under_its_head() -> None:
    moved = msgspec.structs.replace(_entry(_made(33, 7), 7), envelope=small_log.role(5).decode())

    with pytest.raises(errors.NotVerified, match="inclusion"):
        _check(msgspec.structs.replace(_leaf(), entries=(_entry(_made(20), 7), moved)))


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (msgspec.structs.replace(_same_size(), checkpoints=(HEAD,)), "holds two checkpoints"),
        (msgspec.structs.replace(_leaf(), entries=(_entry(_made(20), 7),)), "holds two entries"),
        (msgspec.structs.replace(_leaf(), kind="entries", rule="sequence"), "only the whole log can show"),
        (msgspec.structs.replace(_leaf(), kind="entries", checkpoints=(HEAD,)), "entries and no checkpoints"),
        (
            msgspec.structs.replace(_leaf(), kind="entries", rule="equivocation", entries=(_entry(_made(20), 7),) * 2),
            "an entry twice",
        ),
        (msgspec.structs.replace(_prefix(), root="AAAA"), "not 32 bytes"),
        (msgspec.structs.replace(_prefix(), root="?"), "not base64"),
    ],
)
def test_what_breaks_the_format(broken: record.Evidence, sentence: str) -> None:
    with pytest.raises(errors.BadBundle, match=sentence):
        _check(broken)


def test_entries_that_break_no_rule() -> None:
    found = record.Evidence(kind="entries", says="", entries=(_entry(_made(20), 7),), rule="equivocation")

    with pytest.raises(errors.NotVerified, match="do not break the rule"):
        _check(found)


@given(st.data())
def test_bytes_that_were_changed_prove_nothing_else(data: st.DataObject) -> None:
    good = watch.evidence_bytes(_prefix())
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    proven = watch.evidence(good, small_log.trust())
    try:
        found = watch.evidence(bad, small_log.trust())
    except errors.CounterproofError:
        return
    # A cosignature by a key that nobody knows says nothing (C2SP signed-note): one flipped there is lost, no more.
    assert (found.kind, found.origin, found.says) == (proven.kind, proven.origin, proven.says)
    assert set(found.twice) <= set(proven.twice)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(errors.BadBundle):
        watch.read_evidence(data)
