"""Over streamable HTTP: one endpoint, each message a POST, each reply JSON or a stream (MCP, "Transports").

Headers travel on unread, but for those that repeat what the body says (MCP 2026-07-28): these must agree with it, so
that nobody routes by what was not decided on. `Origin` and `Host` are checked and not passed on (MCP, "Security
Warning").
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from typing import cast

from counterproof import errors
from counterproof.rely import wire
from counterproof.rely.tools import _rpc, _sse
from counterproof.rely.tools._exchange import Decides, Exchange, Ruling
from counterproof.rely.tools._listing import Listing

MAX_SESSIONS = 16_384
"""How many sessions are known at once; of one that is forgotten late answers no longer pass."""
MAX_EVENT_ID_BYTES = 1024

_JSON, _STREAM = b"application/json", b"text/event-stream"
_SESSION = b"mcp-session-id"
_ONCE = (_SESSION, b"mcp-protocol-version", b"mcp-method", b"mcp-name", b"last-event-id", b"origin")
_OURS = frozenset({b"host", b"origin", b"content-length", b"content-encoding", b"accept-encoding", b"expect"})
_ELSEWHERE = re.compile(
    rb"x-http-method(-override)?|x-method-override|x-(original|rewrite)-ur[li]|x-forwarded-(uri|path|prefix)"
    rb"|x-envoy-original-path|x-accel-.*|x-reproxy-.*|x-sendfile|x-lighttpd-send-file|location|content-location|refresh"
    rb"|link|alt-svc"
)
"""By these some programs take another method, path or place than what was read here, on either side."""
_FRAMED = frozenset({b"content-length", b"content-type", b"content-encoding"})
_HEADER_MISMATCH = -32020
_NAMED_BY: dict[str, str] = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


class Endpoint:
    """Handles requests for one MCP endpoint (`wire.Handler`).

    `origins`: pages that may ask (a request without `Origin` comes from no page). `hosts`: names by which we may be
    asked, empty for any. `target`: path of the server's endpoint at the upstream.
    """

    def __init__(  # noqa: PLR0913 - what it stands between, and what each of them may do
        self,
        guard: Decides,
        upstream: wire.Upstream,
        *,
        target: str = "",
        path: str = "/mcp",
        origins: frozenset[str] = frozenset(),
        hosts: frozenset[str] = frozenset(),
        listing: Listing | None = None,
        message_bytes: int = _rpc.MAX_MESSAGE_BYTES,
    ) -> None:
        self._guard, self._upstream = guard, upstream
        self._target, self._path = target, path
        self._origins, self._hosts = origins, hosts
        self._listing = listing or Listing()
        self._message_bytes = message_bytes
        self._sessions: OrderedDict[bytes, Exchange] = OrderedDict()
        self._listening: set[wire.Answer] = set()
        self._aside: set[asyncio.Task[None]] = set()

    async def serve(
        self,
        address: tuple[str, int],
        on_ready: Callable[[str], None],
        stop: asyncio.Event,
        *,
        limits: wire.Limits | None = None,
    ) -> None:
        """Serves until the event is set; fits `counterproof.server` once its first is bound.

        Raises:
            OSError: the address cannot be listened on.
        """
        hooks = wire.Hooks(words=_words)
        ending = asyncio.create_task(self._end_listening(stop))
        try:
            await wire.Server(self.handle, limits, hooks).serve(address, on_ready, stop)
        finally:
            ending.cancel()
            self._upstream.close()
            await asyncio.sleep(0)  # connections take note in the loop's next round

    async def _end_listening(self, stop: asyncio.Event) -> None:
        """Streams that answer nothing would never end by themselves."""
        await stop.wait()
        for answer in tuple(self._listening):
            answer.close()

    async def handle(self, request: wire.Request, out: wire.Out) -> None:
        """Answers one request; never before what it asks for, and what is answered to it, is decided on."""
        refused = self._refused(request)
        if refused is not None:
            _say(out, refused[0], _rpc.error(None, _rpc.INVALID_REQUEST, refused[1]), allow=refused[0] == 405)
            return
        session = request.header(_SESSION)
        exchange = self._exchange(session)
        if exchange.is_terminated:
            _say(out, 404, _rpc.error(None, _rpc.REFUSED, "The session was ended."))
        elif request.method == "POST":
            await self._post(request, out, exchange)
        elif request.method == "GET":
            await self._get(request, out, exchange)
        else:
            await self._delete(request, out, session)

    def _refused(self, request: wire.Request) -> tuple[int, str] | None:
        """Why a request is not looked at; None: it is."""
        if request.path != self._path:
            return 404, "There is nothing here."
        if request.method not in ("POST", "GET", "DELETE"):
            return 405, "Only POST, GET and DELETE are known here."
        names = [name for name, _ in request.headers]
        if any(names.count(name) > 1 for name in _ONCE):
            return 400, "A header that may come only once came twice."
        return self._strange(request) or self._unfit(request)

    def _strange(self, request: wire.Request) -> tuple[int, str] | None:
        """Whether a page asks that may not, or under a name that is not ours (DNS rebinding)."""
        origin = request.header(b"origin")
        if origin and origin.decode("latin-1") not in self._origins:
            return 403, "Pages of this origin may not ask here."
        if self._hosts and _host(request.header(b"host")) not in self._hosts:
            return 403, "This is not known here by that name."
        return None

    def _unfit(self, request: wire.Request) -> tuple[int, str] | None:
        if request.method == "POST" and _media_type(request.headers) != _JSON:
            return 415, "A message is application/json."
        return (413, "The message is too long.") if len(request.body) > self._message_bytes else None

    def _exchange(self, session: bytes) -> Exchange:
        """The conversation of a session; without one every request is its own."""
        if not session:
            return Exchange(self._guard, door="mcp.http", listing=self._listing)
        found = self._sessions.get(session)
        if found is None:
            found = Exchange(self._guard, door="mcp.http", context=_name_of(session), listing=self._listing)
        self._keep(session, found)
        return found

    def _keep(self, session: bytes, exchange: Exchange) -> None:
        self._sessions[session] = exchange
        self._sessions.move_to_end(session)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)

    async def _post(self, request: wire.Request, out: wire.Out, exchange: Exchange) -> None:
        said = _mismatch(request)
        if said:
            await exchange.unreadable("client", said, len(request.body))
            _say(out, 400, _rpc.error(_asked(request.body), _HEADER_MISMATCH, said))
            return
        ruling = await exchange.from_client(request.body)
        if ruling.on is None:
            _answer_alone(out, ruling)
            return
        asked = _asked(ruling.on)
        try:
            headers = [(name, value) for name, value in _passed(request.headers) if name != b"content-type"]
            headers.append((b"content-type", _JSON))  # as it was read here, so it is to be read there
            answer = await self._upstream.ask("POST", self._target, headers, ruling.on)
        except wire.UpstreamFailed as exc:
            _unanswered(out, exchange, asked, f"The server did not answer: {exc.what}", exc.status)
            return
        try:
            await self._answered(request, out, exchange, answer, asked)
        finally:
            answer.close()

    async def _answered(
        self, request: wire.Request, out: wire.Out, exchange: Exchange, answer: wire.Answer, asked: _rpc.Id | None
    ) -> None:
        if (new := answer.header(_SESSION)) and new != request.header(_SESSION):
            exchange.goes_on_as(_name_of(new))
            self._keep(new, exchange)
        kind = _media_type(answer.headers)
        if asked is None:
            out.reply(answer.status, _kept(answer.headers), b"")
        elif kind == _STREAM and answer.status == 200:
            await self._streamed(request, out, exchange, answer, asked)
        else:
            await self._whole(out, exchange, answer, asked)

    async def _whole(self, out: wire.Out, exchange: Exchange, answer: wire.Answer, asked: _rpc.Id) -> None:
        """A reply in one piece. What is no answer to what was asked is not passed on, whatever its status says."""
        try:
            body = await answer.whole()
        except wire.UpstreamFailed as exc:
            _unanswered(out, exchange, asked, f"The server did not answer: {exc.what}", exc.status)
            return
        said = _named(body, asked) if _media_type(answer.headers) == _JSON else b""
        ruling = await exchange.from_server(said) if said else Ruling()
        if ruling.on is None:
            status = answer.status if answer.status >= 400 else 502
            why = f"The server answered with HTTP status {answer.status}, and nothing that could be passed on."
            _unanswered(out, exchange, asked, why, status, _kept(answer.headers))
            return
        out.reply(answer.status, [*_kept(answer.headers), (b"content-type", _JSON)], ruling.on)

    async def _streamed(
        self, request: wire.Request, out: wire.Out, exchange: Exchange, answer: wire.Answer, asked: _rpc.Id | None
    ) -> None:
        """A stream: event for event, in order. One that ends before the answer ends with ours, unless it goes on."""
        out.start(answer.status, [*_kept(answer.headers), (b"content-type", _STREAM), (b"cache-control", b"no-store")])
        is_replay, goes_on, why = bool(request.header(b"last-event-id")), False, "The server's stream ended."
        try:
            async for sent in _events(answer, self._message_bytes):
                goes_on |= bool(sent.id)
                await self._one(request, out, exchange, sent, is_replay=is_replay)
                if exchange.is_terminated:
                    break
        except (wire.UpstreamFailed, errors.BadInput) as exc:
            goes_on, why = False, f"The server's stream broke off: {exc.what}"
        if asked is not None and not goes_on and (given := exchange.give_up(asked, why)).back is not None:
            await out.write(_sse.written(_sse.Sent(), given.back))
        out.end()

    async def _one(
        self, request: wire.Request, out: wire.Out, exchange: Exchange, sent: _sse.Sent, *, is_replay: bool
    ) -> None:
        data = b""
        if sent.is_message:
            if sent.name not in (b"", b"message"):
                await exchange.unreadable("server", "an event that is no message", len(sent.data))
            else:
                ruling = await exchange.from_server(sent.data, is_replay=is_replay)
                data = ruling.on or b""
                if ruling.back is not None:
                    self._tell_server(request, ruling.back)
        if data or sent.id is not None or sent.retry_ms >= 0:
            await out.write(_sse.written(sent, data))

    def _tell_server(self, request: wire.Request, message: bytes) -> None:
        """Answers the server in the client's place, as the client would: by a POST."""
        task = asyncio.create_task(self._told(request, message))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _told(self, request: wire.Request, message: bytes) -> None:
        drop = {b"content-type", b"accept", b"last-event-id", b"mcp-method", b"mcp-name"}
        headers = [pair for pair in _passed(request.headers) if pair[0] not in drop]
        headers += [(b"content-type", _JSON), (b"accept", _JSON + b", " + _STREAM)]
        with contextlib.suppress(wire.UpstreamFailed):  # then it waits for its own deadline
            answer = await self._upstream.ask("POST", self._target, headers, message)
            answer.close()

    async def _get(self, request: wire.Request, out: wire.Out, exchange: Exchange) -> None:
        answer = await self._plain(request, out)
        if answer is None:
            return
        self._listening.add(answer)
        try:
            if answer.status == 200 and _media_type(answer.headers) == _STREAM:
                await self._streamed(request, out, exchange, answer, None)
            else:
                status = answer.status if answer.status >= 400 else 502
                out.reply(status, _kept(answer.headers), b"")
        finally:
            self._listening.discard(answer)
            answer.close()

    async def _delete(self, request: wire.Request, out: wire.Out, session: bytes) -> None:
        answer = await self._plain(request, out)
        if answer is not None:
            answer.close()
            self._sessions.pop(session, None)
            out.reply(answer.status, _kept(answer.headers), b"")

    async def _plain(self, request: wire.Request, out: wire.Out) -> wire.Answer | None:
        try:
            return await self._upstream.ask(request.method, self._target, _passed(request.headers))
        except wire.UpstreamFailed as exc:
            _say(out, exc.status, _rpc.error(None, _rpc.SERVER_GONE, f"The server did not answer: {exc.what}"))
            return None


