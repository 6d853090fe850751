"""Nothing of any body is silently left out, and nothing makes the walker raise: told by a reader of its own."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.rely import gate
from tests.rely.gate.walk_bodies import BODIES, as_body
from tests.rely.gate.walk_reader import Path, address, inside, leaves, missed, names


def check(shape: gate.Shape, value: object) -> None:
    assert missed(gate.walk(shape, as_body(value), door="test"), value) == []


@pytest.mark.parametrize(("shape", "value"), BODIES)
def test_every_text_of_a_body_is_read_or_noted(shape: gate.Shape, value: object) -> None:
    check(shape, value)


@pytest.mark.parametrize(("shape", "value"), BODIES)
def test_nothing_of_a_body_that_the_interface_allows_is_unknown(shape: gate.Shape, value: object) -> None:
    notes = [note for event in gate.walk(shape, as_body(value), door="test").events for note in event.unscanned]

    assert not [note for note in notes if "not known" in note or "belongs" in note or "missing" in note]


@pytest.mark.parametrize(
    "text",
    [r"x\u005c", r"x\\", r"\u0022", r"\"", r"\\\"", r"\u005c\u0022", r"\\\u0022", r"\u00e9\\", r"\/"],
)
def test_however_a_text_is_escaped_its_name_stands_once_or_twice(text: str) -> None:
    once = '{"a": "%s", "b%s": "%s"}' % (text, text, text)  # noqa: UP031 -- full of braces
    twice = once[:-1] + ', "b%s": 1}' % text  # noqa: UP031 -- full of braces

    assert gate.walk("python.message", once.encode(), door="test").events[0].unscanned == ()
    assert gate.walk("python.message", twice.encode(), door="test").events[0].unscanned != ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12).map("zq ".__add__) | st.sampled_from(["text", "image", "user", "assistant", "tool_use"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["type", "role", "content", "text", "name", "input", "arguments", "data", "url", "tool_calls"])
        | st.text(max_size=8),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def _places(value: object, at: Path = ()) -> list[Path]:
    return [at, *(place for step, item in inside(value) for place in _places(item, (*at, step)))]


def _mutated(value: object, luck: random.Random, new: object) -> object:
    """One thing replaced, left out, put under a name that was not there, or told under another name."""
    value = copy.deepcopy(value)
    place = luck.choice(_places(value))
    if not place:
        return new
    holder: Any = value
    for step in place[:-1]:
        holder = holder[step]
    last: Any = place[-1]
    kind = luck.randrange(4)
    if kind == 0:
        holder[last] = new
    elif kind == 1:
        del holder[last]
    elif isinstance(holder, dict):
        holder[luck.choice(["zq odd", "content", "input", "text", "type", "role", "file_id", "é"])] = new
    else:
        holder.insert(last, new)
    return value


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(BODIES), st.randoms(use_true_random=False), st.lists(json_values, min_size=1, max_size=3))
def test_every_text_of_a_mutated_body_is_read_or_noted(
    case: tuple[gate.Shape, object], luck: random.Random, news: list[object]
) -> None:
    shape, value = case
    for new in news:
        value = _mutated(value, luck, new)

    check(shape, value)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(gate.SHAPES), json_values)
def test_every_text_of_any_value_is_read_or_noted(shape: gate.Shape, value: object) -> None:
    check(shape, value)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(gate.SHAPES), st.binary(max_size=200))
def test_any_bytes_give_events(shape: gate.Shape, body: bytes) -> None:
    walked = gate.walk(shape, body, door="test")

    assert walked.events
    assert walked.value is not None or walked.events[0].unscanned or body.strip() == b"null"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(BODIES), st.data())
def test_a_body_with_bytes_changed_gives_events(case: tuple[gate.Shape, object], data: st.DataObject) -> None:
    body = bytearray(as_body(case[1]))
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=4)):
        body[at] = byte

    walked = gate.walk(case[0], bytes(body), door="test")

    assert all(event.size_bytes == len(body) for event in walked.events)
    try:
        value = json.loads(bytes(body).decode())
    except ValueError:
        assert walked.events[0].unscanned
    else:
        assert walked.value == value or walked.events[0].unscanned


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.text(max_size=6), json_values, min_size=1, max_size=6),
    st.sampled_from(['{"a":[{%s}]}', '{ "a" : [ {%s} ] }\n']),
    st.data(),
)
def test_a_name_that_stands_twice_is_found_wherever_it_is(
    value: dict[str, object],
    outer: str,
    data: st.DataObject,
) -> None:
    members = [json.dumps(name) + ":" + json.dumps(item) for name, item in value.items()]
    twice = data.draw(st.sampled_from(list(value)))
    told_twice = [*members, json.dumps(twice) + ":" + json.dumps(data.draw(json_values))]

    once = gate.walk("python.message", (outer % ",".join(members)).encode(), door="test")
    again = gate.walk("python.message", (outer % ",".join(told_twice)).encode(), door="test")

    assert "body: the same name twice in one object" not in once.events[0].unscanned
    assert again.events[0].unscanned == ("body: the same name twice in one object",)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_arguments_are_read_leaf_by_leaf_whatever_they_hold(value: object) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps(value)}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}

    event = gate.walk("openai.chat.reply", as_body({"choices": [{"message": message}]}), door="test").events[1]

    at = ("choices", 0, "message", "tool_calls", 0, "function", "arguments")
    said = {(address(piece.where), piece.text) for piece in event.pieces}
    covered = any("twice" in note or "deeper" in note or "no JSON" in note or "long" in note or "range" in note
                  for note in event.unscanned)  # fmt: skip
    assert (at, json.dumps(value)) in said
    within = [*leaves(value), *names(value)]
    assert covered or all(not text or ((*at, "|json", *path), text) in said for path, text in within)
    assert event.kind == "call"
    assert event.tool == "f"
