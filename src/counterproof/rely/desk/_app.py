"""The pages of operators and appellants, on a port of their own: never on the one that traffic goes through."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, cast

import msgspec

from counterproof import errors, record
from counterproof.rely import appeal
from counterproof.rely.desk._bounded import bounded
from counterproof.rely.desk._metrics import CONTENT_TYPE, exposition
from counterproof.rely.desk._page import status_page
from counterproof.rely.desk._snapshot import Snapshot, summed

if TYPE_CHECKING:
    from aiohttp import web

_MAX_BODY_BYTES = 256 * 1024
_ANSWERS_WITHIN_S = 2.0
_KEEPS_ALIVE_S = 15.0
_SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Source(Protocol):
    """A process of the gate."""

    async def now(self) -> Snapshot:
        """Its counts; raises `OSError` where it does not answer."""
        ...

    async def release(self, name: str, outcome: Literal["allow", "reject"]) -> bool:
        """Gives a person's word about a held event; whether one of that name was waiting there."""
        ...


class _Word(msgspec.Struct, forbid_unknown_fields=True):
    outcome: Literal["allow", "reject"]


class Desk:
    """Serves `/` (status page), `/status.json`, `/metrics`, `/live`, `/ready`, `/held`, `/appeal`.

    `operator_key`: what `/held` demands as a bearer token; empty: nobody can release anything. `book`: none, and there
    is no `/appeal`. No access log is written, and of an appeal nothing but its body is looked at.
    """

    def __init__(self, sources: Sequence[Source], *, book: appeal.Book | None = None, operator_key: str = "") -> None:
        self._sources = tuple(sources)
        self._book = book
        self._key = operator_key

    async def now(self) -> Snapshot:
        """All processes as one; a process that does not answer is a problem, and the gate is not ready.

        Raises:
            OSError: none answers.
        """
        found = await asyncio.gather(*(self._ask(source) for source in self._sources))
        known = [s for s in found if s is not None]
        if not known:
            raise ConnectionError("no process of the gate answers")
        whole = summed(known)
        missing = len(found) - len(known)
        if not missing:
            return whole
        said = f"{missing} of {len(found)} processes do not answer"
        return msgspec.structs.replace(whole, is_ready=False, problems=(*whole.problems, said))

    @contextlib.asynccontextmanager
    async def up(self, host: str, port: int, *, path: str = "") -> AsyncGenerator[str]:
        """Serves for as long as the block lasts, and gives the address; `path`: at that Unix socket instead.

        Raises:
            BadOption: the address cannot be listened at.
        """
        from aiohttp import web  # noqa: PLC0415 - loads only where something is served

        runner = web.AppRunner(self._app(), access_log=None, handle_signals=False, keepalive_timeout=_KEEPS_ALIVE_S)
        await runner.setup()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            try:
                if path:
                    await web.UnixSite(runner, path).start()
                    url = path
                else:
                    served = bounded(cast("web.Server", runner.server), host, port)
                    url = "http://{}:{}".format(*await stack.enter_async_context(served))
            except OSError as exc:
                what = f"cannot listen at {path or f'{host}:{port}'}: {exc.strerror or exc}"
                raise errors.BadOption(what, where="the desk's address", mend="choose another") from exc
            yield url

    async def _ask(self, source: Source) -> Snapshot | None:
        try:
            return await asyncio.wait_for(source.now(), _ANSWERS_WITHIN_S)
        except (OSError, TimeoutError, msgspec.MsgspecError):
            return None

    def _app(self) -> web.Application:
        from aiohttp import web  # noqa: PLC0415 - loads only where something is served

        app = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[web.middleware(_guarded)])
        app.router.add_get("/", self._status)
        app.router.add_get("/status.json", self._json)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/live", _live)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/held", self._held)
        app.router.add_post("/held/{name}", self._release)
        if self._book is not None:
            app.router.add_get("/appeal", self._terms)
            app.router.add_post("/appeal", self._hear)
            app.router.add_post("/appeal/verdict", self._verdict)
        return app

    async def _status(self, _: web.Request) -> web.Response:
        rates = await asyncio.to_thread(self._rates)
        page, policy = status_page(await self.now(), now_ms=time.time_ns() // 1_000_000, rates=rates)
        return _response(page.encode(), "text/html", headers={"Content-Security-Policy": policy})

    async def _json(self, request: web.Request) -> web.Response:
        """By the names of what is held it could be released; whoever is no operator gets none."""
        now = await self.now()
        if not self._is_operator(request):
            now = msgspec.structs.replace(now, held=tuple(msgspec.structs.replace(h, name="") for h in now.held))
        return _response(record.canonical_bytes(now), "application/json")

    async def _metrics(self, _: web.Request) -> web.Response:
        return _response(exposition(await self.now()), headers={"Content-Type": CONTENT_TYPE})

    async def _ready(self, _: web.Request) -> web.Response:
        now = await self.now()
        said = msgspec.json.encode({"ready": now.is_ready, "problems": now.problems})
        return _response(said, "application/json", status=200 if now.is_ready else 503)

    async def _held(self, request: web.Request) -> web.Response:
        if not self._is_operator(request):
            return _refused(401, "an operator's key is needed")
        return _response(msgspec.json.encode((await self.now()).held), "application/json")

    async def _release(self, request: web.Request) -> web.Response:
        if not self._is_operator(request):
            return _refused(401, "an operator's key is needed")
        try:
            word = msgspec.json.decode(await request.read(), type=_Word)
        except msgspec.MsgspecError:
            return _refused(400, 'the body is {"outcome": "allow"} or {"outcome": "reject"}')
        name = request.match_info["name"]
        taken = await asyncio.gather(*(s.release(name, word.outcome) for s in self._sources), return_exceptions=True)
        if True in taken:
            return _response(b'{"taken":true}', "application/json")
        return _refused(404, "nothing of that name waits any more")

    async def _terms(self, _: web.Request) -> web.Response:
        return _heard(await asyncio.to_thread(_book(self._book).asked, int(time.time())))

    async def _hear(self, request: web.Request) -> web.Response:
        return _heard(await asyncio.to_thread(_book(self._book).hear, await request.read(), int(time.time())))

    async def _verdict(self, request: web.Request) -> web.Response:
        return _heard(await asyncio.to_thread(_book(self._book).verdict, await request.read()))

    def _is_operator(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return bool(self._key) and hmac.compare_digest(given, b"Bearer " + self._key.encode("utf-8", "surrogateescape"))

    def _rates(self) -> tuple[int, int, int]:
        """Cases that wait, and verdicts: upheld, denied."""
        if self._book is None:
            return (0, 0, 0)
        try:
            tally = self._book.tally()
            return tally["waiting"], tally.get("upheld", 0), tally.get("denied", 0)
        except errors.StorageFailed:
            return (0, 0, 0)


def _book(book: appeal.Book | None) -> appeal.Book:
    assert book is not None  # noqa: S101 - the routes exist only with one
    return book


async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers in sentences where no process answers or a body is too long."""
    from aiohttp import web  # noqa: PLC0415 - loaded already

    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return _refused(413, "too long")
    except (OSError, errors.MissingExtra) as exc:
        return _refused(503, str(exc))


async def _live(_: web.Request) -> web.Response:
    return _response(b"alive\n", "text/plain")


def _heard(found: appeal.Heard) -> web.Response:
    return _response(found.body, "application/json", status=found.status, headers=dict(found.headers))


def _refused(status: int, why: str) -> web.Response:
    return _response(msgspec.json.encode({"error": why}), "application/json", status=status)


def _response(
    body: bytes, content_type: str | None = None, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    from aiohttp import web  # noqa: PLC0415 - loaded already

    return web.Response(body=body, status=status, content_type=content_type, headers={**_SAFE, **(headers or {})})
