"""Clients of a gate under fault: raw sockets, every byte kept until it is judged."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import importlib
import json
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.faults.gate_plans import PATHS, REPLACEMENT, SAYS, Plan
from tests.faults.gate_replies import Read

HUGE_BYTES = 50_000_000
_BOMB_BYTES = 200_000_000
_ENDED_BY_GATE = ("content_filter", "refusal", "incomplete")


@dataclass(slots=True)
class Got:
    """What a client got for one plan. `status` 0: nothing. `receipt`: its SHA-256, as the record has it."""

    number: int
    began_s: float
    ended_s: float = 0.0
    status: int = 0
    is_whole: bool = False
    outcome: str = ""
    receipt: str = ""
    is_unkept: bool = False
    is_refused_amid: bool = False
    is_passed: bool = False
    has_text: bool = False
    why: str = ""
    wrong: list[str] = field(default_factory=list[str])


class Client:
    """One kept connection to the gate, opened again where it was cut."""

    def __init__(self, port: int, patience_s: float = 60.0) -> None:
        self._port, self._patience_s = port, patience_s
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, plan: Plan) -> tuple[Got, bytes]:
        """One request, and all that came of it."""
        got, body = Got(plan.number, time.monotonic()), bytearray()
        try:
            async with asyncio.timeout(self._patience_s):
                reader, writer = await self._open()
                await send(writer, plan)
                await (_quit(reader, plan) if plan.quits else _receive(reader, got, body))
        except (OSError, asyncio.IncompleteReadError, ValueError, IndexError) as exc:
            got.why = "quit" if plan.quits else type(exc).__name__
            self.close()
        got.ended_s = time.monotonic()
        if not got.is_whole or got.status in (413, 408, 503):
            self.close()
        return got, bytes(body)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None or self._writer.is_closing() or self._reader.at_eof():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        return self._reader, self._writer

    def close(self) -> None:
        """Lets the connection go."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


