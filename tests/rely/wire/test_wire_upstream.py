"""An upstream that breaks off, stays silent, floods, or answers what nobody asked."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest

from counterproof import errors
from counterproof.rely import wire

T = TypeVar("T")
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NewLoop = Callable[[], asyncio.AbstractEventLoop] | None


class Other:
    """An upstream that says what it is told to, and counts its connections and what it was asked."""

    def __init__(self, made: Callable[[Other], Talk]) -> None:
        self._talk = made(self)
        self.connections = 0
        self.asked: list[bytes] = []
        self._work: set[asyncio.Task[None]] = set()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._work.add(asyncio.ensure_future(self(reader, writer)))

    async def stop(self) -> None:
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
        body = await reader.readexactly(int(length[0][16:])) if length else b""
        self.asked.append(head + body)
        return head + body


@contextlib.asynccontextmanager
async def told(talk: Callable[[Other], Talk], **limits: Any) -> AsyncGenerator[tuple[Other, wire.Upstream]]:  # noqa: ANN401 - whatever limits there are
    other = Other(talk)

    server = await asyncio.start_server(other.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = wire.Upstream(f"http://127.0.0.1:{port}/base", wire.Limits(**limits))
    try:
        yield other, upstream
    finally:
        upstream.close()
        server.close()
        await other.stop()
        await asyncio.sleep(0.02)


def always(reply: bytes, *, closes: bool = False) -> Callable[[Other], Talk]:
    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await other.request(reader):
                writer.write(reply)
                await writer.drain()
                if closes:
                    return

        return talk

    return made


def run(new_loop: NewLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(work())


async def ask(upstream: wire.Upstream, method: str = "POST", target: str = "/x", body: bytes = b"hi") -> bytes:
    answer = await upstream.ask(method, target, [(b"x-a", b"b")], body)
    return await answer.whole()


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


def test_a_connection_is_kept_and_used_again(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(always(OK)) as (other, upstream):
            assert [await ask(upstream) for _ in range(3)] == [b"hello"] * 3
            assert await ask(upstream, "GET", "/y?z=1", b"") == b"hello"
            assert (other.connections, upstream.open_connections) == (1, 1)
            host = upstream.url.removeprefix("http://").removesuffix("/base").encode()
            expected = b"POST /base/x HTTP/1.1\r\nx-a: b\r\nhost: %b\r\naccept-encoding: identity\r\n" % host
            assert other.asked[0] == expected + b"content-length: 2\r\n\r\nhi"
            assert other.asked[3].startswith(b"GET /base/y?z=1 HTTP/1.1\r\n")
            assert b"content-length" not in other.asked[3]

    run(new_loop, work)


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nx-t: y\r\n\r\n", b"he"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
            % (len(gzip.compress(b"hello", mtime=0)), gzip.compress(b"hello", mtime=0)),
            b"hello",
        ),
    ],
)
def test_a_body_is_read_in_every_framing(new_loop: NewLoop, reply: bytes, body: bytes) -> None:
    async def work() -> None:
        async with told(always(reply, closes=True)) as (_, upstream):
            answer = await upstream.ask("POST", "/x", [], b"hi")
            assert await answer.whole() == body
            assert answer.header(b"content-encoding") == b""
            assert b"x-t" not in dict(answer.headers)

    run(new_loop, work)


BROKEN = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "half a body": b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello",
    "half a chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhe",
    "no last chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n",
    "no HTTP": b"220 ready\r\n\r\n",
    "both framings": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "two content types": b"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\ncontent-type: c/d\r\ncontent-length: 0\r\n\r\n",
    "a transfer coding": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
    "a folded header": b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n",
    "a bare line feed": b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500 + b"content-length: 0\r\n\r\n",
    "a large header": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\ncontent-length: 0\r\n\r\n",
    "too much": b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n" + b"y" * 2_000_000,
    "a bomb": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n"
    + gzip.compress(bytes(9_000_000)),
    "unknown coding": b"HTTP/1.1 200 OK\r\ncontent-encoding: x\r\nconnection: close\r\n\r\nabc",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_whole_answer_fails(new_loop: NewLoop, name: str) -> None:
    async def work() -> None:
        async with told(always(BROKEN[name], closes=True), reply_bytes=1_000_000) as (_, upstream):
            with pytest.raises(wire.UpstreamFailed) as caught:
                await ask(upstream)
            assert isinstance(caught.value, errors.TargetUnreachable)
            assert (caught.value.status, caught.value.where) == (502, upstream.url)
            await asyncio.sleep(0.02)
            assert upstream.open_connections == 0

    run(new_loop, work)


def test_a_second_answer_to_one_question_is_nobodys(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(always(OK + OK.replace(b"hello", b"POISN"))) as (other, upstream):
            found: list[bytes] = []
            for _ in range(5):
                with contextlib.suppress(wire.UpstreamFailed):
                    found.append(await ask(upstream))
            assert b"POISN" not in found
            assert other.connections == 5

    run(new_loop, work)


def test_an_answer_nobody_asked_for_closes_the_connection(new_loop: NewLoop) -> None:
    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await other.request(reader)
            writer.write(OK)
            await asyncio.sleep(0.05)
            writer.write(OK.replace(b"hello", b"POISN"))
            await asyncio.sleep(1)

        return talk

    async def work() -> None:
        async with told(made) as (other, upstream):
            assert await ask(upstream) == b"hello"
            await asyncio.sleep(0.1)
            assert upstream.open_connections == 0
            assert await ask(upstream) == b"hello"
            assert other.connections == 2

    run(new_loop, work)


@pytest.mark.parametrize(("method", "connections"), [("GET", 2), ("DELETE", 2), ("POST", 1)])
def test_only_what_may_be_repeated_is_repeated(new_loop: NewLoop, method: str, connections: int) -> None:
    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await other.request(reader)
            writer.write(OK)
            if other.connections == 1:
                await other.request(reader)  # and closes without a word: whether it did anything nobody knows
                return
            await asyncio.sleep(1)

        return talk

    async def work() -> None:
        async with told(made) as (other, upstream):
            await ask(upstream)
            if method == "POST":
                with pytest.raises(wire.UpstreamFailed, match="closed without an answer"):
                    await ask(upstream, method)
            else:
                assert await ask(upstream, method, body=b"") == b"hello"
            assert other.connections == connections

    run(new_loop, work)


def test_a_connection_that_was_closed_meanwhile_is_not_used(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(always(OK, closes=True)) as (other, upstream):
            for _ in range(3):
                assert await ask(upstream) == b"hello"
                await asyncio.sleep(0.02)
            assert other.connections == 3

    run(new_loop, work)


def test_an_idle_connection_is_closed(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(always(OK), upstream_idle_s=0.1) as (_, upstream):
            await ask(upstream)
            assert upstream.open_connections == 1
            await asyncio.sleep(0.3)
            assert upstream.open_connections == 0

    run(new_loop, work)


def _silent(_other: Other) -> Talk:
    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    return talk


def _drips(other: Other) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await other.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    return talk


@pytest.mark.parametrize(("talk", "limits"), [(_silent, {"read_s": 0.2}), (_drips, {"total_s": 0.3})])
def test_time_runs_out(new_loop: NewLoop, talk: Callable[[Other], Talk], limits: dict[str, float]) -> None:
    async def work() -> None:
        async with told(talk, **limits) as (_, upstream):
            with pytest.raises(wire.UpstreamLate) as caught:
                await ask(upstream)
            assert caught.value.status == 504

    run(new_loop, work)


def test_connections_are_few_and_the_rest_wait_in_order(new_loop: NewLoop) -> None:
    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await other.request(reader):
                await asyncio.sleep(0.02)
                writer.write(OK)

        return talk

    async def work() -> None:
        async with told(made, upstream_connections=2, upstream_waiting=8) as (other, upstream):
            found = await asyncio.gather(*(ask(upstream) for _ in range(12)), return_exceptions=True)
            failed = [each for each in found if isinstance(each, wire.UpstreamBusy)]
            assert found.count(b"hello") == 10
            assert [each.status for each in failed] == [503, 503]
            assert other.connections == 2

    run(new_loop, work)


def test_waiting_for_a_connection_has_an_end_too(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(_silent, upstream_connections=1, upstream_wait_s=0.1) as (_, upstream):
            first = asyncio.ensure_future(ask(upstream))
            await asyncio.sleep(0.05)
            with pytest.raises(wire.UpstreamBusy):
                await ask(upstream)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first

    run(new_loop, work)


def test_who_waits_gets_the_place_of_whoever_fails_or_gives_up(new_loop: NewLoop) -> None:
    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            number = other.connections
            await other.request(reader)
            if number == 2:
                return
            await asyncio.sleep(3 if number == 1 else 0)
            writer.write(OK)

        return talk

    async def work() -> None:
        async with told(made, upstream_connections=1) as (other, upstream):
            asked = [asyncio.ensure_future(ask(upstream)) for _ in range(3)]
            await asyncio.sleep(0.05)
            asked[0].cancel()
            found = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(each).__name__ for each in found] == ["CancelledError", "UpstreamFailed", "bytes"]
            assert other.connections == 3

    run(new_loop, work)


def test_an_upstream_that_takes_no_connection_in_time(new_loop: NewLoop) -> None:
    async def work() -> None:
        with socket.socket() as full, contextlib.ExitStack() as waiting:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(8):  # more than it queues: the next one hears nothing
                dialled = waiting.enter_context(socket.socket())
                dialled.setblocking(False)
                dialled.connect_ex(full.getsockname())
            upstream = wire.Upstream(f"http://127.0.0.1:{full.getsockname()[1]}", wire.Limits(connect_s=0.2))
            with pytest.raises(wire.UpstreamLate):
                await ask(upstream)
            assert upstream.open_connections == 0

    run(new_loop, work)


def test_many_who_give_up_leave_the_places_to_others(new_loop: NewLoop) -> None:
    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await other.request(reader):
                await asyncio.sleep(0.001)
                writer.write(OK)

        return talk

    async def work() -> None:
        async with told(made, upstream_connections=3, upstream_waiting=1000) as (_, upstream):
            asked = [asyncio.ensure_future(ask(upstream)) for _ in range(120)]
            for index, task in enumerate(asked):
                if index % 3 == 0:
                    await asyncio.sleep(0.001)
                    task.cancel()
            found = await asyncio.gather(*asked, return_exceptions=True)
            assert all(each == b"hello" for index, each in enumerate(found) if index % 3)
            assert await ask(upstream) == b"hello"
            assert upstream.open_connections <= 3

    run(new_loop, work)


def test_nobody_there_is_said_at_once(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(_silent) as (_, upstream):
            url = upstream.url
        gone = wire.Upstream(url)
        with pytest.raises(wire.UpstreamFailed, match="takes no connection"):
            await ask(gone)
        assert gone.open_connections == 0

    run(new_loop, work)


def test_what_is_not_read_yet_is_not_fetched_either(new_loop: NewLoop) -> None:
    sent: list[int] = []

    def made(other: Other) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await other.request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 60000000\r\n\r\n")
            for _ in range(600):
                writer.write(b"y" * 100_000)
                await writer.drain()
                sent.append(100_000)

        return talk

    async def work() -> None:
        async with told(made, ahead_bytes=100_000) as (_, upstream):
            answer = await upstream.ask("POST", "/x", [], b"")
            await asyncio.sleep(0.3)
            assert sum(sent) < 20_000_000
            size = 0
            while piece := await answer.read():
                size += len(piece)
            assert size == 60_000_000
            assert answer.is_whole

    run(new_loop, work)


def test_an_answer_given_up_closes_its_connection(new_loop: NewLoop) -> None:
    async def work() -> None:
        async with told(_drips) as (_, upstream):
            answer = await upstream.ask("POST", "/x", [], b"")
            assert await answer.read()
            answer.close()
            with pytest.raises(wire.UpstreamFailed, match="given up"):
                await answer.read()
            await asyncio.sleep(0.02)
            assert upstream.open_connections == 0

    run(new_loop, work)


ADDRESSES_OF_NOTHING = [
    "", "x", "ftp://x", "http://", "http://u:p@x", "http://:p@x", "http://x:99999", "http://x?q", "http://[x",
    "http://x\ny", "http://x/a b", "http://\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("url", ADDRESSES_OF_NOTHING)
def test_an_address_of_nothing_is_refused(url: str) -> None:
    with pytest.raises(errors.BadOption):
        wire.Upstream(url)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("HEAD", "/x", []),
        ("CONNECT", "/x", []),
        ("GET", "/x y", []),
        ("GET", "/x\r\n\r\nGET /y", []),
        ("GET", "/\u00e4", []),
        ("GET", "/x", [(b"a", b"b\r\nc: d")]),
        ("GET", "/x", [(b"a\nb", b"c")]),
    ],
)
def test_nothing_is_asked_that_could_be_read_as_two(
    new_loop: NewLoop, method: str, target: str, headers: list[tuple[bytes, bytes]]
) -> None:
    async def work() -> None:
        async with told(always(OK)) as (other, upstream):
            with pytest.raises(ValueError, match=r"line break|cannot be asked"):
                await upstream.ask(method, target, headers)
            assert other.asked == []

    run(new_loop, work)
