"""What is not whole, not known or not readable is asked about, and never leaves on its own."""

import json
from typing import Any

import pytest

from counterproof.rely import gate
from tests.rely.gate import stream_bodies as bodies

ARGUMENTS = ('{"to":', ' "x"', "}")
CALLS: list[tuple[gate.Shape, bytes, bytes]] = [
    ("openai.chat.reply", bodies.chat_calls(ARGUMENTS), b'"tool_calls"'),
    ("anthropic.messages.reply", bodies.messages("Hi.", arguments=ARGUMENTS), b"tool_use"),
    ("openai.responses.reply", bodies.responses("Hi.", arguments=ARGUMENTS), b"function_call"),
]
BODIES: list[tuple[gate.Shape, bytes]] = [
    *((shape, raw) for shape, raw, _ in CALLS),
    ("openai.chat.reply", bodies.chat("Hello")),
    ("openai.completions.reply", bodies.completions("Hello")),
]


def played(shape: gate.Shape, *parts: bytes) -> tuple[bytes, list[gate.Ask]]:
    return bodies.play(gate.Stream(shape, bodies.PLAN), parts)


@pytest.mark.parametrize(("shape", "raw", "mark"), CALLS, ids=[shape for shape, _, _ in CALLS])
def test_a_call_leaves_after_one_question_and_whole(shape: gate.Shape, raw: bytes, mark: bytes) -> None:
    out, asks = played(shape, raw)
    calls = [ask for ask in asks if ask.event.kind == "call"]
    assert [(ask.event.tool, ask.event.unscanned) for ask in calls] == [("send", ())]
    assert [piece.text for piece in calls[0].event.pieces if piece.text == "x"] == ["x"]
    assert mark in out
    assert calls[0].if_allowed in out


@pytest.mark.parametrize(("shape", "raw", "mark"), CALLS, ids=[shape for shape, _, _ in CALLS])
def test_nothing_of_a_refused_call_leaves(shape: gate.Shape, raw: bytes, mark: bytes) -> None:
    stream = gate.Stream(shape, bodies.PLAN)
    out, asks = bodies.play(stream, [raw], lambda ask: None if ask.event.kind == "call" else ask.if_allowed)
    assert asks[-1].event.kind == "call"
    assert mark not in out
    assert b"send" not in out


@pytest.mark.parametrize(("shape", "raw", "mark"), CALLS, ids=[shape for shape, _, _ in CALLS])
def test_a_call_whose_end_never_came_never_leaves(shape: gate.Shape, raw: bytes, mark: bytes) -> None:
    start, end = raw.index(b"send"), raw.rindex(b"output_item.done" if b"response" in raw else b"}\n\n")
    last = {b"tool_calls": b'"finish_reason": "tool_calls"', b"tool_use": b'"content_block_stop", "index": 1'}
    end = next((raw.index(told) for name, told in last.items() if told in raw and name in mark), end)
    for at in range(start, end, 11):
        out, asks = played(shape, raw[:at])
        assert b"send" not in out, at
        cut = [ask for ask in asks if ask.event.kind == "call"]
        assert [ask.if_allowed for ask in cut] == [b""] * len(cut)
        assert all("ended before the call did" in note for ask in cut for note in ask.event.unscanned)


def test_done_without_a_reason_does_not_make_a_call_whole() -> None:
    raw = bodies.chat_calls(ARGUMENTS)
    head = raw[: raw.rindex(b"data: {")]
    out, asks = played("openai.chat.reply", head + b"data: [DONE]\n\n")
    assert b"send" not in out
    assert [ask.event.kind for ask in asks] == ["call"]
    assert out.endswith(b"data: [DONE]\n\n")


def test_the_old_way_to_call_a_function_is_a_call() -> None:
    parts = [{"name": "send", "arguments": ""}, {"arguments": '{"to":'}, {"arguments": ' "x"}'}]
    chunks = [bodies.chunk({"function_call": part}) for part in parts]
    out, asks = played("openai.chat.reply", bodies.sse([*chunks, bodies.chunk({}, "function_call"), b"[DONE]"]))
    assert [(ask.event.kind, ask.event.tool) for ask in asks] == [("call", "send")]
    calls = [event["choices"][0]["delta"].get("function_call") for event in bodies.read(out)]
    assert calls == [{"name": "send", "arguments": '{"to": "x"}'}, None]


