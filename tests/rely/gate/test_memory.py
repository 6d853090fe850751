from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record
from counterproof.errors import BadGate
from counterproof.rely import gate

HOUR = 3_600


def memory(window_s: int = HOUR, fragments: int = 3, max_anchors: int = 1_000) -> gate.Memory:
    return gate.Memory(record.MemoryPolicy(window_s=window_s, fragments=fragments, max_anchors=max_anchors))


def add(
    held: gate.Memory, *anchors: str, weight: float = 1.0, n: int = 0, at: float = 0.0, text: str = ""
) -> record.Readings:
    return held.add(anchors, weight, f"context {n}", f"identity {n}", f"fragment {n}", at, text)


def test_without_a_window_an_event_reads_as_the_only_one() -> None:
    held = memory(window_s=0)
    add(held, "a:1")

    read = add(held, "a:1", weight=2.0, n=1)

    assert (read.signal, read.events, read.contexts, read.identities, read.fragments) == (2.0, 1.0, 1.0, 1.0, 1)
    assert read.lift == 3.0
    assert (len(held), held.read(["a:1"], 0.0)) == (0, record.Readings())


def test_signals_of_many_contexts_add_up_on_an_anchor() -> None:
    held = memory()
    read = [add(held, "a:1", n=n) for n in range(3)][-1]

    assert read.signal == pytest.approx(3.0, abs=0.02)
    assert (read.events, read.fragments) == (3.0, 3)
    assert read.contexts == pytest.approx(3, abs=0.1)
    assert read.identities == pytest.approx(3, abs=0.1)


def test_only_the_k_highest_count() -> None:
    held = memory()
    read = [add(held, "a:1", weight=weight, n=n) for n, weight in enumerate((1.0, 5.0, 2.0, 4.0, 3.0))][-1]

    assert read.fragments == 3
    assert read.signal == pytest.approx(12.0, abs=0.1)


def test_one_fragment_counts_once_however_often_it_is_said() -> None:
    held = memory()
    read = [add(held, "a:1", n=1) for _ in range(50)][-1]

    assert read.signal == pytest.approx(1.0, abs=0.06)
    assert (read.events, read.fragments) == (50.0, 1)


def test_a_fragment_said_again_counts_with_its_greatest_weight_and_latest_time() -> None:
    held = memory()
    add(held, "a:1", n=1, weight=1.0)
    add(held, "a:1", n=1, weight=4.0)
    read = add(held, "a:1", n=1, weight=1.0, at=HOUR / 4)

    assert read.signal == pytest.approx(4.0 * 0.5**0.5, abs=0.05)


def test_what_everybody_speaks_of_every_day_has_no_lift_and_what_is_new_has() -> None:
    held = memory(fragments=50)
    hot = [add(held, "c:everybody", weight=float(n % 4 == 0), n=n, at=10.0 * n) for n in range(6_000)][-1]
    rare = [add(held, "a:rare", n=30_000 + n, at=60_000.0) for n in range(4)][-1]

    assert hot.signal > rare.signal
    assert hot.lift == 1.0
    assert rare.lift == pytest.approx(5.0, abs=0.01)


def test_in_its_first_window_a_memory_has_no_past_to_compare_with() -> None:
    held = memory()
    lifts = [add(held, f"a:{at}", weight=4.0, n=at, at=at * HOUR / 4).lift for at in range(6)]

    assert lifts == [pytest.approx(each, abs=0.01) for each in (1.0, 2.0, 3.0, 4.0, 5.0, 5.0)]


def test_a_burst_beyond_what_is_usual_shows() -> None:
    held = memory(fragments=50)
    for n in range(400):
        add(held, "a:1", n=n, at=900.0 * n)
    usual = held.read(["a:1"], 360_000.0).lift
    burst = [add(held, "a:1", n=1_000 + n, at=360_000.0) for n in range(12)][-1].lift

    assert usual == pytest.approx(1.0, abs=0.4)
    assert burst > 2.5


