"""The normal form of text: stable, blind to case and to spacing, and the one in which words are replaced."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record

words = st.text(string.ascii_lowercase, min_size=1, max_size=8)
sentences = st.lists(words, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stir three cups of Moss.", "stir three cups of moss ."),
        ("  stir\tthree \n cups ", "stir three cups"),
        ("**Stir** `three` _cups_", "stir three cups"),
        ("I can't do 3.5 of that!", "i can't do 3.5 of that !"),
        ("\u201cno\u201d, it\u2019s \u2018so\u2019", "\" no \" , it's ' so '"),
        ("STRASSE stra\u00dfe", "strasse strasse"),
        ("cafe\u0301", "caf\u00e9"),
        ("", ""),
    ],
)
def test_the_normal_form_is_the_one_written_down(text: str, expected: str) -> None:
    assert record.normalised(text) == expected


@given(st.text())
def test_the_normal_form_is_stable(text: str) -> None:
    once = record.normalised(text)

    assert record.normalised(once) == once


@given(st.text())
def test_the_normal_form_has_single_spaces_and_no_ends(text: str) -> None:
    once = record.normalised(text)

    assert once == " ".join(once.split())


@given(sentences)
def test_plain_words_are_their_own_normal_form(text: str) -> None:
    assert record.normalised(text) == text
    assert record.normalised(text.upper()) == text


@given(st.dictionaries(words, words, max_size=6), sentences)
def test_words_are_replaced_one_by_one(lexicon: dict[str, str], text: str) -> None:
    assert record.translated(text, lexicon).split() == [lexicon.get(w, w) for w in text.split()]


@given(st.sets(words, min_size=1, max_size=6), sentences)
def test_a_language_can_be_read_back(known: set[str], text: str) -> None:
    language = record.Language(name="k", lexicon={w: f"{w}zzzzzzzzz" for w in known})

    there = record.translated(text, language.lexicon)

    assert record.translated(there, record.back_words(language)) == text


@pytest.mark.parametrize(
    ("template", "slots"),
    [
        ("how do i make {subject} ?", {"subject"}),
        ("{part} of {folio} {page}", {"part", "folio", "page"}),
        ("nothing to fill", set[str]()),
        ("a {broken slot", None),
        ("a broken} slot", None),
        ("an {Upper} slot", None),
        ("{}", None),
        ("{{part}}", None),
    ],
)
def test_slots_are_found_or_the_template_is_refused(template: str, slots: set[str] | None) -> None:
    assert record.slots_of(template) == slots


@given(st.dictionaries(words, st.text(), min_size=1, max_size=4))
def test_what_fills_a_slot_stays_text(values: dict[str, str]) -> None:
    template = " | ".join(f"{{{name}}}" for name in values)

    assert record.filled(template, values) == " | ".join(values.values())


def test_a_slot_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError, match="page"):
        record.filled("{page}", {"part": "first"})
