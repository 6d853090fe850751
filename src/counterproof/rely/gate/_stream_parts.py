"""What the streams of all shapes have in common: steps, channels, and the look at what is no channel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import msgspec

from counterproof.record import Event, EventKind, Piece
from counterproof.rely.gate._hold import HoldbackPlan, Release
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._sse import SseEvent, framed
from counterproof.rely.gate._walk import walk

MAX_TEXT_CHARS = 1 << 20
"""How much of a channel's text the event at its end tells again."""

MAX_ROOM_CHARS = 2_000
"""How much of what has left already stands beside a match, for whoever is to judge it."""

MAX_KEPT_BYTES = 8 << 20
"""How much of unfinished tool calls is kept, per stream."""

_MAX_SEEN = 512

Json: TypeAlias = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def to_json(value: object) -> bytes:
    """A decoded value written again."""
    try:
        return _encode(value)
    except OverflowError:  # an integer of more than 64 bits
        return json.dumps(value).encode()


class Ready(msgspec.Struct, frozen=True, gc=False):
    """Bytes that may leave at once."""

    data: bytes


class Ask(msgspec.Struct, frozen=True):
    """Something to be decided before anything after it may leave: `if_allowed` or `modified(...)`, or `refused(...)`.

    A match of a rule that modifies is replaced in `if_allowed` already. `rewrites`: for a tool call, its bytes with the
    spans of a decision replaced.
    """

    event: Event
    if_allowed: bytes
    ending: Callable[[str, str], bytes]
    rewrites: Callable[[Sequence[tuple[int, int, int, str]]], bytes] | None = None

    def refused(self, says: str = "", receipt: str = "") -> bytes:
        """The end of the stream as its shape has it for what was refused, after all that left before this question.

        `says`: text for the reader. `receipt`: the member `receipt` of the last event.
        """
        return self.ending(says, receipt)

    def modified(self, spans: Sequence[tuple[int, int, int, str]]) -> bytes:
        """`if_allowed` with the spans of a decision (piece, start, end, replacement) replaced."""
        return self.if_allowed if self.rewrites is None else self.rewrites(spans)


Step: TypeAlias = Ready | Ask


class Channel:
    """One text that grows: `choices[0].delta.content`, a content block. `text` is what came, `left` what has left."""

    def __init__(self, plan: HoldbackPlan, where: str) -> None:
        self.where = where
        self._hold = plan.open()
        self._came: list[str] = []
        self._size = 0
        self._left = ""

    def feed(self, text: str) -> tuple[Release, ...]:
        """What may leave now that `text` has come."""
        if self._size < MAX_TEXT_CHARS:
            self._came.append(text)
        self._size += len(text)
        return self._hold.feed(text)

    def finish(self) -> tuple[Release, ...]:
        """What may leave at the end."""
        return self._hold.finish()

    def leaves(self, text: str) -> None:
        """What stands before whatever comes next."""
        self._left += text
        if len(self._left) > 2 * MAX_ROOM_CHARS:
            self._left = self._left[-MAX_ROOM_CHARS:]

    @property
    def text(self) -> str:
        """All that came, as far as it is kept."""
        return "".join(self._came)

    @property
    def unscanned(self) -> tuple[str, ...]:
        """Why the event at the end does not tell everything; empty: it does."""
        return (f"{self.where}: more than {MAX_TEXT_CHARS:,} characters",) if self._size > len(self.text) else ()

    def pieces(self, release: Release) -> tuple[Piece, ...]:
        """A match with its neighbours, and before it what has left already."""
        room = self._left[-MAX_ROOM_CHARS:]
        seen = Piece(release.seen, "assistant", self.where)
        return (Piece(room, "assistant", f"{self.where}|before", is_new=False), seen) if room else (seen,)