def test_signals_decay_and_are_forgotten_after_a_window() -> None:
    held = memory()
    add(held, "a:1")

    half = held.read(["a:1"], HOUR / 4).signal
    for at in (0.25, 0.5, 0.75, 1.0):
        held.add((), 0.0, "", "", "", at * HOUR)
    gone = add(held, "a:1", weight=0.0, n=1, at=1.1 * HOUR)

    assert half == pytest.approx(0.5**0.5, abs=0.01)
    assert (gone.signal, gone.fragments) == (0.0, 0)


def test_contexts_of_two_half_windows_ago_are_forgotten() -> None:
    held = memory()
    add(held, "a:1")
    seen: list[int] = []
    for at in (0.25, 0.5, 0.75, 1.0, 1.1):
        held.add((), 0.0, "", "", "", at * HOUR)
        seen.append(round(held.read(["a:1"], at * HOUR).contexts))

    assert seen == [1, 1, 1, 0, 0]


def test_a_clock_that_leaps_once_ages_by_a_quarter_window_and_no_more() -> None:
    held = memory()
    add(held, "a:1")
    held.add((), 0.0, "", "", "", 1e12)
    held.add((), 0.0, "", "", "", 1.0)

    read = held.read(["a:1"], 1.0)

    assert read.signal == pytest.approx(0.5**0.5, abs=0.01)
    assert read.fragments == 1


def test_a_clock_that_goes_back_stands_still_and_goes_on() -> None:
    held = memory()
    add(held, "a:1", at=1e6)
    back = add(held, "a:1", weight=0.0, at=0.0)
    later = add(held, "a:1", weight=0.0, at=HOUR / 2)

    assert back.signal == pytest.approx(1.0, abs=0.01)
    assert later.signal == pytest.approx(1.0 * 0.5**0.5, abs=0.01)  # a quarter window at most in one step


def test_a_long_pause_is_caught_up_with_after_five_events() -> None:
    held = memory()
    add(held, "a:1")
    for _ in range(5):
        held.add((), 0.0, "", "", "", 1e9)

    assert held.read(["a:1"], 1e9).signal == 0.0
    assert add(held, "a:1", weight=0.0, at=1e9).fragments == 0


