"""What was searched once is not searched again, and whoever says it is told the same."""

import pytest

from counterproof.record import PatternRule
from counterproof.rely.gate import Patterns, _patterns


def made() -> Patterns:
    return Patterns([PatternRule(name="a", patterns=("alpha beta",))])


def test_the_second_time_says_the_same_as_the_first() -> None:
    patterns = made()
    texts = ["nothing", "an alpha  BETA", "nothing else", "Alpha beta again", "nothing"]
    first = patterns.find(texts)
    assert [(m.text, m.start, m.end) for m in first.spans] == [(1, 3, 14), (3, 0, 10)]
    assert patterns.find(texts) == first == made().find(texts)
    assert patterns.find(["nothing", "nothing else"]).spans == ()


def test_who_is_wanted_is_asked_of_the_right_text() -> None:
    patterns = made()
    texts = ["nothing", "nothing else", "alpha beta", "alpha beta"]
    patterns.find(texts[:2])
    asked: list[tuple[int, int]] = []

    def wanted(rule: int, text: int) -> bool:
        asked.append((rule, text))
        return text == 3

    assert [match.text for match in patterns.find(texts, wanted).spans] == [3]
    assert asked == [(0, 2), (0, 3)]


def test_what_nobody_wanted_is_not_taken_for_empty() -> None:
    patterns = made()
    assert patterns.find(["alpha beta"], lambda _rule, _text: False).spans == ()
    assert len(patterns.find(["alpha beta"]).spans) == 1


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patterns, "MOST_KNOWN_CHARS", 1_000)
    patterns = made()
    for number in range(500):
        assert not patterns.find([f"nothing {number}"]).spans
        assert sum(map(len, patterns._empty)) <= 1_000  # pyright: ignore[reportPrivateUsage] - what is bounded
    assert patterns.find(["alpha beta"]).spans