def test_arguments_that_are_no_json_are_said_to_be_unread() -> None:
    for shape, raw in (
        ("openai.chat.reply", bodies.chat_calls(('{"to": "x"',))),
        ("anthropic.messages.reply", bodies.messages(arguments=('{"to": "x"',))),
        ("openai.responses.reply", bodies.responses(arguments=('{"to": "x"',))),
    ):
        _, asks = played(shape, raw)  # type: ignore[arg-type] # a shape
        assert [bool(ask.event.unscanned) for ask in asks if ask.event.kind == "call"] == [True], shape


def test_arguments_told_in_two_ways_are_said_to_be_so() -> None:
    raw = bodies.responses(arguments=ARGUMENTS).replace(b'"delta": " \\"x\\""', b'"delta": " \\"y\\""')
    _, asks = played("openai.responses.reply", raw)
    assert ["told in several ways" in " ".join(ask.event.unscanned) for ask in asks] == [True]


def test_a_text_told_otherwise_at_its_end_is_asked_about() -> None:
    raw = bodies.responses("one", " two").replace(b'"text": "one two"', b'"text": "secret word"')
    out, asks = bodies.play(gate.Stream("openai.responses.reply", bodies.PLAN), [raw], bodies.refuse_hits)
    assert b"secret" not in out
    assert any(ask.event.unscanned or "secret" in ask.event.pieces[-1].text for ask in asks)


def test_only_the_last_of_the_repeats_differs_and_is_asked_about() -> None:
    raw = bodies.responses("one", " two")
    at = raw.rindex(b"one two")
    out, asks = played("openai.responses.reply", raw[:at] + b"other" + raw[at + 7 :])
    assert any("not held back" in note for ask in asks for note in ask.event.unscanned)
    assert asks[-1].event.pieces[-1].text == "other"
    assert b"other" in out


def test_one_question_at_the_end_tells_every_channel_whole() -> None:
    chunks = [bodies.chunk({"reasoning": "why "}), bodies.chunk({"content": "be"}), bodies.chunk({"reasoning": "not"})]
    _, asks = played("openai.chat.reply", bodies.sse([*chunks, bodies.chunk({"content": "cause"}, "stop"), b"[DONE]"]))
    (ask,) = asks
    assert (ask.event.kind, ask.event.size_bytes) == ("span", 14)
    assert {piece.where: piece.text for piece in ask.event.pieces} == {
        "choices[0].delta.reasoning": "why not",
        "choices[0].delta.content": "because",
    }


def test_what_left_before_stands_beside_a_match() -> None:
    _, asks = played("openai.chat.reply", bodies.chat("Well, the ", "secret", "  word", " is"))
    before, seen = asks[0].event.pieces
    assert (before.text, before.is_new, seen.text) == ("Well, the ", False, " secret  word ")
    assert asks[0].event.size_bytes == len(" secret  word ")


def test_choices_are_channels_of_their_own() -> None:
    chunks = [
        bodies.chunk({"content": text}, index=index)
        for text, index in (("sec", 0), ("ret", 1), ("ure", 0), (" word", 1))
    ]
    ends = [bodies.chunk({}, "stop", index=index) for index in (0, 1)]
    out, asks = bodies.play(
        gate.Stream("openai.chat.reply", bodies.PLAN), [bodies.sse([*chunks, *ends, b"[DONE]"])], bodies.refuse_hits
    )
    said = {0: "", 1: ""}
    for event in bodies.read(out):
        said[event["choices"][0]["index"]] += event["choices"][0]["delta"].get("content") or ""
    assert said == {0: "secure", 1: "ret word"}
    assert [ask.event.pieces[0].where for ask in asks] == [f"choices[{index}].delta.content" for index in (0, 1)]


def test_a_refusal_ends_every_open_choice() -> None:
    chunks = [bodies.chunk({"content": text}, index=index) for text, index in (("fine", 1), ("secret word.", 0))]
    out, _ = bodies.play(gate.Stream("openai.chat.reply", bodies.PLAN), [bodies.sse(chunks)], bodies.refuse_hits)
    last = [event["choices"][0] for event in bodies.read(out)]
    assert [choice["index"] for choice in last if choice["finish_reason"] == "content_filter"] == [0, 1]


