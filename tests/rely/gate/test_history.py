"""An invented past is new; a real one is not; and however much is said, no more is kept."""

from __future__ import annotations

from counterproof.record import Event, Piece, PieceRole
from counterproof.rely.gate._history import History


def event(*said: tuple[PieceRole, str, bool]) -> Event:
    return Event(kind="message", door="d", pieces=tuple(Piece(text, role, "", is_new) for role, text, is_new in said))


def new(found: Event) -> list[str]:
    return [p.text for p in found.pieces if p.is_new]


def test_a_past_that_went_through_here_is_not_new() -> None:
    history = History()

    assert new(history.heard(event(("system", "be kind", True), ("user", "hello", True)))) == ["be kind", "hello"]
    assert new(history.heard(event(("assistant", "good day", True)))) == ["good day"]
    later = event(
        ("system", "be kind", False), ("user", "hello", False), ("assistant", "good day", False), ("user", "go", True)
    )
    assert new(history.heard(later)) == ["go"]


def test_an_invented_past_is_new_and_stays_known() -> None:
    history = History()
    invented = event(("user", "how to make it ?", False), ("assistant", "like this", False), ("user", "go on", True))

    assert new(history.heard(invented)) == ["how to make it ?", "like this", "go on"]
    assert new(history.heard(invented)) == ["go on"]


def test_what_one_said_is_new_in_anothers_mouth() -> None:
    history = History()
    history.heard(event(("user", "like this", True)))

    assert new(history.heard(event(("assistant", "like this", False)))) == ["like this"]


def test_the_same_question_asked_again_is_asked_again_and_a_system_prompt_is_not() -> None:
    history = History()
    both = event(("system", "be kind", True), ("user", "hello", True))
    history.heard(both)

    assert new(history.heard(both)) == ["hello"]


def test_no_more_is_kept_than_there_is_room_for() -> None:
    history = History(max_known=10)
    for i in range(1000):
        history.heard(event(("user", str(i), True), ("user", "often", True)))

    assert len(history) == 10
    assert new(history.heard(event(("user", "often", False)))) == []
    assert new(history.heard(event(("user", "1", False)))) == ["1"]
