from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import chain, note, record
from tests.chain import small_chain
from tests.chain.small_chain import (
    EVALUATOR,
    EVALUATOR_KEY,
    GOVERNANCE,
    KEYS,
    LAB,
    LAB_KEY,
    NOTHING,
    SECOND,
    THIRD,
    Chain,
    role,
    rules_of,
)
from tests.chain.test_chain_read import SAID

CLAIM = record.Claim(
    subject=NOTHING, claimant=LAB, document=NOTHING, locator="p. 3", quote="it is safe", property="K", category="storm",
    direction="at least", threshold="0.99", conditions={},
)  # fmt: skip


def whole() -> Chain:
    """A chain that breaks no rule, with something of every kind an evaluator says."""
    made = Chain.begun(EVALUATOR, SECOND, THIRD)
    for name in (EVALUATOR, SECOND, EVALUATOR, THIRD, EVALUATOR):
        assert made.measured(name).does_count
    assert made.measured(SECOND, category="hush").does_count
    assert not made.broken
    return made


WHOLE = whole()


def replayed(entries: list[bytes]) -> Chain:
    made = Chain()
    for entry in entries:
        made.log(entry)
    made.subject, made.generation = WHOLE.subject, WHOLE.generation
    return made


def test_a_chain_that_breaks_no_rule_counts() -> None:
    assert WHOLE.independent() == {EVALUATOR, SECOND, THIRD}
    assert WHOLE.independent("hush") == {SECOND}
    assert WHOLE.independent("unheard of") == frozenset()
    assert [(head.evaluator, head.seq) for head in WHOLE.rules.heads()] == [
        (EVALUATOR, 2), (SECOND, 0), (THIRD, 0), (SECOND, 0),
    ]  # fmt: skip
    assert WHOLE.rules.open_preregs() == ()


def test_the_same_entries_give_the_same_rulings() -> None:
    again = replayed(WHOLE.entries)

    assert again.rulings == WHOLE.rulings
    assert again.rules.heads() == WHOLE.rules.heads()


@given(st.integers(0, len(WHOLE.entries) - 1))
@settings(max_examples=60, deadline=None)
def test_leaving_an_entry_out_adds_no_data(left_out: int) -> None:
    made = replayed([entry for at, entry in enumerate(WHOLE.entries) if at != left_out])

    for category in ("storm", "hush"):
        assert made.independent(category) <= WHOLE.independent(category)


@pytest.mark.parametrize("left_out", [r.index for r in WHOLE.rulings if r.statement and r.statement.kind == "prereg"])
def test_leaving_a_preregistration_out_breaks_the_chain(left_out: int) -> None:
    made = replayed([entry for at, entry in enumerate(WHOLE.entries) if at != left_out])

    assert "prereg" in made.broken


@pytest.mark.parametrize(
    "left_out", [r.index for r in WHOLE.rulings if r.statement and r.statement.kind == "behaviour"]
)
def test_leaving_a_result_out_breaks_the_chain_or_leaves_it_open(left_out: int) -> None:
    made = replayed([entry for at, entry in enumerate(WHOLE.entries) if at != left_out])

    overdue = [breach.rule for breach in made.rules.overdue(small_chain.CLOSES_S + 1)]
    assert overdue == ["unclosed"]


@given(st.permutations(range(len(WHOLE.entries))))
@settings(max_examples=40, deadline=None)
def test_entries_in_any_order_get_rulings_and_never_more_data(order: list[int]) -> None:
    made = replayed([WHOLE.entries[at] for at in order])

    assert len(made.rulings) == len(WHOLE.entries)
    assert made.independent() <= WHOLE.independent()


@given(st.lists(st.sampled_from(range(len(WHOLE.entries))), max_size=40))
@settings(max_examples=40, deadline=None)
def test_saying_things_again_changes_nothing(again: list[int]) -> None:
    made = replayed([*WHOLE.entries, *(WHOLE.entries[at] for at in again)])

    assert not made.broken
    assert made.rules.heads() == WHOLE.rules.heads()
    assert made.independent() == WHOLE.independent()