@pytest.mark.parametrize(("shape", "raw"), BODIES)
@pytest.mark.parametrize("data", [b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"a": 1e999x}', b"[" * 5_000])
def test_data_that_is_no_object_is_asked_about(shape: gate.Shape, raw: bytes, data: bytes) -> None:
    first, _, rest = raw.partition(b"\n\n")
    out, asks = played(shape, first + b"\n\ndata: " + data + b"\n\n" + rest)
    assert len([ask for ask in asks if ask.event.unscanned]) == 1
    refused, _ = bodies.play(
        gate.Stream(shape, bodies.PLAN),
        [b"data: " + data + b"\n\n"],
        lambda ask: None if ask.event.unscanned else ask.if_allowed,
    )
    assert b"data: " + data + b"\n\n" in out
    assert b"data: " + data + b"\n\n" not in refused


@pytest.mark.parametrize(("shape", "raw"), BODIES)
def test_a_member_that_nobody_knows_is_asked_about_once(shape: gate.Shape, raw: bytes) -> None:
    extended = b"\n".join(
        line[:-1] + b', "oddity": "some text"}' if line.startswith(b"data: {") else line for line in raw.split(b"\n")
    )
    _, asks = played(shape, extended)
    notes = [note for ask in asks for note in ask.event.unscanned if "oddity" in note]
    assert notes
    assert len(notes) == len(set(notes))


def test_a_known_text_in_an_unknown_place_is_asked_about() -> None:
    raw = bodies.sse([bodies.chunk({"content": [{"type": "text", "text": "secret word"}]})])
    out, asks = bodies.play(gate.Stream("openai.chat.reply", bodies.PLAN), [raw], bodies.refuse_hits)
    assert b"secret" not in out
    assert "not held back" in asks[0].event.unscanned[0]


@pytest.mark.parametrize("shape", ["anthropic.messages.reply", "openai.responses.reply"])
def test_an_event_that_nobody_knows_is_asked_about(shape: gate.Shape) -> None:
    raw = bodies.sse([{"type": "brand.new", "text": "secret word"}], has_names=True)
    out, asks = bodies.play(gate.Stream(shape, bodies.PLAN), [raw], lambda _: None)
    assert b"secret" not in out
    assert asks[0].event.unscanned == ("data (brand.new): an event that is not known",)


@pytest.mark.parametrize(("shape", "raw"), BODIES)
def test_an_event_too_long_to_be_kept_ends_the_stream(shape: gate.Shape, raw: bytes) -> None:
    stream = gate.Stream(shape, bodies.PLAN)
    steps = stream.feed(b"data: " + b"x" * (9 << 20))
    assert [isinstance(step, gate.Ask) and step.event.unscanned for step in steps] == [
        ("data: an event longer than is kept",)
    ]
    assert (stream.feed(raw), stream.finish()) == ([], [])


@pytest.mark.parametrize(("shape", "raw"), BODIES)
def test_what_comes_after_the_end_does_not_leave(shape: gate.Shape, raw: bytes) -> None:
    out, _ = played(shape, raw)
    assert played(shape, raw, b'data: {"more": "text"}\n\n')[0] == out
    stream = gate.Stream(shape, bodies.PLAN)
    stream.feed(raw)
    assert stream.is_whole


def test_comments_and_retries_do_not_leave() -> None:
    raw = b": secret word\nretry: 5\n\n" + bodies.chat("Hello").replace(
        b"\n\n", b"\n: secret word\nid: secret word\n\n"
    )
    out, _ = played("openai.chat.reply", raw)
    assert b"secret" not in out
    assert out == played("openai.chat.reply", bodies.chat("Hello"))[0]


def _result(number: int, text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": {"content": [{"type": "text", "text": text}], "isError": False}}


def test_each_message_of_mcp_is_decided_and_refused_for_itself() -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 5}}
    raw = bodies.sse([progress, _result(7, "the secret word is x"), _result(8, "fine")])
    stream = gate.Stream("mcp.reply", bodies.PLAN)
    out = b""
    for step in stream.feed(raw):
        assert isinstance(step, gate.Ask)
        out += bodies.refuse_hits(step) or step.refused("No.", "receipt-1")
    first, second, third = bodies.read(out)
    assert (first, third) == (progress, _result(8, "fine"))
    assert second["id"] == 7
    assert second["result"]["isError"] is True
    assert second["result"]["content"] == [{"type": "text", "text": "No."}]
    assert "receipt-1" in json.dumps(second["result"]["_meta"])


def test_a_message_of_mcp_is_modified_where_a_decision_says_so() -> None:
    (ask,) = gate.Stream("mcp.reply", bodies.PLAN).feed(bodies.sse([_result(7, "the secret word")]))
    assert isinstance(ask, gate.Ask)
    at = next(at for at, piece in enumerate(ask.event.pieces) if piece.text == "the secret word")
    assert bodies.read(ask.modified([(at, 4, 15, "thing")])) == [_result(7, "the thing")]
