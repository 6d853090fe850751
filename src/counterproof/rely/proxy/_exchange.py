"""One request through the gate: read, decided on, asked, the reply read, decided on, answered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import cast

import msgspec

from counterproof.errors import BadGate
from counterproof.record import Decision, Event, Piece
from counterproof.rely import gate, guard, wire
from counterproof.rely.proxy import _aside, _words
from counterproof.rely.proxy._plain import Plain, plain
from counterproof.rely.proxy._routes import Route, route_of
from counterproof.rely.proxy._streamed import PASSED, Refusal, Streamed

_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_EVENTS: tuple[bytes, bytes] = (b"content-type", b"text/event-stream; charset=utf-8")
_STREAM: tuple[bytes, bytes] = (b"content-type", b"text/event-stream")
_NOT_RETURNED = frozenset({b"content-length", b"content-encoding", b"x-counterproof-decision", b"alt-svc"})
_BODILESS = frozenset({"GET", "DELETE", "HEAD"})
_PASSED_ON = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Setup:
    """What all requests through one proxy share. `context`, `identity`: header names; `withheld`: not forwarded."""

    decides: guard.Guard
    upstream: wire.Upstream
    context: bytes
    identity: bytes
    withheld: frozenset[bytes]
    key: bytes


class Unread(Exception):
    """A body that cannot be read as what it has to be: whatever the policy says of it, it goes no further."""

    def __init__(self, *, is_request: bool) -> None:
        super().__init__()
        self.is_request = is_request


class Exchange:
    """One request and what became of it."""

    def __init__(self, setup: Setup, request: wire.Request, out: wire.Out) -> None:
        self._setup, self._request, self._out = setup, request, out
        is_anthropic = any(name == b"anthropic-version" for name, _ in request.headers)
        self._route: Route = route_of(request.method, request.path, is_anthropic=is_anthropic)
        self._about = {
            "door": self._route.door,
            "context": self._of(setup.context) or self._own_context(),
            "identity": self._of(setup.identity),
        }
        self._asked: dict[str, object] = {}

    async def run(self) -> None:
        """Everything in order; what ends it early is raised."""
        request, setup = self._request, self._setup
        if request.body and request.method in _BODILESS:
            self._error(400, f"A body has no meaning with {request.method}.")
            return
        if self._is_ambiguous():
            self._error(400, "The headers that name the conversation and the person may come only once.")
            return
        body = await self._admitted()
        if request.method not in _PASSED_ON:
            self._error(405, f"{request.method} is not passed on.")
            return
        headers = wire.end_to_end(request.headers, without=setup.withheld)
        if self._route.shape is not None:
            headers = [pair for pair in headers if pair[0] != b"content-type"]
            headers.append(_JSON)  # as it was read here, so it is to be read there
        if setup.key:
            headers.append(self._credential())
        answer = await setup.upstream.ask(request.method, request.target, headers, body)
        try:
            await self._answered(answer)
        finally:
            answer.close()

    # What goes in.

    async def _admitted(self) -> bytes:
        request, route = self._request, self._route
        aside = _aside.asked(request, self._setup.withheld)
        if route.shape is not None:
            walk = gate.walk(route.shape, request.body, **self._about)
            return await self._walked(_with(walk, aside) if aside else walk, is_request=True)
        unread = "" if route.kind != "unknown" else f"{request.method} {request.path}: no shape is known for it"
        kind = request.header(b"content-type").decode("latin-1")
        found = plain(request.body, kind, role="user", unread=unread, **self._about)
        target = Piece(request.target, "user", "target")
        event = msgspec.structs.replace(found.event, pieces=(*found.event.pieces, target, *aside))
        return await self._plain(msgspec.structs.replace(found, event=event))

    async def _walked(self, walk: gate.Walk, *, is_request: bool = False) -> bytes:
        value = walk.value
        if is_request and isinstance(value, dict):
            self._asked = cast("dict[str, object]", value)
        spans: list[gate.Span] = []
        for event in walk.events:
            decision = await self._decided(event)
            if decision.outcome == "modify":
                spans += [(event.pieces[at].where, start, end, new) for at, start, end, new in decision.spans]
        if walk.value is None:
            raise Unread(is_request=is_request)
        if not spans:
            return walk.body
        try:
            return gate.rewrite(walk.body, spans)
        except BadGate as exc:
            raise Refusal(self._setup.decides.fault(self._event(), exc)) from exc

    async def _plain(self, found: Plain) -> bytes:
        decision = await self._decided(found.event)
        if decision.outcome != "modify":
            return found.body
        body = found.rewritten(decision.spans)
        if body is None:
            raise Refusal(decision)
        return body

    async def _decided(self, event: Event) -> Decision:
        decision = await self._setup.decides.consider(event)
        if decision.outcome not in PASSED:
            raise Refusal(decision)
        return decision

    # What comes out.

    async def _answered(self, answer: wire.Answer) -> None:
        status, kind = answer.status, answer.header(b"content-type").decode("latin-1").strip().lower()
        if 300 <= status < 400:
            self._error(502, "The upstream points elsewhere, which would lead past the gate.")
            return
        if kind.startswith("text/event-stream"):
            await self._stream(answer)
            return
        body = await answer.whole()
        headers = self._returned(answer)
        if body:
            body, is_json = await self._released(status, kind, body)
            if is_json:  # as it was read here, so it is to be read there
                headers = [*(pair for pair in headers if pair[0] != b"content-type"), _JSON]
        self._out.reply(status, headers, body)

    def _returned(self, answer: wire.Answer) -> list[tuple[bytes, bytes]]:
        headers = wire.end_to_end(answer.headers, without=_NOT_RETURNED)
        return _aside.returned(headers, self._setup.decides.rules.holdback)

    async def _stream(self, answer: wire.Answer) -> None:
        if answer.header(b"content-encoding") not in (b"", b"identity"):
            self._error(502, "The upstream's stream has a content coding, which was not asked for.")
            return
        headers = self._returned(answer)
        reply, decides = self._route.reply, self._setup.decides
        if answer.status == 200 and reply is not None and gate.is_streamed(reply):
            headers = [*(pair for pair in headers if pair[0] != b"content-type"), _STREAM]
            stream = gate.Stream(reply, decides.rules.holdback, **self._about)
            await Streamed(stream, decides, self._out, headers).run(answer)
            return
        await self._decided(self._event("stream: no shape is known for it"))
        self._out.start(answer.status, headers)
        while data := await answer.read():
            await self._out.write(data)
        self._out.end()

    async def _released(self, status: int, kind: str, body: bytes) -> tuple[bytes, bool]:
        """What may leave instead of a reply's body, and whether it was read as JSON."""
        route = self._route
        if status < 300 and route.reply is not None and self._request.method != "DELETE":
            return await self._walked(gate.walk(route.reply, body, **self._about)), True
        unread = ""
        if status < 300 and route.kind == "items":
            await self._items(body)
        elif route.kind == "unknown":
            unread = "reply: no shape is known for it"
        found = plain(body, kind, role="assistant", unread=unread, **self._about)
        return await self._plain(found), found.is_json

    async def _items(self, body: bytes) -> None:
        """What a stored conversation holds is read as what was once asked, item by item."""
        try:
            value: object = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return  # said by whoever reads it next
        held = cast("dict[str, object]", value).get("data") if isinstance(value, dict) else None
        if isinstance(held, list):
            again = msgspec.json.encode({"model": "", "input": held})
            for event in gate.walk("openai.responses.request", again, **self._about).events:
                decision = await self._decided(event)
                if decision.outcome == "modify":
                    raise Refusal(decision)

    # How it ends early.

    async def refuse(self, refusal: Refusal) -> None:
        """Says that an event was decided against, in the client's words."""
        out, policy, decision = self._out, self._setup.decides.rules.policy, refusal.decision
        out.is_last = out.is_last or decision.outcome == "terminate"
        said = decision.reason or policy.says
        if out.is_begun:
            if refusal.ending is None:
                out.cut()
                return
            await out.write(refusal.ending(said, decision.receipt))
            out.end()
            return
        headers = [_JSON, (b"x-counterproof-decision", _decision_header(decision))]
        if policy.block_as != "error" and self._route.kind == "made":
            told = f"{said}\nReceipt: {decision.receipt}" if decision.receipt else said
            model = self._asked.get("model")
            make = _words.stream if self._asked.get("stream") is True else _words.reply
            headers[0] = _EVENTS if make is _words.stream else _JSON
            is_plain = policy.block_as == "refusal"
            out.reply(200, headers, make(self._route, model if isinstance(model, str) else "", told, is_plain=is_plain))
            return
        status = 403 if self._route.kind == "unknown" else 400
        body = _words.error(self._route.family, status, said, code="content_filter", receipt=decision.receipt)
        out.reply(status, headers, body)

    def unread(self, unread: Unread) -> None:
        """Says that a body is none of its shape."""
        if unread.is_request:
            self._error(400, "The body is no JSON object that can be read in one way only.")
        else:
            self._error(502, "No reply could be passed on: the upstream's is no JSON object.")

    def failed(self, exc: wire.UpstreamFailed) -> None:
        """Says that the upstream gave no answer that could be passed on; not where it is."""
        self._error(exc.status, f"No reply could be passed on: {exc.what}.")

    def crashed(self, exc: Exception) -> None:
        """Writes a fault of the gate down and refuses."""
        decision = self._setup.decides.fault(self._event(), exc)
        if self._out.is_begun:
            self._out.cut()
            return
        body = _words.error(
            self._route.family, 500, "The gate failed; nothing was passed on.", receipt=decision.receipt
        )
        self._out.reply(500, [_JSON, (b"x-counterproof-decision", _decision_header(decision))], body)

    def _event(self, *unscanned: str) -> Event:
        kind = "span" if unscanned else "message"
        return msgspec.convert({"kind": kind, "unscanned": unscanned, **self._about}, Event)

    def _error(self, status: int, said: str) -> None:
        if self._out.is_begun:
            self._out.cut()
            return
        headers = [_JSON, (b"retry-after", b"1")] if status == 503 else [_JSON]
        self._out.reply(status, headers, _words.error(self._route.family, status, said))

    def _is_ambiguous(self) -> bool:
        """Whether somebody put a second name beside the one that the front has set."""
        own = [name for name in (self._setup.context, self._setup.identity) if name]
        return bool(own) and any([name for name, _ in self._request.headers].count(each) > 1 for each in own)

    def _own_context(self) -> str:
        """Where nobody names conversations, each exchange is one: so the memory joins a reply to what was asked."""
        return secrets.token_hex(8) if self._setup.decides.rules.policy.memory.window_s else ""

    def _of(self, name: bytes) -> str:
        return self._request.header(name).decode("latin-1") if name else ""

    def _credential(self) -> tuple[bytes, bytes]:
        if self._route.family == "anthropic":
            return b"x-api-key", self._setup.key
        return b"authorization", b"Bearer " + self._setup.key


def _decision_header(decision: Decision) -> bytes:
    return f'{decision.outcome};receipt="{decision.receipt}"'.encode()


def _with(walk: gate.Walk, aside: tuple[Piece, ...]) -> gate.Walk:
    first = msgspec.structs.replace(walk.events[0], pieces=(*walk.events[0].pieces, *aside))
    return msgspec.structs.replace(walk, events=(first, *walk.events[1:]))
