from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import chain, errors, note, record, tlog
from counterproof.publish import attest
from tests.chain import small_chain, small_gates, small_tokens
from tests.chain.small_chain import EVALUATOR, EVALUATOR_KEY, NOTHING, ORIGIN, Chain, digest, text

KEY = text(EVALUATOR_KEY)
MADE = Chain()
SAID: tuple[record.Predicate, ...] = (
    MADE.genesis(commitments={"corpus": NOTHING}),
    record.Generation(
        subject=NOTHING, number=1, previous=NOTHING, keys=(KEY,), next_keys=NOTHING, changed="more", commitments={}
    ),
    record.Continuity(
        subject=NOTHING, before=NOTHING, after=NOTHING, compares="generations", test="mmd/1", asked=NOTHING,
        statistic="0.01", p="0.5", level="0.05", break_at="0.1", n=9, questions=3, verdict="drifted",
    ),
    MADE.prereg(subject=NOTHING, generation=NOTHING, opens=3, beacon="round 9"),
    MADE.behaviour(
        NOTHING, subject=NOTHING, generation=NOTHING,
        numbers=(small_chain.number("K", "-0.5"), record.NoNumber(name="T", reason="too few")),
    ),
    record.Claim(
        subject=NOTHING, claimant="Lab A", document=NOTHING, locator="p. 3", quote="safe\nand sound", property="K",
        category="", direction="at least", threshold="0.99", conditions={"suite": "codex"},
    ),
    record.Abandon(evaluator=EVALUATOR, prereg=NOTHING, reason="no budget"),
    record.Dispute(organisation=EVALUATOR, entry=NOTHING, reason="does not repeat", evidence=""),
    record.Retract(organisation=EVALUATOR, entry=NOTHING, reason="a wrong suite"),
    record.KeyRotate(organisation=EVALUATOR, old=KEY, new=text(small_chain.LAB_KEY), next_key=NOTHING),
    record.KeyCompromise(organisation=EVALUATOR, key=KEY, reason="stolen"),
    small_chain.role(EVALUATOR_KEY, "evaluator", EVALUATOR, conflicts=("A", "B"), relies_on=(NOTHING,)),
    record.VerifierAudit(
        auditor="M", evaluator="E", planted=3, planted_right=2, repeated=1, repeated_agreeing=1, evidence=NOTHING
    ),
    record.Heads(origin=ORIGIN, size=9, count=0, root=tlog.EMPTY_ROOT.hex()),
    small_tokens.token_key(),
    small_gates.policy(),
    small_gates.head(),
)  # fmt: skip


def payload(said: record.Predicate) -> bytes:
    return record.statement_bytes(attest.statement(said))


@pytest.mark.parametrize("said", SAID, ids=lambda said: type(said).__name__)
def test_every_kind_reads_back(said: record.Predicate) -> None:
    entry = small_chain.sealed(said, EVALUATOR_KEY)

    opened = chain.open_entry(entry)

    assert opened.statement == attest.statement(said)
    assert record.statement_bytes(opened.statement) == opened.envelope.unverified_payload
    assert opened.digest == record.digest_bytes(entry)
    assert [keyid for keyid, _ in opened.signatures] == [EVALUATOR_KEY.verifier.keyid]


def test_every_kind_is_tried() -> None:
    assert {attest.statement(said).kind for said in SAID} == set(record.KINDS)


@pytest.mark.parametrize("said", SAID, ids=lambda said: type(said).__name__)
@given(st.data())
def test_no_changed_byte_is_read_as_the_same(said: record.Predicate, data: st.DataObject) -> None:
    good = payload(said)
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    bad = good[:at] + bytes([byte]) + good[at + 1 :]

    try:
        read = chain.read_statement(bad)
    except errors.BadStatement:
        return
    assert record.statement_bytes(read) == bad


@given(st.binary(max_size=300) | st.text(alphabet=string.printable).map(str.encode))
def test_whatever_else_comes_is_refused(data: bytes) -> None:
    with pytest.raises(errors.BadStatement):
        chain.read_statement(data)
    with pytest.raises((errors.BadStatement, errors.BadNote)):
        chain.open_entry(data)
    with pytest.raises(errors.BadPolicy):
        chain.read_trust(data)


def test_a_trust_file_reads_back_with_and_without_a_line_feed() -> None:
    data = record.canonical_bytes(small_chain.trust())

    assert chain.read_trust(data) == chain.read_trust(data + b"\n") == small_chain.trust()


def test_deep_nesting_is_refused() -> None:
    deep = b'{"_type":' + b"[" * 5000 + b"]" * 5000 + b"}"

    with pytest.raises(errors.BadStatement):
        chain.read_statement(deep)


def test_keys_are_committed_to_in_any_order() -> None:
    assert digest(EVALUATOR_KEY, small_chain.LAB_KEY) == digest(small_chain.LAB_KEY, EVALUATOR_KEY)
    assert digest(EVALUATOR_KEY) != digest(small_chain.LAB_KEY)


def test_heads_are_summed_up_in_any_order() -> None:
    heads = [
        record.Head(subject=NOTHING, category=name, evaluator="E", seq=0, index=number, entry=NOTHING)
        for number, name in enumerate(("b", "a", "c"))
    ]

    assert chain.heads_root(heads) == chain.heads_root(heads[::-1])
    assert chain.heads_root(heads) != chain.heads_root(heads[:2])
    assert chain.heads_root([]) == tlog.EMPTY_ROOT.hex()


@given(st.integers(0, 400), st.integers(1, 60), st.text(max_size=8))
def test_a_beacon_chooses_as_many_as_there_are_to_choose(count: int, opens: int, beacon: str) -> None:
    found = chain.beacon_indexes(beacon, NOTHING, count, opens)

    assert len(found) == min(count, opens)
    assert list(found) == sorted(set(found))
    assert all(0 <= index < count for index in found)


def test_a_sealed_entry_is_not_longer_than_the_log_takes() -> None:
    said = MADE.behaviour(
        NOTHING, subject=NOTHING, generation=NOTHING,
        numbers=tuple(record.NoNumber(name=f"n{number}", reason="x" * 390) for number in range(40)),
    )  # fmt: skip

    with pytest.raises(errors.BadStatement, match="at most 16384 are taken"):
        small_chain.sealed(said, EVALUATOR_KEY)
    long = note.seal(b"x" * 13_000, EVALUATOR_KEY)
    with pytest.raises(errors.BadStatement, match="an entry of"):
        chain.open_entry(long)


def test_times_are_read_as_utc() -> None:
    assert chain.seconds_of("2026-12-01T00:00:00Z") == small_chain.CLOSES_S

