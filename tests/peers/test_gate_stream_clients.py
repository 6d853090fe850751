"""What leaves is read by the clients of the shapes it has."""

import importlib
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from counterproof.rely import gate
from tests.rely.gate import stream_bodies as bodies

Foreign: TypeAlias = Any
"""Something of the clients': they belong to another environment, so the checkers' cannot see their types."""

anthropic: Foreign = importlib.import_module("anthropic")
httpx2: Foreign = importlib.import_module("httpx2")
openai: Foreign = importlib.import_module("openai")
shapes: Foreign = importlib.import_module("openai.types.responses")

TEXTS = ("Hello", " the s", "ecr", "et no", "t, Grüße ", "wörld")
WHOLE = "".join(TEXTS)
HIT = ("Fine so ", "far; sEc", "ret", "  wo", "rd is x")
ARGUMENTS = ('{"to": "a@', 'b.c", "n"', ": 3}")


def through(shape: gate.Shape, raw: bytes, decide: Callable[[gate.Ask], bytes | None] = bodies.refuse_hits) -> bytes:
    places = range(0, len(raw), 7)
    return bodies.play(gate.Stream(shape, bodies.PLAN), bodies.cut(raw, places), decide)[0]


def answering(raw: bytes) -> Foreign:
    def answer(_: Foreign) -> Foreign:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=raw)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def openai_client(raw: bytes) -> Foreign:
    return openai.OpenAI(api_key="k", base_url="http://upstream/v1", http_client=answering(raw), max_retries=0)


def anthropic_client(raw: bytes) -> Foreign:
    return anthropic.Anthropic(api_key="k", base_url="http://upstream", http_client=answering(raw), max_retries=0)


def chat_said(raw: bytes) -> tuple[str, list[Any], str | None]:
    with openai_client(raw) as client:
        chunks = list(client.chat.completions.create(model="m", messages=[], stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    calls = [call for choice in choices for call in choice.delta.tool_calls or ()]
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    return "".join(choice.delta.content or "" for choice in choices), calls, reasons[-1] if reasons else None


def message_said(raw: bytes) -> Foreign:
    with anthropic_client(raw) as client, client.messages.stream(model="m", max_tokens=9, messages=[]) as stream:
        return stream.get_final_message()


def response_said(raw: bytes) -> Foreign:
    with openai_client(raw) as client:
        events = list(client.responses.create(model="m", input="x", stream=True))
    last = events[-1]
    assert isinstance(last, shapes.ResponseCompletedEvent | shapes.ResponseIncompleteEvent)
    return last.response


def test_a_clean_chat_is_what_it_was() -> None:
    assert chat_said(through("openai.chat.reply", bodies.chat(*TEXTS))) == (WHOLE, [], "stop")


def test_a_refused_chat_ends_as_a_content_filter_ends_it() -> None:
    raw = through("openai.chat.reply", bodies.chat(*HIT))
    assert chat_said(raw) == ("Fine so far; No.", [], "content_filter")
    assert raw.endswith(b"data: [DONE]\n\n")
    assert bodies.read(raw)[-1]["receipt"] == "receipt-1"


def test_calls_of_a_chat_come_whole_and_in_order() -> None:
    raw = through("openai.chat.reply", bodies.chat_calls(ARGUMENTS, ['{"x":', " 1}"]))
    _, calls, reason = chat_said(raw)
    assert [(call.index, call.id, call.function.arguments) for call in calls] == [
        (0, "call_0", "".join(ARGUMENTS)),
        (1, "call_1", '{"x": 1}'),
    ]
    assert reason == "tool_calls"


def test_the_accumulator_of_the_client_reads_a_chat() -> None:
    raw = through("openai.chat.reply", bodies.chat_calls(ARGUMENTS))
    with openai_client(raw) as client, client.chat.completions.stream(model="m", messages=[]) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls
    assert message.tool_calls[0].function.arguments == "".join(ARGUMENTS)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "refusal"])
def test_every_text_of_a_chat_is_a_channel(name: str) -> None:
    said = [
        event["choices"][0]["delta"].get(name)
        for event in bodies.read(through("openai.chat.reply", bodies.chat(*TEXTS, name=name)))[:-1]
    ]
    assert "".join(text or "" for text in said) == WHOLE
    raw = through("openai.chat.reply", bodies.chat(*HIT, name=name))
    assert b"ret" not in raw
    assert chat_said(raw)[2] == "content_filter"


