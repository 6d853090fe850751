"""The service: POST /add, and the static files that any web server could serve as well. It forgets who asked."""

from __future__ import annotations

import asyncio
import base64
import logging

from aiohttp import web

from counterproof import errors, tlog
from counterproof.publish.log._folder import Folder, known_keys, open_writer
from counterproof.publish.log._listen import Listen
from counterproof.publish.log._pool import Busy, Pool, Refused
from counterproof.publish.log._store import CHECKPOINT, Store
from counterproof.publish.log._writer import Gather

_log = logging.getLogger(__name__)

_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_NEVER_CHANGES = "public, max-age=31536000, immutable"
_CHANGES = "no-cache"


class Served:
    """A log behind its routes."""

    def __init__(self, folder: Folder, gather: Gather, listen: Listen, stop: asyncio.Event) -> None:
        self._folder, self._gather, self._listen, self._stop = folder, gather, listen, stop
        self._pool: Pool | None = None
        self._store: Store | None = None
        self._held_bytes = 0
        app = web.Application(client_max_size=listen.most_bytes)
        app.add_routes([
            web.post("/add", self._add),
            web.get("/checkpoint", self._checkpoint),
            web.get("/{path:tile/.+}", self._tile),
        ])
        app.on_response_prepare.append(_lets_pages_read)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=listen.stops_within_s, keepalive_timeout=75
        )

    @property
    def failed(self) -> errors.CounterproofError | None:
        """Why the writer had to stop."""
        return self._pool.failed if self._pool else None

    async def start(self) -> str:
        """Opens the writer, listens, and gives the log's address."""
        loop = asyncio.get_running_loop()
        writer = await loop.run_in_executor(None, open_writer, self._folder, self._gather)
        try:
            keys = await loop.run_in_executor(None, known_keys, self._folder, writer)
            self._store = self._folder.store(is_writer=False)
            self._pool = Pool(writer, keys, self._listen, self._stop)
        except BaseException:
            writer.close()
            raise
        await self._runner.setup()
        await web.TCPSite(self._runner, self._listen.host, self._listen.port, backlog=1024).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def stop(self) -> None:
        """Takes no more, publishes what it had taken, answers it, and closes."""
        for site in list(self._runner.sites):
            await site.stop()
        if self._pool:
            await self._pool.close()
        await self._runner.cleanup()
        if self._store:
            self._store.close()

    async def _add(self, request: web.Request) -> web.Response:
        assert self._pool is not None  # noqa: S101 - set before anything listens; for the checkers
        is_many = request.content_type == "application/x-ndjson"
        body = bytearray()
        try:
            async with asyncio.timeout(self._listen.reads_within_s):
                async for part in request.content.iter_any():
                    body += part
                    self._held_bytes += len(part)
                    if len(body) > self._listen.most_bytes:
                        return _closing(413, f"a request has at most {self._listen.most_bytes} bytes")
                    if self._held_bytes > self._listen.most_held_bytes:
                        return _closing(503, "too much is under way; add the same entries again later")
            return await self._added(self._pool, bytes(body), is_many=is_many)
        except TimeoutError:
            return _closing(408, "the body took too long")
        finally:
            self._held_bytes -= len(body)

    async def _added(self, pool: Pool, body: bytes, *, is_many: bool) -> web.Response:
        entries = (body[:-1] if body.endswith(b"\n") else body).split(b"\n") if is_many else [body]
        try:
            receipts = await pool.add(entries)
        except Busy:
            return _sentence(503, "too much is under way; add the same entries again later")
        except Refused as exc:
            where = f"line {exc.number + 1}: " if is_many else ""
            return _sentence(exc.verdict.status, where + exc.verdict.why)
        except errors.NoQuorum as exc:
            return _sentence(503, str(exc))
        except errors.CounterproofError as exc:
            _log.critical("the log stops: %s", exc)
            return _closing(500, "the log cannot go on; add the same entries again later")
        if is_many:
            lines = b"".join(base64.b64encode(receipt) + b"\n" for receipt in receipts)
            return web.Response(body=lines, content_type="text/plain", charset="utf-8")
        return web.Response(body=receipts[0], content_type="text/plain", charset="utf-8")

    async def _checkpoint(self, _: web.Request) -> web.Response:
        return await self._file(CHECKPOINT, _TEXT, _CHANGES)

    async def _tile(self, request: web.Request) -> web.Response:
        try:
            tile = tlog.read_tile_path(request.match_info["path"])
        except errors.BadNote:
            return _sentence(404, "no such file")
        return await self._file(tile.path, _BYTES, _NEVER_CHANGES)

    async def _file(self, path: str, content_type: str, caching: str) -> web.Response:
        assert self._store is not None  # noqa: S101 - as above
        try:
            data = await asyncio.get_running_loop().run_in_executor(None, self._store.get, path)
        except errors.StorageFailed:
            return _sentence(503, "the file cannot be read now")
        if data is None:
            return _sentence(404, "no such file")
        return web.Response(body=data, headers={"Content-Type": content_type, "Cache-Control": caching})


async def _lets_pages_read(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _sentence(status: int, text: str) -> web.Response:
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    return web.Response(status=status, text=text.replace("\n", " ") + "\n", headers=headers)


def _closing(status: int, text: str) -> web.Response:
    """What is left of the request is not read."""
    response = _sentence(status, text)
    response.force_close()
    return response
