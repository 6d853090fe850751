"""Every bound of the server, met."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any, cast

import brotli
import pytest
import zstandard

from counterproof.rely import wire
from tests.rely.wire.sockets import Serving, echo, rest, until

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


def _post(body: bytes, coding: str = "") -> bytes:
    extra = f"Content-Encoding: {coding}\r\n".encode() if coding else b""
    return POST + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("one large header", GET + b"X: " + b"a" * 9000 + b"\r\n\r\n"),
        ("a header that does not end", GET + b"X: " + b"a" * 9000),
        ("a target that does not end", b"GET /" + b"a" * 9000),
        ("a name that does not end", GET + b"a" * 9000),
        ("many headers", GET + b"X: a\r\n" * 50 + b"\r\n"),
        ("many small ones", GET + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 300) for n in range(19)) + b"\r\n"),
    ],
)
def test_header_sections_are_bounded(serving: Serving, name: str, data: bytes) -> None:
    with serving(limits=wire.Limits(head_bytes=4096, headers=20)) as served:
        assert served.said(data).startswith(b"HTTP/1.1 431 "), name


def test_headers_that_come_byte_by_byte_have_a_deadline(serving: Serving) -> None:
    with serving(limits=wire.Limits(head_s=0.2)) as served, served.dial() as dialled:
        dialled.sendall(GET)
        said = rest(dialled)

    assert said.startswith(b"HTTP/1.1 408 ")
    assert served.made.counts.timeouts == 1


def test_a_connection_that_says_nothing_is_closed(serving: Serving) -> None:
    with serving(limits=wire.Limits(head_s=0.2)) as served, served.dial() as dialled:
        assert rest(dialled) == b""


def test_a_kept_connection_that_says_nothing_more_is_closed(serving: Serving) -> None:
    with serving(limits=wire.Limits(idle_s=0.2)) as served, served.dial() as dialled:
        dialled.sendall(GET + b"\r\n")
        assert rest(dialled).endswith(b"GET / ")


def test_a_body_that_comes_too_slowly_is_given_up(serving: Serving) -> None:
    with serving(limits=wire.Limits(grace_s=0.1, body_bytes_per_s=1000)) as served, served.dial() as dialled:
        dialled.sendall(POST + b"Content-Length: 5000\r\n\r\nabc")
        said = rest(dialled)

    assert said.startswith(b"HTTP/1.1 408 ")
    assert served.made.counts.buffered_bytes == 0


def test_a_body_that_comes_quickly_but_never_ends_has_a_deadline(serving: Serving) -> None:
    with serving(limits=wire.Limits(body_s=0.3, body_bytes_per_s=0)) as served, served.dial() as dialled:
        dialled.sendall(POST + b"Content-Length: 5000\r\n\r\n" + b"a" * 4999)
        assert rest(dialled).startswith(b"HTTP/1.1 408 ")


def test_fifty_megabytes_are_refused_and_never_held(serving: Serving) -> None:
    most: list[int] = []
    with serving() as served, served.dial() as dialled:
        dialled.sendall(POST + b"Content-Length: 50000000\r\n\r\n")
        said = until(dialled, b"}")
        sent = 0
        try:
            while sent < 50_000_000:
                sent += dialled.send(b"a" * 262_144)
                most.append(served.made.counts.buffered_bytes)
        except ConnectionError:
            pass
        sent_all = sent >= 50_000_000

    assert said.startswith(b"HTTP/1.1 413 ")
    assert max(most) == 0
    assert sent_all  # it was read and dropped, so that a client that sends first and reads then sees the refusal


def test_a_chunked_body_is_bounded_as_it_comes(serving: Serving) -> None:
    chunk = b"ffff\r\n" + b"a" * 65_535 + b"\r\n"
    with serving(limits=wire.Limits(body_bytes=100_000)) as served:
        said = served.said(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert served.made.counts.buffered_bytes == 0


def test_who_goes_on_sending_after_a_refusal_is_cut_off(serving: Serving) -> None:
    with serving(limits=wire.Limits(body_bytes=10, linger_bytes=100_000)) as served, served.dial() as dialled:
        dialled.sendall(POST + b"Content-Length: 50000000\r\n\r\n")
        with pytest.raises(ConnectionError):
            dialled.sendall(b"a" * 49_000_000)


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(cast("Any", brotli).compress(data)),
    "zstd": zstandard.compress,
    "identity": bytes,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_body_is_read_plainly(serving: Serving, coding: str) -> None:
    body = b"the quick brown fox" * 5000
    with serving() as served, served.dial() as dialled:
        dialled.sendall(_post(CODINGS[coding](body), coding))
        assert until(dialled, body).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_refused_before_it_unfolds(serving: Serving, coding: str) -> None:
    bomb = CODINGS[coding](bytes(30_000_000))
    with serving(limits=wire.Limits(body_bytes=1_000_000)) as served:
        said = served.said(_post(bomb, coding))

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"unfolds" in said


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("damage", ["cut", "followed", "twice", "noise"])
def test_a_damaged_coding_is_refused(serving: Serving, coding: str, damage: str) -> None:
    whole = CODINGS[coding](b"the quick brown fox" * 50)
    data = {"cut": whole[:-5], "followed": whole + b"x", "twice": whole + whole, "noise": b"\xff\x00noise"}[damage]
    with serving() as served:
        assert served.said(_post(data, coding)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("coding", ["gzip, gzip", "compress", "aes128gcm", "gzip;q=1", "\xff"])
def test_other_codings_are_refused(serving: Serving, coding: str) -> None:
    with serving() as served:
        assert served.said(_post(b"abc", coding).replace(b"\xc3\xbf", b"\xff")).startswith(b"HTTP/1.1 415 ")


def test_bare_deflate_is_read_too(serving: Serving) -> None:
    maker = zlib.compressobj(wbits=-15)
    with serving() as served, served.dial() as dialled:
        dialled.sendall(_post(maker.compress(b"hello" * 100) + maker.flush(), "deflate"))
        assert until(dialled, b"hello" * 100)


def test_beyond_the_connections_there_is_a_word(serving: Serving) -> None:
    shed: list[str] = []
    hooks = wire.Hooks(on_shed=shed.append)
    with serving(limits=wire.Limits(connections=2), hooks=hooks) as served, served.dial() as one, served.dial() as two:
        for dialled in (one, two):
            dialled.sendall(GET + b"\r\n")
            until(dialled, b"GET / ")
        with served.dial() as three:
            said = rest(three)

    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in said
    assert shed == ["Too many connections are open."]


def test_beyond_the_requests_in_work_the_rest_is_shed_and_told(serving: Serving) -> None:
    shed: list[str] = []
    goes_on = threading.Event()

    async def slow(request: wire.Request, out: wire.Out) -> None:
        await asyncio.to_thread(goes_on.wait)
        await echo(request, out)

    limits = wire.Limits(requests=2)
    with serving(slow, limits, wire.Hooks(on_shed=shed.append)) as served:
        busy = [served.dial() for _ in range(2)]
        for dialled in busy:
            dialled.sendall(GET + b"\r\n")
        while served.made.counts.in_work < 2:
            time.sleep(0.01)
        with served.dial() as third:
            third.sendall(GET + b"\r\n")
            assert until(third, b"}").startswith(b"HTTP/1.1 503 ")
            goes_on.set()
            for dialled in busy:
                assert until(dialled, b"GET / ").startswith(b"HTTP/1.1 200 ")
                dialled.close()
            third.sendall(GET + b"\r\n")  # being shed cost the client no connection
            assert until(third, b"GET / ")

    assert shed == ["Too many requests are in work."]
    assert served.made.counts.shed == 1


def test_bodies_together_are_bounded(serving: Serving) -> None:
    with serving(limits=wire.Limits(buffered_bytes=1000)) as served, served.dial() as one, served.dial() as two:
        one.sendall(POST + b"Content-Length: 2000\r\n\r\n" + b"a" * 900)
        while served.made.counts.buffered_bytes < 900:
            time.sleep(0.01)
        two.sendall(POST + b"Content-Length: 2000\r\n\r\n" + b"a" * 900)
        assert until(two, b"}").startswith(b"HTTP/1.1 503 ")
        while served.made.counts.buffered_bytes > 900:
            time.sleep(0.01)
        one.sendall(b"")
        assert served.made.counts.buffered_bytes == 900

    assert served.made.counts.buffered_bytes == 0


def _unread(port: int) -> socket.socket:
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", port))
    return small


def test_a_stream_nobody_reads_waits_and_is_then_cut_off(serving: Serving) -> None:
    written: list[int] = []
    ended: list[str] = []

    async def handler(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [])
        try:
            while True:
                await out.write(b"a" * 65_536)
                written.append(65_536)
        except asyncio.CancelledError:
            ended.append("gone")
            raise

    with serving(handler, wire.Limits(write_s=0.3)) as served, _unread(served.port) as dialled:
        dialled.sendall(GET + b"\r\n")
        while not ended:
            time.sleep(0.02)

    assert served.made.counts.timeouts == 1
    assert sum(written) < 20_000_000  # what the kernel takes and 128 KiB, not what the handler could make


def test_a_client_that_pauses_gets_everything_in_the_end(serving: Serving) -> None:
    async def handler(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [], length=20_000_000)
        for _ in range(200):
            await out.write(b"a" * 100_000)
        out.end()

    with serving(handler) as served, _unread(served.port) as dialled:
        dialled.settimeout(20)
        dialled.sendall(GET + b"Connection: close\r\n\r\n")
        time.sleep(0.3)
        assert len(rest(dialled).partition(b"\r\n\r\n")[2]) == 20_000_000


def test_what_waits_behind_a_request_counts_until_its_client_goes(serving: Serving) -> None:
    begun = threading.Event()

    async def handler(_request: wire.Request, _out: wire.Out) -> None:
        begun.set()
        await asyncio.sleep(60)

    with serving(handler) as served:
        with served.dial() as dialled:
            dialled.sendall(_post(b"a" * 1000) + _post(b"b" * 500) + _post(b"c" * 2000)[:-1])
            assert begun.wait(10)
            while served.made.counts.buffered_bytes != 3499:
                time.sleep(0.01)
        while served.made.counts.in_work:
            time.sleep(0.01)

    assert served.made.counts.buffered_bytes == 0


def test_who_asks_for_http_1_0_to_be_kept_is_told_so(serving: Serving) -> None:
    with serving() as served, served.dial() as dialled:
        dialled.sendall(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"\r\nconnection: keep-alive\r\n" in until(dialled, b"GET /a ")
        dialled.sendall(b"GET /b HTTP/1.0\r\n\r\n")
        assert rest(dialled).endswith(b"GET /b ")


def test_a_coding_whose_library_is_missing_is_refused(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    with serving() as served:
        assert served.said(_post(CODINGS["x-gzip"](b"abc"), "br")).startswith(b"HTTP/1.1 415 ")


def test_a_reply_nobody_reads_is_cut_off(serving: Serving) -> None:
    async def handler(_request: wire.Request, out: wire.Out) -> None:
        out.reply(200, [], b"a" * 30_000_000)

    with serving(handler, wire.Limits(write_s=0.3)) as served, _unread(served.port) as dialled:
        dialled.sendall(GET + b"\r\n")
        while served.made.counts.timeouts == 0:
            time.sleep(0.02)


def test_what_is_in_work_ends_when_its_client_goes(serving: Serving) -> None:
    seen: list[str] = []

    async def handler(_request: wire.Request, out: wire.Out) -> None:
        seen.append("begun")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append(f"gone: {out.is_gone}")
            raise

    with serving(handler) as served:
        dialled = served.dial()
        dialled.sendall(GET + b"\r\n")
        while not seen:
            time.sleep(0.01)
        dialled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        dialled.close()  # with a reset
        while len(seen) < 2:
            time.sleep(0.01)

    assert seen == ["begun", "gone: True"]
    assert served.made.counts.in_work == 0


def test_a_failing_handler_is_told_and_nothing_of_it_shown(serving: Serving) -> None:
    faults: list[BaseException] = []

    async def handler(request: wire.Request, out: wire.Out) -> None:
        if request.target == "/amid":
            out.start(200, [])
            await out.write(b"partial")
        if request.target != "/silent":
            raise ValueError("a secret")

    with serving(handler, hooks=wire.Hooks(on_fault=faults.append)) as served:
        for target in ("/first", "/silent"):
            with served.dial() as dialled:
                dialled.sendall(GET.replace(b"/ ", target.encode() + b" ") + b"\r\n")
                said = until(dialled, b"}")
            assert said.startswith(b"HTTP/1.1 500 ")
            assert b"secret" not in said
        assert not served.said(GET.replace(b"/ ", b"/amid ") + b"\r\n").endswith(b"0\r\n\r\n")

    assert [type(fault).__name__ for fault in faults] == ["ValueError", "RuntimeError", "ValueError"]


@pytest.mark.parametrize(
    "pair", [(b"x", b"a\r\nb: c"), (b"x", b"a\nb"), (b"x\r\ny", b"a"), (b"x", b"a\0b"), (b"x", b"\r")]
)
def test_no_header_can_be_injected(serving: Serving, pair: tuple[bytes, bytes]) -> None:
    async def handler(_request: wire.Request, out: wire.Out) -> None:
        out.reply(200, [pair], b"")

    with serving(handler) as served, served.dial() as dialled:
        dialled.sendall(GET + b"\r\n")
        assert until(dialled, b"}").startswith(b"HTTP/1.1 500 ")


def test_an_answer_is_written_once_and_as_announced(serving: Serving) -> None:
    async def handler(_request: wire.Request, out: wire.Out) -> None:
        with pytest.raises(ValueError, match="not begun"):
            await out.write(b"x")
        with pytest.raises(ValueError, match="not begun"):
            out.end()
        out.start(200, [], length=3)
        with pytest.raises(ValueError, match="twice"):
            out.reply(200, [])
        await out.write(b"")
        await out.write(b"ab")
        with pytest.raises(ValueError, match="shorter"):
            out.end()
        await out.write(b"c")
        out.end()
        with pytest.raises(ValueError, match="has ended"):
            await out.write(b"d")

    with serving(handler) as served, served.dial() as dialled:
        dialled.sendall(GET + b"\r\n")
        assert until(dialled, b"abc") == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
    assert served.made.counts.faults == 0


def test_more_than_announced_is_never_written(serving: Serving) -> None:
    async def handler(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [], length=3)
        await out.write(b"abcd")

    with serving(handler) as served:
        assert served.said(GET + b"\r\n") == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"


def test_a_draining_server_ends_what_it_began(serving: Serving) -> None:
    begun = threading.Event()

    async def handler(request: wire.Request, out: wire.Out) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        await echo(request, out)

    with serving(handler) as served:
        dialled, idle = served.dial(), served.dial()
        dialled.sendall(GET + b"\r\n")
        assert begun.wait(10)
    with dialled, idle:
        said = rest(dialled)
        assert rest(idle) == b""

    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in said


def test_a_draining_server_waits_no_longer_than_it_was_told(serving: Serving) -> None:
    begun = threading.Event()

    async def handler(_request: wire.Request, out: wire.Out) -> None:
        begun.set()
        await asyncio.sleep(60)
        out.reply(200, [])

    with serving(handler, wire.Limits(drain_s=0.1)) as served:
        dialled = served.dial()
        dialled.sendall(GET + b"\r\n")
        assert begun.wait(10)
    with dialled:
        assert rest(dialled) == b""
