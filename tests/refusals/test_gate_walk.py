"""Every way in which a body, or a part of one, goes unread: what the walker says of it, and that it never raises."""

from __future__ import annotations

import json

import pytest

from counterproof.rely import gate

WHOLE = {
    "nothing": (b"", "no JSON"),
    "white space": (b" \n", "no JSON"),
    "cut off": (b'{"messages":[', "no JSON"),
    "something behind": (b'{"messages":[]} x', "no JSON"),
    "two values": (b"{}{}", "no JSON"),
    "a byte order mark": (b'\xef\xbb\xbf{"messages":[]}', "no JSON"),
    "NaN": (b'{"messages":[],"temperature":NaN}', "no JSON"),
    "Infinity": (b'{"messages":[],"temperature":Infinity}', "no JSON"),
    "a comma too many": (b'{"messages":[],}', "no JSON"),
    "a comment": (b'{"messages":[]/* */}', "no JSON"),
    "a bare control character": (b'{"messages":[{"role":"user","content":"a\x00b"}]}', "no JSON"),
    "half a character, escaped": (b'{"messages":[{"role":"user","content":"\\ud800x"}]}', "no JSON"),
    "half a character, in bytes": (b'{"messages":[{"role":"user","content":"\xed\xa0\x80"}]}', "no UTF-8"),
    "no UTF-8": (b'{"messages":[{"role":"user","content":"\xff"}]}', "no UTF-8"),
    "UTF-8 longer than it need be": (b'{"messages":[{"role":"user","content":"\xc0\xaf"}]}', "no UTF-8"),
    "UTF-16": ('{"messages":[]}'.encode("utf-16-le"), "no JSON"),
    "a number out of range": (b'{"messages":[],"temperature":1e999}', "a number out of range"),
    "too deep for the decoder": (b"[" * 100_000 + b"]" * 100_000, "too deep"),
    "a batch": (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "a batch"),
    "no object": (b'"text"', "no object"),
    "null": (b"null", "no object"),
    "the same name twice": (b'{"messages":[],"messages":[]}', "the same name twice in one object"),
    "the same name twice, once escaped": (b'{"messages":[],"\\u006dessages":[]}', "the same name twice in one object"),
    "the same name twice, deep down": (
        b'{"messages":[{"role":"user", "content":[{"type":"text","text":"a\\\\","text":"b"}]}]}',
        "the same name twice in one object",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", ["openai.chat.request", "anthropic.messages.reply", "mcp.request"])
@pytest.mark.parametrize(("body", "why"), WHOLE.values(), ids=WHOLE.keys())
def test_a_body_is_unread_as_a_whole(shape: gate.Shape, body: bytes, why: str) -> None:
    walked = gate.walk(shape, body, door="test", context="c", identity="i")

    (event,) = walked.events
    assert event.unscanned == (f"body: {why}",)
    assert event.pieces == ()
    assert (event.context, event.identity, event.size_bytes, walked.body) == ("c", "i", len(body), body)
    assert walked.value is None


def _turn(**members: object) -> dict[str, object]:
    return {"messages": [{"role": "user", **members}]}


def _part(**members: object) -> dict[str, object]:
    return _turn(content=[members])


def _called(arguments: object) -> dict[str, object]:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"messages": [{"role": "assistant", "content": None, "tool_calls": [call]}]}


def _nested(levels: int) -> object:
    value: object = "hidden"
    for _ in range(levels):
        value = [value]
    return value


AT = "messages[0].content[0]"
CALL_AT = "messages[0].tool_calls[0].function.arguments"
PARTS: dict[str, tuple[object, str | None]] = {
    "no messages": ({"model": "m"}, "messages: missing"),
    "messages that are no list": ({"messages": "hidden"}, "messages: no list"),
    "a turn that is no object": ({"messages": ["hidden"]}, "messages[0]: no object"),
    "a turn without a role": ({"messages": [{"content": "hidden"}]}, "messages[0].role: missing"),
    "a role that nobody has": ({"messages": [{"role": "wizard", "content": "hidden"}]},
                               "messages[0].role: a role that is not known"),
    "a role that is a list": ({"messages": [{"role": ["user"], "content": "hidden"}]},
                              "messages[0].role: a role that is not known"),
    "a content that is a number": (_turn(content=5), "messages[0].content: a number where a text belongs"),
    "a content that is true": (_turn(content=True), "messages[0].content: true or false where a text belongs"),
    "a type that nobody knows": (_part(type="hologram", text="hidden"), f"{AT}.type: a type that is not known"),
    "a type that is an object": (_part(type={"a": "hidden"}), f"{AT}.type: a type that is not known"),
    "an image": (_part(type="image_url", image_url={"url": "data:image/png;base64,gIGC"}), f"{AT}: an image"),
    "an image at an address": (_part(type="image_url", image_url={"url": "https://example.org/a"}),
                               f"{AT}.image_url.url: what stands at an address"),
    "audio": (_part(type="input_audio", input_audio={"data": "gIGC", "format": "wav"}), f"{AT}: audio"),
    "a file that is no text": (_part(type="file", file={"file_data": "gIGC"}),
                               f"{AT}.file.file_data: data that are no text"),
    "a file that is no base64": (_part(type="file", file={"file_data": "!"}),
                                 f"{AT}.file.file_data: data that are no text"),
    "a file with a NUL": (_part(type="file", file={"file_data": "YQBi"}),
                          f"{AT}.file.file_data: data that are no text"),
    "a file held elsewhere": (_part(type="file", file={"file_id": "file-1"}),
                              f"{AT}.file.file_id: stands for what only the upstream holds"),
    "a member that nobody knows": (_turn(content="a", whisper="hidden"),
                                   "messages[0].whisper: a member that is not known"),
    "a member of the body that nobody knows": ({"messages": [], "whisper": ["hidden"]},
                                               "whisper: a member that is not known"),
    "a member with an odd name": ({"messages": [], "a b]": "hidden"}, '["a b]"]: a member that is not known'),
    "a temperature of words": ({"messages": [], "temperature": "hidden"},
                               "temperature: a text where a number belongs"),
    "a flag of words": ({"messages": [], "stream": "hidden"}, "stream: a text where true or false belongs"),
    "a number as an object": ({"messages": [], "seed": {"hidden": 1}}, "seed: an object where a number belongs"),
    "arguments that are no JSON": (_called("hidden {"), f"{CALL_AT}: no JSON"),
    "arguments with a name twice": (_called('{"a":"hidden","a":"b"}'),
                                    f"{CALL_AT}: the same name twice in one object"),
    "arguments that hold a name twice": (_called('{"a":"{\\"b\\":\\"hidden\\",\\"b\\":2}"}'),
                                         f"{CALL_AT}|json.a|json: the same name twice in one object"),
    "arguments too deep": (_called(json.dumps(_nested(70))), None),
    "a NUL": (_turn(content="hid\0den"), "messages[0].content: a NUL"),
    "a NUL within arguments": (_called('{"a":"\\u0000hidden"}'), f"{CALL_AT}|json.a: a NUL"),
    "too deep": (_turn(content=_nested(70)), None),
    "a name too long for an address": ({"messages": [], "x" * 600: {"a": "hidden"}}, None),
}  # fmt: skip


@pytest.mark.parametrize(("value", "note"), PARTS.values(), ids=PARTS.keys())
def test_a_part_of_a_body_is_unread_and_the_rest_is_read(value: object, note: str | None) -> None:
    event = gate.walk("openai.chat.request", json.dumps(value).encode(), door="test").events[0]

    assert event.unscanned if note is None else note in event.unscanned
    assert "hidden" not in json.dumps(value) or any("hidden" in piece.text for piece in event.pieces) or note is None


OTHERS: dict[str, tuple[gate.Shape, object, str]] = {
    "an earlier response": ("openai.responses.request", {"input": "a", "previous_response_id": "resp_1"},
                            "previous_response_id: stands for what only the upstream holds"),
    "a stored conversation": ("openai.responses.request", {"conversation": {"id": "conv_1"}},
                              "conversation: stands for what only the upstream holds"),
    "a stored prompt": (
        "openai.responses.request",
        {"prompt": {"id": "pmpt_1", "variables": {"who": "Bob"}}},
        "prompt: stands for what only the upstream holds",
    ),
    "a container": (
        "anthropic.messages.request",
        {"messages": [], "container": "c_1"},
        "container: stands for what only the upstream holds",
    ),
    "what was said aloud earlier": (
        "openai.chat.request",
        {"messages": [{"role": "assistant", "content": None, "audio": {"id": "audio_1"}}]},
        "messages[0].audio: stands for what only the upstream holds",
    ),
    "sound that begins like a text": (
        "mcp.reply",
        {"jsonrpc": "2.0", "id": 1, "result": {"contents": [{"uri": "a", "blob": "QUFB" * 90 + "gIGC"}]}},
        "result.contents[0].blob: data that are no text",
    ),
    "a reference to an item": ("openai.responses.request", {"input": [{"type": "item_reference", "id": "m"}]},
                               "input[0]: stands for what only the upstream holds"),
    "a response without an input": ("openai.responses.request", {"model": "m"}, "input: missing"),
    "encrypted reasoning": ("openai.responses.request", {"input": [{"type": "reasoning", "encrypted_content": "gA"}]},
                            "input[0].encrypted_content: encrypted"),
    "a reply without choices": ("openai.chat.reply", {"id": "x"}, "choices: missing"),
    "a response without an output": ("openai.responses.reply", {"id": "x"}, "output: missing"),
    "a prompt of tokens": ("openai.completions.request", {"prompt": [1, 2]}, "prompt: tokens"),
    "a prompt of lists of tokens": ("openai.completions.request", {"prompt": [[1], [2]]}, "prompt: tokens"),
    "redacted thinking": (
        "anthropic.messages.request",
        {"messages": [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "gA"}]}]},
        "messages[0].content[0].data: encrypted",
    ),
    "a document at an address": (
        "anthropic.messages.request",
        {"messages": [{"role": "user", "content": [
            {"type": "document", "source": {"type": "url", "url": "https://d.example"}}]}]},
        "messages[0].content[0].source.url: what stands at an address",
    ),
    "a message without content": ("anthropic.messages.reply", {"id": "x"}, "content: missing"),
    "no JSON-RPC": ("mcp.request", {"id": 1, "method": "ping"}, "jsonrpc: no JSON-RPC 2.0"),
    "another JSON-RPC": ("mcp.request", {"jsonrpc": "1.0", "method": "ping"}, "jsonrpc: no JSON-RPC 2.0"),
    "a method that nobody knows": ("mcp.request", {"jsonrpc": "2.0", "method": "tools/steal"},
                                   "method: a method that is not known"),
    "a method that is no text": ("mcp.request", {"jsonrpc": "2.0", "method": ["tools/call"]},
                                 "method: a method that is not known"),
    "a call of no tool": ("mcp.request", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}},
                          "params.name: missing"),
    "neither a method nor a result": ("mcp.reply", {"jsonrpc": "2.0", "id": 1}, "method: missing"),
    "a result and an error": ("mcp.reply", {"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}},
                              "error: a result and an error in one"),
    "a linked resource": (
        "mcp.reply",
        {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "resource_link", "uri": "file:///a"}]}},
        "result.content[0]: what stands at an address",
    ),
    "a plain call without a tool": ("python.call", {"arguments": {}}, "tool: missing"),
    "a plain call of a tool without a name": ("python.call", {"tool": ""}, "tool: missing"),
    "a plain call that is a list": ("python.call", [], "body: a batch"),
    "a plain result with something else": ("python.result", {"tool": "t", "results": 1},
                                           "results: a member that is not known"),
}  # fmt: skip


@pytest.mark.parametrize(("shape", "value", "note"), OTHERS.values(), ids=OTHERS.keys())
def test_what_a_shape_does_not_allow_is_noted(shape: gate.Shape, value: object, note: str) -> None:
    events = gate.walk(shape, json.dumps(value).encode(), door="test").events

    assert [found for event in events for found in event.unscanned] == [note]
