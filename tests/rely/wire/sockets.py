"""A running server, and sockets to be hostile with."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

from counterproof.rely import wire

Serving = Callable[..., "AbstractContextManager[Served]"]


class Served:
    """A running server's address, counts, and what was asked of it."""

    def __init__(self, made: wire.Server, url: str) -> None:
        self.made, self.url = made, url
        self.port = int(url.rsplit(":", 1)[1])

    def dial(self, wait_s: float = 10.0) -> socket.socket:
        dialled = socket.create_connection(("127.0.0.1", self.port), timeout=wait_s)
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return dialled

    def said(self, data: bytes, *, more: bytes = b"") -> bytes:
        """All that is answered before the server closes."""
        with self.dial() as dialled:
            with contextlib.suppress(OSError):
                dialled.sendall(data)
                dialled.sendall(more)
            return rest(dialled)


def rest(dialled: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while got := dialled.recv(65_536):
            found += got
    return found


def until(dialled: socket.socket, mark: bytes) -> bytes:
    found = b""
    while mark not in found:
        got = dialled.recv(65_536)
        assert got, found
        found += got
    return found


async def echo(request: wire.Request, out: wire.Out) -> None:
    """Says what it was asked."""
    said = f"{request.method} {request.target} ".encode() + request.body
    out.reply(200, [(b"content-type", b"text/plain")], said)