def test_words_without_standing_change_nothing() -> None:
    made = Chain.begun()
    stranger = small_chain.key("stranger.example")
    result = made.measured()
    said: list[record.Predicate] = [
        made.prereg(), made.behaviour(NOTHING), record.Retract(organisation=EVALUATOR, entry=result.entry, reason="x"),
        record.Dispute(organisation=EVALUATOR, entry=result.entry, reason="x", evidence=""), CLAIM,
        record.Abandon(evaluator=EVALUATOR, prereg=NOTHING, reason="x"),
        record.VerifierAudit(
            auditor=SECOND, evaluator=EVALUATOR, planted=0, planted_right=0, repeated=0, repeated_agreeing=0,
            evidence="",
        ),
        record.Heads(origin=small_chain.ORIGIN, size=0, count=0, root=chain.heads_root([])),
    ]  # fmt: skip

    for one in said:
        assert rules_of(made.add(one, stranger)) == ["standing"]
    assert made.independent() == {EVALUATOR}
    assert not made.rules.is_retracted(result.entry)


def test_claims_are_about_subjects_that_are_logged() -> None:
    made = Chain.begun()

    assert rules_of(made.add(CLAIM, LAB_KEY)) == ["subject"]
    assert made.add(msgspec.structs.replace(CLAIM, subject=made.subject), LAB_KEY).does_count


def test_nobody_takes_back_what_another_said() -> None:
    made = Chain.begun()
    result = made.measured()

    retract = record.Retract(organisation=SECOND, entry=result.entry, reason="x")
    dispute = record.Dispute(organisation=SECOND, entry=NOTHING, reason="x", evidence="")
    assert rules_of(made.add(retract, KEYS[SECOND])) == ["reference"]
    assert rules_of(made.add(dispute, KEYS[SECOND])) == ["reference"]
    assert made.independent() == {EVALUATOR}


def test_a_governance_key_beside_it_does_not_change_whose_claim_it_is() -> None:
    made = Chain.begun()
    claim = made.add(msgspec.structs.replace(CLAIM, subject=made.subject), GOVERNANCE[0], LAB_KEY)

    assert claim.does_count
    assert made.add(record.Retract(organisation=LAB, entry=claim.entry, reason="an error"), LAB_KEY).does_count


def test_who_signed_is_told() -> None:
    made = Chain.begun()
    stranger = small_chain.key("stranger.example")
    declared = made.add(made.prereg(), EVALUATOR_KEY, stranger)

    assert declared.signers == (chain.Signed(EVALUATOR_KEY.verifier.text, EVALUATOR, "evaluator"),)
    assert made.rulings[0].signers[0].role == "governance"


def test_two_keys_that_share_a_name_and_an_identifier_are_both_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = small_chain.key("twin.example"), note.unsafe_seeded("twin.example", "statement", bytes([7]) * 32)
    monkeypatch.setattr(note.Verifier, "key_id", b"same")
    made = Chain()
    made.add(role(one, "evaluator", EVALUATOR), *GOVERNANCE[:2])
    made.add(role(other, "evaluator", SECOND), *GOVERNANCE[:2])

    said = record.VerifierAudit(
        auditor=SECOND, evaluator=EVALUATOR, planted=0, planted_right=0, repeated=0, repeated_agreeing=0, evidence=""
    )
    assert made.add(said, other).signers == (chain.Signed(other.verifier.text, SECOND, "evaluator"),)


SIGNERS = (EVALUATOR_KEY, LAB_KEY, small_chain.LAB_NEXT, *GOVERNANCE, small_chain.key("stranger.example"))


@given(
    st.lists(
        st.tuples(st.sampled_from(SAID), st.lists(st.sampled_from(SIGNERS), min_size=1, max_size=3, unique=True)),
        max_size=12,
    ),
    st.integers(0, 2**40),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_by_whomever_gets_a_ruling(
    said: list[tuple[record.Predicate, list[note.Signer]]], now_s: int
) -> None:
    made = Chain.begun()
    entries = [small_chain.sealed(one, *signers) for one, signers in said]
    entries += [entry[:-1] + b"]" for entry in entries]

    rulings = [made.log(entry) for entry in entries]
    made.rules.overdue(now_s)

    assert all(ruling.index in breach.evidence for ruling in rulings for breach in ruling.breaches)
    assert {breach.rule for ruling in rulings for breach in ruling.breaches} <= set(chain.RULES)
    assert made.independent() == frozenset()


def test_every_provable_rule_is_a_rule() -> None:
    assert set(chain.RULES) >= chain.PROVABLE


def test_many_results_that_are_missing_are_not_waited_for() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)

    assert rules_of(made.add(made.behaviour(declared.entry, seq=2**52, prev=NOTHING), EVALUATOR_KEY)) == ["sequence"]
    assert made.independent() == frozenset()