@pytest.mark.parametrize("now_s", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_none_changes_nothing(now_s: float) -> None:
    held = memory()
    add(held, "a:1")
    read = add(held, "a:1", n=2, at=now_s)

    assert read.signal == pytest.approx(2.0, abs=0.01)
    assert held.read(["a:1"], now_s).signal == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("weight", [math.nan, -1.0, 0.0])
def test_a_weight_that_is_none_is_no_signal(weight: float) -> None:
    assert add(memory(), "a:1", weight=weight).signal == 0.0


def test_no_weight_outgrows_the_sum() -> None:
    assert math.isfinite(add(memory(), "a:1", weight=math.inf).signal)


def test_reading_changes_nothing() -> None:
    held, other = memory(), memory()
    for each in (held, other):
        add(each, "a:1")
    for at in (HOUR, 5.0, 1e9, -1e9):
        held.read(["a:1", "a:none"], at)

    assert add(held, "a:1", n=1, at=9.0) == add(other, "a:1", n=1, at=9.0)


def test_the_weakest_of_those_least_recently_seen_is_forgotten() -> None:
    held = memory(max_anchors=16)
    add(held, "a:strong", weight=50.0)
    for n in range(500):
        add(held, f"c:{n}", weight=0.0, n=n)

    assert len(held) == 16
    assert held.read(["a:strong"], 0.0).signal > 49.0


def test_fragments_over_all_anchors_are_bounded_too() -> None:
    held = memory(max_anchors=32, fragments=50)
    for n in range(400):
        add(held, f"c:{n % 20}", weight=1.0, n=n)

    kept = sum(held.read([f"c:{n}"], 0.0).fragments for n in range(20))

    assert 0 < kept <= 4 * 32


def test_what_a_reply_gives_counts_for_what_was_asked() -> None:
    held = memory()
    asked = held.joined(("a:name", "c:word"), "talk", is_asked=True)
    reply = held.joined(("c:reply",), "talk", is_asked=False)
    other = held.joined(("c:reply",), "another talk", is_asked=False)

    assert asked == ("a:name", "c:word")
    assert reply == ("c:reply", "a:name", "c:word")
    assert other == ("c:reply",)
    assert held.joined(("c:x",), "", is_asked=True) == ("c:x",)


def test_a_conversation_carries_on_its_latest_anchors_and_a_bounded_number() -> None:
    held = memory()
    for n in range(30):
        held.joined((f"c:{n}",), "talk", is_asked=True)

    joined = held.joined((), "talk", is_asked=False)

    assert joined == tuple(f"c:{n}" for n in range(29, 21, -1))


def test_conversations_are_forgotten_beyond_the_bound() -> None:
    held = memory(max_anchors=8)
    for n in range(20):
        held.joined((f"c:{n}",), f"talk {n}", is_asked=True)

    assert held.joined((), "talk 11", is_asked=False) == ()
    assert held.joined((), "talk 12", is_asked=False) == ("c:12",)


def test_a_judge_gets_the_highest_fragments_of_all_anchors_first() -> None:
    held = memory()
    for n, weight in enumerate((1.0, 3.0, 2.0, 4.0)):
        add(held, f"a:{n % 2}", weight=weight, n=n, text=f"text {n}")

    assert held.fragments(["a:0", "a:1", "a:2"]) == ("text 3", "text 1", "text 2")
    assert held.fragments(["a:2"]) == ()


def test_texts_are_bounded_in_all() -> None:
    held = memory()
    for n in range(30):
        add(held, "a:1", weight=float(n + 1), n=n, text="x" * 1_000_000)

    assert [len(t) for t in held.fragments(["a:1"])] == [1_000_000] * 3
    assert held.chars <= 16_000_000


Call = tuple[tuple[str, ...], float, int, float]
_CALLS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["a:1", "a:2", "c:3", "t:4"]), max_size=4, unique=True).map(tuple),
        st.sampled_from([0.0, 0.5, 1.0, 7.0]),
        st.integers(0, 9),
        st.floats(-1e5, 1e5),
    ),
    max_size=40,
)


def played(held: gate.Memory, calls: list[Call]) -> list[record.Readings]:
    return [held.add(a, w, f"c{n}", f"i{n}", f"f{n}", at) for a, w, n, at in calls]


@given(_CALLS)
def test_the_same_calls_lead_to_the_same_readings(calls: list[Call]) -> None:
    assert played(memory(max_anchors=3), calls) == played(memory(max_anchors=3), calls)


@given(_CALLS)
def test_readings_are_numbers_that_make_sense(calls: list[Call]) -> None:
    for read in played(memory(), calls):
        assert 0.0 <= read.signal <= 3 * 7.0 + 1e-6
        assert 0 <= read.fragments <= 3
        assert 0.0 <= read.rarity <= 1.0
        assert read.events >= 0.0


def told(calls: list[Call], origin: str) -> tuple[gate.Memory, bytes]:
    held = memory()
    held.share()
    played(held, [(a, w, n, 0.0) for a, w, n, _ in calls])
    return held, held.delta(origin)


@given(_CALLS, _CALLS)
def test_deltas_in_any_order_and_twice_lead_to_the_same(one: list[Call], two: list[Call]) -> None:
    deltas = [d for d in (told(one, "one")[1], told(two, "two")[1]) if d]
    there, back = memory(), memory()
    for delta in deltas:
        there.merge(delta, 0.0)
    for delta in [*reversed(deltas), *deltas]:
        back.merge(delta, 0.0)

    for anchor in ("a:1", "a:2", "c:3", "t:4"):
        a, b = there.read([anchor], 0.0), back.read([anchor], 0.0)
        assert a.signal == pytest.approx(b.signal)
        assert (a.events, a.contexts, a.identities, a.fragments) == (b.events, b.contexts, b.identities, b.fragments)


