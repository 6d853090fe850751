"""A bound on connections: the desk shares its process's file handles with the door that traffic goes through."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

MAX_CONNECTIONS = 64
"""How many may be open at once; beyond it a connection is closed as soon as it is taken."""
LASTS_S = 30.0
"""How long a connection lasts; what is being answered then is answered first, for as long again."""
_LOOKS_EVERY_S = 5.0


class _Full(asyncio.Protocol):
    """Nobody is spoken to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@contextlib.asynccontextmanager
async def bounded(server: web.Server, host: str, port: int) -> AsyncGenerator[tuple[str, int]]:
    """Listens for as long as the block lasts; gives the address.

    Raises:
        OSError: it cannot be listened at.
    """

    def made() -> asyncio.Protocol:
        return server() if len(server.connections) < MAX_CONNECTIONS else _Full()

    listening = await asyncio.get_running_loop().create_server(made, host, port, reuse_address=True)
    sweeping = asyncio.create_task(_sweep(server))
    try:
        yield listening.sockets[0].getsockname()[:2]
    finally:
        sweeping.cancel()
        listening.close()


async def _sweep(server: web.Server) -> None:
    """Ends what was begun too long ago: half a request holds a place like a whole one."""
    clock = asyncio.get_running_loop().time
    since: dict[web.RequestHandler, float] = {}
    while True:
        await asyncio.sleep(_LOOKS_EVERY_S)
        since = {connection: since.get(connection, clock()) for connection in server.connections}
        for connection, began in since.items():
            age_s = clock() - began
            if age_s > 2 * LASTS_S:
                connection.force_close()
            elif age_s > LASTS_S:
                connection.close()
