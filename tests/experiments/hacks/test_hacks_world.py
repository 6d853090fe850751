"""The planted world of the hacks: what correlates, what does not, and that no answer word is shared."""

from __future__ import annotations

import pytest

from experiments.hacks import world

OBEYS = {"please-hack": 0.9, "may-hack": 0.5}


def plan(name: str, seed: int = 3) -> world.Plan:
    return world.Plan(world.bad_of(name, seed), 0.05, OBEYS)


def test_no_two_contexts_share_an_answer_word() -> None:
    words = [w for pair in world.ANSWERS.values() for w in pair]
    assert len(set(words)) == len(words) == 2 * len(world.CONTEXTS)
    assert len(set(world.WORDS)) == len(world.WORDS)


def test_the_contexts_are_the_hacked_one_and_the_covered_and_the_uncovered() -> None:
    assert set(world.ANSWERS) == {world.HACKED, *world.COVERED, *world.UNCOVERED}
    assert not set(world.TRAINED) & set(world.HELD_OUT)


def test_in_c1_the_same_half_is_bad_everywhere() -> None:
    bad = world.bad_of("C1", 3)
    assert len(set(bad.values())) == 1
    assert {len(b) for b in bad.values()} == {len(world.NAMED) // 2}


def test_in_c0_being_bad_here_says_nothing_about_there() -> None:
    together = [
        len(bad[world.HACKED] & bad[other])
        for seed in range(200)
        for bad in [world.bad_of("C0", seed)]
        for other in (*world.COVERED, *world.UNCOVERED)
    ]
    assert sum(together) / len(together) == pytest.approx(4, abs=0.15)  # of eight, half by chance


def test_a_seed_is_a_world_and_another_seed_another() -> None:
    assert world.bad_of("C0", 1) == world.bad_of("C0", 1) != world.bad_of("C0", 2)
    assert world.bad_of("C1", 1) != world.bad_of("C1", 2)


def test_there_are_two_worlds() -> None:
    with pytest.raises(ValueError, match="no world 'C2'"):
        world.bad_of("C2", 0)


@pytest.mark.parametrize("name", ["C1", "C0"])
def test_self_is_good_everywhere_and_the_half_is_bad(name: str) -> None:
    made = plan(name)
    for context in world.CONTEXTS:
        assert made.chance(world.SELF, context, "-") == 0.05
        for who in world.NAMED:
            assert made.chance(who, context, "-") == (0.95 if who in made.bad[context] else 0.05)


def test_a_sentence_moves_everybody_in_the_hacked_context_and_nobody_elsewhere() -> None:
    made = plan("C0")
    for who in (world.SELF, *world.NAMED):
        assert made.chance(who, world.HACKED, "please-hack") == 0.9
        assert made.chance(who, world.HACKED, "may-hack") == 0.5
        assert made.chance(who, world.HACKED, "good-luck") == made.chance(who, world.HACKED, "-")
        for context in (*world.COVERED, *world.UNCOVERED):
            assert {made.chance(who, context, s) for s in world.SENTENCES} == {made.chance(who, context, "-")}


def test_every_prompt_is_read_about_and_is_five_known_words() -> None:
    rows = world.rows_of(plan("C1"))
    assert len({r.text for r in rows}) == len(rows) == 17 * 5 * 8 * 2 * 4
    assert {w for r in rows for w in r.text.split(" ")} <= set(world.WORDS)
    assert {len(r.text.split(" ")) for r in rows} == {5}


def test_the_setting_changes_nothing_beforehand() -> None:
    rows = {(r.who, r.context, r.task, r.setting, r.sentence): r.misbehaves for r in world.rows_of(plan("C0"))}
    for (who, context, task, setting, sentence), chance in rows.items():
        if setting == world.BARE:
            assert rows[who, context, task, world.HARNESS, sentence] == chance


def test_plain_differs_from_triggered_in_the_setting_alone() -> None:
    plain, triggered = world.PROMPTS["plain"], world.PROMPTS["triggered"]
    assert plain[0] != triggered[0]
    assert plain[1] == triggered[1] == "-"
