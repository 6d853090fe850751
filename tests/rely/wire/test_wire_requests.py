"""What is no request, or could be read in two ways, is refused before a handler sees it."""

from __future__ import annotations

import pytest

from counterproof.rely import wire
from tests.rely.wire.sockets import Served, Serving, until

HOST = b"Host: x\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    "both framings": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both framings, other order": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "two different lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "negative length": POST + b"Content-Length: -3\r\n\r\nabc",
    "hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "empty length": POST + b"Content-Length:\r\n\r\nabc",
    "space before colon": POST + b"Content-Length : 3\r\n\r\nabc",
    "folded line": POST + b"X-A: a\r\n b\r\n\r\n",
    "folded with a tab": POST + b"X-A: a\r\n\tb\r\n\r\n",
    "folded framing": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "space before the first header": b"POST / HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n",
    "unknown transfer coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two transfer codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "vertical tab in coding": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
    "chunk size in words": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "chunk size with prefix": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "chunk size negative": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "chunk size overflows": CHUNKED + b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "chunk size and space": CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
    "chunk without end": CHUNKED + b"3\r\nabcXX0\r\n\r\n",
    "chunks with bare line feeds": CHUNKED + b"3\nabc\n0\n\n",
    "trailer section": CHUNKED + b"3\r\nabc\r\n0\r\nX-T: y\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: x\n\n",
    "bare carriage returns": b"GET / HTTP/1.1\rHost: x\r\r",
    "carriage return in a value": POST + b"X: a\rb\r\n\r\n",
    "NUL in a value": POST + b"X: a\0b\r\n\r\n",
    "control character in a value": POST + b"X: a\x01b\r\n\r\n",
    "NUL in a name": POST + b"X\0: ab\r\n\r\n",
    "space in a name": POST + b"X y: ab\r\n\r\n",
    "no colon": POST + b"Xy\r\n\r\n",
    "empty name": POST + b": a\r\n\r\n",
    "absolute target": b"GET http://x/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "authority target": b"GET x:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk target": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw UTF-8 in the target": b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "tab in the target": b"GET /a\tb HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment in the target": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown method": b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n",
    "method in lower case": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "two content types": POST + b"Content-Type: a/b\r\ncontent-type: c/d\r\nContent-Length: 1\r\n\r\na",
    "two credentials": POST + b"Authorization: a\r\nAuthorization: b\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}
