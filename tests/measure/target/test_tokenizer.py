"""The tokenizer against the reference's stored ids, and against what must hold for any text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.measure import target

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/organisms/tokenizer.json").read_text("utf-8"))
STORED = [(cast("str", c["text"]), cast("list[int]", c["ids"])) for c in VECTORS["cases"]]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def opened() -> target.Tokenizer:
    entry = target.manifest().tokenizer
    return target.Tokenizer(
        (target.FOLDER / entry.file).read_bytes(), (target.FOLDER / entry.characters_file).read_bytes()
    )


TOKENIZER = opened()


def test_vectors_were_made_from_the_shipped_tokenizer() -> None:
    assert VECTORS["sha256"] == target.manifest().tokenizer.sha256
    assert len(STORED) > 300


@pytest.mark.parametrize(("text", "ids"), STORED, ids=[ascii(t) for t, _ in STORED])
def test_ids_are_the_reference_s(text: str, ids: list[int]) -> None:
    assert TOKENIZER.encode(text) == ids


@given(st.lists(st.sampled_from(STORED), min_size=1, max_size=6))
def test_stretches_between_special_tokens_do_not_touch(cases: list[tuple[str, list[int]]]) -> None:
    joined = "<|pad|>".join(text for text, _ in cases)
    separator = [TOKENIZER.specials["<|pad|>"]]

    expected = cases[0][1] + [i for _, ids in cases[1:] for i in separator + ids]

    assert TOKENIZER.encode(joined) == expected


@given(ANY_TEXT)
def test_text_comes_back_with_its_prefix_space(text: str) -> None:
    text = text.replace("<|", "<")  # special tokens say nothing

    expected = text if not text or text[0] == " " else " " + text

    assert TOKENIZER.decode(TOKENIZER.encode(text)) == expected


@given(ANY_TEXT)
def test_memory_of_words_changes_nothing(text: str) -> None:
    assert TOKENIZER.encode(text) == opened().encode(text)


@given(st.text("abcdefghij \t\n'0123.,!", max_size=60))
def test_ascii_and_unicode_patterns_agree(text: str) -> None:
    """A letter beyond ASCII at the far end switches the pattern, and must change nothing before it."""
    head = TOKENIZER.encode(text + " x .")

    assert TOKENIZER.encode(text + " x . \u00e9")[: len(head)] == head


def test_every_byte_has_a_token() -> None:
    assert all(TOKENIZER.decode(TOKENIZER.encode(chr(b))) == " " + chr(b) for b in range(0x21, 0x100))


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        TOKENIZER.encode("\ud800")


def test_one_word_without_end_is_merged_in_sensible_time() -> None:
    word = "zimbor" * 1000

    assert TOKENIZER.decode(TOKENIZER.encode(word)) == " " + word
