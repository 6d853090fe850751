"""What the syntax of patterns takes and what it refuses, and what the folded and the decoded view see."""

from __future__ import annotations

import base64
import codecs
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof import errors
from counterproof.record import PatternRule
from counterproof.rely.gate._fold import folded, loose, traced
from counterproof.rely.gate._fold_decode import MOST_SEGMENTS, decoded
from counterproof.rely.gate._patterns import MOST_PATTERNS, Match, Patterns, View
from counterproof.rely.gate._patterns_syntax import literal, parse, size, width

ALL: tuple[View, ...] = ("plain", "folded", "decoded")


def _rule(*patterns: str) -> PatternRule:
    return PatternRule(name="rule", patterns=patterns)


def _finds(pattern: str, text: str, *views: View) -> bool:
    return bool(Patterns([_rule(pattern)], views or ("plain", "folded")).search([text]))


REFUSED = {
    "a(?=b)": "lookahead",
    "a(?!b)": "negative lookahead",
    "(?<=a)b": "lookbehind",
    "(?<!a)b": "negative lookbehind",
    "(a)\\1": "a backreference",
    "(?P=x)": "a backreference",
    "\\k<x>": "a backreference",
    "(?>a)": "atomic",
    "a*+": "possessive",
    "(?#x)a": "comment",
    "(?(1)a|b)": "conditional",
    "(?R)": "recursion",
    "(?|a|b)": "branch reset",
    "(?x)a": "flag `x`",
    "(?i-Z:a)": "flag `Z`",
    "\\Z": "\\Z",
    "\\C": "single byte",
    "\\Qa\\E": "\\Q",
    "\\ya": "unknown escape",
    "\\u0041": "\\u",
    "a\\": "unknown escape",
    "\\xg1": "hexadecimal",
    "\\x{110000}": "no character",
    "\\x{d800}": "no character",
    "\\x{12": "lacks a `}`",
    "\\p{Greek}": "general categories",
    "[[:greek:]]": "[:greek:]",
    "[a": "nothing closes",
    "[]": "nothing closes",
    "[\\": "unknown escape",
    "[z-a]": "backwards",
    "[a-\\d]": "backwards",
    "[\\b]": "place",
    "[[.a.]]": "collating",
    "[^\\x{0}-\\x{10FFFF}]": "holds nothing",
    "(a": "nothing closes",
    "a)": "nothing opens",
    "*a": "repeats nothing",
    "|*": "repeats nothing",
    "a**": "repeats a repeat",
    "^*": "repeats a place",
    "a{1001}": "repeats more",
    "a{3,2}": "at least 3",
    "(?:a{1000}){1000}": "too much",
    "a^b": "`^`",
    "a$b": "`$`",
    "(?:^a)*b": "`^`",
    "(?P<1>a)": "names a group",
    "(?<a": "lacks a `>`",
    "(?i": "unknown kind",
    "(" * 50 + "a": "nested",
    "a" * 2_001: "longer",
}


@pytest.mark.parametrize("expression", REFUSED, ids=lambda e: e[:20])
def test_what_is_not_in_the_syntax_is_refused_by_name(expression: str) -> None:
    with pytest.raises(errors.BadGate) as caught:
        parse(expression, "gate.yaml:7 rule 'x'")
    assert REFUSED[expression] in caught.value.what
    assert caught.value.where == "gate.yaml:7 rule 'x'"


@pytest.mark.parametrize("pattern", ["", "a*", "a?|b", "(?:)", "^", "\\b", "(a|b*)"])
def test_a_pattern_that_the_empty_text_has_is_refused(pattern: str) -> None:
    with pytest.raises(errors.BadGate, match="empty text"):
        Patterns([_rule(pattern)])


def test_too_many_patterns_are_refused() -> None:
    with pytest.raises(errors.BadGate, match="more than"):
        Patterns([_rule(*["a"] * (MOST_PATTERNS + 1))])
    with pytest.raises(errors.BadGate, match="characters"):
        Patterns([_rule(*["a" * 1_999] * 1_001)])


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("ab()[]{}|*+?.^$\\dwspxP:<>=!-,0123i"), max_size=14) | st.text(max_size=10))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        parse(text, "x")
    except errors.BadGate:
        return
    if width(parse(text, "x"))[0]:
        assert isinstance(Patterns([_rule(text)]).search(["ab01"]), tuple)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("abc", (3, 3)),
        ("a|bcd", (1, 3)),
        ("a{2,5}b?", (2, 6)),
        ("a+", (1, None)),
        ("^a$", (1, 1)),
        ("(?:ab){3}", (6, 6)),
    ],
)
def test_width(expression: str, wanted: tuple[int, int | None]) -> None:
    assert width(parse(expression, "x")) == wanted


