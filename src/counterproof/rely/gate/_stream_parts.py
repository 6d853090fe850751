"""What the streams of all shapes have in common: steps, channels, and the look at what is no channel."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard, cast

import msgspec

from counterproof.errors import BadGate
from counterproof.record import Event, EventKind, Piece
from counterproof.rely.gate._hold import HoldbackPlan, Release
from counterproof.rely.gate._rewrite import rewrite
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
Rewrites: TypeAlias = Callable[[Sequence[tuple[int, int, int, str]]], bytes]

_NAME = re.compile(r"[\w.:=+/-]{1,512}", re.ASCII)
_encode = msgspec.json.Encoder().encode
from_json = msgspec.json.Decoder().decode


def to_json(value: object) -> bytes:
    """A decoded value written again."""
    try:
        return _encode(value)
    except OverflowError:  # an integer of more than 64 bits
        return json.dumps(value).encode()


class Ready:
    """Bytes that may leave at once: `data`, to be read when its turn has come (a decision before may change it)."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes | Callable[[], bytes]) -> None:
        self._data = data

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self._data if isinstance(self._data, bytes) else self._data()

    @property
    def is_fixed(self) -> bool:
        """Nothing decided before changes them."""
        return isinstance(self._data, bytes)


class Ask(msgspec.Struct, frozen=True):
    """Something to be decided before anything after it may leave: `if_allowed` or `modified(...)`, or `refused(...)`.

    A match of a rule that modifies in a channel is replaced in `if_allowed` already. `rewrites`: the bytes with the
    spans of a decision replaced; None where nothing can be.
    """

    event: Event
    if_allowed: bytes
    ending: Callable[[str, str], bytes]
    rewrites: Rewrites | None = None

    def refused(self, says: str = "", receipt: str = "") -> bytes:
        """The end of the stream as its shape has it for what was refused, after all that left before this question.

        `says`: text for the reader. `receipt`: the member `receipt` of the last event.
        """
        return self.ending(says, receipt)

    def modified(self, spans: Sequence[tuple[int, int, int, str]]) -> bytes:
        """`if_allowed` with the spans of a decision (piece, start, end, replacement) replaced.

        Raises:
            BadGate: they cannot be replaced; such a decision is to be taken for a rejection.
        """
        if self.rewrites is not None:
            return self.rewrites(spans)
        if spans:
            raise BadGate("a part of a stream in which nothing can be replaced; reject it instead")
        return self.if_allowed


Step: TypeAlias = Ready | Ask


class Channel:
    """One text that grows: `choices[0].delta.content`, a content block. `text` is what came, `left` what has left."""

    def __init__(self, plan: HoldbackPlan, where: str) -> None:
        self.where = where
        self._hold = plan.open()
        self._came: list[str] = []
        self._size = 0
        self._left = ""
        self._plan = plan
        self._replaced: list[tuple[int, int]] = []
        self._beside, self._marks = "", list[tuple[int, int]]()
        self.is_made = False

    def feed(self, text: str) -> tuple[Release, ...]:
        """What may leave now that `text` has come."""
        if self._size < MAX_TEXT_CHARS:
            self._came.append(text)
        self._size += len(text)
        return self._noted(self._hold.feed(text))

    def finish(self) -> tuple[Release, ...]:
        """What may leave at the end."""
        return self._noted(self._hold.finish())

    def _noted(self, releases: tuple[Release, ...]) -> tuple[Release, ...]:
        if not self._plan.has_replacements:
            return releases
        for release in releases:
            self._replaced += [(hit.start, hit.end) for hit in release.hits if self._is_replaced(hit.rule)]
        return tuple(map(self._looked, releases))

    def _looked(self, release: Release) -> Release:
        """The same, to be asked about where a replacement makes a match with what stands beside it."""
        at, text = len(self._beside), self._beside + release.text
        marks = [*self._marks, *((start + at, end + at) for start, end in release.marks)]
        cut = max(0, len(text) - 2 * MAX_ROOM_CHARS)
        self._beside, self._marks = text[cut:], [(start - cut, end - cut) for start, end in marks if end >= cut]
        if not marks or not self._plan.is_made(text, marks):
            return release
        self.is_made = True
        return msgspec.structs.replace(release, asks=True, seen=f"{release.seen}\n{text}" if release.seen else text)

    def _is_replaced(self, rule: int) -> bool:
        return self._plan.replacement(rule) is not None

    def replaces(self, release: Release) -> bool:
        """Whether what matched is replaced already in the text that leaves."""
        return any(self._is_replaced(hit.rule) for hit in release.hits)

    def has_replaced(self, start: int, end: int) -> bool:
        """Whether a stretch of what came was replaced when it left."""
        return any(start < to and end > since for since, to in self._replaced)

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


