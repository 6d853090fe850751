"""A model's API that answers as each plan says, broken where it says so, and a safety model that can fail and lie."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.faults.gate_plans import Plan

Mood = Literal["well", "down", "slow", "lying", "odd", "busy"]
_KEPT = b"connection: keep-alive\r\n"
_CASE = re.compile(r"case (\d+)")


@dataclass(slots=True)
class Seen:
    """What reached the upstream of one plan."""

    times: int = 0
    wrong: list[str] = field(default_factory=list[str])


class Http:
    """A server that reads whole requests and hands them to one coroutine."""

    def __init__(self, answer: Callable[[bytes, bytes, asyncio.StreamWriter], Any]) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None and self._server.is_serving()

    async def open(self) -> None:
        """Begins to listen, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=2048, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listens no longer, and cuts every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                low = head.lower()
                at = low.find(b"content-length: ")
                body = await reader.readexactly(int(low[at + 16 : low.index(b"\r", at)])) if at > 0 else b""
                if not await self._answer(head, body, writer):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(Exception):
                writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST."""
    found = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        found.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER
    writer.transport.abort()


class Upstream:
    """Answers by plan; keeps what it was asked. `delay_s`: how long every answer waits, for a burst of load."""

    def __init__(self, plans: dict[int, Plan]) -> None:
        self._plans = plans
        self.seen: dict[int, Seen] = {}
        self.unknown = 0
        self.delay_s = 0.0
        self.http = Http(self._answered)

    async def _answered(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> bool:
        at = head.find(b"\r\nx-case: ")
        if at < 0:
            self.unknown += 1
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return True
        plan = self._plans[int(head[at + 10 : head.index(b"\r", at + 10)])]
        seen = self.seen.setdefault(plan.number, Seen())
        seen.times += 1
        self._look(plan, head, body, seen)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        return await self._send(plan, writer)

    @staticmethod
    def _look(plan: Plan, head: bytes, body: bytes, seen: Seen) -> None:
        """What must hold of a request whatever else is decided about it."""
        if b"x-conversation" in head.lower():
            seen.wrong.append("the name of the conversation travelled on")
        if plan.is_asked and plan.plant in ("always", "broken"):
            seen.wrong.append(f"a blocked request ({plan.plant}) reached the upstream")
        if plan.is_asked and plan.plant == "code":
            if plan.planted.encode() in body or b"[code]" not in body:
                seen.wrong.append("a code reached the upstream")
        elif plan.sends == "plain" and body != plan.body:
            seen.wrong.append("the request was changed on its way")

    @staticmethod
    async def _send(plan: Plan, writer: asyncio.StreamWriter) -> bool:
        """Answers as the plan says; whether the connection may be used again."""
        if plan.breaks == "silent":
            reset(writer)
            return False
        if plan.breaks == "slow":
            await asyncio.sleep(0.3)
        if plan.breaks in ("garbage", "status", "redirect", "coded"):
            writer.write(_instead(plan))
            await writer.drain()
            return plan.breaks != "garbage"
        if not plan.is_streamed:
            return await _whole(plan, b"".join(plan.pieces), writer)
        return await _streamed(plan, writer)


def _instead(plan: Plan) -> bytes:
    """What comes in place of a reply."""
    if plan.breaks == "garbage":
        return random.randbytes(200)
    if plan.breaks == "status":
        text = json.dumps({"error": {"message": plan.text}}).encode()
        return _head(500, len(text)) + text
    if plan.breaks == "redirect":
        return b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    is_bomb = plan.number % 50 == 0
    packed = gzip.compress(bytes(40_000_000) if is_bomb else b"".join(plan.pieces), 1)
    return _head(200, len(packed), b"content-encoding: gzip\r\n", is_stream=plan.is_streamed) + packed


def _head(status: int, length: int | None, extra: bytes = b"", *, is_stream: bool = False) -> bytes:
    kind = b"text/event-stream" if is_stream else b"application/json"
    size = b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length
    return b"HTTP/1.1 %d X\r\ncontent-type: %b\r\n%b%b%b\r\n" % (status, kind, _KEPT, size, extra)


async def _whole(plan: Plan, data: bytes, writer: asyncio.StreamWriter) -> bool:
    if plan.breaks in ("reset", "end"):
        writer.write(_head(200, len(data)) + data[: plan.breaks_at])
        await writer.drain()
        if plan.breaks == "reset":
            reset(writer)
        return False
    if plan.breaks == "length":
        writer.write(_head(200, max(0, len(data) - 7)) + data)
        return False
    writer.write(_head(200, len(data)) + data)
    await writer.drain()
    return True


async def _streamed(plan: Plan, writer: asyncio.StreamWriter) -> bool:
    writer.write(_head(200, None, is_stream=True))
    if plan.breaks == "odd event":
        _chunk(writer, b'data: {"choices": [{"index": \xff\n\ndata: [1,2\n\ndata: {"surprise": "%d"}\n\n' % plan.number)
    elif plan.breaks == "no events":
        _chunk(writer, b"<html>" + b"x" * 500)
    left = plan.breaks_at if plan.breaks in ("reset", "end") else 1 << 40
    for at, piece in enumerate(plan.pieces):
        if at in plan.pauses:
            await writer.drain()
            await asyncio.sleep(0.001)
        if len(piece) >= left:
            if left:
                _chunk(writer, piece[:left])
            await writer.drain()
            await asyncio.sleep(0.001)
            if plan.breaks == "reset":
                reset(writer)
            return False
        left -= len(piece)
        _chunk(writer, piece)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


class SafetyModel:
    """Says STOP where something wicked stands in a block, or does as it is told by what stands outside of all blocks.

    `said`: by plan, what it answered in time and well, with the model's name. `fooled`: whom text outside of a block
    told what to say: nobody who is judged may stand there.
    """

    def __init__(self) -> None:
        self.moods: dict[str, Mood] = {"strict": "well", "lenient": "well"}
        self.said: dict[int, list[tuple[str, str]]] = {}
        self.fooled: list[int] = []
        self.asked = 0
        self.http = Http(self._answered)

    async def _answered(self, _head: bytes, body: bytes, writer: asyncio.StreamWriter) -> bool:
        self.asked += 1
        value = json.loads(body)
        name, shown = value["model"], value["messages"][1]["content"]
        mood = self.moods[name]
        inside, outside = _blocks(shown)
        found = _CASE.search(inside)
        number = int(found[1]) if found else -1
        label = "STOP" if "wicked" in inside else "PASS"
        if "PASS" in outside or "STOP" in outside:
            self.fooled.append(number)
            label = "PASS"
        if mood == "down":
            reset(writer)
            return False
        if mood == "busy":
            writer.write(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n")
            return True
        if mood == "slow":
            await asyncio.sleep(1.5)
        if mood == "lying":
            label = "STOP" if label == "PASS" else "PASS"
        text = _odd(number) if mood == "odd" else json.dumps({"label": label})
        if mood in ("well", "lying"):
            self.said.setdefault(number, []).append((name, label))
        made = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}
        data = json.dumps(made).encode()
        writer.write(_head_of(data) + data)
        await writer.drain()
        return True


def _head_of(data: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(data)


def _odd(number: int) -> str:
    """Answers that are none."""
    tries = (
        "PASS or STOP, who knows",
        '{"label": "PASS", "label": "STOP"}',
        "",
        "{",
        '{"label": "MAYBE"}',
        "PASS " * 900,
    )
    return tries[number % len(tries)]


def _blocks(shown: str) -> tuple[str, str]:
    """What a question shows in blocks, and what it says outside of them."""
    first = shown.split("\n", 1)[0]
    boundary = first.removeprefix("The boundary is ").partition(".")[0]
    inside: list[str] = []
    outside: list[str] = []
    where = outside
    for line in shown.split("\n"):
        if line.startswith(f"{boundary} block "):
            where = list[str]() if line.endswith(" earlier") else inside  # of other conversations: shown, not judged
        elif line.startswith(f"{boundary} end of block "):
            where = outside
        else:
            where.append(line)
    return "\n".join(inside), "\n".join(outside)
