"""Long events: nothing of one is left out without being said."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from counterproof.record import Answer, Event, Piece, PieceRole
from counterproof.rely import judge
from tests.rely.judge.safety_server import Act, Asked, marble_rule, message, safety_server, saying

SMALL = judge.Limits(window_chars=200, overlap_chars=40, windows=4, fragment_chars=100, fragments=2)


def ask(act: Act, event: Event, limits: judge.Limits = SMALL, **rule: object) -> tuple[Answer, list[Asked]]:
    async def run() -> tuple[Answer, list[Asked]]:
        async with safety_server(act) as server:
            one = judge.Judge({"m": server.model()}, limits)
            answer = await one.ask(marble_rule(**rule), event, ())
            await one.close()
            return answer, server.asked

    return asyncio.run(run())


def finds_the_vault(asked: Asked) -> str:
    return '{"label": "VAULT"}' if "marble vault" in asked.user else '{"label": "FINE"}'


def test_the_gravest_label_of_all_parts_is_the_answer() -> None:
    for before in (0, 100, 190, 250, 400):
        answer, asked = ask(saying(finds_the_vault), message("x" * before + " marble vault " + "y" * (450 - before)))
        assert (answer.status, answer.label) == ("answered", "VAULT")
        assert len(asked) == 3


def test_an_event_of_too_many_parts_is_not_judged_and_nothing_goes_out() -> None:
    answer, asked = ask(saying("FINE"), message("x" * 2_000))

    assert (answer.status, answer.label, asked) == ("shed", "", [])
    assert judge.prompts(marble_rule(), message(*["x"] * 100), (), SMALL) == ()


def test_an_event_of_a_million_texts_is_not_judged() -> None:
    limits = judge.Limits()

    assert judge.prompts(marble_rule(), message(*[Piece("")] * 1_000_000), (), limits) == ()
    assert judge.prompts(marble_rule(), message(Piece("", where="x" * 1_000_000)), (), limits) == ()
    assert judge.prompts(marble_rule(), message("", "", tool="x" * 1_000_000), (), limits) == ()


def test_a_part_that_fails_makes_the_answer_fail() -> None:
    def act(asked: Asked) -> str:
        return "no label" if "part 2" in asked.user else '{"label": "FINE"}'

    answer, _ = ask(saying(act), message("x" * 450))

    assert (answer.status, answer.label) == ("malformed", "")


def test_a_label_as_grave_as_a_failure_stands_beside_a_failed_part() -> None:
    def act(asked: Asked) -> str:
        return "no label" if "part 2" in asked.user else '{"label": "VAULT"}'

    assert ask(saying(act), message("x" * 450))[0].label == "VAULT"
    assert ask(saying(act), message("x" * 450), on_failure="terminate")[0].status == "malformed"


ROLES: tuple[PieceRole, ...] = ("user", "assistant", "tool", "system", "unknown")
_WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=300)


@given(st.lists(st.tuples(_WORDS, st.sampled_from(ROLES)), max_size=6))
def test_every_stretch_of_every_text_stands_in_one_part(said: list[tuple[str, PieceRole]]) -> None:
    """What is at most as long as the overlap is never cut through."""
    limits = judge.Limits(window_chars=200, overlap_chars=40, windows=1_000)
    made = judge.prompts(marble_rule(), message(*(Piece(*each) for each in said)), (), limits)
    shown = [prompt.user for prompt in made]

    for text, _ in said:
        for start in range(max(1, len(text) - 40)):
            assert any(text[start : start + 40] in user for user in shown)


def test_what_is_left_out_of_a_fragment_is_said() -> None:
    (made,) = judge.prompts(marble_rule(), message("a"), ["b" * 500, "short", "never shown"], SMALL)

    assert "[... 400 characters left out ...]" in made.user
    assert "short" in made.user
    assert "never shown" not in made.user


def test_what_could_not_be_read_is_said() -> None:
    (made,) = judge.prompts(marble_rule(), message("a", unscanned=("image: not read",)), (), SMALL)

    assert "1 parts of it could not be read" in made.user
    assert "image" not in made.user


def test_an_event_of_no_text_is_still_asked_about() -> None:
    answer, asked = ask(saying("FINE"), message())

    assert answer.status == "answered"
    assert len(asked) == 1


def test_half_a_surrogate_pair_goes_out_replaced() -> None:
    answer, asked = ask(saying("FINE"), message("a\ud800b"))

    assert answer.status == "answered"
    assert "a?b" in asked[0].user
