"""Streams of OpenAI's responses. Source: OpenAI API reference, "Responses", "Streaming events".

A response says everything several times: as deltas, in the `done` of a part, of an item, and in the whole response at
its end. What was said already is put in its decided form wherever it comes again; what was not is asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from counterproof.rely.gate._hold import Release
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseEvent, framed
from counterproof.rely.gate._stream_parts import (
    Channel,
    Dialect,
    Json,
    a_text,
    an_index,
    is_name,
    is_object,
    objects,
    to_json,
    without,
)

_TEXTS = {
    "response.output_text": ("text", "content_index"),
    "response.refusal": ("refusal", "content_index"),
    "response.reasoning_text": ("text", "content_index"),
    "response.reasoning_summary_text": ("text", "summary_index"),
}
_PARTS = frozenset(
    f"response.{name}.{when}" for name in ("content_part", "reasoning_summary_part") for when in ("added", "done")
)
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_STATES = frozenset({"response.created", "response.in_progress", "response.queued"})
_ARGUMENTS = {
    "response.function_call_arguments": "arguments",
    "response.mcp_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.code_interpreter_call_code": "code",
}
_ENVELOPE = ("type", "sequence_number", "item_id", "output_index", "content_index", "summary_index", "obfuscation")

_MAX_NAMES = 256
Key = tuple[str, int, int]


class ResponsesStream(Dialect):
    """Events of a response: texts leave as they may, every other item when it is whole and decided."""

    shape: Shape = "openai.responses.reply"

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - handed on to Dialect
        super().__init__(*parts)
        self._open: dict[Key, tuple[Channel, list[str]]] = {}
        self._said: dict[Key, list[str]] = {}
        self._told: dict[str, str] = {}
        self._over: set[Key] = set()
        self._items: dict[bytes, Json] = {}
        self._held: dict[int, list[Json]] = {}
        self._response: Json = {"id": "", "object": "response", "created_at": 0, "model": "", "output": []}
        self._number = 0
        self._names: set[str] = set()

    def value(self, value: Json, event: SseEvent) -> None:
        """One event; its type says what it is."""
        kind = a_text(value.get("type"))
        stem, _, verb = kind.rpartition(".")
        if an_index(value.get("output_index")) in self._held and "output_index" in value:
            self._held_part(kind, value)
        elif stem in _TEXTS and verb == "delta":
            self._delta(stem, value)
        elif stem in _TEXTS and verb == "done":
            self._text_done(stem, value)
        elif kind in _PARTS:
            self._retold(value, {"content": [value.get("part")]}, "part")
        elif kind == "response.output_item.added":
            self._item(value)
        elif kind == "response.output_item.done":
            self._retold(value, {"output": [value.get("item")]}, "item")
        elif kind == "response.output_text.annotation.added":
            part: Json = {"type": "output_text", "text": "", "annotations": [value.get("annotation")]}
            rest = {"output": [part], **self._extra(value, "annotation", "annotation_index")}
            self.looked(rest, self._frame(value), is_whole=True)
        elif kind in _STATES or kind in _ENDS:
            self._state(kind, value)
        elif kind == "error":
            rest = without(value, "type", "sequence_number")
            self.looked({"output": [], "error": rest}, self._frame(value), is_whole=True)
        else:
            self.unreadable(event, "an event that is not known")

    def _frame(self, value: Json) -> bytes:
        if "sequence_number" in value:
            value = {**value, "sequence_number": self._number}
            self._number += 1
        return framed(to_json(value), a_text(value.get("type")).encode("ascii", "replace"))

    def _key(self, stem: str, value: Json) -> Key:
        return (stem, an_index(value.get("output_index")), an_index(value.get(_TEXTS[stem][1])))

    def _delta(self, stem: str, value: Json) -> None:
        key = self._key(stem, value)
        text = value.get("delta")
        extra = self._extra(value, "delta", "logprobs")
        if type(text) is not str:
            extra["delta"] = text
        if extra:
            self.looked({"output": [], **extra}, b"")
        if key in self._over and text:
            self.ask(unscanned=(f"output[{key[1]}]: a text that goes on after its end",))
        self._fed(key, a_text(text), value)

    def _extra(self, value: Json, *known: str) -> Json:
        """What of an event is neither known nor an identifier or a number that belongs to every event."""
        extra = {name: item for name, item in value.items() if name not in _ENVELOPE and name not in known}
        for name in _ENVELOPE:
            item = value.get(name)
            if item is None or type(item) is int or name == "type" or (type(item) is str and item in self._names):
                continue
            is_known = is_name(item) if name == "item_id" else type(item) is str and item.isascii() and item.isalnum()
            if not (is_known and self.plan.is_clean(a_text(item))):
                extra[name] = item
            elif name == "item_id" and len(self._names) < _MAX_NAMES:
                self._names.add(a_text(item))
        return extra

    def _fed(self, key: Key, text: str, value: Json) -> None:
        if key not in self._open:
            stem, item, part = key
            where = f"output[{item}].{_TEXTS[stem][1].removesuffix('_index')}[{part}].{_TEXTS[stem][0]}"
            self._open[key] = (Channel(self.plan, where), [])
        channel, left = self._open[key]
        for release in channel.feed(text):
            self._release(key, release, value)
            left.append(release.text)

    def _release(self, key: Key, release: Release, value: Json) -> None:
        self.release(self._open[key][0], release, self._text_frame(key, release.text, value))

    def _text_frame(self, key: Key, text: str, value: Json) -> bytes:
        """A delta in the envelope of the event that brought the text."""
        if not text:
            return b""
        told = {name: value[name] for name in _ENVELOPE if name in value and name not in ("type", "obfuscation")}
        more: Json = {"logprobs": []} if "logprobs" in value or key[0] == "response.output_text" else {}
        return self._frame({"type": f"{key[0]}.delta", **told, "delta": text, **more})

    def _text_done(self, stem: str, value: Json) -> None:
        """The end of a text, and all of it again."""
        key, member = self._key(stem, value), _TEXTS[stem][0]
        text = value.get(member)
        extra = self._extra(value, member, "logprobs")
        if type(text) is not str:
            extra[member] = text
        if extra:
            self.looked({"output": [], **extra}, b"")
        if key not in self._open and a_text(text) not in self._told:
            self._fed(key, a_text(text), value)
        tail, channel = self._finished(key, value)
        if type(text) is str and text not in self._told and channel is not None:
            self._tell(text)
            self.ask((), (f"{channel.where}: `done` says another text than the deltas",))
        told: Json = {
            **value,
            member: self._told.get(a_text(text), ""),
            **({"logprobs": []} if "logprobs" in value else {}),
        }
        frame = tail + self._frame(told)
        if channel is None:
            self.say(frame)
        else:
            self.closed([channel], frame)

    def _finished(self, key: Key, value: Json) -> tuple[bytes, Channel | None]:
        """What a text still holds; from here on it is known where it is told again."""
        if key not in self._open:
            return b"", None
        channel, left = self._open[key]

        def frame(text: str) -> bytes:
            left.append(text)
            return self._text_frame(key, text, value)

        tail = self.tail(channel, frame)
        self._told[channel.text] = "".join(left)
        self._over.add(key)
        del self._open[key]
        return tail, channel

    def _tell(self, text: str) -> None:
        """A text that was not streamed: every match in it is asked about, and replaced where it is to be."""
        channel = Channel(self.plan, "done")
        releases = (*channel.feed(text), *channel.finish())
        for release in releases:
            if release.asks:
                self.ask(channel.pieces(release))
        self._told[text] = "".join(release.text for release in releases)

    def _closed_all(self) -> None:
        for key in list(self._open):
            stem, item, part = key
            value: Json = {"output_index": item, _TEXTS[stem][1]: part, "item_id": ""}
            tail, channel = self._finished(key, value)
            if channel is not None:
                self.closed([channel], tail)
        for index in list(self._held):
            del self._held[index]
            self.ask(event=self.blank("call", f"output[{index}]: the stream ended before the call did"))

    def _retold(self, value: Json, body: Json, name: str) -> None:
        """A part or an item again, with what was decided of its texts."""
        self.looked(
            {"output": [], **self._extra(value, name), **self._known(body, blank=True)},
            self._frame({**value, name: self._known(value.get(name), blank=False)}),
        )

    def _known(self, value: Any, *, blank: bool) -> Any:  # noqa: ANN401 - any JSON
        """The value with every text that was told already as it was decided (or empty, where it is to be looked at)."""
        if type(value) is str:
            return ("" if blank else self._told[value]) if value in self._told else value
        if type(value) is list:
            return [self._known(item, blank=blank) for item in cast("list[object]", value)]
        if type(value) is not dict:
            return value
        known = cast("Json", value)
        if self._items and (decided := self._items.get(to_json(known))) is not None:
            return {} if blank else decided
        again: Json = {name: self._known(item, blank=blank) for name, item in known.items() if name != "logprobs"}
        return {**again, "logprobs": known["logprobs"] and []} if "logprobs" in known else again

    def _item(self, value: Json) -> None:
        """The beginning of an item: a message or reasoning passes, everything else is held until it is whole."""
        item = value.get("item")
        kind = a_text(item.get("type")) if is_object(item) else ""
        if kind in ("message", "reasoning"):
            rest = {"output": [item], **self._extra(value, "item")}
            self.looked(rest, self._frame(value))
        else:
            if extra := self._extra(value, "item"):
                self.looked({"output": [], **extra}, b"")
            self._held[an_index(value.get("output_index"))] = [value]

    def _held_part(self, kind: str, value: Json) -> None:
        index = an_index(value.get("output_index"))
        stem, _, verb = kind.rpartition(".")
        if not self.keep(len(str(value))):
            self.ask(unscanned=(f"output[{index}]: an item too long to be kept",))
        elif kind == "response.output_item.done":
            self._whole(index, self._held.pop(index), value)
        elif stem in _ARGUMENTS and verb in ("delta", "done"):
            member = "delta" if verb == "delta" else _ARGUMENTS[stem]
            if extra := self._extra(value, member, "name", "logprobs"):
                self.looked({"output": [], **extra}, b"")
            self._held[index].append(value)
        else:
            rest = self._extra(value)
            pieces, unscanned = self.rest({"output": [], **rest})
            if pieces or unscanned:
                self.ask(pieces, unscanned)
            self._held[index].append(value)

    def _whole(self, index: int, parts: list[Json], done: Json) -> None:
        """An item that is whole: asked about, then told as it came."""
        item = done.get("item")
        known: Json = item if is_object(item) else {"item": item}
        notes = _notes(index, parts, known)
        extra = self._extra(done, "item")
        if extra:
            self.looked({"output": [], **extra}, b"")

        def frame(body: Json) -> bytes:
            told: Json = body["output"][0]
            self._items[to_json(known)] = told
            return b"".join(map(self._frame, _retelling(parts, told, done)))

        is_call = a_text(known.get("type")).endswith("_call")
        self.whole({"output": [known]}, "call" if is_call else "result", frame, *notes)

    def _state(self, kind: str, value: Json) -> None:
        """The response itself, at its beginning and its end."""
        if kind in _ENDS:
            self._closed_all()
        response = value.get("response")
        inner: Json = response if is_object(response) else {"response": response}
        output = objects(inner.get("output"))
        looked = [item for item in self._known(output, blank=True) if item] if output else inner.get("output", [])
        rest: Json = {**without(inner, "output"), "output": [], **self._extra(value, "response")}
        self.looked(rest, b"", is_whole=True)
        self.looked({"output": looked}, b"")
        self._response = {**inner, "output": []}
        number, self._number = self._number, self._number + 1

        def told() -> bytes:
            again = {**value, "response": {**inner, "output": self._known(inner.get("output", []), blank=False)}}
            if "sequence_number" in value:
                again["sequence_number"] = number
            return framed(to_json(again), kind.encode())

        self.say(told)
        self.is_done = kind in _ENDS

    def finish(self) -> None:
        """The end: what is held is asked about, items that are not whole are dropped."""
        self._closed_all()

    def ending(self) -> Callable[[str, str], bytes]:
        """`response.incomplete`, its reason `content_filter`."""
        response, number = self._response, self._number

        def end(says: str, receipt: str) -> bytes:
            part: Json = {"type": "output_text", "text": says, "annotations": []}
            item: Json = {"type": "message", "id": "", "role": "assistant", "status": "incomplete", "content": [part]}
            told = {
                **response,
                "status": "incomplete",
                "incomplete_details": {"reason": "content_filter"},
                "output": [item] if says else [],
            }
            more = {"receipt": receipt} if receipt else {}
            value = {"type": "response.incomplete", "response": told, "sequence_number": number, **more}
            return framed(to_json(value), b"response.incomplete")

        return end


def _notes(index: int, parts: list[Json], item: Json) -> tuple[str, ...]:
    """What was streamed of an item's arguments, or told at their end, must be what the item has."""
    for stem, member in _ARGUMENTS.items():
        deltas = [a_text(part.get("delta")) for part in parts if part.get("type") == f"{stem}.delta"]
        dones = [part.get(member) for part in parts if part.get("type") == f"{stem}.done"]
        if any(done != item.get(member) for done in dones) or (deltas and "".join(deltas) != item.get(member)):
            return (f"output[{index}].{member}: told in several ways",)
    return ()


def _retelling(parts: list[Json], item: Json, done: Json) -> list[Json]:
    """The events of an item with its arguments, if it has any, in one delta."""
    first = parts[0].get("item")
    begun = {name: told for name, told in item.items() if is_object(first) and first.get(name) == told}
    blank = {member: "" for member in _ARGUMENTS.values() if member in item}
    out: list[Json] = [{**parts[0], "item": {**begun, **blank, "status": "in_progress"}}]
    for part in parts[1:]:
        stem, _, verb = a_text(part.get("type")).rpartition(".")
        member = _ARGUMENTS.get(stem)
        if member is None:
            out.append(part)
        elif verb == "done":
            told: Json = {name: part[name] for name in _ENVELOPE if name in part}
            said, named = item.get(member, ""), {"name": item.get("name")} if "name" in part else {}
            out += [{**told, "type": f"{stem}.delta", "delta": said}, {**told, **named, member: said}]
    return [*out, {**done, "item": item}]
