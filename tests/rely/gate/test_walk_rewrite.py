"""Spans of a body replaced: exactly those; JSON within texts stays JSON; whatever cannot be done is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from counterproof.errors import BadGate
from counterproof.rely import gate
from tests.rely.gate.walk_bodies import BODIES, as_body

CALL_AT = "choices[0].message.tool_calls[0].function.arguments"


def _reply(arguments: str, content: str = "hello", **choice: object) -> bytes:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    message = {"role": "assistant", "content": content, "tool_calls": [call]}
    return json.dumps({"choices": [{"message": message, **choice}]}, indent=1).encode()


def _arguments(body: bytes) -> Any:  # noqa: ANN401 -- any JSON
    held: str = json.loads(body)["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    return json.loads(held)


def _said(shape: gate.Shape, body: bytes) -> dict[str, str]:
    return {piece.where: piece.text for event in gate.walk(shape, body, door="test").events for piece in event.pieces}


@pytest.mark.parametrize(("shape", "value"), BODIES)
def test_every_address_leads_back_to_its_text_and_to_no_other(shape: gate.Shape, value: object) -> None:
    body = as_body(value)
    was = _said(shape, body)
    for where, text in was.items():
        if where.endswith("arguments") or ".logprobs" in where or ("|json" in where and text[:1] in "{["):
            continue  # what becomes of these has tests of its own
        new = f"[gone] {text} {{"

        now = _said(shape, gate.rewrite(body, [(where, 0, len(text), new)]))

        if where.endswith("|name"):
            assert new in {text for where, text in now.items() if where.endswith("|name")}
        else:
            assert now[where] == new
            apart = {other for other in was if not where.startswith(other) and not other.startswith(where)}
            assert {other: now.get(other) for other in apart if ".logprobs" not in other} == {
                other: was[other] for other in apart if ".logprobs" not in other
            }


def test_all_else_stays_byte_for_byte() -> None:
    body = b'{ "messages":[ {"role":"user","content":"my \\u0073ecret caf\\u00e9"} ],"x":1.50 , "top_p":1e0}\n'

    changed = gate.rewrite(body, [("messages[0].content", 3, 9, '["x"]\n')])

    assert (
        changed
        == '{ "messages":[ {"role":"user","content":"my [\\"x\\"]\\n café"} ],"x":1.50 , "top_p":1e0}\n'.encode()
    )


def test_a_decoded_value_is_written_with_the_spans_replaced() -> None:
    assert gate.rewrite({"a": ["bcd", 1]}, [("a[0]", 1, 2, "X")]) == b'{"a":["bXd",1]}'
    assert gate.rewrite({"a": 1}, []) == b'{"a":1}'
    assert gate.rewrite({"a": "b"}, [("a", 1, 1, "nothing is replaced by nothing")]) == b'{"a":"b"}'


def test_spans_that_overlap_become_one() -> None:
    spans = [("a", 2, 5, "<2>"), ("a", 0, 3, "<1>"), ("a", 7, 8, "<3>"), ("a", 4, 6, "<4>")]

    assert gate.rewrite({"a": "0123456789"}, spans) == b'{"a":"<1>6<3>89"}'


def test_a_span_over_the_text_of_arguments_leaves_json() -> None:
    held = '{"to": "Ann \\"A\\" B", "card": 4111, "deep": "[\\"4111\\"]", "ok": true}'
    body = _reply(held)

    assert _arguments(gate.rewrite(body, [(CALL_AT, 8, 30, "<X>")])) == {
        "to": "<X>", "<X>": 4111, "deep": '["4111"]', "ok": True,
    }  # fmt: skip
    number = held.index("4111")
    assert _arguments(gate.rewrite(body, [(CALL_AT, number, number + 4, "<N>")]))["card"] == "<N>"
    quoted = held.index('\\"A')
    assert _arguments(gate.rewrite(body, [(CALL_AT, quoted, quoted + 4, "<Q>")]))["to"] == "Ann <Q> B"
    deep = held.rindex("4111")
    assert _arguments(gate.rewrite(body, [(CALL_AT, deep, deep + 4, '"]')]))["deep"] == '["\\"]"]'


def test_the_same_match_in_a_text_and_in_what_it_holds_is_replaced_once() -> None:
    held = '{"a": "the secret"}'
    at = held.index("secret")

    changed = gate.rewrite(_reply(held), [(CALL_AT, at, at + 6, "X"), (CALL_AT + "|json.a", 4, 10, "X")])

    assert _arguments(changed) == {"a": "the X"}


def test_arguments_that_are_no_json_are_replaced_as_they_stand() -> None:
    body = _reply("not json, secret")

    held = json.loads(gate.rewrite(body, [(CALL_AT, 10, 16, "X")]))["choices"][0]["message"]["tool_calls"][0][
        "function"
    ]

    assert held["arguments"] == "not json, X"


def test_text_within_base64_is_packed_again() -> None:
    body = as_body({"f": "data:text/plain;base64,cmVhZCBtZQ==", "g": "cmVhZCBtZQ=="})

    changed = gate.rewrite(body, [("f|base64", 5, 7, "you"), ("g|base64", 0, 4, "see")])

    assert json.loads(changed) == {"f": "data:text/plain;base64,cmVhZCB5b3U=", "g": "c2VlIG1l"}


def test_probabilities_do_not_say_again_what_was_replaced() -> None:
    body = _reply("{}", "secret", logprobs={"content": [{"token": "secret", "logprob": -1}]})

    changed = gate.rewrite(body, [("choices[0].message.content", 0, 6, "X")])

    assert b"secret" not in changed
    assert json.loads(changed)["choices"][0]["logprobs"] is None


REFUSED = {
    "an address that is not there": ({"a": "b"}, [("b", 0, 1, "")]),
    "an address of no text": ({"a": {"b": 1}}, [("a", 0, 1, "")]),
    "an address within a text that holds no JSON": ({"a": "b"}, [("a|json.c", 0, 1, "")]),
    "an address of no kind": ({"a": "b"}, [("a|other", 0, 1, "")]),
    "beyond the end": ({"a": "b"}, [("a", 0, 2, "")]),
    "before the beginning": ({"a": "b"}, [("a", -1, 1, "")]),
    "the wrong way round": ({"a": "b"}, [("a", 1, 0, "")]),
    "punctuation alone": ({"arguments": '{"a": "b"}'}, [("arguments", 0, 1, "")]),
    "beyond the end within base64": ({"a": "Yg=="}, [("a|base64", 0, 9, "")]),
    "base64 that is no text": ({"a": "/w=="}, [("a|base64", 0, 1, "")]),
    "half a character": ({"a": "b"}, [("a", 0, 1, "\ud800")]),
    "two names that become one": ({"a": {"b": 1, "c": 2}}, [("a.b|name", 0, 1, "c")]),
    "two names within a text that become one": (
        {"arguments": '{"b": 1, "c": 2}'}, [("arguments|json.b|name", 0, 1, "c")],
    ),
    "no JSON": (b"{", [("a", 0, 1, "")]),
    "no value": (object(), [("a", 0, 1, "")]),
}  # fmt: skip


@pytest.mark.parametrize(("value", "spans"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_rewritten_is_refused(value: object, spans: list[gate.Span]) -> None:
    with pytest.raises(BadGate) as refusal:
        gate.rewrite(value, spans)

    assert refusal.value.exit_code == 2


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(BODIES), st.data())
def test_any_span_is_replaced_and_nothing_else(case: tuple[gate.Shape, object], data: st.DataObject) -> None:
    body = as_body(case[1])
    pieces = [p for e in gate.walk(case[0], body, door="test").events for p in e.pieces if "|name" not in p.where]
    assume(pieces)
    piece = data.draw(st.sampled_from(pieces))
    start = data.draw(st.integers(0, len(piece.text) - 1))
    end = data.draw(st.integers(start + 1, len(piece.text)))
    new = data.draw(st.text(max_size=5))
    holds_json = piece.where.endswith("arguments") or ("|json" in piece.where and piece.text[0] in "{[")

    try:
        changed = gate.rewrite(body, [(piece.where, start, end, new)])
    except BadGate:
        assert holds_json
        return

    if not holds_json and ".logprobs" not in piece.where:
        assert _said(case[0], changed).get(piece.where, "") == piece.text[:start] + new + piece.text[end:]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=4), st.text(max_size=9) | st.integers() | st.booleans()), st.data())
def test_arguments_hold_json_whatever_is_replaced_in_them(value: dict[str, object], data: st.DataObject) -> None:
    held = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(held) - 1))
    end = data.draw(st.integers(start + 1, len(held)))

    try:
        changed = gate.rewrite(_reply(held), [(CALL_AT, start, end, data.draw(st.text(max_size=5)))])
    except BadGate as refusal:
        assert "punctuation" in str(refusal) or "twice" in str(refusal)  # noqa: PT017 -- which of the two it was is drawn
        return

    assert len(_arguments(changed)) == len(value)