class _Packs(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Brotli:
    def __init__(self) -> None:
        library: Any = importlib.import_module("brotli")
        self._packer: Any = library.Compressor(quality=3)

    def compress(self, data: bytes, /) -> bytes:
        return bytes(self._packer.process(data))

    def flush(self) -> bytes:
        return bytes(self._packer.finish())


def _packer(coding: str) -> _Packs:
    if coding == "gzip":
        return zlib.compressobj(6, wbits=31)
    if coding == "br":
        return _Brotli()
    import zstandard  # noqa: PLC0415 - loaded where it is needed

    return zstandard.ZstdCompressor(level=3).compressobj()


@functools.cache
def bomb(coding: str) -> bytes:
    """A small body that unfolds to 200 MB."""
    packer, zeros = _packer(coding), bytes(1_000_000)
    return b"".join([*(packer.compress(zeros) for _ in range(_BOMB_BYTES // len(zeros))), packer.flush()])


def packed(coding: str, data: bytes) -> bytes:
    """A body in a content coding."""
    packer = _packer(coding)
    return packer.compress(data) + packer.flush()


async def send(writer: asyncio.StreamWriter, plan: Plan) -> None:
    """Writes the request of a plan."""
    body, extra = plan.body, b""
    if plan.sends in ("gzip", "br", "zstd"):
        body, extra = packed(plan.sends, body), b"content-encoding: %b\r\n" % plan.sends.encode()
    elif plan.sends == "bomb":
        coding = ("gzip", "br", "zstd")[plan.number % 3]
        body, extra = bomb(coding), b"content-encoding: %b\r\n" % coding.encode()
    size = b"content-length: %d\r\n" % (HUGE_BYTES if plan.sends == "huge" else len(body))
    if plan.sends == "huge chunked":
        size = b"transfer-encoding: chunked\r\n"
    version = b"anthropic-version: 2023-06-01\r\n" if plan.door == "messages" else b""
    head = b"POST %b HTTP/1.1\r\nhost: gate\r\ncontent-type: application/json\r\nx-case: %d\r\nx-conversation: %b\r\n"
    writer.write(
        head % (PATHS[plan.door].encode(), plan.number, plan.context.encode()) + version + size + extra + b"\r\n"
    )
    if plan.sends.startswith("huge"):
        with contextlib.suppress(OSError):  # refused before the end: what was said is read all the same
            await _send_huge(writer, is_chunked=plan.sends != "huge")
        return
    writer.write(body[: plan.quits] if plan.quits else body)
    await writer.drain()


async def _quit(reader: asyncio.StreamReader, plan: Plan) -> None:
    """Goes away, with the request half said or, if it was said whole, with the reply half read."""
    if plan.quits >= len(plan.body):
        await reader.readexactly(plan.quits % 700)
    raise ConnectionAbortedError


async def _send_huge(writer: asyncio.StreamWriter, *, is_chunked: bool) -> None:
    part = b"a" * 1_000_000
    if is_chunked:
        part = b"%x\r\n%b\r\n" % (len(part), part)
    for _ in range(HUGE_BYTES // 1_000_000):
        writer.write(part)
        await writer.drain()
    if is_chunked:
        writer.write(b"0\r\n\r\n")


async def _receive(reader: asyncio.StreamReader, got: Got, body: bytearray) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    got.status = int(lines[0].split(b" ", 2)[1])
    headers = dict(line.lower().split(b": ", 1) for line in lines[1:] if line)
    said = headers.get(b"x-counterproof-decision", b"").decode()
    if said:
        got.outcome, _, rest = said.partition(";")
        _receipt(got, rest.removeprefix('receipt="').rstrip('"'))
    if b"content-length" in headers:
        body += await reader.readexactly(int(headers[b"content-length"]))
        got.is_whole = True
        return
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        piece = await reader.readexactly(size + 2)
        if not size:
            got.is_whole = True
            return
        body += piece[:-2]


def _receipt(got: Got, receipt: str) -> None:
    got.receipt = hashlib.sha256(receipt.encode()).hexdigest() if receipt else ""
    got.is_unkept = not receipt


# What may have arrived.


def judge(plan: Plan, got: Got, body: bytes, *, is_cut: bool = False) -> None:
    """Notes what must not have arrived whatever failed, and whether all arrived that was to.

    `is_cut`: the upstream may have broken off anywhere, so that what is planted may not have been sent whole.
    """
    if plan.is_asked and plan.plant in ("always", "broken") and got.status == 200:
        got.wrong.append(f"a blocked request ({plan.plant}) was answered")
    if not plan.decodes:
        if got.status not in (0, 413, 503):
            got.wrong.append(f"what cannot be read was answered with {got.status}")
        return
    if got.status != 200:
        _must_not_hold(plan, got, [body.decode("utf-8", "replace"), *_texts(body)])
    elif plan.is_streamed:
        _streamed(plan, got, body, is_cut=is_cut and not got.is_whole)
    else:
        _whole(plan, got, body)


def _texts(body: bytes) -> list[str]:
    try:
        return [json.dumps(json.loads(body), ensure_ascii=False)]
    except ValueError:
        return []


def _must_not_hold(plan: Plan, got: Got, texts: list[str]) -> None:
    if plan.plant in ("always", "code") and any(plan.planted in text for text in texts):
        got.wrong.append(f"what is planted ({plan.plant}) stands in what the client got")


def _whole(plan: Plan, got: Got, body: bytes) -> None:
    if plan.plant == "always":
        got.wrong.append("a blocked reply was passed on")
    sent = b"".join(plan.pieces)
    if plan.plant == "code" and not plan.is_asked:
        _must_not_hold(plan, got, [body.decode(), *_texts(body)])
        sent = sent.replace(plan.planted.encode(), REPLACEMENT.encode())
        is_same = got.is_whole and json.loads(body) == json.loads(sent)
    else:
        is_same = body == sent
    if not is_same and not plan.breaks and got.is_whole:
        got.wrong.append("the reply was changed on its way")
    got.is_passed = is_same


def _streamed(plan: Plan, got: Got, body: bytes, *, is_cut: bool) -> None:
    read = Read(plan.door, body)
    if any(end in read.ends for end in _ENDED_BY_GATE):
        got.is_refused_amid, got.outcome = True, "refused"
        _receipt(got, read.receipt)
    text = read.text.removesuffix(SAYS) if got.is_refused_amid else read.text
    got.has_text = bool(text)
    wanted, arguments = _sent(plan)
    if plan.plant in ("always", "code") and not plan.is_asked:
        _must_not_hold(plan, got, [body.decode("utf-8", "replace"), *read.said])
    if is_cut and plan.planted not in text and plan.text.startswith(text):
        wanted = plan.text
    elif plan.plant == "always" and not plan.is_asked:
        wanted, arguments = wanted.partition(plan.planted)[0], ""
    elif plan.plant == "code" and not plan.is_asked:
        wanted = wanted.replace(plan.planted, REPLACEMENT)
    if not wanted.startswith(text) or not _begins(arguments, read.arguments):
        got.wrong.append(f"a stream let out {text[-60:]!r} {read.arguments[-60:]!r}, of {wanted[-60:]!r}")
    got.is_passed = text == wanted and not got.is_refused_amid and read.ends.endswith("+") and not read.is_odd
    if got.is_whole and plan.plant == "always" and not plan.is_asked and not got.is_refused_amid and not plan.breaks:
        got.wrong.append("a blocked stream ended as if it were whole")


def _sent(plan: Plan) -> tuple[str, str]:
    """The text and the arguments that the upstream sent, as far as it came."""
    if plan.breaks not in ("reset", "end", "no events"):
        return ("" if plan.is_called else plan.text), plan.arguments
    data = b"".join(plan.pieces)
    data = b"<html>" + data if plan.breaks == "no events" else data[: plan.breaks_at]
    read = Read(plan.door, data, is_ended=False)
    return read.text, plan.arguments


def _begins(whole: str, found: str) -> bool:
    """Arguments leave whole or not at all; how they are written may differ."""
    try:
        return not found or (whole != "" and json.loads(found) == json.loads(whole))
    except ValueError:
        return False
