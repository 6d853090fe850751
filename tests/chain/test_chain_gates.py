"""Rules of gates: one record, that only grows, of decisions by policies that are logged."""

from __future__ import annotations

from typing import Any

import pytest

from counterproof import chain, record
from tests.chain import small_gates
from tests.chain.small_chain import EVALUATOR, GOVERNANCE, NOTHING, Chain, key, proves, role, rules_of
from tests.chain.small_gates import OWNER, OWNER_KEY, begun, head, policy, worker


def _second(made: Chain, **changes: Any) -> chain.Ruling:  # noqa: ANN401 - any field
    """A first head, and a second one that follows on it but for the changes."""
    first = made.add(head(), OWNER_KEY)
    assert first.does_count
    said = head(seq=1, prev=first.entry, workers=(worker("a", 11), worker("b", 20), worker("c", 1)), allowed=21)
    return made.add(record.GateHead(**{**_fields(said), **changes}), OWNER_KEY)


def _fields(said: record.GateHead) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__}


@pytest.mark.parametrize("name", ["relying", "lab"])
def test_a_gate_is_its_owners(name: record.RoleName) -> None:
    made = begun(name)

    assert _second(made).does_count
    found = made.rules.gate_head(OWNER, small_gates.GATE)
    assert found is not None
    assert found[1].seq == 1
    assert made.rules.gate_policy(OWNER, small_gates.GATE, NOTHING) == policy()
    assert made.rules.gate_head(OWNER, "another") is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"workers": (worker("a", 9), worker("b", 20))}, "worker 'a' had 10 records and has 9"),
        ({"workers": (worker("a", 11),)}, "worker 'b' had 20 records and is gone"),
        ({"workers": (worker("a", 10, "f"), worker("b", 20))}, "the first 10 records of worker 'a' have another hash"),
        ({"allowed": 19}, "its count of allowed fell"),
        ({"upheld": 0}, "its count of upheld fell"),
        ({"seq": 0, "prev": ""}, "it is another head 0"),
    ],
)
def test_a_rewritten_record_is_caught_and_proven(changes: dict[str, Any], why: str) -> None:
    made = begun()

    ruling = _second(made, **changes)

    assert rules_of(ruling) == ["gate-head"]
    assert why in ruling.breaches[0].says
    assert "rewrote its record" in ruling.breaches[0].says
    assert proves(made, ruling.breaches[0])


def test_an_older_head_that_comes_late_must_fit_too() -> None:
    made = begun()
    later = made.add(head(seq=3, prev=NOTHING, allowed=30), OWNER_KEY)
    assert rules_of(later) == ["sequence"]

    ruling = made.add(head(seq=2, prev=NOTHING, allowed=31), OWNER_KEY)

    assert rules_of(ruling) == ["gate-head"]
    assert "by the later one, its count of allowed fell" in ruling.breaches[0].says
    assert proves(made, ruling.breaches[0])
    assert rules_of(made.add(head(seq=2, prev=NOTHING, allowed=29), OWNER_KEY)) == ["sequence"]


@pytest.mark.parametrize("changes", [{"seq": 2}, {"prev": NOTHING}])
def test_heads_follow_on_one_another(changes: dict[str, Any]) -> None:
    made = begun()

    ruling = _second(made, **changes)

    assert rules_of(ruling) == ["sequence"]
    found = made.rules.gate_head(OWNER, small_gates.GATE)
    assert found is not None
    assert found[0] == ruling.entry


def test_a_policy_is_logged_before_it_is_counted_by() -> None:
    made = begun()
    other = "sha256:" + "1" * 64

    assert rules_of(_second(made, policies=(NOTHING, other))) == ["reference"]
    assert made.add(policy(policy=other), OWNER_KEY).does_count


def test_one_policy_has_one_set_of_rules() -> None:
    made = begun()
    measured = record.Number(
        name="false positives", value="0.1", low="0", high="0.3", level="0.95", n=9, clusters=9, method="wilson"
    )

    assert made.add(policy(numbers=(measured,)), OWNER_KEY).does_count  # measured since
    ruling = made.add(policy(unscanned={"call": "allow"}), OWNER_KEY)
    assert rules_of(ruling) == ["gate-policy"]
    assert proves(made, ruling.breaches[0])


def test_nobody_else_speaks_for_a_gate() -> None:
    made, other = begun(), key("other.example/1")
    assert made.add(role(other, "evaluator", EVALUATOR), *GOVERNANCE[:2]).does_count

    assert rules_of(made.add(head(), other)) == ["standing"]
    assert rules_of(made.add(head(organisation=EVALUATOR), other)) == ["standing"]
    assert rules_of(made.add(policy(unscanned={"call": "allow"}), other)) == ["standing"]
    assert made.rules.gate_head(OWNER, small_gates.GATE) is None
