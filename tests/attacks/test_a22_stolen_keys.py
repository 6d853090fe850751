"""Attack 22: somebody else holds an evaluator's or a lab's key."""

from __future__ import annotations

import pytest

from counterproof import note, record
from tests.chain import small_chain
from tests.chain.small_chain import (
    EVALUATOR,
    EVALUATOR_KEY,
    GOVERNANCE,
    LAB,
    LAB_AFTER,
    LAB_KEY,
    LAB_NEXT,
    NEXT,
    Chain,
    digest,
    proves,
    role,
    rules_of,
    text,
)

THIEF = small_chain.key("thief.example")


def _lost(signer: note.Signer, organisation: str) -> record.KeyCompromise:
    return record.KeyCompromise(organisation=organisation, key=text(signer), reason="stolen")


def _rotated(old: note.Signer, new: note.Signer, after: note.Signer) -> record.KeyRotate:
    return record.KeyRotate(organisation=EVALUATOR, old=text(old), new=text(new), next_key=digest(after))


def test_nothing_counts_that_a_lost_key_signs() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)
    lost = made.add(_lost(EVALUATOR_KEY, EVALUATOR), *GOVERNANCE[:2])

    ruling = made.add(made.behaviour(declared.entry), EVALUATOR_KEY)

    assert lost.does_count
    assert rules_of(ruling) == ["revoked"]
    assert lost.index in ruling.breaches[0].evidence
    assert not proves(made, ruling.breaches[0])  # somebody could log old words again, and leave the first time out
    assert made.rules.heads() == ()


@pytest.mark.parametrize("is_framed", [False, True])
def test_old_words_logged_again_after_the_key_ended_are_no_breach(*, is_framed: bool) -> None:
    made = Chain.begun()
    first = made.measured()
    made.add(_rotated(EVALUATOR_KEY, NEXT[EVALUATOR], LAB_AFTER), EVALUATOR_KEY, NEXT[EVALUATOR])
    envelope = note.unseal(made.entries[first.index])
    beside = note.unseal(note.seal(envelope.unverified_payload, THIEF)).signatures if is_framed else ()

    ruling = made.log(note.Envelope(envelope.unverified_payload, (*envelope.signatures, *beside)).encode())

    assert ruling.does_count
    assert ruling.is_repeated
    assert made.independent() == {EVALUATOR}


def test_what_was_signed_before_stands() -> None:
    made = Chain.begun()
    made.measured()
    made.add(_lost(EVALUATOR_KEY, EVALUATOR), EVALUATOR_KEY)

    assert made.independent() == {EVALUATOR}


def test_only_governance_or_the_key_itself_gives_it_up() -> None:
    made = Chain.begun()

    assert rules_of(made.add(_lost(EVALUATOR_KEY, EVALUATOR), GOVERNANCE[0])) == ["key"]
    assert rules_of(made.add(_lost(EVALUATOR_KEY, EVALUATOR), THIEF)) == ["key"]
    assert made.measured().does_count


def test_a_thief_of_the_key_in_force_cannot_hand_it_on() -> None:
    made = Chain.begun()

    assert rules_of(made.add(_rotated(EVALUATOR_KEY, THIEF, THIEF), EVALUATOR_KEY, THIEF)) == ["key"]
    assert rules_of(made.add(_rotated(EVALUATOR_KEY, NEXT[EVALUATOR], THIEF), EVALUATOR_KEY)) == ["key"]
    assert made.measured().does_count


def test_the_holder_hands_it_on_and_the_old_key_ends() -> None:
    made = Chain.begun()
    made.measured()
    rotated = made.add(_rotated(EVALUATOR_KEY, NEXT[EVALUATOR], LAB_AFTER), EVALUATOR_KEY, NEXT[EVALUATOR])

    assert rotated.does_count
    assert rules_of(made.add(made.prereg(), EVALUATOR_KEY)) == ["revoked"]
    declared = made.add(made.prereg(seed=1), NEXT[EVALUATOR])
    result = made.add(made.behaviour(declared.entry, seed=1), NEXT[EVALUATOR])
    assert result.does_count
    assert made.independent() == {EVALUATOR}


def test_a_key_that_was_given_up_gets_no_role_again() -> None:
    made = Chain.begun()
    old = made.entries[0]
    made.add(_lost(EVALUATOR_KEY, EVALUATOR), EVALUATOR_KEY)

    assert made.log(old).is_repeated
    assert rules_of(made.add(role(EVALUATOR_KEY, "evaluator", "Another"), *GOVERNANCE)) == ["key"]
    assert rules_of(made.measured()) == ["revoked"]


def test_a_stolen_governance_key_ends_like_any_other() -> None:
    made = Chain.begun()
    made.add(_lost(GOVERNANCE[0], "governance"), *GOVERNANCE[1:])
    said = role(THIEF, "evaluator", "Thief")

    assert rules_of(made.add(said, *GOVERNANCE[:2])) == ["governance"]
    assert made.add(said, *GOVERNANCE[1:]).does_count


def test_a_thief_of_the_labs_key_cannot_put_its_own_in_place() -> None:
    made = Chain.begun()
    stolen = made.next_generation(keys=(text(THIEF),), next_keys=digest(THIEF))

    ruling = made.add(stolen, LAB_KEY, THIEF)

    assert rules_of(ruling) == ["hijack"]


def test_after_its_key_is_lost_the_lab_goes_on_with_those_committed_to() -> None:
    made = Chain.begun()
    made.add(_lost(LAB_KEY, LAB), *GOVERNANCE[:2])

    assert rules_of(made.add(made.next_generation(changed="by the thief"), LAB_KEY)) == ["standing", "hijack"]
    fresh = made.next_generation(keys=(text(LAB_NEXT),), next_keys=digest(LAB_AFTER))
    assert made.add(fresh, LAB_NEXT).does_count


def test_a_signature_by_a_lost_key_is_told_even_beside_a_good_one() -> None:
    made = Chain.begun()
    second = small_chain.key("second-of-e.example")
    made.add(role(second, "evaluator", EVALUATOR), *GOVERNANCE[:2])
    made.add(_lost(EVALUATOR_KEY, EVALUATOR), EVALUATOR_KEY)

    assert rules_of(made.add(made.prereg(), EVALUATOR_KEY, second)) == ["revoked"]
