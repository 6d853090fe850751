"""What stays is exactly what a match could still begin in, and what leaves never holds a character of a match."""

import itertools
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from counterproof.errors import BadGate
from counterproof.record import PatternRule
from counterproof.rely import gate
from counterproof.rely.gate._patterns import Patterns
from counterproof.rely.gate._patterns_syntax import parse, width

LETTERS = "abé "
ATOMS = ["a", "b", "é", "[ab]", "[^a]", ".", "\\s", " ", "(?i:A)"]


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: f"(?:{'|'.join(items)})"),
        st.tuples(inner, st.sampled_from(["?", "{1,2}", "{2}", "{0,2}", "{1,3}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS), _grow, max_leaves=5)
AROUND = ["{}", "\\b{}", "{}\\b", "^{}", "{}$"]
TEXTS = st.text(alphabet=LETTERS, max_size=9)


def _plan(*patterns: str, action: str = "reject", views: tuple[str, ...] = ("plain",)) -> gate.HoldbackPlan:
    rule = PatternRule(name="rule", patterns=patterns, action=action, replacement="_")  # type: ignore[arg-type] # drawn
    return gate.HoldbackPlan([rule], views)  # type: ignore[arg-type] # drawn


def _usable(pattern: str, longest: int = 5) -> None:
    least, most = width(parse(pattern, "test"))
    assume(least > 0 and most is not None and most <= longest)


def _beginnings(pattern: str, longest: int) -> set[str]:
    words = ("".join(word) for size in range(1, longest + 1) for word in itertools.product(LETTERS, repeat=size))
    matching = [word for word in words if re.fullmatch(pattern, word, re.ASCII)]
    return {word[:end] for word in matching for end in range(1, len(word) + 1)}


def _matches(pattern: str, text: str) -> list[tuple[int, int]]:
    """Every match anywhere, the conditions on places judged in the whole text."""
    size = len(text)
    return [
        (start, end)
        for start in range(size)
        for end in range(start + 1, size + 1)
        if re.fullmatch(f"(?s:.{{{start}}})(?:{pattern})(?s:.{{{size - end}}})", text, re.ASCII)
    ]


def _cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def _told(plan: gate.HoldbackPlan, parts: list[str]) -> list[gate.Release]:
    hold = plan.open()
    return [release for part in parts for release in hold.feed(part)] + list(hold.finish())


@settings(max_examples=250, deadline=None)
@given(PATTERNS, TEXTS)
def test_stays_exactly_what_more_text_could_complete(pattern: str, text: str) -> None:
    _usable(pattern, 4)
    beginnings = _beginnings(pattern, 4)
    expected = next((at for at in range(len(text)) if text[at:] in beginnings), len(text))
    assert _plan(pattern).opens_at(text) == expected


@settings(max_examples=400, deadline=None)
@given(
    PATTERNS, TEXTS, st.lists(st.integers(0, 9), max_size=6), st.sampled_from(["{}", "\\b{}", "{}\\b", "^{}", "{}$"])
)
def test_a_blocked_text_leaves_up_to_its_first_match(pattern: str, text: str, places: list[int], around: str) -> None:
    _usable(pattern, 8)
    whole = around.format(f"(?:{pattern})")
    # In Python `$` also matches before a last line feed, which is not drawn.
    found = _matches(whole, text)
    releases = _told(_plan(whole), _cut(text, places))
    left = "".join(release.text for release in itertools.takewhile(lambda release: not release.asks, releases))
    assert left == (text[: min(found)[0]] if found else text)
    assert any(release.asks for release in releases) == bool(found)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, TEXTS, st.lists(st.integers(0, 9), max_size=6))
def test_what_was_asked_and_allowed_leaves_in_full(pattern: str, text: str, places: list[int]) -> None:
    _usable(pattern, 8)
    assert "".join(release.text for release in _told(_plan(pattern), _cut(text, places))) == text


@settings(max_examples=400, deadline=None)
@given(PATTERNS, TEXTS, st.lists(st.integers(0, 9), max_size=6))
def test_modified_text_does_not_depend_on_how_it_was_cut(pattern: str, text: str, places: list[int]) -> None:
    _usable(pattern, 8)
    expected, reach = "", 0
    for start in range(len(text)):
        end = max((end for begin, end in _matches(pattern, text) if begin == start), default=0)
        if end > reach:
            expected += "" if start < reach else "_"
            reach = end
        elif start >= reach:
            expected += text[start]
    assert "".join(release.text for release in _told(_plan(pattern, action="modify"), _cut(text, places))) == expected


WORDS = ["tango", "mike", "go", "kilo  lima", "omega", "on"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*WORDS, "tan", "ki", "m", " ", "\n", "é"]), max_size=12),
    st.lists(st.integers(0, 80), max_size=20),
)
def test_modify_is_what_a_substitution_would_have_made(words: list[str], places: list[int]) -> None:
    text = " ".join(words)
    plan = _plan("(?i)tango", "kilo\\s{1,3}lima", "\\bon\\b", action="modify")
    expected = re.sub("(?i:tango)|kilo\\s{1,3}lima|\\bon\\b", "_", text, flags=re.ASCII)
    assert "".join(release.text for release in _told(plan, _cut(text, places))) == expected