class Dialect:
    """How one shape of stream is taken apart and put together again; subclasses say what an event means.

    They call `say` for what may leave, `ask` for what must be decided; `ending` writes how a refused reply ends.
    """

    shape: Shape

    def __init__(self, plan: HoldbackPlan, door: str, context: str, identity: str) -> None:
        self.plan = plan
        self.out: list[Step] = []
        self.is_done = False
        self._blank = Event(kind="span", door=door, context=context, identity=identity)
        self._seen: set[bytes] = set()
        self._noted: set[str] = set()
        self.kept_bytes = 0

    def take(self, event: SseEvent) -> None:
        """One event of the stream."""
        try:
            value: object = _decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.unreadable(event, "no JSON")
            return
        if type(value) is not dict:
            self.unreadable(event, "no object")
            return
        self.value(cast("Json", value), event)

    def value(self, value: Json, event: SseEvent) -> None:
        """One event whose data is an object."""
        raise NotImplementedError

    def finish(self) -> None:
        """The stream has ended, as it should or not."""
        raise NotImplementedError

    def ending(self) -> Callable[[str, str], bytes]:
        """How a reply that is refused at this point ends."""
        raise NotImplementedError

    def say(self, data: bytes) -> None:
        """Bytes that may leave in their turn."""
        if data:
            self.out.append(Ready(data))

    def ask(
        self,
        pieces: tuple[Piece, ...] = (),
        unscanned: tuple[str, ...] = (),
        if_allowed: bytes = b"",
        *,
        event: Event | None = None,
        rewrites: Callable[[Sequence[tuple[int, int, int, str]]], bytes] | None = None,
    ) -> None:
        """A question that stands before everything that comes after it."""
        if event is None:
            size = sum(len(piece.text.encode("utf-8", "replace")) for piece in pieces if piece.is_new)
            event = msgspec.structs.replace(self._blank, pieces=pieces, unscanned=unscanned, size_bytes=size)
        self.out.append(Ask(event, if_allowed, self.ending(), rewrites))

    def release(self, channel: Channel, release: Release, frame: bytes) -> None:
        """Text of a channel in the frame that it leaves in."""
        if release.asks:
            problem = (f"{channel.where}: {release.problem}",) if release.problem else ()
            self.ask(channel.pieces(release), problem, frame)
        else:
            self.say(frame)
        channel.leaves(release.text)

    def unreadable(self, event: SseEvent, why: str) -> None:
        """An event that is nothing known: it leaves as it is, if somebody decides so."""
        text = event.data.decode("utf-8", "replace")
        name = f" ({event.name.decode('ascii', 'replace')[:64]})" if event.name else ""
        self.ask((Piece(text, "assistant", "data"),), (f"data{name}: {why}",), framed(event.data, event.name, event.id))

    def rest(self, rest: Json, *, shape: Shape | None = None) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
        """What is no channel, walked: texts and notes that must be asked about; nothing where it is harmless.

        The same rest is looked at once, and the same note is asked about once: refused, it would have been the last.
        """
        raw = to_json(rest)
        if raw in self._seen:
            return (), ()
        found = walk(shape or self.shape, raw, door=self._blank.door)
        pieces = tuple(piece for event in found.events for piece in event.pieces)
        unscanned = tuple(note for event in found.events for note in event.unscanned)
        unscanned += tuple(f"{piece.where}: a text that is not held back" for piece in pieces if piece.is_new)
        unscanned = tuple(note for note in unscanned if note not in self._noted)
        self._noted.update(unscanned[:_MAX_SEEN])
        if unscanned or not all(self.plan.is_clean(piece.text) for piece in pieces):
            return pieces, unscanned
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(raw)
        return (), ()

    def closed(self, channels: Sequence[Channel], if_allowed: bytes) -> None:
        """The question at the end of what belongs together: all of its texts, once more and whole."""
        told = [channel for channel in channels if channel.text]
        if not told:
            self.say(if_allowed)
            return
        pieces = tuple(Piece(channel.text, "assistant", channel.where) for channel in told)
        self.ask(pieces, tuple(note for channel in told for note in channel.unscanned), if_allowed)

    def calls(self, body: Json, where: str) -> tuple[Event, ...]:
        """The tool calls in a reply of this shape that holds nothing else, and whatever else is found in it."""
        found = walk(
            self.shape, to_json(body), door=self._blank.door, context=self._blank.context, identity=self._blank.identity
        )
        others = [event for event in found.events if event.kind != "call" and (event.pieces or event.unscanned)]
        notes = tuple(note for event in others for note in event.unscanned)
        calls = tuple(event for event in found.events if event.kind == "call")
        if not calls:
            pieces = tuple(piece for event in others for piece in event.pieces)
            said = (*notes, f"{where}: a call that cannot be read")
            return (msgspec.structs.replace(self._blank, kind="call", pieces=pieces, unscanned=said),)
        first = msgspec.structs.replace(calls[0], unscanned=(*calls[0].unscanned, *notes))
        return (first, *calls[1:])

    def called(self, body: Json, where: str, frame: Callable[[Json], bytes]) -> None:
        """The question whether a call that is whole may leave; `frame` writes it out of the reply that holds it."""
        events = self.calls(body, where)
        for event in events[:-1]:
            self.ask(event=event)
        self.ask(event=events[-1], if_allowed=frame(body))

    def blank(self, kind: EventKind, *unscanned: str) -> Event:
        """An event of this stream without texts."""
        return msgspec.structs.replace(self._blank, kind=kind, unscanned=unscanned)

    def keep(self, size: int) -> bool:
        """Whether so much more of unfinished calls can be kept."""
        self.kept_bytes += size
        return self.kept_bytes <= MAX_KEPT_BYTES


def a_text(value: object) -> str:
    """The value if it is a text, else nothing."""
    return value if type(value) is str else ""


def an_index(value: object) -> int:
    """The value if it is a whole number, else 0."""
    return value if type(value) is int else 0


def objects(value: object) -> list[Json]:
    """The objects in a list; empty if it is none, or holds anything else."""
    if type(value) is not list:
        return []
    items = cast("list[object]", value)
    return cast("list[Json]", items) if all(type(item) is dict for item in items) else []


def without(value: Mapping[str, Any], *names: str) -> Json:
    """The object without some of its members."""
    return {name: item for name, item in value.items() if name not in names}
