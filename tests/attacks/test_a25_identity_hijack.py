"""Attack 25: somebody else carries a system's chain on, or two carry it on."""

from __future__ import annotations

import pytest

from tests.chain import small_chain
from tests.chain.small_chain import (
    GOVERNANCE,
    LAB,
    LAB_AFTER,
    LAB_KEY,
    LAB_NEXT,
    Chain,
    digest,
    proves,
    role,
    rules_of,
    text,
)

STRANGER = small_chain.key("stranger.example")


def _chain() -> Chain:
    made = Chain.begun()
    made.add(role(STRANGER, "lab", "Lab Z"), *GOVERNANCE[:2])
    return made


def test_another_labs_generation_is_refused() -> None:
    made = _chain()

    assert rules_of(made.add(made.next_generation(), STRANGER)) == ["standing", "hijack"]


def test_keys_that_were_not_committed_to_do_not_take_over() -> None:
    made = _chain()
    said = made.next_generation(keys=(text(STRANGER),), next_keys=digest(LAB_AFTER))

    assert rules_of(made.add(said, LAB_KEY, STRANGER)) == ["hijack"]


def test_keys_that_were_committed_to_need_the_old_ones_and_each_of_themselves() -> None:
    made = _chain()
    said = made.next_generation(keys=(text(LAB_NEXT),), next_keys=digest(LAB_AFTER))

    assert rules_of(made.add(said, LAB_NEXT)) == ["hijack"]
    assert rules_of(made.add(said, LAB_KEY)) == ["hijack"]
    assert made.add(said, LAB_KEY, LAB_NEXT).does_count
    assert rules_of(made.add(made.next_generation(), LAB_KEY)) == ["hijack"]
    assert made.add(made.next_generation(), LAB_NEXT).does_count


def test_two_generations_after_one_convict_whoever_signed_them() -> None:
    made = _chain()
    first = made.next_generation()
    second = made.next_generation(changed="less data")
    assert made.add(first, LAB_KEY).does_count

    ruling = made.add(second, LAB_KEY)

    assert rules_of(ruling) == ["generation-fork"]
    assert proves(made, ruling.breaches[0])


@pytest.mark.parametrize("number", [1, 3, 7])
def test_generations_are_counted(number: int) -> None:
    made = _chain()

    assert rules_of(made.add(made.next_generation(number=number), LAB_KEY)) == ["generation"]


def test_a_generation_after_nothing_that_was_logged() -> None:
    made = _chain()

    assert rules_of(made.add(made.next_generation(previous=small_chain.NOTHING), LAB_KEY)) == ["subject"]
    assert rules_of(made.add(made.next_generation(subject=small_chain.NOTHING), LAB_KEY)) == ["subject"]


def test_a_genesis_in_another_labs_name() -> None:
    made = _chain()

    assert rules_of(made.add(made.genesis(lab=LAB, keys=(text(STRANGER),)), STRANGER)) == ["standing"]
    assert rules_of(made.add(made.genesis(subject="Other", keys=(text(STRANGER),)), LAB_KEY)) == ["genesis"]


def test_the_same_genesis_under_more_signatures_is_the_same_subject() -> None:
    made = _chain()
    made.measured()
    twin = made.add(made.genesis(), LAB_KEY, STRANGER)

    assert twin.is_repeated
    assert twin.entry != made.subject
    assert made.rules.independent(twin.entry, "storm") == made.independent()
    assert rules_of(made.measured(subject=twin.entry, seq=0, prev="", verdict="zero"))[-1] == "equivocation"