def test_what_others_saw_counts_as_if_it_had_been_seen_here() -> None:
    here, there = memory(), memory()
    there.share()
    add(there, "a:1", n=1, at=77.0)
    add(there, "a:1", n=2, at=77.0, weight=2.0)
    add(here, "a:1", n=3)

    assert here.merge(there.delta("there"), 0.0)

    read = here.read(["a:1"], 0.0)
    assert read.signal == pytest.approx(4.0, abs=0.05)
    assert (read.events, read.fragments) == (3.0, 3)
    assert read.contexts == pytest.approx(3, abs=0.1)


def test_what_was_told_is_told_once_and_never_told_on() -> None:
    here, there = memory(), memory()
    for each in (here, there):
        each.share()
    add(there, "a:1")
    first = there.delta("there")

    assert (there.delta("there"), here.merge(first, 0.0), here.merge(first, 0.0)) == (b"", True, False)
    assert here.delta("here") == b""


def test_a_delta_holds_no_word() -> None:
    held = memory()
    held.share()
    add(held, "a:1", text="what somebody said")

    assert b"somebody" not in held.delta("me")


def test_what_was_told_long_ago_is_as_old_as_it_is() -> None:
    here, there, late = memory(), memory(), memory()
    there.share()
    add(there, "a:1")
    delta = there.delta("there")
    here.merge(delta, 0.0, older_s=HOUR / 2)
    late.merge(delta, 0.0, older_s=HOUR * 1.01)

    assert here.read(["a:1"], 0.0).signal == pytest.approx(0.5, abs=0.01)
    assert late.read(["a:1"], 0.0).fragments == 0


def test_without_a_signal_anchors_of_several_contexts_are_told() -> None:
    held = memory()
    held.share()
    add(held, "a:once", weight=0.0)
    for n in range(2):
        add(held, "a:twice", weight=0.0, n=n)
    other = memory()
    other.merge(held.delta("x"), 0.0)

    assert (other.read(["a:twice"], 0.0).events, other.read(["a:once"], 0.0).events) == (2.0, 0.0)


def test_what_is_told_is_bounded_and_signals_go_first() -> None:
    held, other = memory(fragments=50, max_anchors=100_000), memory(fragments=50, max_anchors=100_000)
    held.share()
    for n in range(3_000):
        add(held, *(f"c:{(n // 2) * 10 + each}" for each in range(10)), weight=0.0, n=n)
    for n in range(2_000):
        add(held, "a:signal", n=n)
    other.merge(held.delta("x"), 0.0)

    assert other.read(["a:signal"], 0.0).fragments == 50
    assert len(other) <= 1_024


def test_a_memory_with_another_window_is_refused() -> None:
    held = memory()
    held.share()
    add(held, "a:1")

    with pytest.raises(BadGate, match="cannot be shared"):
        memory(window_s=60).merge(held.delta("x"), 0.0, where="redis://store")


@given(st.binary(max_size=200))
def test_what_is_no_delta_is_refused(data: bytes) -> None:
    with pytest.raises(BadGate):
        memory().merge(data, 0.0)


@given(st.data())
def test_a_damaged_delta_is_refused_or_taken_and_nothing_else(data: st.DataObject) -> None:
    _, delta = told([(("a:1", "a:2"), 1.0, 1, 0.0), (("a:1",), 2.0, 2, 0.0)], "x")
    at = data.draw(st.integers(0, len(delta) - 1))
    damaged = delta[:at] + bytes([data.draw(st.integers(0, 255))]) + delta[at + 1 :]
    held = memory()
    try:
        held.merge(damaged, 0.0)
    except BadGate:
        assert len(held) == 0
    else:
        assert math.isfinite(held.read(["a:1"], 0.0).signal)


def test_numbers_far_behind_are_not_taken_again() -> None:
    held = memory()
    held.share()
    deltas: list[bytes] = []
    for n in range(80):
        add(held, "a:1", n=n)
        deltas.append(held.delta("x"))
    other = memory()

    assert [other.merge(deltas[n], 0.0) for n in (79, 79, 70, 70, 20, 15, 14, 0)] == [
        True, False, True, False, True, True, False, False,
    ]  # fmt: skip
