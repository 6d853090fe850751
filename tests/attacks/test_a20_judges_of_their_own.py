"""Attack 20: the lab judges itself, a user judges what it relies on, a ring praises one another."""

from __future__ import annotations

import msgspec
import pytest

from counterproof import record
from tests.chain import small_chain
from tests.chain.small_chain import (
    EVALUATOR,
    EVALUATOR_KEY,
    GOVERNANCE,
    KEYS,
    LAB,
    LAB_KEY,
    SECOND,
    THIRD,
    Chain,
    digest,
    proves,
    role,
    rules_of,
    text,
)


def test_a_lab_does_not_judge_its_own_system() -> None:
    made = Chain.begun()
    own = small_chain.key("judge-of-lab.example")
    made.add(role(own, "evaluator", LAB), *GOVERNANCE[:2])
    declared = made.add(made.prereg(LAB), own)

    ruling = made.add(made.behaviour(declared.entry, LAB), own)

    assert rules_of(declared) == rules_of(ruling) == ["self-attestation"]
    assert proves(made, ruling.breaches[0])
    assert made.independent() == frozenset()


def test_who_relies_on_a_system_does_not_judge_it() -> None:
    made = Chain.begun()
    made.add(role(EVALUATOR_KEY, "evaluator", EVALUATOR, relies_on=(made.subject,)), *GOVERNANCE[:2])

    assert rules_of(made.measured()) == ["conflict"]
    assert made.independent() == frozenset()


def test_a_conflict_declared_under_another_key_counts_for_the_whole_organisation() -> None:
    made = Chain.begun()
    office = small_chain.key("office.example")
    made.add(role(office, "relying", EVALUATOR, conflicts=(LAB,)), *GOVERNANCE[:2])

    assert rules_of(made.measured()) == ["conflict"]


def test_nobody_audits_itself() -> None:
    made = Chain.begun()
    said = record.VerifierAudit(
        auditor=EVALUATOR, evaluator=EVALUATOR, planted=9, planted_right=9, repeated=0, repeated_agreeing=0, evidence=""
    )

    assert rules_of(made.add(said, EVALUATOR_KEY)) == ["self-attestation"]


def _praise(made: Chain, auditor: str, evaluator: str) -> None:
    said = record.VerifierAudit(
        auditor=auditor, evaluator=evaluator, planted=9, planted_right=9, repeated=0, repeated_agreeing=0, evidence=""
    )
    assert made.add(said, KEYS[auditor]).does_count


@pytest.mark.parametrize("ring", [(EVALUATOR, SECOND), (EVALUATOR, SECOND, THIRD)], ids=["two", "three"])
def test_a_ring_of_mutual_praise_is_no_data(ring: tuple[str, ...]) -> None:
    made = Chain.begun(EVALUATOR, SECOND, THIRD)
    _praise(made, ring[0], ring[1])
    assert made.rules.auditors(ring[1]) == {ring[0]}

    for auditor, evaluator in zip(ring, (*ring[1:], ring[0]), strict=True):
        _praise(made, auditor, evaluator)

    assert all(made.rules.auditors(name) == frozenset() for name in ring)


def test_labs_that_judge_one_another_are_no_data() -> None:
    made = Chain.begun()
    made.measured()
    assert made.independent() == {EVALUATOR}
    theirs = small_chain.key("their-lab.example")
    judge = small_chain.key("judge-of-lab.example")
    made.add(role(theirs, "lab", EVALUATOR), *GOVERNANCE[:2])
    made.add(role(judge, "evaluator", LAB), *GOVERNANCE[:2])
    other = made.add(made.genesis(lab=EVALUATOR, keys=(text(theirs),), next_keys=digest(LAB_KEY)), theirs)
    declared = made.add(made.prereg(LAB, subject=other.entry, generation=other.entry), judge)

    back = made.add(made.behaviour(declared.entry, LAB, subject=other.entry, generation=other.entry, seq=0), judge)

    assert back.does_count
    assert made.independent() == frozenset()


def test_continuity_by_somebody_who_may_not_judge() -> None:
    made = Chain.begun()
    said = record.Continuity(
        subject=made.subject, before=made.generation, after=made.generation, compares="evaluated and served",
        test="mmd/1", asked=small_chain.NOTHING, statistic="0.01", p="0.5", level="0.05", break_at="0.1", n=500,
        questions=50, verdict="same",
    )  # fmt: skip

    assert made.add(said, EVALUATOR_KEY, KEYS[SECOND]).does_count
    assert made.rules.continuity(made.subject, made.generation, made.generation) == {EVALUATOR: "same", SECOND: "same"}
    made.add(role(KEYS[SECOND], "evaluator", SECOND, conflicts=(LAB,)), *GOVERNANCE[:2])
    again = msgspec.structs.replace(said, n=501)
    assert rules_of(made.add(again, EVALUATOR_KEY, KEYS[SECOND])) == ["conflict"]
    wrong = msgspec.structs.replace(said, compares="generations")
    assert rules_of(made.add(wrong, EVALUATOR_KEY)) == ["subject"]
