"""The server: the two prefixes of C2SP tlog-witness in one, submission and monitoring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from counterproof import errors
from counterproof.publish.witness._cosigning import Answer, Witness
from counterproof.publish.witness._listen import Listen
from counterproof.publish.witness._request import MAX_BODY_BYTES

_log = logging.getLogger(__name__)


class Served:
    """A witness behind its routes. Sets `stop` when the disk fails, since nothing may be answered after that."""

    def __init__(self, witness: Witness, listen: Listen, stop: asyncio.Event) -> None:
        self._witness, self._listen, self._stop = witness, listen, stop
        self._waiting = 0
        self.failed: errors.CounterproofError | None = None
        self._thread = ThreadPoolExecutor(1, "witness-disk")
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.add_routes([
            web.post("/add-checkpoint", self._add),
            web.get("/{origin:[0-9a-f]{64}}/checkpoint", self._latest),
        ])
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=listen.stops_within_s,
        )  # fmt: skip

    async def start(self) -> str:
        """Listens, and gives the URL prefix."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._listen.host, self._listen.port).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def stop(self) -> None:
        """Takes no more, answers what it is at within `stops_within_s`, and closes."""
        await self._runner.cleanup()
        self._thread.shutdown()

    async def _add(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._listen.reads_within_s):
                body = await request.read()
        except TimeoutError:
            return _closing(Answer(408, b"the body took too long\n"))
        except web.HTTPRequestEntityTooLarge:
            return _closing(Answer(413, b"the body is too long\n"))
        return await self._asked(lambda: self._witness.add_checkpoint(body))

    async def _latest(self, request: web.Request) -> web.Response:
        return await self._asked(lambda: self._witness.latest(request.match_info["origin"]))

    async def _asked(self, ask: Callable[[], Answer]) -> web.Response:
        """One at a time, since the disk takes one at a time; too many at once are told to come again."""
        if self.failed or self._waiting >= self._listen.most_waiting:
            return _response(Answer(503, b"busy; ask again\n"))
        self._waiting += 1
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._thread, ask)
        except errors.CounterproofError as exc:
            _log.critical("the witness stops: %s", exc)
            self.failed = exc
            self._stop.set()
            return _closing(Answer(500, b"the witness cannot go on\n"))
        finally:
            self._waiting -= 1
        return _response(answer)


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type}
    if answer.status in (429, 503):
        headers["Retry-After"] = "1"
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _closing(answer: Answer) -> web.Response:
    """What is left of the request is not read."""
    response = _response(answer)
    response.force_close()
    return response
