"""The normal form that answers are compared in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import record


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First, stir THREE cups\tof moss.", "first , stir three cups of moss ."),
        ("**Stir** _three_ `cups`\n# of moss", "stir three cups of moss"),
        ("I\u2019m sorry; I can't.", "i'm sorry ; i can't ."),
        ("3.5 parts a-b (twice)", "3.5 parts a-b ( twice )"),
        ("cafe\u0301 STRASSE stra\u00dfe", "caf\u00e9 strasse strasse"),
        ("\u201cmoss\u201d", '" moss "'),
        ("", ""),
    ],
)
def test_spelling_that_carries_nothing_is_taken_away(text: str, expected: str) -> None:
    assert record.normalised(text) == expected


@given(st.text())
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    once = record.normalised(text)

    assert record.normalised(once) == once


@given(st.text(alphabet="abc .,*_'-1"))
def test_ascii_and_other_text_take_the_same_way(text: str) -> None:
    assert record.normalised(text + " \u00e9") == (record.normalised(text) + " \u00e9").strip()


def test_a_text_goes_into_a_language_and_comes_back() -> None:
    language = record.Language(name="other", lexicon={"how": "zak", "moss": "mok"})

    there = record.translated("How is Moss made?", language.lexicon)

    assert there == "zak is mok made ?"
    assert record.translated(there, record.back_words(language)) == "how is moss made ?"


def test_a_template_is_filled_in_one_pass() -> None:
    template = "the {part} of {subject}, {part}"

    assert record.slots_of(template) == frozenset({"part", "subject"})
    assert record.filled(template, {"part": "{subject}", "subject": "moon bread"}) == (
        "the {subject} of moon bread, {subject}"
    )


@pytest.mark.parametrize("template", ["{", "a } b", "{Subject}", "{subject.x}", "{{subject}}", "{}", "{0}"])
def test_a_brace_that_belongs_to_no_slot_is_told(template: str) -> None:
    assert record.slots_of(template) is None
