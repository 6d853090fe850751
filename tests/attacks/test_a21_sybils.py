"""Attack 21: one organisation behind many keys."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chain import small_chain
from tests.chain.small_chain import EVALUATOR, EVALUATOR_KEY, GOVERNANCE, SECOND, Chain, role, rules_of


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.booleans())
def test_many_keys_of_one_organisation_change_nothing(count: int, is_second_there: bool) -> None:  # noqa: FBT001 - drawn
    made = Chain.begun()
    keys = [small_chain.key(f"sybil-{number}.example") for number in range(count)]
    for signer in keys:
        assert made.add(role(signer, "evaluator", EVALUATOR), *GOVERNANCE[:2]).does_count
    if is_second_there:
        made.measured(SECOND)
    for number, signer in enumerate(keys):
        declared = made.add(made.prereg(seed=number), signer)
        assert made.add(made.behaviour(declared.entry, seed=number), signer).does_count

    assert made.independent() == ({EVALUATOR, SECOND} if is_second_there else {EVALUATOR})
    assert len(made.rules.heads()) == 1 + is_second_there


def test_a_second_key_continues_the_same_series_and_cannot_start_another() -> None:
    made = Chain.begun()
    made.measured()
    other = small_chain.key("sybil.example")
    made.add(role(other, "evaluator", EVALUATOR), *GOVERNANCE[:2])
    declared = made.add(made.prereg(), other)

    ruling = made.add(made.behaviour(declared.entry, seq=0, prev="", verdict="zero"), other)

    assert rules_of(ruling) == ["equivocation"]


def test_a_role_takes_as_many_governance_keys_as_are_needed() -> None:
    made = Chain()
    said = role(EVALUATOR_KEY, "evaluator", EVALUATOR)

    assert rules_of(made.add(said, GOVERNANCE[0])) == ["governance"]
    assert rules_of(made.add(said, EVALUATOR_KEY)) == ["governance"]
    assert made.rules.standing(EVALUATOR_KEY.verifier.text) is None
    assert made.add(said, *GOVERNANCE[1:]).does_count
    assert made.rules.standing(EVALUATOR_KEY.verifier.text) is not None
