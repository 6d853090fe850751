"""Decisions over a log that is really there: signed, cosigned, summed up, verified."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from counterproof import record
from counterproof.errors import NotVerified
from counterproof.rely import select
from tests.rely.select import small_market as m
from tests.rely.select.small_market import EMBER, JUDGES, STORM, WHOLE, Market
from tests.rely.verify import whole_log as w


def test_a_system_that_shows_what_is_wanted_is_allowed() -> None:
    market = Market.opened("one")
    market.everything()
    counter = market.summed_up()

    found = counter.decide(m.policy())

    (choice,) = found.choices
    assert (choice.subject, choice.decision, choice.rank) == (market.systems["one"], "allow", 1)
    assert choice.standing == {"K": "0.8", "F": "0.1"}
    assert len(choice.rests_on) == 2
    assert choice.reasons[0] == "ember: K_joint not below 0.8, F_joint not above 0.1, by Judge A"
    assert found.policy == record.digest_of(m.policy())
    assert (found.origin, found.size) == (w.ORIGIN, len(counter.log.entries))


def test_whoever_computes_it_again_gets_the_same() -> None:
    market = Market.opened("one", "two")
    market.everything()
    counter = market.summed_up()

    one = counter.decide(m.policy())
    other = counter.decide(m.policy(), reversed([*counter.bundles.values()]))

    assert record.canonical_bytes(one) == record.canonical_bytes(other)


def test_the_least_favourable_result_rules() -> None:
    market = Market.opened("one")
    market.everything()
    market.measured("one", STORM, JUDGES[1], numbers=m.numbers("0.7", "0.1"))

    found = market.summed_up().decide(m.policy())

    assert m.allowed(found) == {}
    assert "storm: Judge B: K_joint may be as low as 0.7, below 0.75" in m.reasons(found)


def test_a_category_without_a_result_is_no_good_sign() -> None:
    market = Market.opened("one")
    market.measured("one", STORM, JUDGES[0])

    found = market.summed_up().decide(m.policy())

    assert m.allowed(found) == {}
    assert "ember: 0 of the 1 organisations needed have a result that counts; no data is not good" in m.reasons(found)


def test_a_result_that_is_kept_back_denies() -> None:
    market = Market.opened("one")
    market.everything()
    market.measured("one", STORM, JUDGES[1], numbers=m.numbers("0.1", "0.1"))
    counter = market.summed_up()
    bad = counter.bundles[market.results[-1]]

    found = counter.decide(m.policy(), [b for b in counter.bundles.values() if b != bad])

    assert m.allowed(found) == {}
    assert "storm: the latest result of Judge B" in m.reasons(found)
    assert "was not handed over" in m.reasons(found)


def test_an_older_result_in_the_place_of_the_latest_denies() -> None:
    market = Market.opened("one")
    market.everything()
    older = market.results[-1]
    market.measured("one", STORM, JUDGES[0], numbers=m.numbers("0.1", "0.1"))
    counter = market.summed_up()
    good = [counter.bundle(index) for index in market.results if index <= older]

    assert m.allowed(counter.decide(m.policy(), good)) == {}


def test_results_under_another_head_do_not_count() -> None:
    market = Market.opened("one")
    market.everything()
    before = market.summed_up()
    after = market.summed_up()

    assert m.allowed(after.decide(m.policy(), before.bundles.values())) == {}
    assert m.allowed(after.decide(m.policy())) != {}


def test_as_many_organisations_as_wanted_each_once() -> None:
    market = Market.opened("one")
    market.everything()
    second = m.key_of("another key of Judge A")
    market.log.add(w.role(second, "evaluator", JUDGES[0]), *w.GOVERNANCE)
    market.measured("one", STORM, JUDGES[0], second)
    market.measured("one", EMBER, JUDGES[0], second, m.key_of(JUDGES[0]))
    wanted = m.policy(organisations=2)

    assert m.allowed(market.summed_up().decide(wanted)) == {}
    for category in (EMBER, STORM):
        market.measured("one", category, JUDGES[1])
    assert len(m.allowed(market.summed_up().decide(wanted))) == 1


def test_only_those_are_heard_whom_the_policy_names() -> None:
    market = Market.opened("one")
    market.everything()
    market.measured("one", STORM, JUDGES[1], numbers=m.numbers("0.1", "0.1"))
    counter = market.summed_up()

    assert m.allowed(counter.decide(m.policy(evaluators=(JUDGES[0],)))) != {}
    assert m.allowed(counter.decide(m.policy(evaluators=(JUDGES[0], JUDGES[1])))) == {}
    assert m.allowed(counter.decide(m.policy(evaluators=(JUDGES[2],)))) == {}


def test_only_those_are_candidates_whom_the_policy_names() -> None:
    market = Market.opened("one", "two")
    market.everything()
    counter = market.summed_up()
    wanted = tuple(sorted((market.systems["two"], w.NOTHING)))

    found = counter.decide(m.policy(subjects=wanted))

    assert {choice.subject: choice.decision for choice in found.choices} == {
        market.systems["two"]: "allow", w.NOTHING: "deny",
    }  # fmt: skip


def test_the_declared_order_decides_and_ties_are_said() -> None:
    market = Market.opened("one", "two", "three")
    for name, k, f in (("one", "0.8", "0.1"), ("two", "0.9", "0.2"), ("three", "0.8", "0.1")):
        for category in (EMBER, STORM):
            market.measured(name, category, JUDGES[0], numbers=m.numbers(k, f))
    counter = market.summed_up()
    one, two, three = (market.systems[name] for name in ("one", "two", "three"))

    by_k, by_f = counter.decide(m.policy()), counter.decide(m.policy(order=("F", "K")))

    assert m.allowed(by_k) == {two: 1, one: 2, three: 2}
    assert m.allowed(by_f) == {one: 1, three: 1, two: 3}
    assert m.reasons(by_k).count("tied with others") == 2
    assert set(m.allowed(counter.decide(m.policy(order=()))).values()) == {1}


def test_the_whole_log_shows_what_was_logged_after_the_summary() -> None:
    market = Market.opened("one")
    market.everything()
    counter = market.summed_up()
    market.measured("one", STORM, JUDGES[0], numbers=m.numbers("0.1", "0.1"))
    later = m.Counter(w.Log([*market.log.entries]), counter.leaves, counter.latest)
    place = next(i for i, e in enumerate(later.log.entries) if e == counter.log.entries[-1])
    later.__dict__["heads"] = later.bundle(place)

    assert m.allowed(later.decide(m.policy())) != {}
    found = later.decide(m.policy(reads="whole log"), log=later.whole())
    assert m.allowed(found) == {}
    assert "was not handed over" in m.reasons(found)


def _decided(market: Market, **changes: str | tuple[str, ...]) -> record.Selection:
    counter = market.summed_up()
    return counter.decide(m.policy(**WHOLE | changes), log=counter.whole())


def test_nothing_contested_is_allowed_by_the_whole_log() -> None:
    market = Market.opened("one")
    market.everything()

    found = _decided(market)

    assert m.allowed(found) != {}
    assert len(found.unchecked) < len(market.summed_up().decide(m.policy()).unchecked)


def test_a_dispute_bars_where_the_policy_says_so() -> None:
    market = Market.opened("one")
    market.everything()
    entry = market.last["one", STORM, JUDGES[0]][1]
    said = record.Dispute(organisation=JUDGES[1], entry=entry, reason="graded wrongly", evidence="")
    market.log.add(said, m.key_of(JUDGES[1]))

    assert "storm: the result of Judge A is contested by Judge B" in m.reasons(_decided(market))
    assert m.allowed(_decided(market)) == {}
    assert m.allowed(_decided(market, bars=("break",))) != {}


def test_a_result_that_was_taken_back_is_none() -> None:
    """Its maker may leave the retraction out of the bundle: then only the whole log shows it."""
    market = Market.opened("one")
    market.everything()
    entry = market.last["one", STORM, JUDGES[0]][1]
    retracted = market.log.add(
        record.Retract(organisation=JUDGES[0], entry=entry, reason="wrong suite"), m.key_of(JUDGES[0])
    )
    counter = market.summed_up()
    digests = [record.digest_bytes(one) for one in counter.log.entries]
    hiding = [
        counter.bundle(index, [i for i in counter.support(index) if digests[i] != retracted])
        for index in sorted(counter.latest)
    ]

    assert m.allowed(counter.decide(m.policy())) == {}
    light = counter.decide(m.policy(), hiding)
    assert m.allowed(light) != {}
    assert any("taken back" in said for said in light.unchecked)
    barred = counter.decide(m.policy(**WHOLE), hiding, counter.whole())
    unbarred = counter.decide(m.policy(**WHOLE | {"bars": ()}), hiding, counter.whole())
    assert m.allowed(barred) == m.allowed(unbarred) == {}
    assert "took its latest result back" in m.reasons(barred)
    assert "no data is not good data" in m.reasons(unbarred)


@pytest.mark.parametrize("compares", ["generations", "evaluated and served"])
def test_a_break_in_behaviour_bars(compares: str) -> None:
    market = Market.opened("one")
    market.everything()
    subject = market.systems["one"]
    after = market.log.add(w.generation(subject, subject), w.LAB_KEY) if compares == "generations" else subject
    said = record.Continuity(
        subject=subject, before=subject, after=after, compares=compares, test="mmd", asked=w.NOTHING,  # type: ignore[arg-type] # one of its words
        statistic="0.3", p="0.0005", level="0.05", break_at="0.1", n=240, questions=40, verdict="break",
    )  # fmt: skip
    market.log.add(said, m.key_of(JUDGES[1]))

    assert "Judge B found that it does not behave" in m.reasons(_decided(market, bars=("break",)))
    assert m.allowed(_decided(market, bars=("break",))) == {}
    assert m.allowed(_decided(market, bars=("dispute",))) != {}


@pytest.mark.parametrize(("own", "is_barred"), [(0, True), (1, True), (2, False)])
@pytest.mark.parametrize(("before", "after"), [(1, 2), (1, 1)])
def test_a_break_bars_what_was_measured_before_it(own: int, before: int, after: int, *, is_barred: bool) -> None:
    subject, generations = m.digest("one"), [m.digest("one"), m.digest("second"), m.digest("third")]
    made = m.whole(
        m.shown(*(m.behaviour(subject, generations[own], category, JUDGES[0]) for category in (EMBER, STORM))),
        generations={subject: {digest: number for number, digest in enumerate(generations)}},
        breaks={subject: (select.Break("Somebody", before, after, w.NOTHING),)},
    )

    assert (m.allowed(made.decide(m.policy(reads="whole log", bars=("break",)))) == {}) is is_barred


def test_a_result_of_an_older_generation_is_outdated() -> None:
    market = Market.opened("one")
    market.everything()
    subject = market.systems["one"]
    market.log.add(w.generation(subject, subject), w.LAB_KEY)

    assert "Judge A measured generation 0, the latest is 1" in m.reasons(_decided(market))
    assert m.allowed(_decided(market)) == {}
    assert m.allowed(_decided(market, bars=("break",))) != {}


def test_whoever_broke_a_rule_is_not_heard_and_cannot_bar() -> None:
    """An organisation that may not judge can neither vouch for a system nor block it."""
    market = Market.opened("one")
    rival = w.key("rival")
    market.log.add(w.role(rival, "evaluator", "Rival", conflicts=(w.LAB,)), *w.GOVERNANCE)
    market.everything()
    market.measured("one", STORM, "Rival", rival)
    counter = market.summed_up()
    bundles = [data for index, data in counter.bundles.items() if index != market.results[-1]]

    assert m.allowed(counter.decide(m.policy(), bundles)) == {}
    found = counter.decide(m.policy(**WHOLE), bundles, counter.whole())
    assert m.allowed(found) != {}
    assert "storm: Rival is not heard" in m.reasons(found)


def test_the_file_of_leaves_has_one_form() -> None:
    market = Market.opened("one", "two")
    market.everything()
    leaves = market.summed_up().leaves

    data = select.leaves_bytes(leaves)

    assert data == select.leaves_bytes(leaves[::-1])
    assert set(select.read_leaves(data)) == set(leaves)
    assert select.leaves_bytes(select.read_leaves(data)) == data


def test_a_policy_has_one_form() -> None:
    data = select.policy_bytes(m.policy())

    assert select.read_policy(data) == m.policy()


NO_CHANGE: dict[str, Any] = {}


def _of_one(*said: tuple[str, str, dict[str, Any]]) -> m.Shown:
    subject = m.digest("one")
    return m.shown(*(m.behaviour(subject, subject, category, judge, **changes) for category, judge, changes in said))


@pytest.mark.parametrize(
    ("k", "f", "is_allowed"),
    [("0.75", "0.2", True), ("0.749999", "0.2", False), ("0.75", "0.200001", False), ("1", "0", True)],
)
def test_the_bars_themselves_are_met(k: str, f: str, *, is_allowed: bool) -> None:
    numbers = {"numbers": m.numbers(k, f)}
    made = _of_one((EMBER, JUDGES[0], numbers), (STORM, JUDGES[0], numbers))

    assert bool(m.allowed(made.decide(m.policy()))) is is_allowed


def test_what_stands_is_the_worst_of_all() -> None:
    made = _of_one(
        (EMBER, JUDGES[0], {"numbers": m.numbers("0.9", "0.05")}),
        (EMBER, JUDGES[1], {"numbers": m.numbers("0.8", "0.15")}),
        (STORM, JUDGES[2], {"numbers": m.numbers("0.85", "0.1")}),
    )

    (choice,) = made.decide(m.policy(order=("organisations", "F", "K"))).choices

    assert choice.standing == {"organisations": "1", "F": "0.15", "K": "0.8"}
    assert "ember: K_joint not below 0.8, F_joint not above 0.15, by Judge A, Judge B" in choice.reasons
    (choice,) = (
        _of_one(*((EMBER, judge, NO_CHANGE) for judge in JUDGES), (STORM, JUDGES[0], NO_CHANGE))
        .decide(m.policy(order=("organisations",)))
        .choices
    )
    assert choice.standing == {"organisations": "1"}
    (choice,) = (
        _of_one((EMBER, JUDGES[0], NO_CHANGE), *((STORM, judge, NO_CHANGE) for judge in JUDGES))
        .decide(m.policy(order=("organisations",)))
        .choices
    )
    assert choice.standing == {"organisations": "1"}


def test_more_organisations_are_better_where_the_order_says_so() -> None:
    one, two = m.digest("one"), m.digest("two")
    said = [m.behaviour(one, one, category, JUDGES[0]) for category in (EMBER, STORM)]
    said += [m.behaviour(two, two, category, judge) for category in (EMBER, STORM) for judge in JUDGES]

    assert m.allowed(m.shown(*said).decide(m.policy(order=("organisations",)))) == {two: 1, one: 2}


def test_an_objection_to_one_of_two_results_bars_too() -> None:
    made = _of_one(*((category, judge, NO_CHANGE) for category in (EMBER, STORM) for judge in JUDGES[:2]))
    contested = m.whole(made, disputed={made.leaves[0].entry: ("Somebody",)})

    assert m.allowed(contested.decide(m.policy(**WHOLE))) == {}
    assert m.allowed(contested.decide(m.policy(**WHOLE | {"bars": ()}))) != {}


def test_a_log_that_the_policy_does_not_want_changes_nothing() -> None:
    made = _of_one((EMBER, JUDGES[0], NO_CHANGE), (STORM, JUDGES[0], NO_CHANGE))
    contested = m.whole(made, independent=frozenset())

    assert contested.decide(m.policy()) == made.decide(m.policy())


def test_two_leaves_of_one_series_are_refused() -> None:
    made = _of_one((EMBER, JUDGES[0], NO_CHANGE), (STORM, JUDGES[0], NO_CHANGE))
    twice = m.Shown(made.results, (*made.leaves, structs.replace(made.leaves[0], seq=1, index=7)))

    with pytest.raises(NotVerified, match="3 leaves where the summary counts 3 series"):
        twice.decide(m.policy())


def test_how_far_a_summary_may_lag_behind() -> None:
    made = _of_one((EMBER, JUDGES[0], NO_CHANGE), (STORM, JUDGES[0], NO_CHANGE))

    assert m.allowed(made.decide(m.policy(max_behind=2))) != {}
    with pytest.raises(NotVerified, match="2 entries lie behind what it sums up; the policy takes 1"):
        made.decide(m.policy(max_behind=1))


def test_whoever_leaves_a_declared_measurement_open_is_not_heard() -> None:
    market = Market.opened("one")
    market.everything()
    subject = market.systems["one"]
    said = w.prereg(
        subject, subject, evaluator=JUDGES[0], categories=(STORM,), closes_by="2026-05-28T00:00:00Z", seed=9
    )
    market.log.add(said, m.key_of(JUDGES[0]))

    assert "storm: Judge A is not heard" in m.reasons(_decided(market))
    assert m.allowed(_decided(market)) == {}


def test_a_break_by_somebody_who_may_not_judge_bars_nothing() -> None:
    market = Market.opened("one")
    rival = w.key("rival")
    market.log.add(w.role(rival, "evaluator", "Rival", conflicts=(w.LAB,)), *w.GOVERNANCE)
    market.everything()
    subject = market.systems["one"]
    said = record.Continuity(
        subject=subject, before=subject, after=subject, compares="evaluated and served", test="mmd", asked=w.NOTHING,
        statistic="0.3", p="0.0005", level="0.05", break_at="0.1", n=240, questions=40, verdict="break",
    )  # fmt: skip
    market.log.add(said, rival)

    assert m.allowed(_decided(market)) != {}
