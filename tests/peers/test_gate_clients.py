"""The real clients of OpenAI and Anthropic through the gate, before an upstream on this machine."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Generator
from typing import Any

import pytest

from counterproof.rely import wire
from tests.rely.proxy.rig import Rig, chunk, policy, running, says

anthropic: Any = importlib.import_module("anthropic")  # of another environment: the checkers' cannot see its types
openai: Any = importlib.import_module("openai")  # the same

WORDS = ["all ", "is ", "well ", "here"]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "run", "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}}},
}
ANTHROPIC_TOOL: dict[str, Any] = {
    "name": "run",
    "input_schema": {"type": "object", "properties": {"cmd": {"type": "string"}}},
}


def _event(name: str, **value: Any) -> bytes:  # noqa: ANN401 - JSON
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps({"type": name, **value}).encode())


def _last_said(body: dict[str, Any]) -> str:
    if "input" in body:
        return str(body["input"])
    if "prompt" in body:
        return str(body["prompt"])
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else json.dumps(content)


def _told(said: str) -> list[str]:
    """What the upstream says back: what it was told to after `say `, in small pieces."""
    if not said.startswith("say "):
        return WORDS
    text = said.removeprefix("say ").replace("4bidden", "forbidden")
    return [text[at : at + 3] for at in range(0, len(text), 3)]


async def _chat(body: dict[str, Any], out: wire.Out) -> None:
    said = _last_said(body)
    told = _told(said)
    arguments = json.dumps({"cmd": "".join(told)})
    call: dict[str, Any] = {"id": "t1", "type": "function", "function": {"name": "run", "arguments": arguments}}
    is_call = bool(body.get("tools")) and body["messages"][-1]["role"] == "user"
    if not body.get("stream"):
        message = says("", tool_calls=[call]) if is_call else says("".join(told))
        _json(out, message)
        return
    out.start(200, [(b"content-type", b"text/event-stream")])
    if is_call:
        parts: list[dict[str, Any]] = [{"index": 0, **call, "function": {"name": "run", "arguments": ""}}]
        parts += [{"index": 0, "function": {"arguments": part}} for part in (arguments[:9], arguments[9:])]
        for part in parts:
            await out.write(_delta({"tool_calls": [part]}))
    for word in () if is_call else told:
        await out.write(chunk(word))
    await out.write(chunk(None, "tool_calls" if is_call else "stop") + b"data: [DONE]\n\n")
    out.end()


def _delta(delta: dict[str, Any]) -> bytes:
    value: dict[str, Any] = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choices = [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}]
    return b"data: %b\n\n" % json.dumps({**value, "choices": choices}).encode()


async def _responses(body: dict[str, Any], out: wire.Out) -> None:
    text = "".join(told := _told(_last_said(body)))
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item: dict[str, Any] = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    whole: dict[str, Any] = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [item],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None,
        "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
    }  # fmt: skip
    if not body.get("stream"):
        _json(out, whole)
        return
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    begun: dict[str, Any] = {**whole, "status": "in_progress", "output": []}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": {**item, "status": "in_progress", "content": []}}),
        ("response.content_part.added", {**at, "part": {**part, "text": ""}}),
        *(("response.output_text.delta", {**at, "delta": word, "logprobs": []}) for word in told),
        ("response.output_text.done", {**at, "text": text, "logprobs": []}),
        ("response.content_part.done", {**at, "part": part}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": whole}),
    ]
    out.start(200, [(b"content-type", b"text/event-stream")])
    for number, (name, value) in enumerate(events):
        await out.write(_event(name, sequence_number=number, **value))
    out.end()


async def _messages(body: dict[str, Any], out: wire.Out) -> None:
    text = "".join(told := _told(_last_said(body)))
    usage = {"input_tokens": 1, "output_tokens": 1}
    is_call = bool(body.get("tools"))
    block: dict[str, Any] = (
        {"type": "tool_use", "id": "toolu_1", "name": "run", "input": {"cmd": text}}
        if is_call
        else {"type": "text", "text": text}
    )
    reason = "tool_use" if is_call else "end_turn"
    whole: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [block],
        "stop_reason": reason, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    if not body.get("stream"):
        _json(out, whole)
        return
    arguments = json.dumps({"cmd": text})
    deltas: list[dict[str, Any]] = (
        [{"type": "input_json_delta", "partial_json": part} for part in (arguments[:9], arguments[9:])]
        if is_call
        else [{"type": "text_delta", "text": word} for word in told]
    )
    empty: dict[str, Any] = {**block, "input": {}} if is_call else {**block, "text": ""}
    out.start(200, [(b"content-type", b"text/event-stream")])
    await out.write(_event("message_start", message={**whole, "content": [], "stop_reason": None}))
    await out.write(_event("content_block_start", index=0, content_block=empty))
    await out.write(_event("ping"))
    for delta in deltas:
        await out.write(_event("content_block_delta", index=0, delta=delta))
    await out.write(_event("content_block_stop", index=0))
    await out.write(_event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage))
    await out.write(_event("message_stop"))
    out.end()


async def _completions(body: dict[str, Any], out: wire.Out) -> None:
    def made(text: str, finish: str | None) -> dict[str, Any]:
        choice = {"index": 0, "text": text, "finish_reason": finish, "logprobs": None}
        return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}

    told = _told(_last_said(body))
    if not body.get("stream"):
        _json(out, made("".join(told), "stop"))
        return
    out.start(200, [(b"content-type", b"text/event-stream")])
    for word in told:
        await out.write(b"data: %b\n\n" % json.dumps(made(word, None)).encode())
    await out.write(b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(made("", "stop")).encode())
    out.end()


def _json(out: wire.Out, value: object) -> None:
    out.reply(200, [(b"content-type", b"application/json")], json.dumps(value).encode())


async def _upstream(request: wire.Request, out: wire.Out) -> None:
    if request.method == "GET":
        model = {"id": "m", "object": "model", "created": 1, "owned_by": "us"}
        _json(out, {"object": "list", "data": [model]})
        return
    if request.path.endswith("/count_tokens"):
        _json(out, {"input_tokens": 7})
        return
    ways = {
        "/v1/chat/completions": _chat,
        "/v1/responses": _responses,
        "/v1/messages": _messages,
        "/v1/completions": _completions,
    }
    await ways[request.path](json.loads(request.body), out)


@pytest.fixture(scope="module", params=["error", "reply"])
def rig(request: pytest.FixtureRequest) -> Generator[Rig]:
    with running(_upstream, policy(block_as=request.param), new_loop=wire.new_loop) as found:
        yield found


def _openai(rig: Rig) -> Any:  # noqa: ANN401 - its types would say what is only checked here
    return openai.OpenAI(base_url=f"{rig.url}/v1", api_key="k", max_retries=0, timeout=20)


def _anthropic(rig: Rig) -> Any:  # noqa: ANN401 - as above
    return anthropic.Anthropic(base_url=rig.url, api_key="k", max_retries=0, timeout=20)


def _user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def _is_error(rig: Rig) -> bool:
    return rig.guard.rules.policy.block_as == "error"


def test_openai_chat(rig: Rig) -> None:
    with _openai(rig) as client:
        whole = client.chat.completions.create(model="m", messages=_user("hello"))
        assert whole.choices[0].message.content == "all is well here"
        stream = client.chat.completions.create(model="m", messages=_user("hello"), stream=True)
        assert "".join(part.choices[0].delta.content or "" for part in stream) == "all is well here"
        assert [model.id for model in client.models.list()] == ["m"]


def test_openai_chat_refused(rig: Rig) -> None:
    with _openai(rig) as client:
        for text in ("a forbidden7 thing", "say 4bidden7"):
            for is_streamed in (False, True):
                _check_chat_refused(rig, client, text, is_streamed=is_streamed)


def _check_chat_refused(rig: Rig, client: Any, text: str, *, is_streamed: bool) -> None:  # noqa: ANN401 - as above
    def ask() -> tuple[str, str | None]:
        if not is_streamed:
            whole = client.chat.completions.create(model="m", messages=_user(text))
            return whole.choices[0].message.content or "", whole.choices[0].finish_reason
        parts = list(client.chat.completions.create(model="m", messages=_user(text), stream=True))
        told = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
        return told, parts[-1].choices[0].finish_reason

    if _is_error(rig):
        with pytest.raises(openai.BadRequestError) as caught:
            ask()
        assert caught.value.code == "content_filter"
        assert f"'receipt': '{rig.kept.decisions[-1][1].receipt}'" in str(caught.value.body)
        return
    told, finish = ask()
    assert "forbidden" not in told
    assert "Not this." in told
    assert finish == "content_filter"


def test_openai_tools(rig: Rig) -> None:
    with _openai(rig) as client:
        whole = client.chat.completions.create(model="m", messages=_user("say ls"), tools=[TOOL])
        (call,) = whole.choices[0].message.tool_calls
        assert json.loads(call.function.arguments) == {"cmd": "ls"}
        again = [*_user("say ls"), whole.choices[0].message.model_dump(exclude_none=True)]
        again.append({"role": "tool", "tool_call_id": call.id, "content": "a file"})
        assert client.chat.completions.create(model="m", messages=again, tools=[TOOL]).choices[0].message.content
        parts = list(client.chat.completions.create(model="m", messages=_user("say ls"), tools=[TOOL], stream=True))
        said = [call for part in parts for choice in part.choices for call in choice.delta.tool_calls or ()]
        assert "".join((call.function.arguments or "") for call in said if call.function) == '{"cmd": "ls"}'
        bad = [*again[:-1], {**again[-1], "content": "forbidden7"}]
        _check_refused(rig, lambda: client.chat.completions.create(model="m", messages=bad, tools=[TOOL]))
        _check_refused(
            rig, lambda: client.chat.completions.create(model="m", messages=_user("say 4bidden7"), tools=[TOOL])
        )


def _check_refused(rig: Rig, ask: Any) -> None:  # noqa: ANN401 - any client's call
    before = rig.kept.outcomes.count("reject")
    if _is_error(rig):
        with pytest.raises((openai.BadRequestError, anthropic.BadRequestError), match="Not this"):
            ask()
    else:
        told = ask().model_dump_json()
        assert "Not this." in told
        assert "forbidden" not in told
    assert rig.kept.outcomes.count("reject") == before + 1


def test_openai_responses(rig: Rig) -> None:
    with _openai(rig) as client:
        assert client.responses.create(model="m", input="hello").output_text == "all is well here"
        with client.responses.stream(model="m", input="hello") as stream:
            events = list(stream)
            assert stream.get_final_response().output_text == "all is well here"
        assert [e.delta for e in events if e.type == "response.output_text.delta"]
        _check_refused(rig, lambda: client.responses.create(model="m", input="a forbidden7 thing"))
        _check_refused(rig, lambda: client.responses.create(model="m", input="say 4bidden7"))
        told = "".join(
            str(event) for event in _quietly(client.responses.create(model="m", input="say x 4bidden7", stream=True))
        )
        assert "forbidden" not in told


def _quietly(stream: Any) -> list[Any]:  # noqa: ANN401 - any client's stream
    found: list[Any] = []
    try:
        found.extend(stream)
    except (openai.APIError, anthropic.APIError) as exc:
        found.append(exc)
    return found


def test_openai_completions(rig: Rig) -> None:
    with _openai(rig) as client:
        assert client.completions.create(model="m", prompt="hello").choices[0].text == "all is well here"
        parts = client.completions.create(model="m", prompt="hello", stream=True)
        assert "".join(part.choices[0].text for part in parts) == "all is well here"
        _check_refused(rig, lambda: client.completions.create(model="m", prompt="say 4bidden7"))


def test_anthropic_messages(rig: Rig) -> None:
    with _anthropic(rig) as client:
        whole = client.messages.create(model="m", max_tokens=9, messages=_user("hello"))
        assert whole.content[0].text == "all is well here"
        with client.messages.stream(model="m", max_tokens=9, messages=_user("hello")) as stream:
            assert "".join(stream.text_stream) == "all is well here"
        assert client.messages.count_tokens(model="m", messages=_user("hello")).input_tokens == 7


def test_anthropic_refused(rig: Rig) -> None:
    with _anthropic(rig) as client:
        for text in ("a forbidden7 thing", "say 4bidden7"):
            _check_refused(rig, lambda: client.messages.create(model="m", max_tokens=9, messages=_user(text)))  # noqa: B023 - called at once
        with client.messages.stream(model="m", max_tokens=9, messages=_user("say x 4bidden7")) as stream:
            told = "".join(stream.text_stream)
            reason = stream.get_final_message().stop_reason
        assert "forbidden" not in told
        assert reason == "refusal"


def test_anthropic_tools(rig: Rig) -> None:
    with _anthropic(rig) as client:
        whole = client.messages.create(model="m", max_tokens=9, messages=_user("say ls"), tools=[ANTHROPIC_TOOL])
        assert whole.content[0].input == {"cmd": "ls"}
        asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "tools": [ANTHROPIC_TOOL]}
        with client.messages.stream(messages=_user("say ls"), **asked) as stream:
            assert stream.get_final_message().content[0].input == {"cmd": "ls"}
        _check_refused(rig, lambda: client.messages.create(messages=_user("say 4bidden7"), **asked))
        with client.messages.stream(messages=_user("say 4bidden7"), **asked) as stream:
            told = "".join(str(event) for event in _quietly(stream))
        assert "forbidden" not in told


def test_many_at_once(rig: Rig) -> None:
    async def work() -> None:
        async with (
            openai.AsyncOpenAI(base_url=f"{rig.url}/v1", api_key="k", max_retries=0, timeout=30) as one,
            anthropic.AsyncAnthropic(base_url=rig.url, api_key="k", max_retries=0, timeout=30) as two,
        ):

            async def chat(number: int) -> str:
                said = await one.chat.completions.create(model="m", messages=_user(f"say number {number}"))
                return said.choices[0].message.content or ""

            async def streamed(number: int) -> str:
                messages = _user(f"say number {number}")
                async with two.messages.stream(model="m", max_tokens=9, messages=messages) as stream:
                    return "".join([text async for text in stream.text_stream])

            found = await asyncio.gather(*(way(n) for n in range(25) for way in (chat, streamed)))
            assert found == [f"number {n}" for n in range(25) for _ in range(2)]

    asyncio.run(work())


def test_no_key_of_a_client_is_in_the_record(rig: Rig) -> None:
    with openai.OpenAI(base_url=f"{rig.url}/v1", api_key="a-very-secret-key", max_retries=0) as client:
        client.chat.completions.create(model="m", messages=_user("hello"))

    assert rig.seen[-1].header(b"authorization") == b"Bearer a-very-secret-key"
    assert "a-very-secret-key" not in repr(rig.kept.decisions)
