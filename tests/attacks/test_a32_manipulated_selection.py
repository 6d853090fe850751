"""Attack 32: a selection is steered by what is stale, missing, left out, huge, or no number."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import pytest
from msgspec import structs

from counterproof import note, record
from counterproof.errors import BadStatement, CounterproofError, NotVerified
from counterproof.rely import select, verify
from tests.rely.select import small_market as m
from tests.rely.select.small_market import EMBER, JUDGES, STORM, WHOLE, Counter, Market
from tests.rely.verify import whole_log as w

NO_NUMBERS = (
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "1e400",
    "1E2",
    "9" * 400,
    "0." + "9" * 400,
    "0x1",
    "+1",
    "",
)


def _shown(**changes: Any) -> m.Shown:  # noqa: ANN401 - any field of a behaviour
    subject = m.digest("one")
    return m.shown(*(m.behaviour(subject, subject, category, JUDGES[0], **changes) for category in (EMBER, STORM)))


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("metric", ["K_joint", "F_joint"])
def test_what_is_no_number_is_never_compared(text: str, metric: str) -> None:
    """The verifier refuses such statements; whoever calls without it gets no decision either."""
    stated = {"K_joint": m.number("K_joint", "0.8", "1"), "F_joint": m.number("F_joint", "0", "0.1")}
    stated[metric] = structs.replace(stated[metric], low=text)

    with pytest.raises(BadStatement, match="no decimal string"):
        _shown(numbers=tuple(stated.values())).decide(m.policy())


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_nor_does_it_pass_the_verifier(text: str) -> None:
    market = Market.opened("one")
    market.everything()
    counter = market.summed_up()
    place = max(counter.latest)
    payload = note.unseal(counter.log.entries[place]).unverified_payload
    assert b'"low":"0.8"' in payload
    counter.log.entries[place] = note.seal(
        payload.replace(b'"low":"0.8"', f'"low":"{text}"'.encode()), m.key_of(JUDGES[0])
    )

    with pytest.raises(CounterproofError):
        verify.bundle(w.data(counter.log.bundle(place, support=range(place))), w.trust(), w.NOW_S)


@pytest.mark.parametrize(
    ("low", "high"),
    [("999999999999999999", "999999999999999999"), ("0.8", "1.000001"), ("-0.5", "1"), ("0.9", "0.8"), ("2", "3")],
)
def test_a_number_that_is_no_share_bars(low: str, high: str) -> None:
    numbers = (m.number("K_joint", low, high), m.number("F_joint", "0", "0.1"))

    found = _shown(numbers=numbers).decide(m.policy())

    assert m.allowed(found) == {}
    assert "states a K_joint that is no share" in m.reasons(found)


def test_a_float_where_a_text_should_be_is_refused_too() -> None:
    numbers = (m.number("K_joint", float("nan"), "1"), m.number("F_joint", "0", "0.1"))  # type: ignore[arg-type] # the attack

    with pytest.raises(BadStatement):
        _shown(numbers=numbers).decide(m.policy())


@pytest.mark.parametrize("level", ["0.000001", "0.5", "0.949999"])
def test_limits_of_little_confidence_are_not_looked_at(level: str) -> None:
    found = _shown(numbers=m.numbers("0.99", "0.01", level)).decide(m.policy())

    assert m.allowed(found) == {}
    assert f"at a level of {level} only" in m.reasons(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"suite": m.digest("easier")}, {"budget": "1 queries"}, {"assurance": "self_attested"}, {"instrument": "other"},
        {"numbers": ()}, {"numbers": (record.NoNumber(name="K_joint", reason="the ceiling is too low"),)},
        {"numbers": m.numbers("0.8", "")},
    ],
    ids=str,
)  # fmt: skip
def test_what_was_measured_otherwise_or_not_at_all_is_no_data(changes: dict[str, Any]) -> None:
    subject = m.digest("one")
    made = m.shown(
        m.behaviour(subject, subject, EMBER, JUDGES[0]), m.behaviour(subject, subject, STORM, JUDGES[0], **changes)
    )

    found = made.decide(m.policy())

    assert m.allowed(found) == {}
    assert "storm: 0 of the 1 organisations" in m.reasons(found)


def test_what_is_stale_is_refused() -> None:
    made = _shown()
    assert m.allowed(made.decide(m.policy())) != {}

    stale: list[dict[str, Any]] = [
        {"seen_by": (("w0", w.NOW_S - 3601), ("w1", w.NOW_S))}, {"seen_by": ()}, {"size": 103},
    ]  # fmt: skip
    for late in stale:
        with pytest.raises(NotVerified, match="heads: "):
            made.decide(m.policy(), **late)
    with pytest.raises(NotVerified, match="future"):
        made.decide(m.policy(), seen_by=(("w0", w.NOW_S + 301),))


def test_a_summary_by_nobody_who_keeps_the_log_is_refused() -> None:
    made = _shown()

    others: list[dict[str, Any]] = [
        {"signers": (verify.Signer(key="k", organisation=JUDGES[0], role="evaluator"),)},
        {"origin": "log.example/other"},
        {"statement": made.results[0].statement},
    ]
    for changes in others:
        with pytest.raises(NotVerified, match="heads: "):
            made.decide(m.policy(), **changes)


@pytest.mark.parametrize(
    "changes",
    [{"root": "cd" * 32}, {"size": 101}, {"origin": "log.example/other"}, {"index": 7}, {"entry": w.NOTHING}],
    ids=str,
)
def test_results_of_another_view_do_not_count(changes: dict[str, Any]) -> None:
    made = _shown()

    found = made.decide(m.policy(), [dataclasses.replace(made.results[0], **changes), made.results[1]])

    assert m.allowed(found) == {}


def test_somebody_else_s_word_does_not_stand_for_an_evaluator_s() -> None:
    made = _shown()
    stranger = (verify.Signer(key="k", organisation="Lab A", role="lab"),)

    found = made.decide(m.policy(), [dataclasses.replace(made.results[0], signers=stranger), made.results[1]])

    assert m.allowed(found) == {}


def test_a_log_that_is_not_the_whole_one_is_refused() -> None:
    counter = _counter()
    wanted = m.policy(**WHOLE)
    assert m.allowed(counter.decide(wanted, log=counter.whole())) != {}

    for index in range(len(counter.log.entries)):
        with pytest.raises(NotVerified, match="log: "):
            counter.whole([*counter.log.entries[:index], *counter.log.entries[index + 1 :]])
    with pytest.raises(NotVerified, match="log: "):
        counter.decide(wanted)
    other = m.whole(m.shown()).log
    with pytest.raises(NotVerified, match="log: "):
        counter.decide(wanted, log=other)


def test_a_summary_that_leaves_a_series_out_does_not_follow_from_the_log() -> None:
    made = _shown()
    lying = m.Shown(made.results, made.leaves[:1], m.whole(made).log)

    with pytest.raises(NotVerified, match="does not follow from the log"):
        lying.decide(m.policy(**WHOLE))
    assert m.allowed(lying.decide(m.policy(categories=(EMBER,)))) != {}


@cache
def _counter() -> Counter:
    """One system that is allowed, one that a second judge found wanting."""
    market = Market.opened("one", "two")
    market.everything()
    market.measured("two", STORM, JUDGES[1], numbers=m.numbers("0.3", "0.1"))
    market.measured("one", STORM, JUDGES[1])
    return market.summed_up()


def _pieces() -> list[tuple[int, int]]:
    counter = _counter()
    return [(index, left) for index in sorted(counter.latest) for left in counter.support(index)]


@pytest.mark.parametrize("index", sorted(_counter().latest))
def test_leaving_out_any_bundle_never_helps(index: int) -> None:
    counter = _counter()
    before = set(m.allowed(counter.decide(m.policy())))
    assert len(before) == 1

    rest = [data for place, data in counter.bundles.items() if place != index]

    assert set(m.allowed(counter.decide(m.policy(), rest))) <= before


@pytest.mark.parametrize(("index", "left"), _pieces())
def test_leaving_out_anything_a_bundle_rests_on_never_helps(index: int, left: int) -> None:
    counter = _counter()
    before = set(m.allowed(counter.decide(m.policy())))
    support = [one for one in counter.support(index) if one != left]

    changed = {**counter.bundles, index: counter.bundle(index, support)}

    assert set(m.allowed(counter.decide(m.policy(), changed.values()))) <= before


@pytest.mark.parametrize("place", range(len(_counter().leaves)))
def test_leaving_out_any_leaf_is_refused(place: int) -> None:
    counter = _counter()
    fewer = Counter(counter.log, (*counter.leaves[:place], *counter.leaves[place + 1 :]), counter.latest)

    with pytest.raises(NotVerified, match="heads: "):
        fewer.decide(m.policy(), counter.bundles.values())


def test_nothing_at_all_is_not_good() -> None:
    counter = _counter()
    (one, *_) = sorted(m.allowed(counter.decide(m.policy())))

    assert counter.decide(m.policy(), []).choices == ()
    (named,) = counter.decide(m.policy(subjects=(one,)), []).choices
    assert named.decision == "deny"
    empty = m.Shown((), ())
    assert m.allowed(empty.decide(m.policy(subjects=(one,)))) == {}
    assert isinstance(select.leaves_bytes(()), bytes)
