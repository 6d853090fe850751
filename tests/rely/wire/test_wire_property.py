"""Whatever bytes come, however they are cut: nothing raises, nothing is read in two ways, nothing is left counted."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterproof.rely import wire
from counterproof.rely.wire._door import Door
from counterproof.rely.wire._head import Refused, end_to_end, section

CRLF = b"\r\n"
LINES = st.sampled_from(
    [
        b"Host: x", b"Content-Length: 3", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Connection: close",
        b"Transfer-Encoding: gzip", b"Content-Encoding: gzip", b"Expect: 100-continue", b"X: y", b" folded", b"X : y",
        b"Upgrade: h2c", b"Connection: upgrade", b"", b"\x00", b"Content-Length: -1", b"X: \x80", b"X:\tz ",
    ]
)  # fmt: skip
STARTS = st.sampled_from(
    [
        b"POST /v1 HTTP/1.1",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.0",
        b"HEAD / HTTP/1.1",
        b"CONNECT x:1 HTTP/1.1",
        b"junk",
        b"",
    ]
)
BODIES = st.sampled_from(
    [b"", b"abc", b"abcde", b"3\r\nabc\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"zz\r\n", b"\xff"]
)


def _message(start: bytes, lines: list[bytes], end: bytes, body: bytes) -> bytes:
    return start + CRLF + b"".join([line + end for line in lines]) + CRLF + body


def _joined(messages: list[bytes]) -> bytes:
    return b"".join(messages)


ENDS = st.sampled_from([CRLF, CRLF, CRLF, b"\n", b"\r"])
MESSAGES: st.SearchStrategy[bytes] = st.builds(_message, STARTS, st.lists(LINES, max_size=5), ENDS, BODIES)
STREAMS = st.one_of(st.binary(max_size=200), st.lists(MESSAGES, max_size=3).map(_joined))


class Line(asyncio.Transport):
    """A connection that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""
        self.is_over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said += bytes(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.is_over

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.is_over = True

    def abort(self) -> None:
        self.is_over = True


async def _answered(data: bytes, cuts: list[int]) -> tuple[bytes, list[tuple[str, str, bytes]], wire.Server]:
    seen: list[tuple[str, str, bytes]] = []

    async def handler(request: wire.Request, out: wire.Out) -> None:
        seen.append((request.method, request.target, request.body))
        out.reply(200, [], b"ok")

    server = wire.Server(handler, wire.Limits(pipelined=100))
    cast("Any", server).loop = asyncio.get_running_loop()
    door, line = Door(server), Line()
    door.connection_made(line)
    places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    for start, end in itertools.pairwise(places):
        if end > start and not line.is_over:
            door.data_received(data[start:end])
            for _ in range(4):
                await asyncio.sleep(0)
    door.connection_lost(None)
    await asyncio.sleep(0)
    return line.said, seen, server


def _check(data: bytes, cuts: list[int]) -> tuple[list[tuple[str, str, bytes]], bytes]:
    said, seen, server = asyncio.run(_answered(data, cuts))
    counts = server.counts
    assert (counts.faults, counts.in_work, counts.buffered_bytes) == (0, 0, 0)
    assert b" 500 " not in said
    assert said.count(b"HTTP/1.1 200 OK\r\n") == len(seen)
    return seen, said.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")


@given(data=STREAMS, cuts=st.lists(st.integers(0, 400), max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_however_bytes_are_cut_the_same_is_read(data: bytes, cuts: list[int]) -> None:
    whole, once = _check(data, [])
    seen, said = _check(data, cuts)

    assert seen == whole
    assert said == once


NAMES = st.binary(min_size=1, max_size=8)


@given(headers=st.lists(st.tuples(NAMES, st.binary(max_size=12)), max_size=5))
def test_a_written_section_has_as_many_lines_as_headers(headers: list[tuple[bytes, bytes]]) -> None:
    is_bad = any(c in name + value for name, value in headers for c in (b"\r", b"\n", b"\0"))
    try:
        written = section(b"HTTP/1.1 200 OK\r\n", headers)
    except ValueError:
        assert is_bad
        return
    assert not is_bad
    assert written.split(b"\r\n")[1:-2] == [b"%b: %b" % pair for pair in headers]


@given(named=st.lists(st.sampled_from([b"a", b"b", b"close", b"keep-alive", b"te"]), max_size=4))
def test_what_connection_names_does_not_travel(named: list[bytes]) -> None:
    headers = [(b"a", b"1"), (b"b", b"2"), (b"te", b"3"), (b"connection", b" , ".join(named).upper())]

    assert end_to_end(headers) == [pair for pair in headers[:2] if pair[0] not in named]


@given(body=st.binary(max_size=300), coding=st.sampled_from(["gzip", "deflate", "br", "zstd"]))
def test_whatever_is_said_to_be_coded(body: bytes, coding: str) -> None:
    try:
        found = wire.decoded(coding, body, 1000)
    except Refused as refused:
        found, status = b"", refused.status
    else:
        status = 200
    assert status in (200, 400, 413)
    assert len(found) <= 1000
