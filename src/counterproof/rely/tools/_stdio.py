"""Over standard input and output: the server is our child, and we are the client's (MCP, "Transports", "stdio").

What the server writes to its standard error goes where ours goes, unread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from typing import BinaryIO, Literal, Protocol, TypeAlias

import msgspec

from counterproof import errors
from counterproof.rely.tools import _rpc
from counterproof.rely.tools._exchange import Exchange, Ruling, Side

Ended: TypeAlias = Literal["client", "server", "terminated", "signal"]

CHUNK_BYTES = 65_536
MAX_AT_ONCE = 256
"""How many messages of a direction may be in decision; whoever writes more waits."""
TICK_S = 0.25


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds: a message's size, how long the server may let a request wait, how long it has to end at each step."""

    message_bytes: int = _rpc.MAX_MESSAGE_BYTES
    answer_s: float = 600.0
    ends_within_s: float = 5.0


async def lines(reader: Reads, max_bytes: int) -> AsyncGenerator[bytes | int]:
    """Lines without their ends; for one that is too long only its size. A last one without an end counts."""
    held, size = bytearray(), 0
    while chunk := await reader.read(CHUNK_BYTES):
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            size += len(part)
            if size > max_bytes:
                yield size
            else:
                held += part
                yield bytes(held)
            held, size = bytearray(), 0
        size += len(rest)
        if size <= max_bytes:
            held += rest
        else:
            held.clear()
    if size:
        yield size if size > max_bytes else bytes(held)


class Reads(Protocol):
    """Where bytes come from."""

    async def read(self, n: int) -> bytes:
        """At most so many; none at the end."""
        ...