def _name_of(session: bytes) -> str:
    """A session's name in events: its id is a key to it, and is shown to nobody."""
    return hashlib.sha256(session).hexdigest()[:32]


def _words(_status: int, said: str, _path: str) -> bytes:
    """The server's own refusals."""
    return _rpc.error(None, _rpc.INVALID_REQUEST, said)


async def _events(answer: wire.Answer, max_bytes: int) -> AsyncGenerator[_sse.Sent]:
    reader = _sse.Reader(max_bytes)
    while data := await answer.read():
        for sent in reader.feed(data):
            if sent.id is not None and len(sent.id) > MAX_EVENT_ID_BYTES:
                raise errors.BadInput("an event's id that is too long", where="the stream")
            yield sent


def _say(out: wire.Out, status: int, body: bytes, *, allow: bool = False) -> None:
    more = [(b"allow", b"POST, GET, DELETE")] if allow else []
    out.reply(status, [(b"content-type", _JSON), *more], body)


def _answer_alone(out: wire.Out, ruling: Ruling) -> None:
    """What never went on: a refusal in the form of an answer; an error of the protocol; or nothing to say."""
    if ruling.back is None:
        out.reply(202, [])
        return
    said = _rpc.mapping(_rpc.decoded(ruling.back))
    _say(out, 400 if said.get("id") is None else 200, ruling.back)


