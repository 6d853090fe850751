"""Refusals in the words that a client of each API reads: an error, or a reply that says so, whole or streamed.

Source: API references of OpenAI (errors; chat, completions and responses objects and their stream events) and Anthropic
(errors; message object, streaming), as of November 2026.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec

from counterproof.rely.proxy._routes import Route

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def error(family: str, status: int, said: str, *, code: str | None = None, receipt: str = "") -> bytes:
    """The JSON body of an error. `receipt` goes where each API lets further members stand: beside the message."""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    extra = {"receipt": receipt} if receipt else {}
    if family == "anthropic":
        return _json({"type": "error", "error": {"type": kind, "message": said, **extra}})
    return _json({"error": {"message": said, "type": kind, "param": None, "code": code, **extra}})


def reply(route: Route, model: str, said: str, *, is_plain: bool = False) -> bytes:
    """A whole reply that says so, and that it was refused. `is_plain`: as a model that declines says it of itself."""
    return _json(_reply(route.door, model, said, is_plain=is_plain))


def stream(route: Route, model: str, said: str, *, is_plain: bool = False) -> bytes:
    """The same as a stream of server-sent events."""
    whole = _reply(route.door, model, said, is_plain=is_plain)
    if route.door == "openai.chat":
        return _chat_stream(whole)
    if route.door == "openai.completions":
        return b"data: %b\n\ndata: [DONE]\n\n" % _json(whole)
    if route.door == "openai.responses":
        return _responses_stream(whole)
    return _messages_stream(whole)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _name(before: str) -> str:
    return before + secrets.token_hex(12)


def _reply(door: str, model: str, said: str, *, is_plain: bool) -> dict[str, Any]:
    now_s = int(time.time())
    ends = "stop" if is_plain else "content_filter"
    none = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    if door == "openai.chat":
        words = {"content": None, "refusal": said} if is_plain else {"content": said, "refusal": None}
        message = {"role": "assistant", **words}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": ends}
        return _openai("chatcmpl-", "chat.completion", now_s, model, choice) | {"usage": none}
    if door == "openai.completions":
        choice = {"index": 0, "text": said, "logprobs": None, "finish_reason": ends}
        return _openai("cmpl-", "text_completion", now_s, model, choice) | {"usage": none}
    if door == "openai.responses":
        whole = _response(now_s, model, said)
        return whole | {"status": "completed", "incomplete_details": None} if is_plain else whole
    return {
        "id": _name("msg_"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": said}],
        "stop_reason": "refusal",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def _openai(before: str, kind: str, now_s: int, model: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": _name(before), "object": kind, "created": now_s, "model": model, "choices": [choice]}


def _response(now_s: int, model: str, said: str) -> dict[str, Any]:
    part = {"type": "refusal", "refusal": said}
    item = {"id": _name("msg_"), "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": _name("resp_"),
        "object": "response",
        "created_at": now_s,
        "status": "incomplete",
        "error": None,
        "incomplete_details": {"reason": "content_filter"},
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [item],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": {
            "input_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        },
    }


def _chat_stream(whole: dict[str, Any]) -> bytes:
    head = {"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"], "model": whole["model"]}
    says: dict[str, Any] = {
        "index": 0,
        "delta": whole["choices"][0]["message"],
        "logprobs": None,
        "finish_reason": None,
    }
    nothing: dict[str, str] = {}
    ends: dict[str, Any] = says | {"delta": nothing, "finish_reason": whole["choices"][0]["finish_reason"]}
    chunks = [_json(head | {"choices": [choice]}) for choice in (says, ends)]
    return b"".join([b"data: %b\n\n" % chunk for chunk in chunks]) + b"data: [DONE]\n\n"


def _events(events: list[dict[str, Any]]) -> bytes:
    return b"".join([b"event: %b\ndata: %b\n\n" % (str(e["type"]).encode(), _json(e)) for e in events])


def _responses_stream(whole: dict[str, Any]) -> bytes:
    item = whole["output"][0]
    part = item["content"][0]
    begun: dict[str, Any] = whole | {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    at: dict[str, Any] = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": item | {"status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": {"type": "refusal", "refusal": ""}},
        {"type": "response.refusal.delta", **at, "delta": part["refusal"]},
        {"type": "response.refusal.done", **at, "refusal": part["refusal"]},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{whole['status']}", "response": whole},
    ]
    return _events([event | {"sequence_number": number} for number, event in enumerate(events)])


def _messages_stream(whole: dict[str, Any]) -> bytes:
    text = whole["content"][0]["text"]
    begun: dict[str, Any] = whole | {"content": [], "stop_reason": None}
    return _events(
        [
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "refusal", "stop_sequence": None},
                "usage": {"output_tokens": 0},
            },
            {"type": "message_stop"},
        ]
    )
