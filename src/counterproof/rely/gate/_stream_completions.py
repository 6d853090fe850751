"""Streams of OpenAI's legacy completions. Source: OpenAI API reference, "Completions"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseEvent, framed
from counterproof.rely.gate._stream_chat import DONE, ENVELOPE
from counterproof.rely.gate._stream_parts import Channel, Dialect, Json, Order, an_index, objects, to_json, without


class CompletionsStream(Dialect):
    """Chunks of completions. Their log probabilities, which say the text again in parallel lists, are left away."""

    shape: Shape = "openai.completions.reply"

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - handed on to Dialect
        super().__init__(*parts)
        self._channels: dict[int, Channel] = {}
        self._order = Order()
        self._envelope: Json = {"id": "", "object": "text_completion", "created": 0, "model": ""}

    def take(self, event: SseEvent) -> None:
        """One event; `[DONE]` is no JSON."""
        if event.data.strip() == b"[DONE]":
            self.finish()
            self.say(DONE)
            self.is_done = True
        else:
            super().take(event)

    def value(self, value: Json, event: SseEvent) -> None:  # noqa: ARG002 - a chunk says what it is
        """One chunk."""
        choices = objects(value.get("choices"))
        held = [choice for choice in choices if type(choice.get("text")) is str]
        rests = [without(choice, "text", "logprobs") if choice in held else choice for choice in choices]
        pieces, unscanned = self.rest({**value, "choices": rests} if choices else {"choices": [], **value})
        unscanned += self._order.notes(choices, lambda choice: bool(choice.get("text")))
        if pieces or unscanned or not choices or value.get("usage"):
            blanks = [{**choice, "text": "", "finish_reason": None} for choice in rests]
            frame = framed(to_json({**value, "choices": blanks} if choices else value))
            if pieces or unscanned:
                self.ask(pieces, unscanned, frame)
            else:
                self.say(frame)
        # Only now: a chunk that is refused must not come back in the end that the refusal writes.
        self._envelope = {name: value[name] for name in ENVELOPE if name in value} or self._envelope
        for choice in held:
            self._fed(choice)

    def _fed(self, choice: Json) -> None:
        index = an_index(choice.get("index"))
        if index not in self._channels:
            self._channels[index] = Channel(self.plan, f"choices[{index}].text")
        channel = self._channels[index]
        for release in channel.feed(choice["text"]):
            self.release(channel, release, self._frame(index, release.text))
        if choice.get("finish_reason") is not None:
            self._close(index, choice)
            self._order.end(index)

    def _frame(self, index: int, text: str, **more: object) -> bytes:
        choice = {"index": index, "text": text, "logprobs": None, "finish_reason": None, **more}
        return framed(to_json({**self._envelope, "choices": [choice]})) if text or more else b""

    def _close(self, index: int, last: Json | None) -> None:
        channel = self._channels[index]
        tail = self.tail(channel, lambda text: self._frame(index, text))
        if last is not None:
            tail += self._frame(index, "", **without(last, "index", "text", "logprobs"))
        self.closed([channel], tail)
        del self._channels[index]

    def finish(self) -> None:
        """The end: what is held is asked about."""
        for index in list(self._channels):
            self._close(index, None)

    def ending(self) -> Callable[[str, str], bytes]:
        """A last chunk per choice with `finish_reason` `content_filter`, then `[DONE]`."""
        envelope, indexes = dict(self._envelope), sorted(self._channels) or [0]

        def end(says: str, receipt: str) -> bytes:
            more = {"receipt": receipt} if receipt else {}
            choices = [
                {"index": index, "text": says, "logprobs": None, "finish_reason": "content_filter"} for index in indexes
            ]
            return b"".join(framed(to_json({**envelope, **more, "choices": [choice]})) for choice in choices) + DONE

        return end
