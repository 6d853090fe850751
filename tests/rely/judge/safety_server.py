"""A stand-in for the server of a safety model: what it does with each request is handed in."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from counterproof.record import Event, Piece, PromptRule, SafetyModel

Act: TypeAlias = "Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]"


@dataclass
class Asked:
    """One request, read whole."""

    headers: dict[str, str]
    messages: list[dict[str, str]]
    body: dict[str, object]

    @property
    def system(self) -> str:
        return self.messages[0]["content"]

    @property
    def user(self) -> str:
        return self.messages[1]["content"]


@dataclass
class SafetyServer:
    """What a running stand-in has seen."""

    port: int
    asked: list[Asked] = field(default_factory=list[Asked])
    connections: int = 0

    def model(self, **given: object) -> SafetyModel:
        return SafetyModel(endpoint=f"http://127.0.0.1:{self.port}/v1", model="stand-in", **given)  # type: ignore[arg-type] # fields by name


def completion(text: str, **more: object) -> dict[str, object]:
    """A chat completion that says this, and ended by itself."""
    message = {"role": "assistant", "content": text, **more}
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP response."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def saying(text: str | Callable[[Asked], str]) -> Act:
    """A server whose model says this to everything."""

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        said = text if isinstance(text, str) else text(asked)
        writer.write(http(json.dumps(completion(said)).encode()))
        await writer.drain()

    return act


def sending(data: bytes) -> Act:
    """A server that sends these bytes, and then ends the connection."""

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return act


@contextlib.asynccontextmanager
async def safety_server(act: Act) -> AsyncGenerator[SafetyServer]:
    """A stand-in on a free port of this machine; its connections are cut when the block ends."""
    state = SafetyServer(0)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                asked = await _read(reader)
                state.asked.append(asked)
                await act(asked, writer)
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, limit=1 << 24)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:]) if k}
    body = json.loads(await reader.readexactly(int(headers["content-length"])))
    return Asked({"": head[0], **headers}, body["messages"], body)


def marble_rule(**given: object) -> PromptRule:
    """A policy about an invented and harmless matter, with a generous deadline."""
    text = "# Marbles\n\nWho asks for the marble vault to be opened gets VAULT. Whoever wants anything else gets FINE."
    known: dict[str, object] = {
        "name": "marbles", "text": text, "model": "m", "labels": {"FINE": "allow", "VAULT": "reject"},
        "on_failure": "reject", "deadline_ms": 20_000,
    }  # fmt: skip
    return PromptRule(**(known | given))  # type: ignore[arg-type] # fields by name


def message(*pieces: Piece | str, **given: object) -> Event:
    """A message event of these texts."""
    made = tuple(Piece(p) if isinstance(p, str) else p for p in pieces)
    return Event(**({"kind": "message", "door": "python", "pieces": made} | given))  # type: ignore[arg-type] # fields by name
