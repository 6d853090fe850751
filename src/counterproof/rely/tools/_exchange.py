"""What a client and a tool server say to one another, message by message: each is decided on before it passes.

The protocol's own rules are kept here for both transports. What passes is written anew from what was understood, so
that no two readings of the same bytes (a member named twice, say) come about.

Order: messages are looked at in the order in which they came. Requests and answers overtake one another where one waits
for a safety model and the other does not; nothing overtakes a notification (progress, cancellation, "the list changed")
of the same direction.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from counterproof import errors
from counterproof.record import Decision, Event
from counterproof.rely.tools import _reading, _rpc
from counterproof.rely.tools._listing import Listing, Tool
from counterproof.rely.tools._rpc import Id, Message

Side: TypeAlias = Literal["client", "server"]

MAX_OPEN = 4096
"""How many requests of one side may be without an answer."""
MAX_DONE = 1024
"""How many answered requests are remembered, for streams that are taken up again."""
MAX_REMEMBERED = 65_536
"""How many ids are known not to be new; beyond it the oldest are forgotten."""

_PASS = ("allow", "modify")
_CANCELLED = "notifications/cancelled"


class Decides(Protocol):
    """Who decides (`rely.guard`)."""

    async def consider(self, event: Event) -> Decision:
        """A decision that stands in the record already."""
        ...

    def fault(self, event: Event, error: BaseException) -> Decision:
        """The refusal of an event that the caller's own code failed over."""
        ...


class Ruling(msgspec.Struct, frozen=True):
    """What a message leads to: bytes that go `on` to the other side, bytes that go `back` to its sender, or neither."""

    on: bytes | None = None
    back: bytes | None = None


class Open(msgspec.Struct, kw_only=True):
    """A request without an answer. `is_sent`: it passed; until then only its own decision may answer it."""

    id: Id
    method: str
    tool: str
    is_modern: bool
    asked_s: float
    is_sent: bool = False
    is_cancelled: bool = False

    @property
    def is_stream(self) -> bool:
        """Whether it stays open by design (MCP 2026-07-28, "Subscriptions")."""
        return self.method == "subscriptions/listen"


class _Half:
    """One direction: what this side asked, which ids it used, and its last notification that is not through."""

    def __init__(self) -> None:
        self.open: dict[Id, Open] = {}
        self.used: OrderedDict[Id, None] = OrderedDict()
        self.done: OrderedDict[Id, Open] = OrderedDict()
        self.notice: asyncio.Future[None] | None = None

    def answered(self, named: Id | None, *, is_replay: bool) -> Open | None:
        """The request of that id, which is open no longer; None: there is none that waits, or none that passed."""
        asked = self.open.get(named) if named is not None else None
        if asked is None and is_replay and named is not None:
            return self.done.get(named)
        if asked is None or not asked.is_sent:
            return None
        del self.open[asked.id]
        self.done[asked.id] = asked
        if len(self.done) > MAX_DONE:
            self.done.popitem(last=False)
        return asked

    def use(self, asked: Open) -> str:
        """Opens a request, or says why it cannot be one."""
        if asked.id in self.used:
            return "this id was used before"
        if len(self.open) >= MAX_OPEN:
            return "too many requests wait for their answers"
        self.used[asked.id] = None
        if len(self.used) > MAX_REMEMBERED:
            self.used.popitem(last=False)
        self.open[asked.id] = asked
        return ""


