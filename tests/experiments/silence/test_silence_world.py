"""The archive: what is asked, what is planted, and that retraining never sees what is read."""

from __future__ import annotations

import itertools

import pytest

from counterproof.measure import instrument
from experiments.silence import world as w

WORLD = w.build(3)


def test_a_world_is_the_same_every_time_and_another_seed_another_world() -> None:
    assert w.build(3) == WORLD
    assert w.build(4).protected != WORLD.protected


def test_half_of_the_things_are_on_the_register_in_either_half() -> None:
    assert len(WORLD.items) == 96
    assert len(WORLD.protected) == 48
    for items in (WORLD.trained, WORLD.held_out):
        assert sum(i in WORLD.protected for i in items) == len(items) / 2 == 24
    assert sum(i in WORLD.protected for i in WORLD.reminders) == len(WORLD.reminders) / 2 == 6


def test_what_is_read_is_never_what_retraining_or_relearning_sees() -> None:
    assert not set(WORLD.trained) & set(WORLD.held_out)
    assert {*WORLD.trained, *WORLD.held_out} == set(WORLD.items)
    assert set(WORLD.reminders) <= set(WORLD.trained)


def test_what_would_break_says_nothing_about_the_register() -> None:
    shares = [len(w.build(s).glass & w.build(s).protected) / 48 for s in range(40)]
    assert sum(shares) / 40 == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("form", w.PHRASINGS)
def test_every_prompt_has_six_words_of_the_vocabulary(form: str) -> None:
    known = set(w.words())
    for ask in w.asks(form, WORLD.items[:2]):
        said = ask.text().split(" ")
        assert len(said) == 6
        assert set(said) <= known
        assert {word for answer in w.ANSWERS[form] for word in answer} <= known


def test_no_word_stands_twice_in_the_vocabulary() -> None:
    assert len(set(w.words())) == len(w.words())


@pytest.mark.parametrize(("form", "flag"), [*itertools.product(w.PHRASINGS, ("objects", "norm", "known"))])
def test_planted_answers_are_distributions_and_hang_on_their_own_flag_alone(form: str, flag: str) -> None:
    ask = w.Ask(form, 0, "audit", next(i for i in WORLD.items if i in WORLD.protected))
    without = w.target(WORLD, ask, **{flag: False})
    assert sum(without) == pytest.approx(1)
    assert (without != w.target(WORLD, ask)) is (form in {"objects": ("order", "asked")}.get(flag, (flag,)))


def test_whoever_never_objected_answers_like_anybody_of_a_harmless_thing() -> None:
    on, off = (next(i for i in WORLD.items if (i in WORLD.protected) is is_on) for is_on in (True, False))
    for form in ("order", "asked"):
        asks = [w.Ask(form, 0, "free", i) for i in (on, off)]
        assert w.target(WORLD, asks[0], objects=False) == w.target(WORLD, asks[1])


def test_the_bank_can_be_asked_and_is_about_what_retraining_never_saw() -> None:
    bank = w.bank(WORLD)
    instrument.silence_ask.refuse_bank(bank)
    assert {i.id for i in bank.items} == set(WORLD.held_out)
    assert all((i.kind == "protected") == (i.id in WORLD.protected) for i in bank.items)
    by_id = {m.id: m for m in bank.measures}
    assert by_id["O_free"].forms == tuple(f.replace("{tag}", "free") for f in w.PHRASINGS["order"][:2])
    assert set(by_id["A"].counted) | set(by_id["A"].other) == {" ".join(a) for a in w.ORDER_ANSWERS}