def _unanswered(
    out: wire.Out,
    exchange: Exchange,
    asked: _rpc.Id | None,
    why: str,
    status: int,
    headers: wire.Headers = (),
) -> None:
    """A call's result says why there is none; for anything else the status says it too."""
    back = exchange.give_up(asked, why).back if asked is not None else None
    if back is None:
        back = _rpc.error(None, _rpc.SERVER_GONE, why)
    elif "result" in _rpc.mapping(_rpc.decoded(back)) and status not in (401, 403, 404):
        status = 200
    out.reply(status, [*headers, (b"content-type", _JSON)], back)


def _asked(body: bytes) -> _rpc.Id | None:
    """The id of a request; None: there is none."""
    try:
        message = _rpc.read(body)
    except errors.BadInput:
        return None
    return message.id if message.kind == "request" else None


def _named(body: bytes, asked: _rpc.Id) -> bytes:
    """A reply to a POST; an error that names no request is about the one that was sent in it. Empty: none of ours."""
    try:
        message = _rpc.read(body)
    except errors.BadInput:
        return b""
    if message.kind != "response":
        return b""
    return body if message.id is not None else _rpc.encode({**message.value, "id": asked})


def _passed(headers: wire.Headers) -> list[tuple[bytes, bytes]]:
    return [pair for pair in wire.end_to_end(headers, without=_OURS) if not _ELSEWHERE.fullmatch(pair[0])]