class Exchange:
    """A client and a server, `door` between them. `context`: an opaque name of their conversation.

    `listing` remembers what the server's tools were, beyond this exchange.
    """

    def __init__(
        self,
        guard: Decides,
        *,
        door: str,
        context: str = "",
        identity: str = "",
        listing: Listing | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._about = _reading.About(door=door, context=context, identity=identity)
        self._listing = listing or Listing()
        self._now = now
        self._halves: dict[Side, _Half] = {"client": _Half(), "server": _Half()}
        self.is_terminated = False
        self.is_gone = False
        self.unread = 0

    def goes_on_as(self, context: str) -> None:
        """Names the conversation from here on: a session has no name before its server gave it one."""
        self._about = msgspec.structs.replace(self._about, context=context)

    async def from_client(self, raw: bytes) -> Ruling:
        """What becomes of bytes that the client sent as one message."""
        return await self._said("client", raw)

    async def from_server(self, raw: bytes, *, is_replay: bool = False) -> Ruling:
        """What becomes of bytes that the server sent as one message.

        `is_replay`: of a stream that is taken up again, in which answers that were given already come once more.
        """
        return await self._said("server", raw, is_replay=is_replay)

    def waiting(self, side: Side = "client") -> tuple[Open, ...]:
        """Requests of a side that have no answer yet."""
        return tuple(self._halves[side].open.values())

    async def unreadable(self, side: Side, why: str, size_bytes: int) -> None:
        """Keeps in the record that a side sent what could not be read; it never passes."""
        self.unread += 1
        event = Event(
            kind="message", door=self._about.door, context=self._about.context, identity=self._about.identity,
            unscanned=(f"{side}: {why}",), size_bytes=size_bytes,
        )  # fmt: skip
        try:
            await self._decided((event,))
        except Exception as exc:  # noqa: BLE001 - it passes no more than before
            self._faulted(event, exc)

    def overdue(self, after_s: float) -> list[Ruling]:
        """Answers for requests that the server let wait longer than this: an error `back`, a cancellation `on`."""
        limit = self._now() - after_s
        late = [o for o in self.waiting() if o.is_sent and o.asked_s <= limit and (o.is_cancelled or not o.is_stream)]
        return [self._given_up(asked, f"No answer within {after_s:g} s.") for asked in late]

    def abandon(self, why: str) -> list[Ruling]:
        """Answers for every request that passed, once there is no server any more."""
        self.is_gone = True
        return [self._given_up(asked, why, _rpc.SERVER_GONE) for asked in self.waiting() if asked.is_sent]

    def give_up(self, asked: Id, why: str) -> Ruling:
        """The same for one request."""
        found = self._halves["client"].open.get(asked)
        return self._given_up(found, why) if found is not None and found.is_sent else Ruling()

    def _given_up(self, asked: Open, why: str, code: int = _rpc.NO_ANSWER) -> Ruling:
        del self._halves["client"].open[asked.id]
        if asked.is_cancelled:
            return Ruling()
        return Ruling(on=_rpc.cancelled(asked.id, why), back=_answer(asked, why, code=code))

    async def _said(self, side: Side, raw: bytes, *, is_replay: bool = False) -> Ruling:
        half = self._halves[side]
        before = half.notice
        try:
            message = _rpc.read(raw)
        except errors.BadInput as exc:
            await self.unreadable(side, exc.what, len(raw))
            return Ruling(back=_rpc.error(None, int(exc.where), exc.what)) if side == "client" else Ruling()
        mine: asyncio.Future[None] | None = None
        if message.kind == "notification":
            half.notice = mine = asyncio.get_running_loop().create_future()
        try:
            return await self._ruled(side, message, before, is_replay=is_replay)
        finally:
            if mine is not None:
                mine.set_result(None)
                if half.notice is mine:
                    half.notice = None

    async def _ruled(
        self, side: Side, message: Message, before: asyncio.Future[None] | None, *, is_replay: bool
    ) -> Ruling:
        if message.kind == "request":
            return await self._request(side, message, before)
        if message.kind == "response":
            return await self._response(side, message, before, is_replay=is_replay)
        return await self._notification(side, message, before)

    async def _request(self, side: Side, message: Message, before: asyncio.Future[None] | None) -> Ruling:
        half = self._halves[side]
        asked = _opened(message, self._now())
        if refused := half.use(asked):
            await self.unreadable(side, refused, len(message.raw))
            told = None if asked.id in half.open else asked.id  # an answer by that id would be taken for the first's
            return Ruling(back=_rpc.error(told, _rpc.INVALID_REQUEST, refused))
        doubts: list[str] = []
        if side == "client" and asked.tool and asked.tool in self._listing.withheld:
            doubts.append(f"params.name: {asked.tool} was withheld from the list of tools")
        refusal, value = await self._passed(message, side, doubts=doubts)
        await _settled(before)
        if asked.is_cancelled:
            half.open.pop(asked.id, None)
            return Ruling()
        if refusal is None and self.is_gone:
            half.open.pop(asked.id, None)
            return Ruling(back=_answer(asked, "The server is gone.", code=_rpc.SERVER_GONE))
        if refusal is not None:
            half.open.pop(asked.id, None)
            return Ruling(back=_answer(asked, refusal.reason, refusal.receipt))
        asked.is_sent = True
        return Ruling(on=_rpc.encode(value))

    async def _response(
        self, side: Side, message: Message, before: asyncio.Future[None] | None, *, is_replay: bool
    ) -> Ruling:
        asked = self._halves["server" if side == "client" else "client"].answered(message.id, is_replay=is_replay)
        if asked is None:
            await self.unreadable(side, "answers what was not asked", len(message.raw))
            return Ruling()
        if asked.method == "tools/list" and side == "server":
            refusal, value = await self._listed(message)
        else:
            refusal, value = await self._passed(message, side, asked.tool)
        await _settled(before)
        if refusal is not None:
            return Ruling(on=_answer(asked, refusal.reason, refusal.receipt))
        return Ruling(on=_rpc.encode(value))

    async def _notification(self, side: Side, message: Message, before: asyncio.Future[None] | None) -> Ruling:
        asked: Open | None = None
        if message.method == _CANCELLED:
            named = message.params.get("requestId")
            if isinstance(named, int | str) and not isinstance(named, bool):  # as a key, true would be 1
                asked = self._halves[side].open.get(named)
            if asked is not None:
                asked.is_cancelled = True
        refusal, value = await self._passed(message, side)
        await _settled(before)
        if refusal is not None or (asked is not None and not asked.is_sent):
            return Ruling()  # a request that never passed needs no cancellation
        return Ruling(on=_rpc.encode(value))

    async def _listed(self, message: Message) -> tuple[Decision | None, object]:
        """A list of tools: each is decided on by itself, and left out where it is refused."""
        listed = self._listing.split(message)
        refusal, value = await self._passed(listed.rest, "server")
        if refusal is not None:
            return refusal, None
        kept: list[object] = []
        for tool in listed.tools:
            refused, said = await self._passed(tool.message, "server", tool.name, tool.doubts)
            if refused is None:
                refused = self._remembered(tool)
            if refused is not None:
                self._listing.withhold(tool)
            else:
                kept.extend(self._listing.tools_of(said))
        return None, self._listing.joined(value, kept)

    def _remembered(self, tool: Tool) -> Decision | None:
        """A tool that passed is remembered; one that cannot be is a fault, and refused."""
        try:
            self._listing.accept(tool)
        except errors.CounterproofError as exc:
            return self._failed(tool.message, exc)
        return None

    async def _passed(
        self, message: Message, side: Side, tool: str = "", doubts: Sequence[str] = ()
    ) -> tuple[Decision | None, object]:
        """The refusal, or what may pass instead of the message: itself, or itself rewritten."""
        try:
            read = _reading.read(message, self._about, side, tool)
            for doubt in doubts:
                read = read.unscanned(doubt)
            decisions = await self._decided(read.events)
            if decisions[-1].outcome not in _PASS:
                return decisions[-1], None
            return None, read.rewritten(decisions)
        except Exception as exc:  # noqa: BLE001 - whatever it is, nothing passes that was not decided on
            return self._failed(message, exc), None

    def _failed(self, message: Message, exc: Exception) -> Decision:
        about = self._about
        event = Event(kind="message", door=about.door, context=about.context, size_bytes=len(message.raw))
        return self._faulted(event, exc)

    def _faulted(self, event: Event, exc: Exception) -> Decision:
        try:
            return self._guard.fault(event, exc)
        except Exception:  # noqa: BLE001 - a gate that cannot even say so still refuses
            return _FAULT

    async def _decided(self, events: Sequence[Event]) -> list[Decision]:
        """Decisions up to the first that refuses."""
        found: list[Decision] = []
        for event in events:
            decision = await self._guard.consider(event)
            found.append(decision)
            self.is_terminated |= decision.outcome == "terminate"
            if decision.outcome not in _PASS:
                break
        return found


_FAULT = Decision(
    outcome="reject", rules=("gate:fault",), statuses=(("gate:fault", "failed"),), reason="The gate failed."
)


def _opened(message: Message, now_s: float) -> Open:
    name = message.params.get("name") if message.method == "tools/call" else ""
    return Open(
        id=message.id if message.id is not None else "",
        method=message.method,
        tool=name if isinstance(name, str) else "",
        is_modern=message.is_modern,
        asked_s=now_s,
    )


def _answer(asked: Open, says: str, receipt: str = "", *, code: int = _rpc.REFUSED) -> bytes:
    """A refusal in the form in which the asker reads it: a tool's result for a call, otherwise an error."""
    if asked.method == "tools/call":
        return _rpc.tool_result(asked.id, says, receipt, is_modern=asked.is_modern)
    return _rpc.error(asked.id, code, says, receipt)


async def _settled(before: asyncio.Future[None] | None) -> None:
    if before is not None and not before.done():
        await asyncio.wait((before,))