def test_a_clean_completion_is_what_it_was() -> None:
    raw = through("openai.completions.reply", bodies.completions(*TEXTS))
    with openai_client(raw) as client:
        chunks = list(client.completions.create(model="m", prompt="x", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == WHOLE
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_refused_completion_ends_as_a_content_filter_ends_it() -> None:
    raw = through("openai.completions.reply", bodies.completions(*HIT))
    with openai_client(raw) as client:
        chunks = list(client.completions.create(model="m", prompt="x", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Fine so far; No."
    assert chunks[-1].choices[0].finish_reason == "content_filter"


def test_a_clean_message_is_what_it_was() -> None:
    raw = bodies.messages(*TEXTS, thinking=("hmm ", "s", "o"), arguments=ARGUMENTS)
    got, direct = message_said(through("anthropic.messages.reply", raw)), message_said(raw)
    assert got.to_dict() == direct.to_dict()
    assert [block.type for block in got.content] == ["thinking", "text", "tool_use"]


def test_a_refused_message_ends_as_a_refusal() -> None:
    got = message_said(through("anthropic.messages.reply", bodies.messages(*HIT, arguments=ARGUMENTS)))
    assert [block.to_dict().get("text") for block in got.content] == ["Fine so far; ", "No."]
    assert got.stop_reason == "refusal"


def test_a_message_refused_in_its_thinking_says_nothing_of_it() -> None:
    raw = through("anthropic.messages.reply", bodies.messages("fine", thinking=HIT))
    assert b"ret" not in raw
    assert message_said(raw).stop_reason == "refusal"


def test_a_message_refused_before_it_began_is_a_message_still() -> None:
    raw = bodies.messages(*TEXTS).replace(b'"model": "m"', b'"model": "m", "oddity": "text"')
    got = message_said(through("anthropic.messages.reply", raw))
    assert (got.stop_reason, [block.to_dict().get("text") for block in got.content]) == ("refusal", ["No."])


def test_a_clean_response_is_what_it_was() -> None:
    raw = bodies.responses(*TEXTS, summary=("I thi", "nk"), arguments=ARGUMENTS)
    got, direct = response_said(through("openai.responses.reply", raw)), response_said(raw)
    assert got.to_dict() == direct.to_dict()
    assert got.output_text == WHOLE


def test_the_accumulator_of_the_client_reads_a_response() -> None:
    raw = through("openai.responses.reply", bodies.responses(*TEXTS, arguments=ARGUMENTS))
    with openai_client(raw) as client, client.responses.stream(model="m", input="x") as stream:
        assert stream.get_final_response().output_text == WHOLE


def test_a_refused_response_is_incomplete_for_its_content() -> None:
    raw = through("openai.responses.reply", bodies.responses(*HIT, arguments=ARGUMENTS))
    got = response_said(raw)
    assert b"ret " not in raw
    assert (got.status, got.output_text) == ("incomplete", "No.")
    assert got.incomplete_details is not None
    assert got.incomplete_details.reason == "content_filter"


def test_what_a_response_tells_again_is_modified_everywhere() -> None:
    plan = bodies.plan("(?i)secret\\s{1,3}word", action="modify")
    raw = bodies.play(gate.Stream("openai.responses.reply", plan), [bodies.responses(*HIT)])[0]
    assert response_said(raw).output_text == "Fine so far; [gone] is x"
    assert b"ret" not in raw.replace(b"secret_", b"")
    assert raw.count(b"[gone]") == 5  # a delta, the text's end, the part's, the item's and the response's


def test_a_modified_call_is_told_modified_to_the_end() -> None:
    def decide(ask: gate.Ask) -> bytes:
        spans = [(at, 0, 5, "c@d.e") for at, piece in enumerate(ask.event.pieces) if piece.text == "a@b.c"]
        return ask.modified(spans) if ask.event.kind == "call" else ask.if_allowed

    changed = {"to": "c@d.e", "n": 3}
    responses = bodies.play(
        gate.Stream("openai.responses.reply", bodies.PLAN), [bodies.responses(arguments=ARGUMENTS)], decide
    )[0]
    item = response_said(responses).output[0]
    assert isinstance(item, shapes.ResponseFunctionToolCall)
    assert json.loads(item.arguments) == changed
    assert b"a@b.c" not in responses
    chat = bodies.play(gate.Stream("openai.chat.reply", bodies.PLAN), [bodies.chat_calls(ARGUMENTS)], decide)[0]
    assert json.loads(chat_said(chat)[1][0].function.arguments) == changed
    message = bodies.play(
        gate.Stream("anthropic.messages.reply", bodies.PLAN), [bodies.messages(arguments=ARGUMENTS)], decide
    )[0]
    assert message_said(message).content[0].to_dict()["input"] == changed