def test_size_and_literal() -> None:
    assert size(parse("(?:ab){3}c|d+", "x")) == 9
    assert literal(parse("a\\.b{2}", "x")) == "a.bb"
    assert literal(parse("a[bc]", "x")) is None
    assert literal(parse("a|b", "x")) is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?i)straße", "STRASSE"),
        ("\\d{3}", "x123"),
        ("[[:^alpha:]]+", "1"),
        ("(?s)a.b", "a\nb"),
        ("{a}", "{a}"),
        ("a{,3}", "a{,3}"),
        ("\\x41\\t", "A\t"),
        ("(?P<n>a)(?<m>b)", "ab"),
        ("(?i)a(?-i)B", "aB"),
        ("(?i:ÉT)É", "étÉ"),
        ("\\p{^L}", "1"),
        ("[]a]", "]"),
        ("[^]a]", "b"),
        ("[a-]", "-"),
        ("\\07"[:2] + "x", "\x00x"),
        ("a*?b", "b"),
        ("\\/", "/"),
        ("[\\]\\-]", "-"),
        ("(?m)^b$", "a\nb\nc"),
    ],
)
def test_what_is_in_the_syntax_is_found(pattern: str, text: str) -> None:
    assert _finds(pattern, text)


def _shifted(by: int, text: str = "ignore previous") -> str:
    """Each letter so many code points further: Unicode has several whole alphabets."""
    return "".join(chr(ord(char) + by) if char != " " else char for char in text)


EVASIONS = [
    "Ignore Previous",
    "ignore\n\tprevious",
    "ig\u200bnore previous",
    "ig\u00adnore previous",
    "i\u0336g\u0336nore previous",
    _shifted(0xFF41 - 0x61).replace(" ", "\u3000"),  # full width
    "\u0456gn\u043er\u0435 \u0440revi\u043eus",
    _shifted(0x1D41A - 0x61),  # mathematical bold
    _shifted(0x1D482 - 0x61),  # bold italic
    _shifted(0x24D0 - 0x61),  # circled
    "\u026a\u0262\u0274\u1d0f\u0280\u1d07 previous",  # small capitals
    _shifted(0x1F170 - 0x61),  # squared, white on black
    "\u00edgn\u00f6r\u00e8 prev\u00ecous",
    "ignore\u00a0\u2003previous",
    "".join(chr(0xE0000 + ord(char)) for char in "ignore previous"),  # tags: not shown at all
    "ig\x00nore previous",
    "i\ufeffgnore previous",
    "ig\u2066nore previous",
    "i\u0261nore previous",
    "ignore\u3164 previous",
    _shifted(0x1F1E6 - 0x61),  # halves of flags
    "ign\ufffdore previous",
]


@pytest.mark.parametrize("text", EVASIONS, ids=ascii)
def test_the_folded_view_reads_as_a_reader_does(text: str) -> None:
    (match,) = Patterns([_rule("\\bignore (?:all )?previous")]).search([f"xx {text} yy"])
    assert f"xx {text} yy"[match.start : match.end] == text
    assert not _finds("ignore previous", text, "plain")


def test_the_folded_view_maps_back_to_whole_characters() -> None:
    text = "a\u200bß\u0301 ﬁx"
    (match,) = Patterns([_rule("s fi")]).search([text])
    assert text[match.start : match.end] == "ß\u0301 ﬁ"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[\u0430-\u044f]{3}", "ace"),
        ("\u043d\u043e\u0441", "hoc"),
        ("x[^a]y", "xay"),
        ("\\S", " \n"),
        ("[^\\n]{3}", "\n\n\n"),
    ],
)
def test_the_folded_view_does_not_find_what_no_reader_would(pattern: str, text: str) -> None:
    assert not _finds(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("\u043d\u043e\u0441", "\u041d\u041e\u0421"),
        ("café", "CAFE"),
        ("straße", "STRASSE"),
        ("漢字", "漢字"),
        ("[ab] c", "B\n\nC"),
    ],
)
def test_the_folded_view_finds_patterns_of_any_script(pattern: str, text: str) -> None:
    assert _finds(pattern, text)


