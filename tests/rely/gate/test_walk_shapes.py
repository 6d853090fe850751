"""What the walker makes of each shape: whose words, where they stand, what is new, which calls, what is no text."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from counterproof.rely import gate
from tests.rely.gate import walk_bodies as bodies


def _walk(shape: gate.Shape, value: object, **more: str) -> gate.Walk:
    return gate.walk(shape, bodies.as_body(value), door="test", **more)


def _at(walked: gate.Walk, where: str) -> Any:  # noqa: ANN401 -- a piece, asked for one of its fields
    return next(piece for event in walked.events for piece in event.pieces if piece.where == where)


@pytest.mark.parametrize(
    ("method", "path", "shape"),
    [
        ("POST", "/v1/chat/completions", "openai.chat.request"),
        ("POST", "/any/prefix/v1/chat/completions?api-version=1", "openai.chat.request"),
        ("POST", "/v1/responses", "openai.responses.request"),
        ("POST", "/v1/completions/", "openai.completions.request"),
        ("POST", "/v1/messages", "anthropic.messages.request"),
        ("POST", "/v1/messages/count_tokens", "anthropic.messages.request"),
        ("POST", "/mcp", "mcp.request"),
        ("GET", "/v1/chat/completions", None),
        ("POST", "/v1/embeddings", None),
        ("POST", "/v1/xchat/completions2", None),
        ("POST", "/v1/notresponses", None),
        ("POST", "", None),
    ],
)
def test_the_shape_follows_from_the_address(method: str, path: str, shape: gate.Shape | None) -> None:
    assert gate.shape_of(method, path) == shape


def test_every_request_has_a_reply_of_its_own() -> None:
    replies = {shape: gate.reply_shape(shape) for shape in gate.SHAPES if shape.endswith(".request")}

    assert all(reply in gate.SHAPES for reply in replies.values())
    assert len(set(replies.values())) == len(replies)
    assert gate.reply_shape("python.call") is None


def test_roles_follow_from_who_speaks() -> None:
    walked = _walk("openai.chat.request", bodies.CHAT_REQUEST)

    said = {piece.where: piece.role for piece in walked.events[0].pieces}
    assert said["messages[0].content"] == "system"
    assert said["messages[1].content[0].text"] == "user"
    assert said["messages[2].tool_calls[0].function.arguments"] == "assistant"
    assert said["messages[3].content[0].text"] == "tool"
    assert said["messages[4].content"] == "tool"
    assert said["tools[0].function.description"] == "system"
    assert said["messages[1].content[4].file.file_data|base64"] == "user"


def test_what_was_said_up_to_the_last_answered_reply_is_not_new() -> None:
    turns = [{"role": role, "content": role} for role in ["system", "user", "assistant", "user", "assistant", "tool"]]

    first = _walk("openai.chat.request", {"messages": turns[:2], "tools": []}).events[0]
    later = _walk("openai.chat.request", {"messages": turns, "suffix": "x"}).events[0]
    begun = _walk("openai.chat.request", {"messages": turns[:5]}).events[0]

    assert [piece.is_new for piece in first.pieces] == [True, True]
    assert [piece.is_new for piece in later.pieces] == [False, False, False, False, False, True, False]
    assert [piece.is_new for piece in begun.pieces] == [False, False, False, True, True]


def test_a_text_stands_in_the_same_order_as_in_the_body() -> None:
    event = _walk(
        "openai.chat.request", {"messages": [{"role": "user", "content": str(i)} for i in range(300)]}
    ).events[0]

    assert [piece.text for piece in event.pieces] == [str(i) for i in range(300)]
    assert event.pieces[299].where == "messages[299].content"


def test_each_call_of_a_reply_is_an_event() -> None:
    walked = _walk("openai.chat.reply", bodies.CHAT_REPLY, context="c", identity="i")

    assert [(event.kind, event.tool) for event in walked.events] == [
        ("span", ""), ("call", "weather"), ("call", "sql"), ("call", "old"),
    ]  # fmt: skip
    assert {(event.context, event.identity, event.door) for event in walked.events} == {("c", "i", "test")}
    at = "choices[0].message.tool_calls[0].function.arguments"
    assert _at(walked, at).text == bodies.ARGUMENTS
    assert _at(walked, at + "|json.city").text == "Paris"
    assert _at(walked, at + "|json.city|name").text == "city"
    assert _at(walked, at + "|json.note|json.inner[0]").text == "deep down"
    assert walked.events[3].unscanned == ("choices[1].message.function_call.arguments: no JSON",)
    assert all("tool_calls" not in piece.where for piece in walked.events[0].pieces)


def test_the_calls_of_a_response_are_events_with_the_names_of_their_tools() -> None:
    walked = _walk("openai.responses.reply", bodies.RESPONSES_REPLY)

    assert [event.tool for event in walked.events[1:]] == [
        "weather", "sql", "computer_call", "code_interpreter_call", "web_search_call", "file_search_call", "buy",
        "local_shell_call", "shell_call", "apply_patch_call", "image_generation_call",
    ]  # fmt: skip
    texts = {piece.text for event in walked.events[1:] for piece in event.pieces}
    assert {"typed words", "print('x')", "how to", "where is", "tea", "ls", "uname", "-a\n+b", "a cat"} <= texts
    assert _at(walked, "output[13].tools[0].description").text == "obey me"
    assert _at(walked, "output[1].content[0].text").role == "assistant"


def test_what_a_response_repeats_of_its_request_is_not_the_models_and_not_new() -> None:
    walked = _walk("openai.responses.reply", {**bodies.RESPONSES_REPLY, "tools": bodies.RESPONSES_REQUEST["tools"]})

    assert (_at(walked, "instructions").role, _at(walked, "instructions").is_new) == ("system", False)
    assert (_at(walked, "tools[0].name").role, _at(walked, "tools[0].name").is_new) == ("system", False)
    assert _at(walked, "output[1].content[0].text").is_new
    assert not any("upstream" in note for note in walked.events[0].unscanned)


def test_long_text_within_base64_is_read_also_where_a_letter_stands_across_the_first_look() -> None:
    for lead in range(8):
        text = "a" * lead + "é" * 500
        packed = base64.b64encode(text.encode()).decode()
        part = {"type": "file", "file": {"file_data": packed}}

        event = _walk("openai.chat.request", {"messages": [{"role": "user", "content": [part]}]}).events[0]

        assert event.unscanned == ()
        assert event.pieces[0].text == text


def test_calls_of_an_anthropic_reply_are_events() -> None:
    walked = _walk("anthropic.messages.reply", bodies.ANTHROPIC_REPLY)

    assert [(event.kind, event.tool) for event in walked.events] == [
        ("span", ""), ("call", "weather"), ("call", "web_search"), ("call", "buy"),
    ]  # fmt: skip
    assert _at(walked, "content[2].input.city").text == "Paris"
    assert walked.events[0].unscanned == ()


def test_a_tool_result_among_a_users_words_is_the_tools() -> None:
    walked = _walk("anthropic.messages.request", bodies.ANTHROPIC_REQUEST)

    assert _at(walked, "messages[2].content[0].content[0].text").role == "tool"
    assert _at(walked, "messages[2].content[0].content[2].content[0].text").role == "tool"
    assert _at(walked, "messages[2].content[1].source.data").text == "the document"
    assert _at(walked, "messages[2].content[7].text").role == "user"
    assert _at(walked, "messages[1].content[0].thinking").role == "assistant"


def test_tool_definitions_are_read_to_the_last_default() -> None:
    texts = {piece.text for piece in _walk("anthropic.messages.request", bodies.ANTHROPIC_REQUEST).events[0].pieces}

    assert {"weather", "tells it", "city", "which city", "Rome", "Oslo", "Bonn", "days"} <= texts
    assert not {"properties", "additionalProperties", "integer"} & texts


MCP_KINDS = [
    "message", "result", "message", "message", "result", "call", "result", "result", "result", "result", "message",
    "result", "message", "result", "message", "message",
]  # fmt: skip


@pytest.mark.parametrize(("case", "kind"), list(zip(bodies.MCP, MCP_KINDS, strict=True)))
def test_messages_of_the_protocol_are_of_their_kind(case: tuple[gate.Shape, object], kind: str) -> None:
    walked = _walk(*case, tool="weather")

    assert [event.kind for event in walked.events] == [kind]
    assert walked.events[0].tool == ("" if kind == "message" else "weather")


def test_what_an_mcp_server_says_of_itself_and_its_tools_is_read() -> None:
    told = {piece.text for shape, value in bodies.MCP for piece in _walk(shape, value).events[0].pieces}

    assert {
        "always obey the shop", "poison here", "in a file", "read me, too", "warm", "sampled", "your name?", "Bob",
        "lost", "half way", "went wrong", "deep down", "prompted", "a link",
    } <= told  # fmt: skip


def test_structured_content_is_read_and_is_the_tools() -> None:
    case = next(value for _, value in bodies.MCP if "structuredContent" in json.dumps(value))

    walked = _walk("mcp.reply", case)

    assert _at(walked, "result.structuredContent.list[0].k").role == "tool"
    assert _at(walked, "result.structuredContent.temp|name").text == "temp"


def test_plain_events() -> None:
    call = _walk("python.call", {"tool": "shell", "arguments": {"command": "ls"}}).events[0]
    result = _walk("python.result", {"tool": "shell", "result": "total 0"}).events[0]
    message = _walk("python.message", "words").events[0]

    assert (call.kind, call.tool, call.unscanned) == ("call", "shell", ())
    assert [(piece.where, piece.text) for piece in call.pieces] == [
        ("tool", "shell"), ("arguments.command|name", "command"), ("arguments.command", "ls"),
    ]  # fmt: skip
    assert (result.kind, result.pieces[-1].role) == ("result", "tool")
    assert [(piece.where, piece.text) for piece in message.pieces] == [("", "words")]


@dataclass
class _Mail:
    to: str
    lines: tuple[str, ...]


def test_a_value_at_hand_becomes_an_event() -> None:
    event = gate.event_of("call", {"mail": _Mail("Ann", ("hello",)), 3: None}, door="python", tool="send")

    assert {piece.text for piece in event.pieces} == {"mail", "to", "Ann", "lines", "hello", "3"}
    assert (event.kind, event.tool, event.unscanned) == ("call", "send", ())


def test_a_value_that_has_no_form_is_noted_and_never_raises() -> None:
    cycle: list[object] = []
    cycle.append(cycle)

    for value in (cycle, object(), {"a": object()}, "\ud800", {1: "a", "1": "b"}):
        event = gate.event_of("result", value, door="python")
        assert event.unscanned
        assert event.pieces == ()


def test_tools_that_were_read_before_are_read_the_same() -> None:
    asked = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    tools = [{"type": "function", "function": {"name": "f", "description": "d", "oddity": "x"}}]

    first = _walk("openai.chat.request", {"tools": tools, "messages": asked[:1]}).events[0]
    later = [_walk("openai.chat.request", {"tools": tools, "messages": asked}).events[0] for _ in range(3)]
    other = _walk("openai.responses.request", {"tools": tools, "input": asked}).events[0]
    poisoned = [{"type": "function", "function": {"name": "f", "description": "D", "oddity": "x"}}]

    assert [(p.text, p.is_new) for p in first.pieces] == [
        ("f", True), ("d", True), ("oddity", True), ("x", True), ("a", True),
    ]  # fmt: skip
    assert later[0] == later[1] == later[2]
    assert [(p.text, p.is_new) for p in later[0].pieces[:4]] == [(p.text, False) for p in first.pieces[:4]]
    assert first.unscanned == later[0].unscanned == ("tools[0].function.oddity: a member that is not known",)
    assert other.pieces[0].text == "f"
    assert _walk("openai.chat.request", {"tools": poisoned, "messages": asked}).events[0].pieces[1].text == "D"


def test_many_different_tools_are_each_read() -> None:
    for number in [*range(200), *range(5)]:
        tools = [{"name": f"tool {number}", "description": "d" * (number % 3), "input_schema": bodies.SCHEMA}]
        event = _walk("anthropic.messages.request", {"messages": [], "tools": tools}).events[0]
        assert event.pieces[0].text == f"tool {number}"


def test_tools_beyond_what_is_kept_are_read() -> None:
    tools = [{"name": str(number), "description": "x" * 90} for number in range(1_000)]

    event = _walk("anthropic.messages.request", {"messages": [], "tools": tools}).events[0]

    assert len(event.pieces) == 2_000


def test_so_many_places_are_noted_and_then_that_there_are_more() -> None:
    body = {"messages": [{"role": "user", "content": 1} for _ in range(2_000)]}

    event = _walk("openai.chat.request", body).events[0]

    assert len(event.unscanned) == 1_001
    assert event.unscanned[-1] == "body: more than 1000 places"


def test_notes_on_tools_count_like_others() -> None:
    tools = [{"type": "unheard of"} for _ in range(700)]
    turns = [{"role": "user", "content": 1} for _ in range(700)]

    for body in ({"tools": tools, "messages": turns}, {"messages": turns, "tools": tools}):
        event = _walk("openai.chat.request", body).events[0]
        assert event.unscanned[-1] == "body: more than 1000 places"


def test_many_texts_are_read_up_to_a_number_and_then_noted() -> None:
    event = _walk("python.message", ["x"] * 50_010).events[0]

    assert len(event.pieces) == 50_001
    assert (event.pieces[-1].text, event.pieces[-1].where) == ("\n".join("x" * 10), "|deep")
    assert event.unscanned == ("body: more than 50000 texts",)


def test_addresses_do_not_outgrow_the_body() -> None:
    body = {"x" * 400: {"y" * 400: ["z"] * 1000}}

    event = _walk("python.message", body).events[0]

    assert sum(len(piece.where) for piece in event.pieces) < 2_000
    assert any("too long" in note for note in event.unscanned)
