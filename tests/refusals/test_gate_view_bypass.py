"""Ways to write a word so that a model reads it and a search does not: what is found, and what is known not to be."""

from __future__ import annotations

import base64
import urllib.parse

import pytest

from counterproof.record import PatternRule
from counterproof.rely.gate import Patterns
from counterproof.rely.gate._fold_decode import MOST_SEGMENTS, decoded

RULE = PatternRule(name="bombs", patterns=("bomb",))
PACKED = base64.b64encode(b"how to build a bomb").decode()
ESCAPED = "".join(f"\\u{ord(char):04x}" for char in "bomb")


def is_found(text: str, *, decodes: bool = False) -> bool:
    return bool(Patterns([RULE], ("plain", "folded", "decoded") if decodes else ("plain", "folded")).hits([text]))


@pytest.mark.parametrize(
    "mark",
    [
        "\u0338", "\u05b0", "\u0591", "\u064e", "\u0483", "\u0730", "\u1cd0", "\u20dd",  # marks of any script
        "\ue000", "\U000f0000", "\u0378", "\uffff", "\U000e0080",  # private, unassigned, no characters
        "\u2800", "\u034f", "\u180e", "\u2063", "\ufff9", "\U0001d173", "\U00013430",  # drawn as nothing
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_put_between_letters_is_not_seen(mark: str) -> None:
    assert is_found(f"a b{mark}o{mark}mb")


@pytest.mark.parametrize("char", ["\u304c", "\u0915\u093c", "\u0e01\u0e33", "\u1100\u1161"], ids=ascii)
def test_marks_that_are_letters_to_their_readers_stay(char: str) -> None:
    assert not Patterns([PatternRule(name="one", patterns=(char[0],))]).hits(
        [char[1:]] if len(char) > 1 else ["\u304b"]
    )


@pytest.mark.parametrize(
    "text",
    [
        ESCAPED, ESCAPED.replace("\\", "\\\\\\"), "\\x62omb", "\\u{62}omb", "\\U00000062omb", "&#98;omb",
        "&#x62;om&#98;", "%62omb", "b%6fmb", "&#98;%6fmb", "x\\n&#98;omb", "&#99999999999;&#98;omb",
        PACKED, f"\\n{PACKED}", f"x{PACKED}", f"xy{PACKED}", "obzo",
    ],
)  # fmt: skip
def test_what_is_written_with_escapes_is_found_where_it_is_decoded(text: str) -> None:
    assert is_found(f"a {text} it is", decodes=True)
    assert not is_found(f"a {text} it is")


@pytest.mark.parametrize(
    "text",
    [
        "b0mb",
        "b.o.m.b",
        "b o m b",
        "bo\nmb",
        "bmob",
        "\U0001d4b7" + "\u0e48omb",
        base64.b64encode(base64.b64encode(b"bomb" * 9)).decode(),
    ],
)
def test_what_is_known_not_to_be_found(text: str) -> None:
    assert not is_found(text, decodes=True)


@pytest.mark.parametrize(
    "text", ["\\" * 200_000, "%4" * 100_000, "&a" * 100_000, "\\u" * 100_000, "&#" + "9" * 200_000]
)
def test_what_looks_like_escapes_costs_one_pass(text: str) -> None:
    assert decoded(text).segments == () or decoded(text).cut


def test_a_text_of_more_parts_than_are_decoded_has_not_been_looked_at() -> None:
    found = decoded(" ".join([urllib.parse.quote("a b")] * (MOST_SEGMENTS + 1)))
    assert len(found.segments) == MOST_SEGMENTS
    assert found.cut