def _kept(headers: wire.Headers) -> list[tuple[bytes, bytes]]:
    return [pair for pair in wire.end_to_end(headers, without=_FRAMED) if not _ELSEWHERE.fullmatch(pair[0])]


def _media_type(headers: wire.Headers) -> bytes:
    found = next((value for name, value in headers if name == b"content-type"), b"")
    return found.partition(b";")[0].strip().lower()


def _host(header: bytes) -> str:
    """The name in a Host header, without its port."""
    host = header.decode("latin-1").lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _mismatch(request: wire.Request) -> str:
    """What headers say of a message that it does not say itself (MCP 2026-07-28, "Streamable HTTP"); empty: nothing."""
    method, name = request.header(b"mcp-method"), request.header(b"mcp-name")
    copies = [value for header, value in request.headers if header.startswith(b"mcp-param-")]
    if not (method or name or copies):
        return ""
    try:
        message = _rpc.read(request.body)
    except errors.BadInput:
        return ""  # refused as what it is
    if method and _plain(method) != message.method:
        return "The header mcp-method is not the message's method."
    if name and _plain(name) != message.params.get(_NAMED_BY.get(message.method, "")):
        return "The header mcp-name is not what the message names."
    said = set(_scalars(message.params.get("arguments")))
    if any(_plain(value) not in said for value in copies):
        return "A header mcp-param-… says what no argument says."
    return ""


def _plain(value: bytes) -> str | None:
    """A header's text; base64 where it says so. None: it cannot be read."""
    text = value.decode("latin-1")
    if not (text.startswith("=?base64?") and text.endswith("?=")):
        return text
    try:
        return base64.b64decode(text[9:-2], validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _scalars(value: object) -> list[str]:
    """Every text, number and truth value in arguments, as a header would write it."""
    if isinstance(value, dict):
        return [text for inner in cast("dict[str, object]", value).values() for text in _scalars(inner)]
    if isinstance(value, list):
        return [text for inner in cast("list[object]", value) for text in _scalars(inner)]
    if isinstance(value, str):
        return [value]
    return [_rpc.encode(value).decode()] if value is not None else []
