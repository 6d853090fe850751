"""Replies in the shapes of four APIs, whole and streamed, and what a client reads of them: written for this alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from tests.faults.gate_plans import Plan

Cut = Callable[[str], list[str]]


def whole(plan: Plan) -> bytes:
    """A reply that is not streamed."""
    return json.dumps(_value(plan)).encode()


def _value(plan: Plan) -> dict[str, Any]:
    text = plan.text
    if plan.door == "completions":
        return {"id": "a", "object": "text_completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}]}  # fmt: skip
    if plan.door == "responses":
        return _response(plan, "completed", [_item(text)])
    if plan.door == "messages":
        block: dict[str, Any] = {"type": "text", "text": text}
        if plan.is_called:
            block = {"type": "tool_use", "id": "t1", "name": "look", "input": json.loads(plan.arguments)}
        return {"id": "a", "type": "message", "role": "assistant", "model": "m", "content": [block],
                "stop_reason": "end_turn", "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if plan.is_called:
        message = {"role": "assistant", "content": None, "tool_calls": [_call(plan.arguments)]}
    return {"id": "a", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]}  # fmt: skip


def _call(arguments: str) -> dict[str, Any]:
    return {"id": "t1", "type": "function", "function": {"name": "look", "arguments": arguments}}


def _item(text: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
    return {"id": "i1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _response(plan: Plan, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": f"r{plan.number}", "object": "response", "created_at": 1, "status": status, "model": "m",
            "output": output, "error": None, "incomplete_details": None}  # fmt: skip


def events(plan: Plan, cut: Cut) -> list[bytes]:
    """The events of a streamed reply."""
    match plan.door:
        case "completions":
            return _completions(plan, cut)
        case "responses":
            return _named(_responses(plan, cut))
        case "messages":
            return _named(_messages(plan, cut))
        case _:
            return _chat(plan, cut)


def _data(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def _named(values: list[dict[str, Any]]) -> list[bytes]:
    return [b"event: " + str(value["type"]).encode() + b"\n" + _data(value) for value in values]


def _chat(plan: Plan, cut: Cut) -> list[bytes]:
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    if plan.is_called:
        deltas = [({"role": "assistant", "content": None, "tool_calls": [{"index": 0, **_call("")}]}, None)]
        deltas += [
            ({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}, None) for part in cut(plan.arguments)
        ]
    else:
        deltas += [({"content": part}, None) for part in cut(plan.text)]
    deltas.append(({}, "tool_calls" if plan.is_called else "stop"))
    head = {"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    made = [_data({**head, "choices": [{"index": 0, "delta": d, "finish_reason": end}]}) for d, end in deltas]
    return [*made, b"data: [DONE]\n\n"]


def _completions(plan: Plan, cut: Cut) -> list[bytes]:
    texts: list[tuple[str, str | None]] = [(part, None) for part in cut(plan.text)]
    head = {"id": "a", "object": "text_completion", "created": 1, "model": "m"}
    made = [
        _data({**head, "choices": [{"index": 0, "text": t, "logprobs": None, "finish_reason": end}]})
        for t, end in [*texts, ("", "stop")]
    ]
    return [*made, b"data: [DONE]\n\n"]


def _messages(plan: Plan, cut: Cut) -> list[dict[str, Any]]:
    begun: dict[str, Any] = {"id": "a", "type": "message", "role": "assistant", "model": "m", "content": [],
             "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
    block: dict[str, Any] = {"type": "text", "text": ""}
    deltas = [{"type": "text_delta", "text": part} for part in cut(plan.text)]
    if plan.is_called:
        block = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in cut(plan.arguments)]
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]  # fmt: skip


def _responses(plan: Plan, cut: Cut) -> list[dict[str, Any]]:
    at = {"item_id": "i1", "output_index": 0, "content_index": 0}
    item = _item(plan.text)
    part = item["content"][0]
    begun: dict[str, Any] = {**item, "status": "in_progress", "content": []}
    made: list[dict[str, Any]] = [
        {"type": "response.created", "response": _response(plan, "in_progress", [])},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *({"type": "response.output_text.delta", **at, "delta": piece} for piece in cut(plan.text)),
        {"type": "response.output_text.done", **at, "text": plan.text},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": _response(plan, "completed", [item])},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(made)]


def _lines(data: bytes) -> bytes:
    """With one kind of line end, of the three that there are (WHATWG, server-sent events)."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


class Read:
    """What a client read of a streamed reply. `ends`: how it says that it ended; empty where it does not."""

    def __init__(self, door: str, data: bytes, *, is_ended: bool = True) -> None:
        self.text = self.arguments = self.ends = self.receipt = ""
        self.is_odd = False
        self._later: list[str] = []
        data = _lines(data)
        for block in (data if is_ended else data[: data.rfind(b"\n\n") + 2]).split(b"\n\n"):
            lines = [line[6:] for line in block.split(b"\n") if line.startswith(b"data: ")]
            if not lines or lines == [b"[DONE]"]:
                self.ends += "+" if lines else ""
                continue
            try:
                value = json.loads(b"\n".join(lines))
            except ValueError:
                self.is_odd = True  # half an event: the connection was cut
                continue
            try:
                self._take(door, value)
            except (
                AttributeError,
                KeyError,
                TypeError,
            ):  # no event of this shape: its texts reached the client all the same
                self.is_odd = True
                self._later += _strings(value)

    @property
    def said(self) -> list[str]:
        """Every text in it, those that repeat too."""
        return [self.text, self.arguments, *self._later]

    def _take(self, door: str, value: dict[str, Any]) -> None:
        self.receipt = self.receipt or str(value.get("receipt", ""))
        if door in ("chat", "completions"):
            self._choices(value)
        elif door == "messages":
            self._message(value)
        else:
            self._response(value)

    def _choices(self, value: dict[str, Any]) -> None:
        for choice in value.get("choices", []):
            delta = choice.get("delta", choice)
            self.text += delta.get("content") or delta.get("text") or ""
            calls: list[dict[str, Any]] = delta.get("tool_calls") or []
            for call in calls:
                self.arguments += str(call["function"].get("arguments") or "")
            self.ends += choice.get("finish_reason") or ""

    def _message(self, value: dict[str, Any]) -> None:
        delta: dict[str, Any] = value.get("delta", {})
        self.text += delta.get("text", "")
        self.arguments += str(delta.get("partial_json", ""))
        self.ends += delta.get("stop_reason") or ""
        self.ends += "+" if value["type"] == "message_stop" else ""

    def _response(self, value: dict[str, Any]) -> None:
        kind = value["type"]
        if kind.endswith(".delta"):
            self.text += value["delta"]
        elif kind in ("response.completed", "response.incomplete"):
            self.ends += kind.removeprefix("response.")
            self.ends += "+"
        if not kind.endswith(".delta"):
            self._later += _strings(value)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner: list[object] = []
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    return [text for one in inner for text in _strings(one)]
