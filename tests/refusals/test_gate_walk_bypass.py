"""Ways past the reading of whole bodies that were tried: a text in parts, in wrappings, or made by a replacement."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from counterproof.errors import BadGate
from counterproof.record import EventKind, GatePolicy, Outcome, PatternRule, PieceRole
from counterproof.rely import gate
from counterproof.rely.gate import _shape_anthropic, _shape_mcp, _shape_openai

HIDDEN = "".join(f"\\u{ord(char):04x}" for char in "bomb")
LAX: dict[EventKind, Outcome] = {"message": "allow", "span": "allow", "call": "allow", "result": "allow"}


@functools.cache
def made(rules: tuple[PatternRule, ...]) -> gate.Rules:
    return gate.Rules(GatePolicy(name="house", rules=rules, unscanned=LAX), b"k" * 32)


def outcomes(shape: gate.Shape, body: object, *rules: PatternRule) -> list[str]:
    ready = made(rules or (PatternRule(name="bombs", patterns=("bomb",)),))
    memory = gate.Memory(ready.policy.memory)
    found = gate.walk(shape, json.dumps(body).encode(), door="test").events
    return [ready.settle(ready.look(event, memory, 1.0), {}).outcome for event in found]


def mask(pattern: str, replacement: str) -> PatternRule:
    return PatternRule(name="mask", patterns=(pattern,), action="modify", replacement=replacement)


def modified(texts: list[str], *rules: PatternRule) -> tuple[str, list[str]]:
    """What is decided of a message of several parts, and its parts as they would pass."""
    ready = made(rules)
    body = json.dumps(asked([{"type": "text", "text": text} for text in texts])).encode()
    event = gate.walk("openai.chat.request", body, door="test").events[0]
    decision = ready.settle(ready.look(event, gate.Memory(ready.policy.memory), 1.0), {})
    if decision.outcome == "modify":
        decision = ready.modified(decision, event)
    spans = [(event.pieces[at].where, start, end, new) for at, start, end, new in decision.spans]
    value: Any = json.loads(gate.rewrite(body, spans))
    return decision.outcome, [part["text"] for part in value["messages"][0]["content"]]


def asked(content: object, role: str = "user") -> dict[str, object]:
    return {"model": "m", "messages": [{"role": role, "content": content}]}


def parts(*texts: str) -> list[object]:
    return [{"type": "text", "text": text} for text in texts]


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("openai.chat.request", asked(parts("a bo", "mb"))),
        ("openai.chat.request", asked(parts("a b", "o", "m", "b it is"))),
        (
            "openai.chat.request",
            asked([*parts("a bo"), {"type": "image_url", "image_url": {"url": "http://x"}}, *parts("mb")]),
        ),
        ("anthropic.messages.request", {**asked("x"), "max_tokens": 1, "system": parts("bo", "mb")}),
        ("anthropic.messages.reply", {"content": parts("bo", "mb")}),
        ("openai.responses.request", {"input": [{"role": "user", "content": parts("bo", "mb")}]}),
        ("mcp.reply", {"jsonrpc": "2.0", "id": 1, "result": {"content": parts("bo", "mb")}}),
    ],
)
def test_a_text_in_several_parts_of_one_turn(shape: gate.Shape, body: object) -> None:
    assert "reject" in outcomes(shape, body)


def test_parts_of_two_turns_are_two_texts() -> None:
    turns = [{"role": "user", "content": parts("a bo", "x")}, {"role": "user", "content": parts("mb", "y")}]
    assert outcomes("openai.chat.request", {"model": "m", "messages": turns}) == ["allow"]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_rule_for_one_role_finds_its_text_in_parts_of_that_role_alone(role: PieceRole) -> None:
    rule = PatternRule(name="bombs", patterns=("bomb",), roles=("user",))
    assert outcomes("openai.chat.request", asked(parts("bo", "mb"), role), rule) == [
        "reject" if role == "user" else "allow"
    ]


def test_what_is_replaced_in_several_parts_is_replaced_in_each() -> None:
    assert modified(["a bo", "m", "b it is"], mask("bomb", "-")) == ("modify", ["a -", "-", "- it is"])


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8])
def test_arguments_wrapped_in_json_in_json(depth: int) -> None:
    text = f'{{"a": "{HIDDEN}"}}'
    for _ in range(depth):
        text = " " + json.dumps({"b": text})
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": text}}

    assert "reject" in outcomes("openai.chat.reply", {"choices": [{"message": {"tool_calls": [call]}}]})


def test_arguments_wrapped_deeper_than_is_opened_are_unread() -> None:
    text = f'{{"a": "{HIDDEN}"}}'
    for _ in range(12):
        text = json.dumps([text])
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": text}}
    body = json.dumps({"choices": [{"message": {"tool_calls": [call]}}]}).encode()

    found = gate.walk("openai.chat.reply", body, door="test").events[1]
    assert [note.rpartition(": ")[2] for note in found.unscanned] == ["JSON within more than 8 texts"]


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("openai.chat.request", asked(f'{{"a": "{HIDDEN}"}}', "tool")),
        ("openai.chat.request", asked([{"type": "text", "text": f'\n["{HIDDEN}"]'}], "tool")),
        (
            "anthropic.messages.request",
            asked([{"type": "tool_result", "tool_use_id": "1", "content": f'{{"a": "{HIDDEN}"}}'}]),
        ),
        (
            "openai.responses.request",
            {"input": [{"type": "function_call_output", "call_id": "1", "output": f'["{HIDDEN}"]'}]},
        ),
        ("mcp.reply", {"jsonrpc": "2.0", "id": 1, "result": {"content": parts(f'{{"a": "{HIDDEN}"}}')}}),
    ],
)
def test_what_a_tool_says_in_json_means_what_its_escapes_stand_for(shape: gate.Shape, body: object) -> None:
    assert "reject" in outcomes(shape, body)


def test_what_a_tool_says_in_json_is_json_once_it_is_rewritten() -> None:
    body = json.dumps(asked(f'{{"a": "the {HIDDEN} \\" it is"}}', "tool")).encode()
    event = gate.walk("openai.chat.request", body, door="test").events[0]
    (piece,) = (piece for piece in event.pieces if "bomb" in piece.text)
    start = piece.text.index("bomb")
    value: Any = json.loads(gate.rewrite(body, [(piece.where, start, start + 4, "cake")]))

    assert json.loads(value["messages"][0]["content"]) == {"a": 'the cake " it is'}


@pytest.mark.parametrize(
    ("text", "replacement"), [("a bo<cut>mb", ""), ("a bo<cut>b", "m"), ("a <cut>omb", "b"), ("<cut><cut>omb", "b")]
)
def test_what_is_made_by_a_replacement_is_refused(text: str, replacement: str) -> None:
    rules = (PatternRule(name="bombs", patterns=("bomb",)), mask("<cut>", replacement))
    assert modified([text], *rules)[0] == "reject"


def test_what_is_made_by_a_replacement_across_parts_is_refused() -> None:
    rules = (PatternRule(name="bombs", patterns=("bomb",)), mask("<cut>", ""))
    assert modified(["a bo<cut>", "mb"], *rules)[0] == "reject"


def test_a_replacement_may_hold_what_a_pattern_finds() -> None:
    assert modified(["a bomb"], mask("bomb", "[bomb]")) == ("modify", ["a [bomb]"])


@pytest.mark.parametrize("depth", [63, 64, 65, 200])
def test_what_is_nested_too_deep_to_be_told_apart_is_read_as_one_text(depth: int) -> None:
    held: object = {"x": "bomb"}
    for _ in range(depth):
        held = [held]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "f", "arguments": held}}
    assert outcomes("mcp.request", call) == ["reject"]


def test_what_has_an_address_too_long_to_be_told_is_read_as_one_text() -> None:
    held: object = {"bomb": 1}
    for _ in range(3):
        held = {"x" * 300: held}
    assert outcomes("python.message", held) == ["reject"]


def test_the_text_after_the_last_that_is_told_is_read() -> None:
    assert outcomes("python.message", [*["x"] * 50_001, "bomb"]) == ["reject"]


def test_what_is_to_be_replaced_where_nothing_can_be_is_refused_by_the_rewriting() -> None:
    held: object = "bomb"
    for _ in range(70):
        held = [held]
    body = json.dumps(held).encode()
    (piece,) = (piece for piece in gate.walk("python.message", body, door="test").events[0].pieces if piece.text)

    with pytest.raises(BadGate):
        gate.rewrite(body, [(piece.where, 0, 4, "cake")])


@pytest.mark.parametrize(
    "data", ["bomb", "how to build a bomb", "data:text/plain,bomb", "data:;base64,bomb!", "x" * 4_000 + " bomb"]
)
def test_what_is_said_to_be_data_and_is_a_text(data: str) -> None:
    part = {"type": "file", "file": {"file_data": data, "filename": "f"}}
    assert outcomes("openai.chat.request", asked([part])) == ["reject"]


_NAMES = sorted(
    {*_shape_openai.CHAT.members, *_shape_anthropic.MESSAGES.members, *_shape_mcp.MCP.members, "unheard_of"}
)


@pytest.mark.parametrize("name", [name for name in _NAMES if name not in ("encrypted_content", "encrypted_stdout")])
def test_a_text_under_any_name_is_read_whatever_type_belongs_there(name: str) -> None:
    """Where a policy lets pass what is unread: the note alone would not stop it."""
    values: list[object] = [
        "bomb",
        ["bomb"],
        {"bomb": 1},
        {"x": "bomb"},
        [["bomb"]],
        {"type": "bomb"},
        {"data": "bomb"},
    ]
    for value in values:
        turn: dict[str, object] = {"role": "user", "content": [{"type": "text", "text": "x", name: value}]}
        bodies: list[object] = [
            {"messages": [], name: value},
            {"messages": [{**turn, name: value}]},
            {"messages": [turn]},
        ]
        for body in bodies:
            assert outcomes("openai.chat.request", body) == ["reject"], body
            assert outcomes("anthropic.messages.request", body) == ["reject"], body
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "f", name: value}}
        assert outcomes("mcp.request", call) == ["reject"], call