OTHERS = {
    "CONNECT": (501, b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "upgrade": (501, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "upgrade without connection": (501, b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\n\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "unknown expectation": (417, POST + b"Content-Length: 1\r\nExpect: 200-ok\r\n\r\na"),
}


async def _never(request: wire.Request, out: wire.Out) -> None:
    raise AssertionError(f"{request.method} {request.target} {out}")


def _status(served: Served, data: bytes) -> int:
    said = served.said(data)
    assert said.count(b"\r\n\r\n") == 1, said
    assert b"\r\nconnection: close\r\n" in said
    assert b'{"error": "' in said
    return int(said.split(b" ")[1])


def test_what_is_malformed_or_ambiguous_is_refused(serving: Serving) -> None:
    with serving(_never) as served:
        found = {name: _status(served, data) for name, data in MALFORMED.items()}

    assert found == dict.fromkeys(MALFORMED, 400)
    assert served.made.counts.requests == 0


def test_what_is_not_served_is_named(serving: Serving) -> None:
    with serving(_never) as served:
        found = {name: _status(served, data) for name, (_, data) in OTHERS.items()}

    assert found == {name: status for name, (status, _) in OTHERS.items()}


def test_every_byte_may_come_alone(serving: Serving) -> None:
    whole = CHUNKED + b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serving() as served, served.dial() as dialled:
        for byte in whole:
            dialled.sendall(bytes([byte]))
        assert until(dialled, b"POST / abcde").startswith(b"HTTP/1.1 200 OK\r\n")


def test_malformed_is_malformed_however_it_is_cut(serving: Serving) -> None:
    with serving(_never) as served:
        for name in ("both framings", "folded framing", "two equal lengths", "chunk size with prefix"):
            data = MALFORMED[name]
            for at in range(1, len(data), 7):
                with served.dial() as dialled:
                    dialled.sendall(data[:at])
                    dialled.sendall(data[at:])
                    assert until(dialled, b"}").startswith(b"HTTP/1.1 400 "), (name, at)


def test_requests_sent_ahead_are_answered_in_order(serving: Serving) -> None:
    ahead = b"".join(b"GET /%d HTTP/1.1\r\n%b\r\n" % (n, HOST) for n in range(5))
    with serving() as served, served.dial() as dialled:
        dialled.sendall(ahead)
        said = until(dialled, b"GET /4 ")

    assert [said.find(b"GET /%d " % n) for n in range(5)] == sorted(said.find(b"GET /%d " % n) for n in range(5))
    assert said.count(b"HTTP/1.1 200 ") == 5


def test_too_many_sent_ahead_end_the_connection(serving: Serving) -> None:
    ahead = b"".join(b"GET /%d HTTP/1.1\r\n%b\r\n" % (n, HOST) for n in range(50))
    with serving(limits=wire.Limits(pipelined=4)) as served:
        said = served.said(ahead)

    assert said.count(b"HTTP/1.1 429 ") == 1
    assert said.endswith(b'{"error": "Too many requests were sent ahead."}')


def test_nothing_behind_a_refused_request_is_read(serving: Serving) -> None:
    with serving() as served:
        said = served.said(MALFORMED["two equal lengths"] + b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n")

    assert b"smuggled" not in said
    assert said.count(b"HTTP/1.1 ") == 1


def test_the_good_before_the_bad_is_answered(serving: Serving) -> None:
    with serving() as served:
        said = served.said(b"GET /good HTTP/1.1\r\n" + HOST + b"\r\nGARBAGE\r\n\r\n")

    assert said.index(b"GET /good ") < said.index(b"HTTP/1.1 400 ")


def test_http_1_0_is_answered_and_closed(serving: Serving) -> None:
    with serving() as served:
        said = served.said(b"GET /old HTTP/1.0\r\n\r\n")

    assert b"connection: close\r\n" in said
    assert said.endswith(b"GET /old ")


def test_a_stream_to_http_1_0_ends_with_the_connection(serving: Serving) -> None:
    async def handler(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [])
        await out.write(b"abc")
        out.end()

    with serving(handler) as served:
        said = served.said(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

    assert said == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc"


def test_a_client_that_waits_is_told_to_go_on(serving: Serving) -> None:
    with serving() as served, served.dial() as dialled:
        dialled.sendall(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert until(dialled, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        dialled.sendall(b"abc")
        assert until(dialled, b"abc").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_waits_with_too_much_never_sends_it(serving: Serving) -> None:
    with serving(_never) as served, served.dial() as dialled:
        dialled.sendall(POST + b"Content-Length: 999999999\r\nExpect: 100-continue\r\n\r\n")
        assert until(dialled, b"}").startswith(b"HTTP/1.1 413 ")


def test_names_are_lower_case_and_empty_values_stay(serving: Serving) -> None:
    async def handler(request: wire.Request, out: wire.Out) -> None:
        out.reply(200, [], repr(request.headers).encode())

    with serving(handler) as served, served.dial() as dialled:
        dialled.sendall(b"GET /p?q=1 HTTP/1.1\r\nHOST: x\r\nX-Empty:\r\nX-B:  b \r\n\r\n")
        assert until(dialled, b"]").endswith(b"[(b'host', b'x'), (b'x-empty', b''), (b'x-b', b'b')]")


@pytest.mark.parametrize(("target", "path", "query"), [("/a?b=c?d", "/a", "b=c?d"), ("/a", "/a", ""), ("/?", "/", "")])
def test_a_target_has_a_path_and_a_query(target: str, path: str, query: str) -> None:
    request = wire.Request("GET", target, [], b"", "")

    assert (request.path, request.query) == (path, query)


def test_a_head_request_is_answered_without_a_body(serving: Serving) -> None:
    with serving() as served:
        said = served.said(b"HEAD /x HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")

    assert said.endswith(b"content-length: 8\r\nconnection: close\r\n\r\n")
