"""Attack 17: an evaluator says two things in one place."""

from __future__ import annotations

from counterproof import note
from tests.chain import small_chain
from tests.chain.small_chain import EVALUATOR, EVALUATOR_KEY, SECOND_KEY, Chain, proves, rules_of


def test_two_results_of_one_number_convict_whoever_signed_them() -> None:
    made = Chain.begun()
    first = made.measured()

    ruling = made.measured(seq=0, prev="", verdict="zero")

    assert rules_of(ruling) == ["equivocation"]
    (breach,) = ruling.breaches
    assert {first.index, ruling.index} <= set(breach.evidence)
    assert proves(made, breach)
    assert made.independent() == frozenset()


def test_two_results_that_follow_on_the_same_one_do_as_well() -> None:
    made = Chain.begun()
    first = made.measured()
    made.measured()

    ruling = made.measured(seq=2, prev=first.entry)

    assert rules_of(ruling) == ["equivocation"]
    assert proves(made, ruling.breaches[0])


def test_somebody_elses_signature_beside_its_own_convicts_nobody() -> None:
    made = Chain.begun()
    first = made.measured()
    envelope = note.unseal(made.entries[first.index])
    beside = note.unseal(note.seal(envelope.unverified_payload, SECOND_KEY)).signatures
    framed = note.Envelope(envelope.unverified_payload, (*envelope.signatures, *beside)).encode()

    ruling = made.log(framed)

    assert ruling.is_repeated
    assert ruling.does_count
    assert made.measured(prev=ruling.entry).does_count
    assert made.independent() == {EVALUATOR}


def test_the_same_entry_again_says_nothing_new() -> None:
    made = Chain.begun()
    made.measured()
    heads = made.rules.heads()

    rulings = [made.log(entry) for entry in tuple(made.entries)]

    assert all(one.does_count and one.is_repeated for one in rulings)
    assert made.rules.heads() == heads
    assert made.independent() == {EVALUATOR}


def test_another_evaluators_word_is_no_second_word() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)
    made.add(made.behaviour(declared.entry), EVALUATOR_KEY)
    forged = made.behaviour(declared.entry, seq=0, prev="", verdict="zero")

    assert rules_of(made.add(forged, SECOND_KEY)) == ["standing"]
    assert made.independent() == {EVALUATOR}
    assert small_chain.SECOND not in made.independent()
