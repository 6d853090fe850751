"""What streams refuse before one begins: rules that cannot be held back, shapes that are not streamed."""

import sys

import pytest

from counterproof.errors import BadGate, BadOption, MissingExtra
from counterproof.record import PatternRule
from counterproof.rely import gate


def refused(*patterns: str) -> BadGate:
    with pytest.raises(BadGate) as found:
        gate.HoldbackPlan([PatternRule(name="the rule", patterns=patterns)])
    return found.value


def test_a_pattern_without_a_longest_match() -> None:
    assert str(refused("fine", "a[^b]*b")) == (
        "the rule: the pattern 'a[^b]*b' has no longest match, and a streamed reply can be held back by at most 1024; "
        "bound its repetitions ({0,40} for *), or set holds_reply so that replies are held whole"
    )


def test_a_pattern_whose_longest_match_is_too_long() -> None:
    assert "can match 1025 characters" in str(refused("a{1000}b{25}"))


def test_a_pattern_that_matches_the_empty_text() -> None:
    assert "matches the empty text" in str(refused("(a|b)?"))


def test_a_pattern_in_no_known_syntax() -> None:
    assert refused("a(?=b)").where == "the rule"


def test_a_shape_that_is_not_streamed() -> None:
    with pytest.raises(BadOption, match=r"openai\.chat\.request.*not streamed; one of"):
        gate.Stream("openai.chat.request", gate.HoldbackPlan([]))
    assert not gate.is_streamed("openai.chat.request")


def test_without_re2_no_rule_can_be_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(MissingExtra, match="google-re2"):
        gate.HoldbackPlan([PatternRule(name="the rule", patterns=("a",))])
