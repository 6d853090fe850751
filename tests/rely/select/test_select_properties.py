"""What holds whatever is handed over: nothing that is left out helps, no order matters, keys of one owner are one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from counterproof import record
from counterproof.errors import NotVerified
from counterproof.rely import select, verify
from tests.rely.select import small_market as m
from tests.rely.select.small_market import EMBER, JUDGES, STORM, WHOLE, Shown
from tests.rely.verify import whole_log as w

SUBJECTS = tuple(m.digest(name) for name in ("one", "two"))
SHARES = st.sampled_from(["0", "0.1", "0.2", "0.200001", "0.749999", "0.75", "0.8", "1"])
OTHER = m.digest("another suite")


@st.composite
def _results(draw: st.DrawFn) -> tuple[record.Behaviour, ...]:
    """At most one result for every series; some say nothing, some are of another suite."""
    made: list[record.Behaviour] = []
    for subject in SUBJECTS:
        for category in (EMBER, STORM):
            for judge in JUDGES:
                kind = draw(st.sampled_from(["none", "number", "number", "number", "good", "silent", "other suite"]))
                changes: dict[str, Any] = {"numbers": m.numbers(draw(SHARES), draw(SHARES))}
                if kind == "none":
                    continue
                if kind == "good":
                    changes = {}
                if kind == "silent":
                    changes = {"numbers": (record.NoNumber(name="K_joint", reason="ceiling"),)}
                if kind == "other suite":
                    changes["suite"] = OTHER
                made.append(m.behaviour(subject, subject, category, judge, **changes))
    return tuple(made)


_policies = st.builds(
    m.policy,
    organisations=st.integers(1, 2),
    categories=st.sampled_from([(EMBER, STORM), (STORM,)]),
    evaluators=st.sampled_from([(), JUDGES[:2]]),
    order=st.sampled_from([("K", "F"), ("F",), ("organisations", "K"), ()]),
)


@st.composite
def _markets(draw: st.DrawFn) -> Shown:
    return m.shown(*draw(_results()))


@st.composite
def _whole_logs(draw: st.DrawFn) -> Shown:
    """With objections: some contested, taken back, void, or found to be another system by now."""
    made = m.shown(*draw(_results()))
    entries = [leaf.entry for leaf in made.leaves]
    some = st.sets(st.sampled_from(entries), max_size=2) if entries else st.just(set[str]())
    contested, void = draw(some), draw(some)
    broken = draw(st.sets(st.sampled_from(SUBJECTS), max_size=1))
    return m.whole(
        made,
        disputed=dict.fromkeys(contested, ("Somebody",)),
        retracted=frozenset(list(void)[:1]),
        independent=frozenset((h.subject, h.category, h.evaluator) for h in made.leaves if h.entry not in void),
        breaks={s: (select.Break("Somebody", 0, 0, w.NOTHING),) for s in broken},
    )


def _without_each(made: Shown, wanted: record.SelectionPolicy) -> None:
    before = set(m.allowed(made.decide(wanted)))
    for index in range(len(made.results)):
        rest = made.results[:index] + made.results[index + 1 :]
        assert set(m.allowed(made.decide(wanted, rest))) <= before


@settings(max_examples=150)
@given(_markets(), _policies)
def test_leaving_a_result_out_never_lets_anybody_in(made: Shown, wanted: record.SelectionPolicy) -> None:
    _without_each(made, wanted)


@settings(max_examples=150)
@given(_whole_logs(), _policies, st.sets(st.sampled_from(WHOLE["bars"])))
def test_nor_with_the_whole_log(made: Shown, wanted: record.SelectionPolicy, bars: set[Any]) -> None:
    _without_each(made, structs.replace(wanted, reads="whole log", bars=tuple(sorted(bars))))


@settings(max_examples=100)
@given(_markets(), _policies, st.data())
def test_leaving_any_number_of_them_out_does_not_either(
    made: Shown, wanted: record.SelectionPolicy, data: st.DataObject
) -> None:
    if not made.results:
        return
    kept = data.draw(st.sets(st.sampled_from(range(len(made.results)))))

    rest = [one for index, one in enumerate(made.results) if index in kept]

    assert set(m.allowed(made.decide(wanted, rest))) <= set(m.allowed(made.decide(wanted)))


@settings(max_examples=60)
@given(_markets(), _policies, st.data())
def test_leaving_a_leaf_out_or_changing_it_is_refused(
    made: Shown, wanted: record.SelectionPolicy, data: st.DataObject
) -> None:
    if not made.leaves:
        return
    at = data.draw(st.sampled_from(range(len(made.leaves))))
    leaf, rest = made.leaves[at], [*made.leaves[:at], *made.leaves[at + 1 :]]

    for other in (rest, [*rest, structs.replace(leaf, seq=leaf.seq + 1)], [*made.leaves, leaf]):
        with pytest.raises(NotVerified, match="heads: "):
            select.decide(wanted, made.results, m.summary(made.leaves), other, w.NOW_S)


@settings(max_examples=60)
@given(_markets(), _policies, st.randoms(use_true_random=False))
def test_no_order_matters(made: Shown, wanted: record.SelectionPolicy, chance: Any) -> None:  # noqa: ANN401 - a Random
    results, leaves = list(made.results), list(made.leaves)
    chance.shuffle(results)
    chance.shuffle(leaves)

    again = select.decide(wanted, results, m.summary(made.leaves), leaves, w.NOW_S)

    assert record.canonical_bytes(again) == record.canonical_bytes(made.decide(wanted))


@settings(max_examples=60)
@given(_markets(), _policies, st.integers(1, 5))
def test_more_keys_of_one_organisation_change_nothing(made: Shown, wanted: record.SelectionPolicy, count: int) -> None:
    def signed_again(one: verify.Verified) -> verify.Verified:
        (own,) = one.signers
        return dataclasses.replace(one, signers=(own, *(dataclasses.replace(own, key=f"k{i}") for i in range(count))))

    again = made.decide(wanted, [signed_again(one) for one in made.results])

    assert record.canonical_bytes(again) == record.canonical_bytes(made.decide(wanted))


@settings(max_examples=60)
@given(_markets(), _policies)
def test_whoever_is_allowed_meets_every_bar_by_itself(made: Shown, wanted: record.SelectionPolicy) -> None:
    """Held against the policy once more, in other words: what was handed over, read straight from the statements."""
    for subject in m.allowed(made.decide(wanted)):
        for category in wanted.categories:
            limits = {
                said.evaluator: [record.as_decimal(n.low if n.name == "K_joint" else n.high)
                                 for n in said.numbers if isinstance(n, record.Number)]
                for one in made.results
                if isinstance(said := one.statement.predicate, record.Behaviour)
                and (said.subject, said.category, said.suite) == (subject, category, m.SUITE)
                and said.evaluator in (wanted.evaluators or JUDGES)
            }  # fmt: skip
            counting = {name: limit for name, limit in limits.items() if limit}
            assert len(counting) >= wanted.organisations
            assert all(k >= record.as_decimal("0.75") and f <= record.as_decimal("0.2") for k, f in counting.values())


@given(_markets(), _policies)
@settings(max_examples=60)
def test_ranks_begin_at_one_and_only_the_allowed_have_one(made: Shown, wanted: record.SelectionPolicy) -> None:
    found = made.decide(wanted)

    ranks = [choice.rank for choice in found.choices if choice.decision == "allow"]
    assert ranks == sorted(ranks)
    assert not ranks or ranks[0] == 1
    assert all(choice.rank == 0 and not choice.standing for choice in found.choices if choice.decision == "deny")
    assert all(choice.reasons for choice in found.choices)
