"""Every way in which the gate's door and its way to the upstream refuse: one sentence, in the client's words."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from counterproof import errors
from counterproof.rely import proxy, wire
from tests.rely.proxy.rig import CHAT, Rig, asks, policy, replying, running, says
from tests.rely.wire.sockets import rest

BODY = json.dumps(asks("hi")).encode()
HEAD = b"POST %b HTTP/1.1\r\nHost: x\r\n" % CHAT.encode()
LIMITS = wire.Limits(head_bytes=2000, headers=10, body_bytes=5000, head_s=0.3, grace_s=0.1, pipelined=1)


def _said(rig: Rig, data: bytes) -> tuple[int, dict[str, Any]]:
    port = int(rig.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as dialled:
        dialled.sendall(data)
        head, _, body = rest(dialled).rpartition(b"\r\n\r\n")
        return int(head.rpartition(b"HTTP/1.1 ")[2][:3]), json.loads(body)


AT_THE_DOOR: dict[str, tuple[int, bytes]] = {
    "no HTTP": (400, b"hello\r\n\r\n"),
    "ambiguous length": (400, HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "no path": (400, b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "a header twice": (400, HEAD + b"Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n"),
    "a trailer": (400, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n"),
    "a damaged coding": (400, HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
    "slow headers": (408, HEAD),
    "a slow body": (408, HEAD + b"Content-Length: 3\r\n\r\na"),
    "a large body": (413, HEAD + b"Content-Length: 50000\r\n\r\n"),
    "an unknown coding": (415, HEAD + b"Content-Encoding: x\r\nContent-Length: 3\r\n\r\nabc"),
    "an unknown expectation": (417, HEAD + b"Expect: x\r\nContent-Length: 3\r\n\r\nabc"),
    "requests ahead": (429, (HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY) * 5),
    "many headers": (431, HEAD + b"X: y\r\n" * 20 + b"\r\n"),
    "large headers": (431, HEAD + b"X: " + b"y" * 3000 + b"\r\n\r\n"),
    "an upgrade": (501, HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "CONNECT": (501, b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "another version": (505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
}


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_at_the_door(name: str) -> None:
    status, data = AT_THE_DOOR[name]
    with running(replying(says("hello")), limits=LIMITS) as rig:
        found, said = _said(rig, data)

    assert found == status
    assert said["error"]["message"].endswith(".")
    assert said["error"]["message"].count(". ") == 0
    assert rig.served.counts.refused == {status: 1}


def test_in_the_words_of_the_other_api() -> None:
    with running(replying(says("hello")), limits=LIMITS) as rig:
        status, said = _said(rig, b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n")

    assert (status, said["type"], said["error"]["type"]) == (413, "error", "request_too_large")


def test_two_names_for_one_conversation() -> None:
    settings = proxy.Settings(context_header="x-talk")
    twice = HEAD + b"X-Talk: a\r\nX-Talk: b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    with running(replying(says("hello")), settings=settings) as rig:
        assert _said(rig, twice)[0] == 400

    assert rig.seen == []


@pytest.mark.parametrize("method", ["HEAD", "TRACE"])
def test_a_method_that_is_not_passed_on(method: str) -> None:
    with running(replying(says("hello"))) as rig:
        assert rig.ask(None, "/v1/models", method=method).status == 403  # no known way: the policy's
    with running(replying(says("hello")), policy(unscanned={"message": "allow"})) as rig:
        assert rig.ask(None, "/v1/models", method=method).status == 405

    assert rig.seen == []
    assert rig.kept.outcomes == ["allow"]


def _late() -> Any:  # noqa: ANN401 - a script of the rig's
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", b"application/json")], length=10)
        await out.write(b"{")
        raise RuntimeError

    return script


UPSTREAM: dict[str, tuple[int, Callable[[], Any]]] = {
    "breaks off": (502, _late),
    "points elsewhere": (502, lambda: replying(b"", 302)),
    "has an unknown coding": (502, lambda: _coded(b"x", b"abc")),
    "has a damaged coding": (502, lambda: _coded(b"gzip", b"abc")),
}


def _coded(coding: bytes, body: bytes) -> Any:  # noqa: ANN401 - a script of the rig's
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.reply(200, [(b"content-type", b"application/json"), (b"content-encoding", coding)], body)

    return script


@pytest.mark.parametrize("name", UPSTREAM)
def test_an_upstream_that(name: str) -> None:
    status, make = UPSTREAM[name]
    with running(make()) as rig:
        said = rig.ask(asks("hi"))

    assert said.status == status
    assert rig.upstream_url.rsplit(":", 1)[1].encode() not in said.body
    assert said.json["error"]["message"].endswith(".")


def test_an_upstream_that_is_not_there() -> None:
    with running(replying(says("hello"))) as gone:
        pass
    with running(replying(says("hello")), before=gone.upstream_url) as rig:
        said = rig.ask(asks("hi"))

    assert said.status == 502
    assert gone.upstream_url.rsplit(":", 1)[1].encode() not in said.body


@pytest.mark.parametrize(("name", "value"), [("head_bytes", -1), ("body_s", float("nan")), ("requests", -5)])
def test_a_bound_of_nothing(name: str, value: float) -> None:
    with pytest.raises(errors.BadOption, match=name):
        wire.Limits(**{name: value})  # type: ignore[arg-type] # that is what is refused


def test_an_upstream_of_no_address() -> None:
    with pytest.raises(errors.BadOption, match="upstream"):
        wire.Upstream("localhost:80")
