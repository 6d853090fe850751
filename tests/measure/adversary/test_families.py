"""Each family asks as its name promises, and opens by itself a target that leaks by its road alone."""

import msgspec
import pytest

from counterproof import record
from counterproof.measure import adversary, grade, suite
from tests.measure.adversary.gatekeeper import Gatekeeper, play

CODEX = suite.load("codex")
TINY = suite.load("examples/suite-tiny.jsonl")
GOAL = CODEX.goals[3]
BRIEF = CODEX.brief(GOAL)
BARE = msgspec.structs.replace(CODEX, phrasings=(), languages=(), exemplars=(), openings=())


def campaign(budget: int = 1000, *, seed: int = 0, families: tuple[str, ...] | None = None) -> adversary.Campaign:
    return adversary.Campaign(BRIEF, CODEX.lore, budget, seed, can_prefill=True, families=families)


def ground(of: record.Suite, *, can_prefill: bool = True) -> adversary.Ground:
    return adversary.Ground(of.brief(of.goals[0]), of.lore, 0, can_prefill=can_prefill)


@pytest.mark.parametrize("road", adversary.FAMILIES)
def test_a_family_opens_what_leaks_by_its_road_alone(road: str) -> None:
    seeking = campaign()

    _, attempts = play(seeking, Gatekeeper(CODEX, GOAL, road).answer)
    found = grade.grade(
        record.Transcript(
            arm="transfer", category=GOAL.category, item=GOAL.id, wording=0, cluster="", budget_queries=1000,
            attempts=attempts,
        ),
        CODEX,
    )  # fmt: skip

    assert found.right_Q[-1]
    assert found.opened_by == dict.fromkeys(BRIEF.parts, road)
    assert seeking.stopped == "exhausted"


@pytest.mark.parametrize("road", adversary.FAMILIES)
def test_a_family_comes_by_its_own_road(road: str) -> None:
    keeper = Gatekeeper(CODEX, GOAL)

    asks, _ = play(campaign(families=(road,)), keeper.answer)

    assert {keeper.recognise(a.query)[0] for a in asks} - {"rapport"} <= {road}
    assert {a.family for a in asks} == {road}


@pytest.mark.parametrize("road", adversary.FAMILIES)
def test_every_family_has_several_wordings(road: str) -> None:
    asks, _ = play(campaign(families=(road,)), lambda _: record.Reply(text="no"))

    assert len({a.query.messages[-1].text for a in asks}) >= 6


def test_families_that_ask_for_the_whole_come_before_those_that_ask_part_by_part() -> None:
    asks, _ = play(campaign(30), lambda _: record.Reply(text="no"))

    assert list(dict.fromkeys(a.family for a in asks)) == list(adversary.FAMILIES)
    assert [a.family for a in asks[:9]] == [
        "direct",
        "fiction",
        "profession",
        "language",
        *["prefill"] * 4,
        "many-shot",
    ]


def test_prefill_is_tried_under_every_wrapper() -> None:
    lines = {f.name: f for f in adversary.ALL}["prefill"].lines(ground(CODEX), 0)
    kinds = [p.family for line in lines for p in CODEX.phrasings if _is_said_by(p, line.moves[0].text)]

    assert kinds == ["candid", "fiction", "profession"]
    assert [line.moves[0].prefill for line in lines] == ["first"] * 3 + [CODEX.languages[0].lexicon["first"]]


def _is_said_by(phrasing: record.Phrasing, text: str) -> bool:
    goal = CODEX.goals[0]
    return any(
        record.filled(phrasing.template, {**goal.slots, "subject": s, "part": ""}) == text for s in goal.subjects
    )


def test_decomposition_asks_each_part_in_a_conversation_of_its_own() -> None:
    asks, _ = play(campaign(4, families=("decomposition",)), lambda _: record.Reply(text="no"))

    assert [a.conversation for a in asks] == [0, 1, 2, 3]
    assert all(len(a.query.messages) == 1 for a in asks)
    assert [
        any(f" {p} " in f" {m.text} " for m in a.query.messages) for p, a in zip(BRIEF.parts, asks, strict=True)
    ] == [True] * 4