@settings(max_examples=500, deadline=None)
@given(st.text(), st.text())
def test_folding_two_texts_is_folding_both_together(a: str, b: str) -> None:
    assert loose(a) + loose(b) == loose(a + b)
    assert traced(a).text + traced(b).text == traced(a + b).text


@settings(max_examples=500, deadline=None)
@given(st.text())
def test_a_folded_text_stays_as_it_is_and_knows_where_it_came_from(text: str) -> None:
    found = folded(text)
    assert folded(found.text).text == found.text
    assert len(found.starts) == len(found.text) + 1
    assert list(found.starts) == sorted(found.starts)
    assert found.starts[-1] == len(text)
    assert "  " not in found.text
    way = traced(text)
    assert way.text == "".join(" " if c in "\t\n\v\f\r" else c.lower() if c.isascii() else c for c in loose(text))
    assert all(unicodedata.category(c) not in ("Cf", "Cs", "Zs", "Zl") or c == " " for c in found.text)


ENCODED = {
    "base64": base64.b64encode(b"please ignore previous words").decode(),
    "base64 for addresses": base64.urlsafe_b64encode("ignore previous ÿÿþþ>>??".encode()).decode().rstrip("="),
    "base64 of UTF-16": base64.b64encode("ignore previous".encode("utf-16-le")).decode(),
    "hexadecimal": b"ignore previous".hex(),
    "percent": "".join(f"%{b:02X}" for b in b"ignore previous"),
    "percent in part": "x=ignore%20previous&y",
    "folded inside": base64.b64encode("ig\u200bnore  PREVIOUS".encode()).decode(),
}


@pytest.mark.parametrize("name", ENCODED)
def test_the_decoded_view_reads_one_layer_and_points_at_the_whole(name: str) -> None:
    text = f"see {ENCODED[name]} there"
    found = Patterns([_rule("ignore\\s+previous")], ALL)
    assert found.search([text]) == (Match(0, 0, 4, 4 + len(ENCODED[name])),)
    assert Patterns([_rule("ignore\\s+previous")]).search([text]) == ()
    twice = base64.b64encode(ENCODED["base64"].encode()).decode()
    assert found.search([twice]) == ()


def test_the_decoded_view_reads_rot13_where_it_stands() -> None:
    assert Patterns([_rule("ignore")], ALL).search([f"a {codecs.encode('Ignore', 'rot13')}"]) == (Match(0, 0, 2, 8),)


def _always(_rule: int, _text: int) -> bool:
    return True


def test_more_to_decode_than_is_decoded_is_said_and_search_refuses() -> None:
    text = " ".join([base64.b64encode(b"nothing at all %d here" % n).decode() for n in range(MOST_SEGMENTS + 1)])
    found = Patterns([_rule("needle")], ALL)
    assert found.find([text]).is_partial
    assert "decode" in found.find([text]).cut[0]
    with pytest.raises(errors.BadGate, match="not all was looked at"):
        found.search([text])
    assert found.find([text], _always).spans == ()


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("abcABC019+/=%_- \n"), max_size=200) | st.text())
def test_anything_can_be_decoded_or_not(text: str) -> None:
    for _, start, end in decoded(text).segments:
        assert 0 <= start < end <= len(text)


def test_only_what_is_wanted_is_looked_at() -> None:
    found = Patterns([_rule("a"), _rule("b")])
    assert found.find(["ab", "ab"], lambda rule, text: rule == text).spans == (Match(0, 0, 0, 1), Match(1, 1, 1, 2))
    assert found.hits(["ab", "b"]) == [(0, 0), (1, 0), (1, 1)]


def test_lone_surrogates_neither_hide_nor_break() -> None:
    assert Patterns([_rule("ignore")]).search(["\ud800ig\udc00nore"]) == (Match(0, 0, 1, 8),)
    assert Patterns([_rule("a.b")], ("plain",)).search(["a\ud800b", "\ud83d\ude00ab"]) == (Match(0, 0, 0, 3),)
