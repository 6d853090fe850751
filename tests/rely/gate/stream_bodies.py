"""Streams as upstreams send them, and a door that drives a stream through the gate."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from counterproof.record import PatternRule
from counterproof.rely import gate

Json = dict[str, Any]


def plan(*patterns: str, action: str = "reject") -> gate.HoldbackPlan:
    """A plan of one rule."""
    rule = PatternRule(name="rule", patterns=patterns, action=action, replacement="[gone]")  # type: ignore[arg-type] # drawn
    return gate.HoldbackPlan([rule])


PLAN = plan("(?i)secret\\s{1,3}word")


def sse(values: Iterable[Json | bytes], *, has_names: bool = False) -> bytes:
    """Events as they are on the wire."""
    out = b""
    for value in values:
        name = f"event: {value.get('type')}\n".encode() if has_names and isinstance(value, dict) else b""
        data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        out += name + b"data: " + data + b"\n\n"
    return out


def read(raw: bytes) -> list[Json]:
    """The data of events, without `[DONE]`."""
    lines = [line.removeprefix(b"data: ") for line in raw.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def chunk(delta: Json, finish: str | None = None, index: int = 0, **more: object) -> Json:
    """A chunk of a chat completion."""
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish, **more}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "system_fingerprint": "fp", "choices": [choice]}


def chat(*parts: str, name: str = "content") -> bytes:
    """A chat completion that says these parts."""
    first = chunk({"role": "assistant", "content": ""})
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    last: Json = {**chunk({}), "choices": [], "usage": usage}
    return sse([first, *(chunk({name: part}) for part in parts), chunk({}, "stop"), last, b"[DONE]"])


def chat_calls(*arguments: Sequence[str]) -> bytes:
    """A chat completion with a tool call for each of the lists of fragments."""
    out = [chunk({"role": "assistant", "content": None})]
    for at, fragments in enumerate(arguments):
        head = {"index": at, "id": f"call_{at}", "type": "function", "function": {"name": "send", "arguments": ""}}
        out.append(chunk({"tool_calls": [head]}))
        out += [chunk({"tool_calls": [{"index": at, "function": {"arguments": part}}]}) for part in fragments]
    return sse([*out, chunk({}, "tool_calls"), b"[DONE]"])


def completions(*parts: str) -> bytes:
    """A legacy completion."""
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    texts = [
        {**head, "choices": [{"index": 0, "text": part, "logprobs": None, "finish_reason": None}]} for part in parts
    ]
    last: Json = {**head, "choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}]}
    return sse([*texts, last, b"[DONE]"])


def _block(index: int, block: Json, deltas: Iterable[Json]) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def messages(*parts: str, thinking: Sequence[str] = (), arguments: Sequence[str] = ()) -> bytes:
    """A message with thinking, text and a tool call, each where it is given."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    ends = {"stop_reason": None, "stop_sequence": None, "usage": usage}
    out: list[Json] = [{"type": "message_start", "message": {**message, **ends}}, {"type": "ping"}]
    index = 0
    if thinking:
        said = [{"type": "thinking_delta", "thinking": part} for part in thinking]
        said.append({"type": "signature_delta", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk"})
        out += _block(index, {"type": "thinking", "thinking": "", "signature": ""}, said)
        index += 1
    if parts:
        out += _block(index, {"type": "text", "text": ""}, [{"type": "text_delta", "text": part} for part in parts])
        index += 1
    if arguments:
        block: Json = {"type": "tool_use", "id": "toolu_1", "name": "send", "input": {}}
        out += _block(index, block, [{"type": "input_json_delta", "partial_json": part} for part in arguments])
    reason = "tool_use" if arguments else "end_turn"
    delta = {"stop_reason": reason, "stop_sequence": None}
    out += [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]
    return sse(out, has_names=True)


def responses(*parts: str, arguments: Sequence[str] = (), summary: Sequence[str] = ()) -> bytes:
    """A response with a reasoning summary, a message and a function call, each where it is given."""
    head: Json = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [],
        "instructions": "be brief", "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
        "incomplete_details": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
    }  # fmt: skip
    out: list[Json] = [
        {"type": "response.created", "response": head},
        {"type": "response.in_progress", "response": head},
    ]
    items: list[Json] = []
    for part, events in ((summary, _reasoning), (parts, _message), (arguments, _call)):
        if part:
            item, told = events(len(items), list(part))
            items.append(item)
            out += told
    usage = {
        "input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    done: Json = {**head, "status": "completed", "output": items, "usage": usage}
    out.append({"type": "response.completed", "response": done})
    return sse(({**value, "sequence_number": at} for at, value in enumerate(out)), has_names=True)


def _added(at: int, item: Json) -> Json:
    return {"type": "response.output_item.added", "output_index": at, "item": item}


def _reasoning(at: int, parts: list[str]) -> tuple[Json, list[Json]]:
    item: Json = {"type": "reasoning", "id": f"rs_{at}", "summary": []}
    where = {"item_id": f"rs_{at}", "output_index": at, "summary_index": 0}
    done: Json = {**item, "summary": [{"type": "summary_text", "text": "".join(parts)}]}
    stem = "response.reasoning_summary"
    return done, [
        _added(at, item),
        {"type": f"{stem}_part.added", **where, "part": {"type": "summary_text", "text": ""}},
        *({"type": f"{stem}_text.delta", **where, "delta": part} for part in parts),
        {"type": f"{stem}_text.done", **where, "text": "".join(parts)},
        {"type": f"{stem}_part.done", **where, "part": {"type": "summary_text", "text": "".join(parts)}},
        {"type": "response.output_item.done", "output_index": at, "item": done},
    ]


def _message(at: int, parts: list[str]) -> tuple[Json, list[Json]]:
    item: Json = {"type": "message", "id": f"msg_{at}", "role": "assistant", "status": "in_progress", "content": []}
    where = {"item_id": f"msg_{at}", "output_index": at, "content_index": 0}
    part: Json = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    whole: Json = {**part, "text": "".join(parts)}
    done: Json = {**item, "status": "completed", "content": [whole]}
    return done, [
        _added(at, item),
        {"type": "response.content_part.added", **where, "part": part},
        *(
            {"type": "response.output_text.delta", **where, "delta": text, "logprobs": [], "obfuscation": "aB3dE"}
            for text in parts
        ),
        {"type": "response.output_text.done", **where, "text": "".join(parts), "logprobs": []},
        {"type": "response.content_part.done", **where, "part": whole},
        {"type": "response.output_item.done", "output_index": at, "item": done},
    ]


def _call(at: int, parts: list[str]) -> tuple[Json, list[Json]]:
    item: Json = {"type": "function_call", "id": f"fc_{at}", "call_id": "call_1", "name": "send", "arguments": ""}
    item["status"] = "in_progress"
    where = {"item_id": f"fc_{at}", "output_index": at}
    done: Json = {**item, "arguments": "".join(parts), "status": "completed"}
    stem = "response.function_call_arguments"
    return done, [
        _added(at, item),
        *({"type": f"{stem}.delta", **where, "delta": part} for part in parts),
        {"type": f"{stem}.done", **where, "name": "send", "arguments": "".join(parts)},
        {"type": "response.output_item.done", "output_index": at, "item": done},
    ]


def cut(raw: bytes, places: Iterable[int]) -> list[bytes]:
    """Bytes cut anywhere, inside of characters too."""
    edges = [0, *sorted({place % (len(raw) + 1) for place in places}), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(edges)]


def play(
    stream: gate.Stream,
    parts: Iterable[bytes],
    decide: Callable[[gate.Ask], bytes | None] = lambda ask: ask.if_allowed,
    says: str = "No.",
) -> tuple[bytes, list[gate.Ask]]:
    """What leaves, and what was asked; `decide` gives what leaves after a question, or None to refuse."""
    out, asks = b"", list[gate.Ask]()
    steps = (step for part in [*parts, None] for step in (stream.finish() if part is None else stream.feed(part)))
    for step in steps:
        if isinstance(step, gate.Ready):
            out += step.data
            continue
        asks.append(step)
        allowed = decide(step)
        if allowed is None:
            return out + step.refused(says, "receipt-1"), asks
        out += allowed
    return out, asks


def folded(text: str) -> str:
    """The texts of these tests without their disguises."""
    return text.replace("\u200b", "").replace("é", "e").replace("\u017f", "s").lower()


def refuse_hits(ask: gate.Ask) -> bytes | None:
    """Refuses whatever holds the words, and what was not read; lets everything else pass."""
    texts = [piece.text for piece in ask.event.pieces if not piece.where.endswith("|before")]
    is_hit = any(re.search("secret\\s+word", folded(text)) for text in texts)
    return None if is_hit or ask.event.unscanned else ask.if_allowed