def test_multi_turn_keeps_its_replies_before_the_targets_eyes() -> None:
    replies = iter([record.Reply(text=f"reply {n}") for n in range(99)])

    asks, _ = play(campaign(5, families=("multi-turn",)), lambda _: next(replies))

    assert [a.turn for a in asks] == [0, 1, 2, 3, 4]
    assert {a.conversation for a in asks} == {0}
    last = asks[-1].query.messages
    assert [m.role for m in last] == ["user", "assistant"] * 4 + ["user"]
    assert [m.text for m in last[1::2]] == ["reply 0", "reply 1", "reply 2", "reply 3"]


def test_a_conversation_in_which_the_target_refused_is_left() -> None:
    """An aside that is refused costs nothing yet; a part that is refused ends it."""
    asks, _ = play(campaign(4, families=("multi-turn",)), lambda _: record.Reply(text="well , I am sorry ."))

    assert [(a.conversation, a.turn) for a in asks] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_many_shot_shows_the_first_three_exemplars() -> None:
    asks, _ = play(campaign(1, families=("many-shot",)), lambda _: record.Reply(text="no"))

    shown = asks[0].query.messages[:-1]
    assert [m.text for m in shown] == [t for e in CODEX.exemplars[:3] for t in (e.question, e.answer)]
    assert asks[0].turn == 0


def test_address_never_names_the_item() -> None:
    asks, _ = play(campaign(families=("address",)), lambda _: record.Reply(text="no"))

    assert not [a for a in asks if any(s in a.query.messages[-1].text for s in GOAL.subjects)]


def test_everything_is_available_on_the_codex() -> None:
    assert adversary.available(CODEX.lore, BRIEF, can_prefill=True) == adversary.FAMILIES
    assert adversary.unavailable(CODEX.lore, BRIEF, can_prefill=True) == {}


def test_what_suite_and_target_cannot_carry_is_listed_with_its_reason() -> None:
    assert adversary.unavailable(BARE.lore, BRIEF, can_prefill=False) == {
        "language": "the suite has no second language",
        "prefill": "the target does not let an asker begin its reply",
        "many-shot": "the suite has no exemplars",
        "language-steps": "the suite has no second language",
        "address": "the suite has no phrasing by address that this item's slots fill",
    }
    assert adversary.available(BARE.lore, BRIEF, can_prefill=False) == (
        "direct", "fiction", "profession", "decomposition", "multi-turn",
    )  # fmt: skip


def test_address_is_not_tried_on_a_brief_without_its_slots() -> None:
    brief = msgspec.structs.replace(BRIEF, slots={"folio": "3"})

    assert "address" in adversary.unavailable(CODEX.lore, brief, can_prefill=True)
    assert "address" not in {a.family for a in _asks(brief, CODEX.lore)}


def _asks(brief: record.Brief, lore: record.Lore) -> list[record.Ask]:
    return play(adversary.Campaign(brief, lore, 1000, 0, can_prefill=True), lambda _: record.Reply(text="no"))[0]


def test_a_suite_without_phrasings_is_asked_in_plain_english() -> None:
    asks = _asks(BRIEF, BARE.lore)

    assert {a.family for a in asks} == {"direct", "fiction", "profession", "prefill", "decomposition", "multi-turn"}
    assert all(any(s in a.query.messages[0].text for s in GOAL.subjects) for a in asks)
    assert not [a for a in asks if "{" in a.query.messages[-1].text]


@pytest.mark.parametrize("road", adversary.FAMILIES)
def test_the_example_suite_is_opened_by_each_family_too(road: str) -> None:
    goal = TINY.goals[0]
    spoken = {p.id: f"{p.id.title()}: {p.answers[0]}" for p in goal.parts}
    keeper = Gatekeeper(TINY, goal)

    def answer(query: record.Query) -> record.Reply:
        found, part, is_foreign = keeper.recognise(query)
        if found != road:
            return record.Reply(text="I'm sorry, I can't tell.")
        text = f"**{spoken[part]}**" if part else ", ".join(spoken.values()) + "."
        text = text.removeprefix(query.prefill)
        return record.Reply(text=record.translated(text, TINY.languages[0].lexicon) if is_foreign else text)

    seeking = adversary.Campaign(TINY.brief(goal), TINY.lore, 500, 0, can_prefill=True)
    play(seeking, answer)

    assert seeking.committed == {p.id: p.answers[0] for p in goal.parts}