class Order:
    """Which choices there are, and which are over: a reader may put texts together that were told as two."""

    def __init__(self) -> None:
        self._over: set[int] = set()
        self._has_index: bool | None = None

    def end(self, index: int) -> None:
        """A choice says why it ended."""
        if len(self._over) < _MAX_SEEN:
            self._over.add(index)

    def notes(self, choices: Sequence[Json], says: Callable[[Json], bool]) -> tuple[str, ...]:
        """What of some choices cannot be told apart; `says`: whether one holds anything that is put together."""
        if not choices:
            return ()
        notes: list[str] = []
        has_index = "index" in choices[0]
        is_odd = any(type(choice.get("index")) is not int for choice in choices if "index" in choice)
        is_mixed = any(("index" in choice) != has_index for choice in choices) or not (has_index or len(choices) == 1)
        if is_odd or is_mixed or self._has_index not in {None, has_index}:
            notes.append("choices: an index that is no number, or that not all have")
        self._has_index = has_index
        if any(an_index(choice.get("index")) in self._over and says(choice) for choice in choices):
            notes.append("choices: one that goes on after its end")
        return tuple(notes)


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
            value: object = from_json(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.unreadable(event, "no JSON")
            return
        if type(value) is not dict:
            self.unreadable(event, "no object")
            return
        try:
            self.value(cast("Json", value), event)
        except RecursionError:
            self.unreadable(event, "too deep")

    def value(self, value: Json, event: SseEvent) -> None:
        """One event whose data is an object."""
        raise NotImplementedError

    def finish(self) -> None:
        """The stream has ended, as it should or not."""
        raise NotImplementedError

    def ending(self) -> Callable[[str, str], bytes]:
        """How a reply that is refused at this point ends."""
        raise NotImplementedError

    def say(self, data: bytes | Callable[[], bytes]) -> None:
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
        rewrites: Rewrites | None = None,
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
            pieces = channel.pieces(release)

            def replaced(spans: Sequence[tuple[int, int, int, str]]) -> bytes:
                is_about_match = any(at == len(pieces) - 1 for at, *_ in spans)
                if channel.is_made or (is_about_match and not channel.replaces(release)):
                    raise BadGate("a match in a stream that was not replaced; reject it instead")
                return frame

            self.ask(pieces, problem, frame, rewrites=replaced)
        else:
            self.say(frame)
        channel.leaves(release.text)

    def tail(self, channel: Channel, frame: Callable[[str], bytes]) -> bytes:
        """What a channel still holds at its end: matches are asked about, what is behind the last one is given back.

        Where whole replies are held, that is all: the question at the end tells every match.
        """
        if self.plan.is_whole:
            return frame("".join(release.text for release in channel.finish()))
        tail = b""
        for release in channel.finish():
            if release.asks:
                self.say(tail)
                tail = b""
                self.release(channel, release, frame(release.text))
            else:
                tail += frame(release.text)
        return tail

    def unreadable(self, event: SseEvent, why: str) -> None:
        """An event that is nothing known: it leaves as it is, if somebody decides so."""
        text = event.data.decode("utf-8", "replace")
        name = f" ({event.name.decode('ascii', 'replace')[:64]})" if event.name else ""
        self.ask((Piece(text, "assistant", "data"),), (f"data{name}: {why}",), framed(event.data, event.name, event.id))

    def rest(self, rest: Json, *, is_whole: bool = False) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
        """What is no channel, walked: texts and notes that must be asked about; nothing where it is harmless.

        `is_whole`: its texts are not continued by other events, so they need no holding back, only to be looked at. The
        same rest is looked at once, and the same note is asked about once: refused, it would have been the last.
        """
        raw = to_json(rest)
        if raw in self._seen:
            return (), ()
        found = walk(self.shape, raw, door=self._blank.door)
        pieces = tuple(piece for event in found.events for piece in event.pieces)
        unscanned = tuple(note for event in found.events for note in event.unscanned)
        if not is_whole:
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

        def replaced(spans: Sequence[tuple[int, int, int, str]]) -> bytes:
            is_whole = all(told[at].has_replaced(start, end) for at, start, end, _ in spans)
            if not is_whole or any(channel.is_made for channel in told):
                raise BadGate("a match in a stream that was not replaced when it left; reject it instead")
            return if_allowed

        notes = tuple(note for channel in told for note in channel.unscanned)
        self.ask(pieces, notes, if_allowed, rewrites=replaced)

    def looked(self, rest: Json, frame: bytes, *, is_whole: bool = False) -> None:
        """A frame that leaves at once where `rest` shows nothing to be asked about."""
        pieces, unscanned = self.rest(rest, is_whole=is_whole)
        if pieces or unscanned:
            self.ask(pieces, unscanned, frame)
        else:
            self.say(frame)

    def whole(self, body: Json, kind: EventKind, frame: Callable[[Json], bytes], *unscanned: str) -> None:
        """The question whether a call (or what else came in parts and is whole now) may leave.

        `body`: a reply of this shape that holds nothing else; `frame` writes it as the parts of a stream. What the body
        holds besides a call is part of the same question.
        """
        blank = self.blank(kind, *unscanned)
        found = walk(self.shape, to_json(body), door=blank.door, context=blank.context, identity=blank.identity).events
        calls = [event for event in found if event.kind == "call"]
        event = msgspec.structs.replace(
            blank,
            kind="call" if calls else kind,
            tool=next((call.tool for call in calls if call.tool), ""),
            pieces=tuple(piece for part in found for piece in part.pieces),
            unscanned=(*(note for part in found for note in part.unscanned), *unscanned),
            size_bytes=max((part.size_bytes for part in found), default=0),
        )
        if kind == "call" and not calls:
            event = msgspec.structs.replace(event, unscanned=(*event.unscanned, "body: a call that cannot be read"))

        def rewritten(spans: Sequence[tuple[int, int, int, str]]) -> bytes:
            told = [(event.pieces[at].where, start, end, new) for at, start, end, new in spans]
            return frame(from_json(rewrite(body, told)))

        self.ask(event=event, if_allowed=frame(body), rewrites=rewritten)

    def blank(self, kind: EventKind, *unscanned: str) -> Event:
        """An event of this stream without texts."""
        return msgspec.structs.replace(self._blank, kind=kind, unscanned=unscanned)

    def keep(self, size: int) -> bool:
        """Whether so much more of unfinished calls can be kept."""
        self.kept_bytes += size
        return self.kept_bytes <= MAX_KEPT_BYTES


def is_name(value: object) -> bool:
    """Whether this is an identifier as they stand in streams, one short word."""
    return type(value) is str and _NAME.fullmatch(value) is not None


def a_text(value: object) -> str:
    """The value if it is a text, else nothing."""
    return value if type(value) is str else ""


def an_index(value: object) -> int:
    """The value if it is a whole number, else 0."""
    return value if type(value) is int else 0


def is_object(value: object) -> TypeGuard[Json]:
    """Whether this is a JSON object."""
    return type(value) is dict


def objects(value: object) -> list[Json]:
    """The objects in a list; empty if it is none, or holds anything else."""
    if type(value) is not list:
        return []
    items = cast("list[object]", value)
    return cast("list[Json]", items) if all(type(item) is dict for item in items) else []


def without(value: Mapping[str, Any], *names: str) -> Json:
    """The object without some of its members."""
    return {name: item for name, item in value.items() if name not in names}