HIDDEN = {"s": "sS\u017f\U0001d42c", "e": "eEé\u0435", "t": "tT\uff34", "k": "k\u212a", "y": "yY\u00fd"}
FOLDED_PIECES = [*(letter for letters in HIDDEN.values() for letter in letters), "\u200b", "\u00ad", " ", "\u00a0", "x"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FOLDED_PIECES), max_size=24).map("".join), st.lists(st.integers(0, 24), max_size=10))
def test_a_disguised_match_blocks_the_original_characters(text: str, places: list[int]) -> None:
    back = {letter: plain for plain, letters in HIDDEN.items() for letter in letters} | {"\u00a0": " "}
    seen = [(at, back.get(char, char)) for at, char in enumerate(text) if char not in "\u200b\u00ad"]
    found = re.search("set|ke\\s{1,3}y", "".join(char for _, char in seen))
    plan = _plan("set", "ke\\s{1,3}y", views=("plain", "folded"))
    releases = _told(plan, _cut(text, places))
    left = "".join(release.text for release in itertools.takewhile(lambda release: not release.asks, releases))
    if found is None:
        assert left == text or re.search("ke\\s{4,}y", "".join(char for _, char in seen))
    else:
        assert len(left) <= seen[found.start()][0]
        assert text.startswith(left)


def test_what_is_held_does_not_grow_with_what_nobody_sees() -> None:
    hold = _plan("set", views=("plain", "folded")).open()
    releases = [release for part in ["s", *["\u200b" * 1_000] * 10] for release in hold.feed(part)]
    assert [release.asks for release in releases].count(True) == 1
    assert "must be held" in next(release.problem for release in releases if release.asks)


def test_a_rule_that_holds_the_reply_lets_nothing_out_before_its_end() -> None:
    rule = PatternRule(name="rule", patterns=("a[^b]*b",), holds_reply=True)
    hold = gate.HoldbackPlan([rule]).open()
    assert [*hold.feed("x" * 5_000), *hold.feed("a and more")] == []
    assert [release.text for release in hold.finish()] == ["x" * 5_000 + "a and more"]


def test_rules_that_only_note_hold_nothing_back() -> None:
    rules = [PatternRule(name=action, patterns=("abc.*",), action=action) for action in ("signal", "allow")]
    rules += [
        PatternRule(name="asker", patterns=("abc.*",), roles=("user",)),
        PatternRule(name="in", patterns=("a*",), on=("call",)),
    ]
    assert [release.text for release in gate.HoldbackPlan(rules).open().feed("ab")] == ["ab"]


def test_hits_are_told_with_their_rule_and_place() -> None:
    rules = [
        PatternRule(name="first", patterns=("one",), action="modify", replacement="1"),
        PatternRule(name="second", patterns=("two",)),
    ]
    releases = _told(gate.HoldbackPlan(rules), ["say o", "ne and tw", "o."])
    assert [(hit.rule, hit.start, hit.end) for release in releases for hit in release.hits] == [(0, 4, 7), (1, 12, 15)]
    assert "".join(release.text for release in releases) == "say 1 and two."
    assert [release.seen for release in releases if release.asks] == [" two."]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a+", "no longest match"),
        ("a{2}b*", "no longest match"),
        ("(ab){600}", "1200 characters"),
        ("a?", "empty text"),
    ],
)
def test_a_pattern_that_cannot_be_held_back_names_its_rule(pattern: str, said: str) -> None:
    with pytest.raises(BadGate, match=said) as refused:
        _plan(pattern)
    assert refused.value.where == "rule"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["to", "ml", "\u200b", " ", "a", "é", "\u0301", "T", "o", "m"]), max_size=12).map("".join)
)
def test_what_is_asked_about_is_found_again_by_whoever_is_asked(text: str) -> None:
    rules = [PatternRule(name="rule", patterns=("\\btom\\b", "to\\B", "ml\\b", "^a"))]
    plan, patterns = gate.HoldbackPlan(rules), Patterns(rules)
    releases = _told(plan, list(text))
    for release in releases:
        assert not release.asks or patterns.search([release.seen]), release
    assert any(release.asks for release in releases) == bool(patterns.search([text]))