class _FileReader:
    """A file or a terminal: read in a thread that nobody waits for at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def read(self, n: int) -> bytes:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[bytes] = loop.create_future()

        def told(data: bytes) -> None:
            if not found.done():
                found.set_result(data)

        def work() -> None:
            try:
                data = self._file.read(n) or b""
            except (OSError, ValueError):  # closed meanwhile
                data = b""
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(told, data)

        threading.Thread(target=work, daemon=True).start()
        return await found


class _Sink:
    """Where messages go, one per line; who writes faster than is read waits."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def put(self, message: bytes | None) -> None:
        if message is not None and not self._writer.is_closing():
            self._writer.write(message + b"\n")

    async def drained(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def close(self) -> None:
        if self._writer.transport.get_write_buffer_size():
            self._writer.transport.abort()  # nobody reads: waiting longer would change nothing
        else:
            self._writer.close()


class _FileSink(_Sink):
    """A plain file, which takes what it is given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def put(self, message: bytes | None) -> None:
        if message is not None:
            self._file.write(message + b"\n")

    async def drained(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Relay:
    """Carries messages between a client and a server until one of them ends."""

    def __init__(self, exchange: Exchange, client: _Sink, server: _Sink, limits: Limits) -> None:
        self._exchange = exchange
        self._to: dict[Side, _Sink] = {"client": client, "server": server}
        self._limits = limits
        self._tasks: dict[Side, set[asyncio.Task[None]]] = {"client": set(), "server": set()}
        self.ended = asyncio.Event()

    async def carry(self, side: Side, reader: Reads) -> None:
        """Decides and carries what a side sends, until it sends no more and all of it is decided."""
        room = asyncio.Semaphore(MAX_AT_ONCE)
        rule = self._exchange.from_client if side == "client" else self._exchange.from_server
        async for line in lines(reader, self._limits.message_bytes):
            if isinstance(line, bytes) and not line.strip():
                continue
            await room.acquire()
            work = self._too_long(side, line) if isinstance(line, int) else self._one(side, line, rule)
            task = asyncio.create_task(work)
            self._tasks[side].add(task)
            task.add_done_callback(self._tasks[side].discard)
            task.add_done_callback(lambda _: room.release())
        if tasks := self._tasks[side]:
            await asyncio.wait(tuple(tasks))

    async def _one(self, side: Side, line: bytes, rule: Callable[[bytes], Awaitable[Ruling]]) -> None:
        await self._put(side, await rule(line))
        if self._exchange.is_terminated:
            self.ended.set()

    async def _too_long(self, side: Side, size: int) -> None:
        await self._exchange.unreadable(side, "a message that is too long", size)
        if side == "client":
            await self._put(side, Ruling(back=_rpc.error(None, _rpc.PARSE_ERROR, "a message that is too long")))
        elif len(open_ := self._exchange.waiting()) == 1:  # then it can have been the answer to this one alone
            self.put("client", self._exchange.give_up(open_[0].id, "The answer was too long."))

    def put(self, side: Side, ruling: Ruling) -> None:
        """Carries out what was ruled about a message of a side."""
        other: Side = "server" if side == "client" else "client"
        self._to[other].put(ruling.on)
        self._to[side].put(ruling.back)

    async def _put(self, side: Side, ruling: Ruling) -> None:
        """The same, waiting for whoever reads too slowly; never for the one side because of what the other reads."""
        other: Side = "server" if side == "client" else "client"
        self.put(side, ruling)
        if ruling.on is not None:
            await self._to[other].drained()
        if ruling.back is not None:
            await self._to[side].drained()

    async def watch(self) -> None:
        """Answers what the server lets wait too long."""
        while True:
            await asyncio.sleep(min(TICK_S, self._limits.answer_s))
            for ruling in self._exchange.overdue(self._limits.answer_s):
                self.put("client", ruling)

    async def finish(self) -> None:
        """Lets what is in decision come to its end, and what was said be read, for as long as a shutdown may take."""
        if left := [*self._tasks["client"], *self._tasks["server"]]:
            _, late = await asyncio.wait(left, timeout=self._limits.ends_within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._to["client"].drained(), self._limits.ends_within_s)
        self._to["client"].close()


async def relay(
    command: Sequence[str], exchange: Exchange, limits: Limits | None = None, *, stdin: int = 0, stdout: int = 1
) -> Ended:
    """Starts a server and stands between it and the client until one of them ends; which one it was.

    Shutdown (MCP, "Lifecycle"): the server's input is closed, then it is asked to end, then it is ended.

    Raises:
        BadOption: the command cannot be started.
    """
    bounds = limits or Limits()
    child = await _start(command)
    if child.stdin is None or child.stdout is None:
        raise errors.BadOption("has no standard input and output", where="SERVER")
    client, closes = await _opened(stdin)
    carrier = Relay(exchange, await _sink(stdout), _Sink(child.stdin), bounds)
    up = asyncio.create_task(carrier.carry("client", client))
    down = asyncio.create_task(carrier.carry("server", child.stdout))
    watch, told = asyncio.create_task(carrier.watch()), asyncio.create_task(carrier.ended.wait())
    try:
        with _told_to_end(carrier.ended):
            await asyncio.wait((up, down, told), return_when=asyncio.FIRST_COMPLETED)
            which = _which(exchange, up, down)
            await _shut_down(child, down, bounds.ends_within_s)
        for ruling in exchange.abandon("The server ended."):
            carrier.put("client", ruling)
        up.cancel()
        await carrier.finish()
    finally:
        if child.returncode is None:
            child.kill()
        for task in (up, down, watch, told):
            task.cancel()
        ends = await asyncio.gather(up, down, watch, told, return_exceptions=True)
        closes()
    for end in ends:
        if isinstance(end, Exception):
            raise end  # a fault of ours, which ended the relay
    return which


def _which(exchange: Exchange, up: asyncio.Task[None], down: asyncio.Task[None]) -> Ended:
    if exchange.is_terminated:
        return "terminated"
    return "client" if up.done() else "server" if down.done() else "signal"


async def _start(command: Sequence[str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None
        )
    except (OSError, ValueError) as exc:
        raise errors.BadOption(f"cannot be started: {exc}", where="SERVER", mend="name a program after --") from exc


async def _shut_down(child: asyncio.subprocess.Process, down: asyncio.Task[None], within_s: float) -> None:
    """Closes the server's input, then asks it to end, then ends it; what it still says is carried meanwhile."""
    if child.stdin is not None:
        child.stdin.close()
    for end in (None, child.terminate, child.kill):
        if end is not None:
            with contextlib.suppress(ProcessLookupError):
                end()
        try:
            await asyncio.wait_for(child.wait(), within_s)
            break
        except TimeoutError:
            continue
    with contextlib.suppress(TimeoutError):  # a grandchild may hold the pipe open
        await asyncio.wait_for(down, within_s)


@contextlib.contextmanager
def _told_to_end(ended: asyncio.Event) -> Generator[None]:
    """Signals that ask a program to end begin the shutdown, so that the server gets its own."""
    loop = asyncio.get_running_loop()
    heard: list[signal.Signals] = []
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread: its owner ends us
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, ended.set)
            heard.append(number)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


async def _opened(descriptor: int) -> tuple[Reads, Callable[[], None]]:
    """A reader of a descriptor, and what lets go of it."""
    file = os.fdopen(os.dup(descriptor), "rb", 0)
    if not _is_pipe(descriptor):
        return _FileReader(file), file.close
    reader = asyncio.StreamReader(limit=CHUNK_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), file
    )
    return reader, transport.close


async def _sink(descriptor: int) -> _Sink:
    loop = asyncio.get_running_loop()
    file = os.fdopen(os.dup(descriptor), "wb", 0)
    if not _is_pipe(descriptor):
        return _FileSink(file)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, file)
    return _Sink(asyncio.StreamWriter(transport, protocol, None, loop))


def _is_pipe(descriptor: int) -> bool:
    """Whether an event loop can wait for it: files and terminals it cannot (libuv ends the process over them)."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
