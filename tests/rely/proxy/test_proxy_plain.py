"""Bodies without a shape: every string is found, whatever is odd is noted, and nothing raises."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.rely.proxy._plain import is_json, plain

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=12,
)


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in cast("list[object]", value) for text in _strings(item)]
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return [*members, *(text for item in members.values() for text in _strings(item))]
    return []


@given(value=JSON)
def test_every_string_is_found_and_nothing_is_lost(value: Any) -> None:  # noqa: ANN401 - JSON
    found = plain(json.dumps(value).encode(), "application/json", door="d", role="assistant")

    if found.event.unscanned:  # a lone surrogate, say
        return
    assert sorted(piece.text for piece in found.event.pieces) == sorted(_strings(value))
    assert json.loads(found.body) == value
    assert found.rewritten(()) == found.body


@given(body=st.binary(max_size=100), kind=st.sampled_from(["application/json", "text/plain", "", "image/png"]))
def test_whatever_comes_is_read_or_noted(body: bytes, kind: str) -> None:
    found = plain(body, kind, door="d", role="user")

    assert found.event.size_bytes == len(body)
    assert found.event.unscanned or not body or is_json(kind) or found.event.pieces


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a": 1', "application/json"),
        (b'"\\ud800"', "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 2000 + b"]" * 2000, "application/json"),
        (b"[" * 70 + b"]" * 70, "application/json"),
        (json.dumps({"b64": "QUJD" * 200}).encode(), "application/json"),
        (b"\xff", "text/plain"),
        (b"hello", "text/csv"),
        (b"hello", ""),
    ],
)
def test_what_cannot_be_read_is_noted(body: bytes, kind: str) -> None:
    assert plain(body, kind, door="d", role="user").event.unscanned


def test_texts_are_replaced_where_they_stand() -> None:
    found = plain(b'{"a": ["one two", {"b": "three"}]}', "application/problem+json; x=y", door="d", role="assistant")
    at = {piece.text: index for index, piece in enumerate(found.event.pieces)}

    assert [piece.where for piece in found.event.pieces] == ["body.a", "body.a[0]", "body.a[1].b", "body.a[1].b"]
    changed = found.rewritten(((at["one two"], 0, 3, "1"), (at["one two"], 4, 7, "22"), (at["three"], 0, 5, "")))
    assert changed == b'{"a":["1 22",{"b":""}]}'


def test_a_text_alone_is_replaced_too() -> None:
    assert (
        plain(b'"one two"', "application/json", door="d", role="assistant").rewritten(((0, 0, 3, "1"),)) == b'"1 two"'
    )


@pytest.mark.parametrize(("body", "kind"), [(b'{"one": 1}', "application/json"), (b"one", "text/plain")])
def test_what_has_no_place_is_not_replaced(body: bytes, kind: str) -> None:
    assert plain(body, kind, door="d", role="assistant").rewritten(((0, 0, 3, "1"),)) is None
