"""Both engines find what the syntax says: held against each other, and against trying every way (which is slow)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import errors
from counterproof.record import PatternRule
from counterproof.rely.gate import _patterns_engine
from counterproof.rely.gate._patterns import Match, Patterns, View
from counterproof.rely.gate._patterns_engine import MOST_MATCHES, Expression, Hyperscan, Literal, Re2, engine
from counterproof.rely.gate._patterns_syntax import Chars, Edge, Either, Join, Node, Repeat, parse, width

ENGINES = ("hyperscan", "re2")

_LETTERS = "abkA .\n-é0\x1e"
_ATOMS = st.sampled_from([
    "a", "b", "k", "A", "é", "0", "\\.", "-", " ", ".", "\\d", "\\w", "\\W", "\\s", "\\S", "[ab]", "[^a]",
    "[^é\\s]", "[a-c0]", "\\x{e9}", "(?i:k)", "(?i:[^b])", "(?s:.)", "\\b", "\\B", "[[:alpha:]]", "\\pL",
    "\\PL", "\\x1e", "ab", "(?i:É)",
])  # fmt: skip


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join).map(lambda s: f"(?:{s})"),
        st.tuples(inner.filter(lambda s: s not in ("\\b", "\\B")), many).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


EXPRESSIONS = st.tuples(
    st.sampled_from(["", "", "", "^", "(?m)^", "\\A", "(?i)"]),
    st.recursive(_ATOMS, _grown, max_leaves=6),
    st.sampled_from(["", "", "", "$", "(?m:$)", "\\z"]),
).map("".join)
TEXTS = st.lists(st.text(st.sampled_from(_LETTERS), max_size=12), max_size=3)


def _rule(*patterns: str, name: str = "rule") -> PatternRule:
    return PatternRule(name=name, patterns=patterns)


def _patterns_or_none(expression: str, views: tuple[View, ...], engine_name: str) -> Patterns | None:
    try:
        return Patterns([_rule(expression)], views, engine=engine_name)
    except errors.BadGate:
        return None


def _ends(node: Node, text: str, at: int) -> set[int]:
    """Every end of a match that begins at `at`."""
    match node:
        case Chars(ranges):
            is_in = at < len(text) and any(low <= ord(text[at]) <= high for low, high in ranges)
            return {at + 1} if is_in else set()
        case Join(parts):
            places = {at}
            for part in parts:
                places = {end for place in places for end in _ends(part, text, place)}
            return places
        case Either(parts):
            return {end for part in parts for end in _ends(part, text, at)}
        case Repeat(part, least, most):
            places, seen = {at}, {at} if least == 0 else set[int]()
            for turn in range(1, (most or least + len(text) + 1) + 1):
                places = {end for place in places for end in _ends(part, text, place)}
                if turn >= least:
                    if places <= seen:
                        break
                    seen |= places
            return seen
        case Edge(kind):
            return {at} if _stands(kind, text, at) else set()


def _stands(kind: str, text: str, at: int) -> bool:
    before, after = text[:at][-1:], text[at : at + 1]
    word = [bool(c) and c.isascii() and (c.isalnum() or c == "_") for c in (before, after)]
    return {
        "start": at == 0, "end": at == len(text), "line start": before in ("", "\n"), "line end": after in ("", "\n"),
        "word": word[0] != word[1], "no word": word[0] == word[1],
    }[kind]  # fmt: skip


def _every_way(expression: str, texts: list[str]) -> tuple[Match, ...]:
    out: list[Match] = []
    for number, text in enumerate(texts):
        text = text.replace("\x1e", "\x1f")  # noqa: PLW2901 - one stands for the other, in patterns too
        node = _instead(parse(expression, "x"))
        spans = sorted((at, end) for at in range(len(text)) for end in _ends(node, text, at))
        for start, end in spans:
            if out and out[-1].text == number and start < out[-1].end:
                out[-1] = out[-1]._replace(end=max(end, out[-1].end))
            else:
                out.append(Match(0, number, start, end))
    return tuple(out)


def _instead(node: Node) -> Node:
    match node:
        case Chars(ranges):
            has = any(low <= 0x1E <= high for low, high in ranges)
            return Chars((*ranges, (0x1F, 0x1F))) if has else node
        case Join(parts):
            return Join(tuple(map(_instead, parts)))
        case Either(parts):
            return Either(tuple(map(_instead, parts)))
        case Repeat(part, least, most):
            return Repeat(_instead(part), least, most)
        case Edge():
            return node


@settings(max_examples=250, deadline=None)
@given(EXPRESSIONS, TEXTS)
def test_both_engines_find_what_trying_every_way_finds(expression: str, texts: list[str]) -> None:
    found = [_patterns_or_none(expression, ("plain",), name) for name in ENGINES]
    if found[0] is None or found[1] is None:
        assert found == [None, None], expression
        return
    wanted = _every_way(expression, texts)
    assert [each.search(texts) for each in found if each] == [wanted, wanted], expression


@settings(max_examples=60, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), st.lists(st.text(max_size=12), max_size=3))
def test_engines_agree_on_any_text_in_every_view(expressions: list[str], texts: list[str]) -> None:
    taken = [e for e in expressions if _patterns_or_none(e, ("plain", "folded"), "re2")]
    rules = [_rule(each, name=str(at)) for at, each in enumerate(taken)]
    answers = [Patterns(rules, ("plain", "folded", "decoded"), engine=name).search(texts) for name in ENGINES]
    assert answers[0] == answers[1], taken


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, TEXTS)
def test_the_folded_view_finds_all_that_the_plain_one_finds(expression: str, texts: list[str]) -> None:
    plain = _patterns_or_none(expression, ("plain",), "re2")
    if plain is None:
        return
    both = Patterns([_rule(expression)], engine="re2")
    assert set(plain.hits(texts)) <= set(both.hits(texts))


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, st.text(st.sampled_from(_LETTERS), max_size=10))
def test_a_match_is_never_wider_than_its_width(expression: str, text: str) -> None:
    if _patterns_or_none(expression, ("plain",), "re2") is None:
        return
    node = _instead(parse(expression, "x"))
    least, most = width(node)
    lengths = {end - at for at in range(len(text)) for end in _ends(node, text.replace("\x1e", "\x1f"), at)}
    assert all(least <= length and (most is None or length <= most) for length in lengths)


@pytest.mark.parametrize("name", ENGINES)
def test_no_match_crosses_from_one_text_into_the_next(name: str) -> None:
    found = Patterns([_rule("a.{0,3}b", "(?s)a.b", "a\\sb", "a[^x]b")], engine=name)
    assert found.search(["a", "b"]) == ()
    assert found.search(["a\x1e", "b", "a\x1eb"]) == (Match(0, 2, 0, 3),)


@pytest.mark.parametrize("name", ENGINES)
def test_edges_are_those_of_a_text_not_of_all(name: str) -> None:
    found = Patterns([_rule("^one", "two$", "(?m)^three$")], engine=name)
    texts = ["x", "one x two", "three", "x\nthree\nx", "x one", "two x"]
    assert found.search(texts) == (Match(0, 1, 0, 3), Match(0, 1, 6, 9), Match(0, 2, 0, 5), Match(0, 3, 2, 7))


@pytest.mark.parametrize("name", ENGINES)
def test_a_pattern_found_very_often_costs_a_bounded_amount_and_is_said_so(name: str) -> None:
    found = Patterns([_rule("a", "b.*")], engine=name).find(["a" * 200_000, "b" * 50_000])
    assert found.cut == ("rule: found too often",)
    assert not found.is_partial
    assert found.spans[-1] == Match(0, 1, 0, 50_000)
    first = [match for match in found.spans if match.text == 0]
    assert (first[0].start, first[-1].end) == (0, 200_000)
    assert len(first) <= MOST_MATCHES


@pytest.mark.parametrize("name", ENGINES)
def test_many_rules_that_all_match_are_all_found(name: str) -> None:
    rules = [_rule(f"a{{{1 + at % 5}}}", name=str(at)) for at in range(300)]
    assert len(Patterns(rules, engine=name).hits(["a" * 50])) == 300


@pytest.mark.parametrize("name", ENGINES)
def test_several_threads_search_at_once(name: str) -> None:
    found = Patterns([_rule("needle", "n.{1,40}e")], engine=name)
    text = "hay " * 5_000 + "needle"
    answers: list[object] = []

    def search() -> None:
        answers.extend(found.search([text]) for _ in range(20))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(Match(0, 0, 20_000, 20_006),)] * 80


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("name", ENGINES)
def test_a_child_process_searches_with_what_its_parent_compiled(name: str) -> None:
    found = Patterns([_rule("needle")], engine=name)
    assert found.search(["needle"])
    child = os.fork()
    if child == 0:
        os._exit(0 if found.search(["a needle"]) == (Match(0, 0, 2, 8),) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_goes_wrong_in_an_engine_is_never_nothing_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[int]:
        raise RuntimeError("boom")

    for kind in (Hyperscan, Re2, Literal):
        monkeypatch.setattr(kind, "which", broken)
    with pytest.raises(errors.BadGate, match="boom"):
        Patterns([_rule("a")]).find(["b"])


class _GaveUp:
    """A set that ran out of memory: RE2 then answers as if nothing were found."""

    def __init__(self, *_: object) -> None: ...

    @staticmethod
    def Match(_: bytes) -> list[int]:  # noqa: N802 - the library's name
        return []


def test_re2_out_of_memory_is_never_nothing_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Re2, "_joined", _GaveUp)
    with pytest.raises(errors.BadGate, match="out of memory"):
        Patterns([_rule("a")], engine="re2").search(["b"])


def test_patterns_that_re2_has_no_room_for_are_refused_when_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patterns_engine, "RE2_MEMORY_BYTES", 40_000)
    with pytest.raises(errors.BadGate, match="too large for RE2"):
        Patterns([_rule(f"[a-m]{{1,30}}z{at}", name=str(at)) for at in range(60)], engine="re2")


def test_what_hyperscan_finds_too_large_is_left_to_re2() -> None:
    rules = [_rule("\\pL{3,40}\\PL", name="letters"), _rule("abc", name="abc")]
    both = [Patterns(rules, engine=name) for name in ENGINES]
    texts = ["абв.", "ab.", "abc"]
    assert [each.search(texts) for each in both] == [(Match(0, 0, 0, 4), Match(1, 2, 0, 3))] * 2


def _without_engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    monkeypatch.setitem(sys.modules, "re2", None)
    yield


def test_literal_texts_need_no_engine_and_are_found_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [_rule("needle", "a  b\\.c", name="one"), _rule("café", name="two")]
    texts = ["NEEDLE a\n b.c", "needl\u200be", "CAFE\u0301", "aneedleneedle", "a b-c"]
    with_engine = Patterns(rules, engine="re2").search(texts)
    for _ in _without_engines(monkeypatch):
        without = Patterns(rules)
        assert without.search(texts) == with_engine
        assert isinstance(engine([Expression("x", "x", "x", reads_folded=False)]), Literal)
    plain = [Patterns(rules, ("plain",), engine=name).search(texts) for name in ("re2", "literal")]
    assert plain[0] == plain[1]


def test_a_literal_found_very_often_is_cut_too() -> None:
    found = Patterns([_rule("a")], engine="literal").find(["a" * 10_000])
    assert found.cut
    assert found.spans[-1].end == 10_000


def test_without_an_engine_a_pattern_is_refused_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in _without_engines(monkeypatch):
        with pytest.raises(errors.MissingExtra, match=r"counterproof\[gate\]"):
            Patterns([_rule("a+")])
