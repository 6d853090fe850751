"""Streams of OpenAI's chat completions (`chat.completion.chunk`) and of those who speak like it.

Source: OpenAI API reference, "Streaming"; `reasoning_content` and `reasoning` as vLLM, DeepSeek and OpenRouter have
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from counterproof.rely.gate._hold import Release
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseEvent, framed
from counterproof.rely.gate._stream_logprobs import Logprobs
from counterproof.rely.gate._stream_parts import (
    Channel,
    Dialect,
    Json,
    Order,
    a_text,
    an_index,
    is_object,
    objects,
    to_json,
    without,
)

TEXTS = ("content", "refusal", "reasoning_content", "reasoning")
DONE = b"data: [DONE]\n\n"
_MARK = "\ue000 text \ue001"
ENVELOPE = ("id", "object", "created", "model", "system_fingerprint", "service_tier", "provider")


@dataclass(frozen=True, slots=True)
class Reply:
    """One of the choices: its texts, what its log probabilities say again, and the tool calls that are not whole."""

    index: int
    channels: dict[str, Channel]
    logprobs: dict[str, Logprobs]
    calls: dict[tuple[str, int], Json]


class ChatStream(Dialect):
    """Chunks of chat completions."""

    shape: Shape = "openai.chat.reply"

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - handed on to Dialect
        super().__init__(*parts)
        self._replies: dict[int, Reply] = {}
        self._order = Order()
        self._same: _Same | None = None
        self._envelope: Json = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}

    def take(self, event: SseEvent) -> None:
        """One event; `[DONE]` is no JSON."""
        if event.data.strip() == b"[DONE]":
            self.finish()
            self.say(DONE)
            self.is_done = True
        else:
            super().take(event)

    def value(self, value: Json, event: SseEvent) -> None:  # noqa: ARG002 - a chunk says what it is
        """One chunk: texts go to their channels, calls are kept, the rest is looked at."""
        if self._same is not None and self._is_taken(self._same, value):
            return
        choices = objects(value.get("choices"))
        rests = [self._rest_of(choice) for choice in choices]
        looked = without(value, "obfuscation") if self._is_padding(value.get("obfuscation")) else value
        rest = {**looked, "choices": rests} if choices else dict(looked)
        rest.setdefault("choices", [])
        pieces, unscanned = self.rest(rest)
        unscanned += self._order.notes(choices, _says)
        outs = [self._fed(choice) for choice in choices]
        first = {**value, "choices": [out.first for out in outs]} if choices else value
        is_worth = not choices or bool(value.get("usage")) or any(out.says for out in outs)
        frame = framed(to_json(first)) if is_worth else b""
        if pieces or unscanned:
            self.ask(pieces, unscanned, frame)
        else:
            self.say(frame)
        # Only now: a chunk that is refused must not come back in the end that the refusal writes.
        self._envelope = {name: value[name] for name in ENVELOPE if name in value} or self._envelope
        self._same = None if pieces or unscanned else _Same.of(value)
        for out in outs:
            for channel, name, release in out.later:
                self._release(out.index, channel, name, release)
            if out.finish is not None:
                self._close(out.index, out.finish)
                self._order.end(out.index)

    def _is_taken(self, same: _Same, value: Json) -> bool:
        """Most chunks are the one before with another text, and only the text needs to be looked at."""
        text = same.text_of(value)
        reply = self._replies.get(same.index)
        if not text or reply is None:
            return False
        channel = self._channel(reply, "content")
        for release in channel.feed(text):
            if release.asks:
                self._release(same.index, channel, "content", release)
            elif release.text:
                self.say(same.frame(release.text))
                channel.leaves(release.text)
        return True

    def _is_padding(self, value: object) -> bool:
        return type(value) is str and value.isascii() and value.isalnum() and self.plan.is_clean(value)

    def _rest_of(self, choice: Json) -> Json:
        """The choice without what is held, its delta called by the name that a whole reply has for it."""
        rest = without(choice, "delta", "logprobs")
        delta = choice.get("delta")
        if is_object(delta):
            held = [name for name in TEXTS if type(delta.get(name)) is str]
            rest["message"] = without(delta, *held, *_calls_in(delta))
        elif delta is not None:
            rest["message"] = delta
        if choice.get("logprobs") is not None and not Logprobs.knows(choice["logprobs"]):
            rest["logprobs"] = choice["logprobs"]
        return rest

    def _reply(self, index: int) -> Reply:
        if index not in self._replies:
            self._replies[index] = Reply(index, {}, {}, {})
        return self._replies[index]

    def _channel(self, reply: Reply, name: str) -> Channel:
        if name not in reply.channels:
            reply.channels[name] = Channel(self.plan, f"choices[{reply.index}].delta.{name}")
        return reply.channels[name]

    def _fed(self, choice: Json) -> _Out:
        reply = self._reply(an_index(choice.get("index")))
        delta = choice.get("delta")
        first = dict(choice)
        later: list[tuple[Channel, str, Release]] = []
        says = False
        if is_object(delta):
            self._keep_calls(reply, delta)
            kept = without(delta, *_calls_in(delta))
            says = any(name not in TEXTS and item is not None for name, item in kept.items())
            for name in TEXTS:
                if type(text := delta.get(name)) is not str:
                    continue
                channel = self._channel(reply, name)
                releases = channel.feed(text)
                free = releases[0].text if releases and not releases[0].asks else ""
                channel.leaves(free)
                later += [(channel, name, release) for release in (releases[1:] if free else releases)]
                kept[name] = free
                says = says or bool(free) or not text
            first["delta"] = kept
        if Logprobs.knows(choice.get("logprobs")):
            first["logprobs"] = Logprobs.told(self.plan, reply.logprobs, choice["logprobs"])
            says = says or first["logprobs"] is not None
        is_last = choice.get("finish_reason") is not None
        first["finish_reason"] = None
        return _Out(reply.index, first, later, says, without(choice, "logprobs") if is_last else None)

    def _keep_calls(self, reply: Reply, delta: Json) -> None:
        """Fragments of calls put together; they leave when the call is whole."""
        fragments = [("tool", fragment) for fragment in objects(delta.get("tool_calls"))]
        if is_object(delta.get("function_call")):
            fragments.append(("function", delta["function_call"]))
        for kind, fragment in fragments:
            if self.keep(len(str(fragment))):
                call = reply.calls.setdefault((kind, an_index(fragment.get("index"))), {})
                _grow(call, fragment)
            else:
                self.ask(unscanned=(f"choices[{reply.index}].delta: calls too long to be kept",))

    def _release(self, index: int, channel: Channel, name: str, release: Release) -> None:
        self.release(channel, release, self._text_frame(index, name, release.text))

    def _text_frame(self, index: int, name: str, text: str) -> bytes:
        return self._frame(index, {name: text}) if text else b""

    def _frame(self, index: int, delta: Json, **more: object) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None, **more}
        return framed(to_json({**self._envelope, "choices": [choice]}))

    def _close(self, index: int, finish: Json | None) -> None:
        """What a choice still holds, asked about; then its calls, each; then why it ended."""
        reply = self._replies[index]
        tail = b""
        for name, channel in reply.channels.items():
            tail += self.tail(channel, partial(self._text_frame, index, name))
        rest = Logprobs.rest(reply.logprobs)
        tail += self._frame(index, {}, logprobs=rest) if rest else b""
        self.closed(list(reply.channels.values()), tail)
        if finish is None:
            self._unfinished(reply)
        else:
            for (kind, at), call in reply.calls.items():
                self._call(index, kind, at, call)
            last: Json = {**finish, "delta": {}, "logprobs": None}
            self.say(framed(to_json({**self._envelope, "choices": [last]})))
        del self._replies[index]

    def _unfinished(self, reply: Reply) -> None:
        """Calls whose end never came are not passed on."""
        for kind, at in reply.calls:
            where = f"choices[{reply.index}].delta.{'tool_calls' if kind == 'tool' else 'function_call'}[{at}]"
            self.ask(event=self.blank("call", f"{where}: the stream ended before the call did"))

    def _call(self, index: int, kind: str, at: int, call: Json) -> None:
        message = {"role": "assistant", "tool_calls": [call]} if kind == "tool" else {"function_call": call}
        body: Json = {"choices": [{"index": 0, "message": message}]}

        def frame(body: Json) -> bytes:
            message = body["choices"][0]["message"]
            if kind == "tool":
                return self._frame(index, {"tool_calls": [{"index": at, **message["tool_calls"][0]}]})
            return self._frame(index, {"function_call": message["function_call"]})

        self.whole(body, "call", frame)

    def finish(self) -> None:
        """The end: what is held is asked about, calls that are not whole are dropped."""
        for index in list(self._replies):
            self._close(index, None)

    def ending(self) -> Callable[[str, str], bytes]:
        """A last chunk per choice with `finish_reason` `content_filter`, then `[DONE]`."""
        envelope, indexes = dict(self._envelope), sorted(self._replies) or [0]

        def end(says: str, receipt: str) -> bytes:
            more = {"receipt": receipt} if receipt else {}
            out = b""
            for index in indexes:
                if says:
                    out += framed(to_json({**envelope, "choices": [_choice(index, {"content": says}, None)]}))
                out += framed(to_json({**envelope, **more, "choices": [_choice(index, {}, "content_filter")]}))
            return out + DONE

        return end


@dataclass(frozen=True, slots=True)
class _Out:
    """A choice with what may leave of it at once, what leaves after that, whether it says anything, and its end."""

    index: int
    first: Json
    later: Sequence[tuple[Channel, str, Release]]
    says: bool
    finish: Json | None


@dataclass(frozen=True, slots=True)
class _Same:
    """A chunk of nothing but text that was looked at; `rest` is the chunk with None for its delta."""

    index: int
    rest: Json
    before: bytes
    behind: bytes

    @classmethod
    def of(cls, value: Json) -> _Same | None:
        """The chunk, if it has one choice and that nothing but text."""
        choices = objects(value.get("choices"))
        if len(choices) != 1 or any(choices[0].get(name) is not None for name in ("logprobs", "finish_reason")):
            return None
        delta, index = choices[0].get("delta"), choices[0].get("index")
        if not is_object(delta) or list(delta) != ["content"] or type(index) is not int:
            return None
        whole = framed(to_json({**value, "choices": [{**choices[0], "delta": {"content": _MARK}}]}))
        before, mark, behind = whole.partition(to_json(_MARK))
        if not mark or to_json(_MARK) in behind:
            return None
        return cls(index, {**value, "choices": [{**choices[0], "delta": None}]}, before, behind)

    def text_of(self, value: Json) -> str:
        """The text of a chunk that is this one otherwise, else nothing; `value` is what it was in the end."""
        choices = value.get("choices")
        if type(choices) is not list or len(cast("list[object]", choices)) != 1:
            return ""
        choice = cast("list[object]", choices)[0]
        delta = choice.get("delta") if is_object(choice) else None
        if not is_object(choice) or not is_object(delta) or len(delta) != 1:
            return ""
        choice["delta"] = None
        is_same = value == self.rest
        choice["delta"] = delta
        return a_text(delta.get("content")) if is_same else ""

    def frame(self, text: str) -> bytes:
        """The chunk with this text."""
        return self.before + to_json(text) + self.behind


def _says(choice: Json) -> bool:
    """Whether a chunk's choice holds a text or a call."""
    delta = choice.get("delta")
    return is_object(delta) and any(delta.get(name) for name in (*TEXTS, "tool_calls", "function_call"))


def _choice(index: int, delta: Json, finish: str | None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _calls_in(delta: Json) -> list[str]:
    """The members of a delta that are fragments of calls."""
    found = ["tool_calls"] if objects(delta.get("tool_calls")) else []
    return [*found, "function_call"] if is_object(delta.get("function_call")) else found


def _grow(call: Json, fragment: Json) -> None:
    """Texts of a call's `function` or `custom` are continued, everything else is said once or again."""
    for name, item in fragment.items():
        if name == "index":
            continue
        if name in ("function", "custom") and is_object(item):
            call[name] = call[name] if is_object(call.get(name)) else {}
            _grow(call[name], item)
        elif name in ("arguments", "input", "name") and type(item) is str:
            call[name] = a_text(call.get(name)) + item
        elif item is not None or name not in call:
            call[name] = item
