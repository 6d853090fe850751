"""Whoever reaches the desk must not be able to take the door's connections away."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest

from counterproof.rely import desk
from counterproof.rely.desk import _bounded
from tests.rely.desk.test_desk_numbers import one
from tests.rely.desk.test_desk_pages import Process


def test_more_connections_than_the_bound_are_closed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bounded, "MAX_CONNECTIONS", 8)

    async def main() -> None:
        async with desk.Desk([Process(one())]).up("127.0.0.1", 0) as url:
            port = int(url.rpartition(":")[2])
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
            for _, writer in opened:
                writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                await writer.drain()
            reader, late = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            late.close()
            for _, writer in opened:
                writer.close()
                await writer.wait_closed()
            while True:  # the places are free again once the desk has heard of it
                try:
                    async with aiohttp.ClientSession(url) as client, client.get("/live") as answer:
                        assert answer.status == 200
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 30))


def test_half_a_request_does_not_hold_its_place_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bounded, "LASTS_S", 0.05)
    monkeypatch.setattr(_bounded, "_LOOKS_EVERY_S", 0.02)

    async def main() -> None:
        async with desk.Desk([Process(one())]).up("127.0.0.1", 0) as url:
            for said in (
                b"",
                b"GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: ",
                b"POST /held/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
                writer.write(said)
                with contextlib.suppress(ConnectionResetError):  # which is an end, too
                    while await reader.read(4096):
                        pass
                writer.close()

    asyncio.run(asyncio.wait_for(main(), 30))
