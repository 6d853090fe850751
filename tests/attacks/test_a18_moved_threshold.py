"""Attack 18: the bars, or what was asked, move after the run."""

from __future__ import annotations

from typing import Any

import pytest

from counterproof import record
from tests.chain import small_chain
from tests.chain.small_chain import EVALUATOR_KEY, KEYS, SECOND, Chain, proves, rules_of

LOWER = (record.Criterion(metric="K_joint", comparator="at least", threshold="0.5", passed="yes"),)
OTHER = "sha256:" + "1" * 64


@pytest.mark.parametrize(
    "changes",
    [
        {"criteria": LOWER}, {"criteria": ()}, {"suite": OTHER}, {"budget": "4q"}, {"seed": 7},
        {"instrument": "another"}, {"category": "hush"}, {"categories": 3},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_what_was_declared_is_what_is_measured(changes: dict[str, Any]) -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)

    ruling = made.add(made.behaviour(declared.entry, **changes), EVALUATOR_KEY)

    assert rules_of(ruling) == ["prereg-differs"]
    assert proves(made, ruling.breaches[0])
    assert made.independent() == frozenset()


def test_a_preregistration_after_the_result_is_none() -> None:
    made = Chain.begun()
    late = small_chain.sealed(made.prereg(), EVALUATOR_KEY)
    result = made.add(made.behaviour(record.digest_bytes(late)), EVALUATOR_KEY)

    ruling = made.log(late)

    assert rules_of(result) == ["prereg"]
    assert rules_of(ruling) == ["prereg-late"]
    assert not proves(made, ruling.breaches[0])  # somebody could log it again, and leave the first time out


def test_one_preregistration_carries_one_result() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)
    made.add(made.behaviour(declared.entry), EVALUATOR_KEY)

    ruling = made.add(made.behaviour(declared.entry, verdict="zero"), EVALUATOR_KEY)

    assert rules_of(ruling) == ["prereg-used"]
    assert proves(made, ruling.breaches[0])


def test_nobody_closes_what_another_declared() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)

    assert rules_of(made.add(made.behaviour(declared.entry, SECOND), KEYS[SECOND])) == ["prereg"]
    said = record.Abandon(evaluator=SECOND, prereg=declared.entry, reason="not mine")
    assert rules_of(made.add(said, KEYS[SECOND])) == ["reference"]
    assert [entry for entry, _ in made.rules.open_preregs()] == [declared.entry]


def test_a_result_of_another_generation_is_refused() -> None:
    made = Chain.begun()
    declared = made.add(made.prereg(), EVALUATOR_KEY)
    newer = made.add(made.next_generation(), small_chain.LAB_KEY)

    ruling = made.add(made.behaviour(declared.entry, generation=newer.entry), EVALUATOR_KEY)

    assert newer.does_count
    assert rules_of(ruling) == ["prereg-differs"]


def test_another_evaluator_that_names_it_early_does_not_make_it_late() -> None:
    made = Chain.begun()
    coming = small_chain.sealed(made.prereg(), EVALUATOR_KEY)

    framed = made.add(made.behaviour(record.digest_bytes(coming), SECOND), KEYS[SECOND])

    assert rules_of(framed) == ["prereg"]
    assert made.log(coming).does_count
    assert made.add(made.behaviour(record.digest_bytes(coming)), EVALUATOR_KEY).does_count
