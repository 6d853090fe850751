"""Whatever an upstream puts anywhere: nothing raises, and what a rule blocks leaves in no member, name or field."""

import copy
import json
from typing import Any, TypeAlias, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.rely import gate
from tests.rely.gate import stream_bodies as bodies

Path: TypeAlias = tuple[str | int, ...]

ARGUMENTS = ('{"to":', ' "x"', "}")
BODIES: list[tuple[gate.Shape, bytes]] = [
    ("openai.chat.reply", bodies.chat("Hello ", "there", ".")),
    ("openai.chat.reply", bodies.chat_calls(ARGUMENTS, ARGUMENTS)),
    ("openai.completions.reply", bodies.completions("Hello ", "there", ".")),
    ("anthropic.messages.reply", bodies.messages("Hello ", "there", thinking=("hm", "m"), arguments=ARGUMENTS)),
    ("openai.responses.reply", bodies.responses("Hello ", "there", summary=("hm", "m"), arguments=ARGUMENTS)),
    ("mcp.reply", bodies.sse([{"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "fine"}]}}])),
]
ODDITIES: list[Any] = [
    *(None, 5, -1, True, 1.5, 2**70, "", "x", [], {}, [1], ["x"], [[]], [{}], {"type": "text"}, {"type": 3}, [None]),
    *({"x": "y"}, {"text": ["secret word"]}, [{"type": "text", "text": "secret word"}], {"secret word": 1}),
    *("secret word", "\u017fecret\u200b word"),
]


def places(value: Any, path: Path = ()) -> list[Path]:  # noqa: ANN401 - any JSON
    """Every place in a value."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items += cast("dict[str, Any]", value).items()
    elif isinstance(value, list):
        items += enumerate(cast("list[object]", value))
    return [path, *(place for name, item in items for place in places(item, (*path, name)))]


def put(value: Any, path: Path, item: Any, *, is_name: bool) -> None:  # noqa: ANN401 - any JSON
    for step in path[:-1]:
        value = value[step]
    if is_name and isinstance(value, dict):
        named = cast("dict[str | int, Any]", value)
        named["secret word"] = named.pop(path[-1])
    else:
        value[path[-1]] = item


def altered(raw: bytes, draw: st.DataObject) -> bytes:
    """The stream with something odd in a few places."""
    events = copy.deepcopy(bodies.read(raw))
    for _ in range(draw.draw(st.integers(1, 3))):
        event = draw.draw(st.sampled_from(events))
        path = draw.draw(st.sampled_from(places(event)[1:] or [("x",)]))
        put(event, path, copy.deepcopy(draw.draw(st.sampled_from(ODDITIES))), is_name=draw.draw(st.booleans()))
    return bodies.sse(events, has_names=b"event: " in raw) + (b"data: [DONE]\n\n" if b"[DONE]" in raw else b"")


@pytest.mark.parametrize(("shape", "raw"), BODIES)
@settings(max_examples=250, deadline=None)
@given(draw=st.data())
def test_what_is_blocked_leaves_nowhere(shape: gate.Shape, raw: bytes, draw: st.DataObject) -> None:
    parts = bodies.cut(altered(raw, draw), draw.draw(st.lists(st.integers(0, 9_999), max_size=5)))
    out, _ = bodies.play(gate.Stream(shape, bodies.PLAN), parts, bodies.refuse_hits)
    assert b"secret word" not in out
    assert "ecret\u200b word".encode() not in out
    assert all(isinstance(event, dict) for event in bodies.read(out))


@pytest.mark.parametrize(("shape", "raw"), BODIES)
@settings(max_examples=150, deadline=None)
@given(draw=st.data())
def test_whatever_comes_nothing_raises(shape: gate.Shape, raw: bytes, draw: st.DataObject) -> None:
    data = bytearray(altered(raw, draw))
    for _ in range(draw.draw(st.integers(0, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    stream = gate.Stream(shape, bodies.PLAN)
    out, asks = bodies.play(stream, bodies.cut(bytes(data), draw.draw(st.lists(st.integers(0, 9_999), max_size=5))))
    assert isinstance(out, bytes)
    for ask in asks:
        assert isinstance(ask.refused("No.", "receipt-1"), bytes)
    assert stream.feed(b"data: {}\n\n") == []


@pytest.mark.parametrize(("shape", "raw"), BODIES)
def test_a_word_cut_in_two_by_an_unknown_name_does_not_pass_as_known(shape: gate.Shape, raw: bytes) -> None:
    first = bodies.read(raw)[0]
    odd = {**first, "brand_new": {"text": "sec"}, "ret": json.dumps({"word": 1})}
    _, asks = bodies.play(gate.Stream(shape, bodies.PLAN), [bodies.sse([odd])])
    assert any(ask.event.unscanned for ask in asks)


@pytest.mark.parametrize(("shape", "raw"), BODIES)
@pytest.mark.parametrize("depth", [60, 200, 480, 900, 30_000])
def test_depth_raises_nothing_and_passes_nothing(shape: gate.Shape, raw: bytes, depth: int) -> None:
    deep = b'{"a":' * depth + b'"secret word"' + b"}" * depth
    first = raw[raw.index(b"data: {") + 7 : raw.index(b"\n\n")]
    events = b"data: {" + b'"x": ' + deep + b", " + first + b"\n\n" + b"data: " + deep + b"\n\n"
    out, asks = bodies.play(gate.Stream(shape, bodies.PLAN), [events], bodies.refuse_hits)
    assert b"secret word" not in out
    assert len(asks) == 1


def test_a_response_at_its_end_may_be_deep() -> None:
    deep: dict[str, Any] = {"text": "secret word"}
    for _ in range(450):
        deep = {"x": [deep]}
    done = {"type": "response.completed", "response": {"id": "r", "output": [deep]}}
    out, asks = bodies.play(
        gate.Stream("openai.responses.reply", bodies.PLAN), [bodies.sse([done])], bodies.refuse_hits
    )
    assert b"secret word" not in out
    assert asks
