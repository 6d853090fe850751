"""Streamable HTTP, raw requests through the endpoint to a scripted server: what passes, what does not."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import json
import urllib.parse
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import pytest

from counterproof import server
from counterproof.rely import tools, wire
from tests.rely.tools.word_guard import RECEIPT, Words, call, line, result, told

SSE = (b"content-type", b"text/event-stream")
JSON = (b"content-type", b"application/json")


class Scripted:
    """A server that says what it is told to, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[wire.Request] = []
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = [JSON]
        self.body: bytes | Callable[[wire.Request], bytes] = result(1)
        self.cut = self.waits = False

    async def handle(self, request: wire.Request, out: wire.Out) -> None:
        """Answers by the script."""
        self.heard.append(request)
        body = self.body(request) if callable(self.body) else self.body
        if not (self.cut or self.waits):
            out.reply(self.status, self.headers, body)
            return
        out.start(self.status, self.headers)
        await out.write(body)
        if self.waits:
            await asyncio.Event().wait()
        out.cut()

    @property
    def said(self) -> list[dict[str, Any]]:
        """The messages that reached it."""
        return [json.loads(r.body) for r in self.heard if r.body]


class Asked:
    """A client of the endpoint."""

    def __init__(self, url: str, script: Scripted, guard: Words) -> None:
        self.at = urllib.parse.urlsplit(url).netloc
        self.script, self.guard = script, guard

    def ask(self, method: str, body: bytes | None = None, path: str = "/mcp", **headers: str) -> tuple[int, Any, bytes]:
        """Status, headers, body."""
        link = http.client.HTTPConnection(self.at, timeout=10)
        sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(link):
            link.request(method, path, body, sent)
            got = link.getresponse()
            return got.status, got.headers, got.read()

    def post(self, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and message of a POST."""
        status, _, got = self.ask("POST", body, **headers)
        return status, told(got) if got else {}

    def stream(self, body: bytes, **headers: str) -> list[dict[str, Any]]:
        """The messages of a stream that answers a POST."""
        status, found, got = self.ask("POST", body, **headers)
        assert (status, found["content-type"]) == (200, "text/event-stream")
        return _messages(got)


def _messages(got: bytes) -> list[dict[str, Any]]:
    lines = [part.removeprefix(b"data: ") for part in got.split(b"\n") if part.startswith(b"data: ")]
    return [json.loads(part) for part in lines if part]


@contextlib.contextmanager
def _standing(**settings: Any) -> Generator[Asked]:  # noqa: ANN401 - passed on
    script, guard = Scripted(), Words()
    up = partial(wire.serve, script.handle, ("127.0.0.1", 0))
    with server.running(up, "scripted") as upstream:
        endpoint = tools.Endpoint(guard, wire.Upstream(upstream), target="/there", **settings)
        with server.running(partial(endpoint.serve, ("127.0.0.1", 0)), "endpoint") as url:
            yield Asked(url, script, guard)


@pytest.fixture
def asked() -> Generator[Asked]:
    with _standing() as found:
        yield found


def _sse(*events: bytes, ids: bool = False) -> bytes:
    return b"".join(
        (b"id: %d\n" % number if ids else b"") + b"event: message\ndata: " + event + b"\n\n"
        for number, event in enumerate(events)
    )


def test_a_call_and_its_result(asked: Asked) -> None:
    asked.script.headers = [JSON, (b"mcp-session-id", b"s1")]

    status, headers, body = asked.ask("POST", call(1), mcp_protocol_version="2025-06-18", authorization="Bearer x")

    assert (status, headers["mcp-session-id"], told(body)) == (200, "s1", told(result(1)))
    (heard,) = asked.script.heard
    assert (heard.target, heard.header(b"mcp-protocol-version")) == ("/there", b"2025-06-18")
    assert heard.header(b"authorization") == b"Bearer x"


def test_a_refused_call_is_a_result_and_reaches_nobody(asked: Asked) -> None:
    status, answer = asked.post(call(1, text="bomb"))

    assert status == 200
    assert answer["result"]["isError"] is True
    assert RECEIPT in answer["result"]["content"][0]["text"]
    assert asked.script.heard == []


def test_a_refused_result_in_one_piece(asked: Asked) -> None:
    asked.script.body = result(1, "bomb")

    status, answer = asked.post(call(1))

    assert (status, answer["result"]["isError"]) == (200, True)
    assert "bomb" not in str(answer)


def test_a_stream_is_decided_on_event_by_event(asked: Asked) -> None:
    asked.script.headers = [SSE]
    progress = partial(line, method="notifications/progress")
    asked.script.body = b": hi\n\n" + _sse(
        progress(params={"progressToken": 1, "progress": 1, "message": "fine"}),
        progress(params={"progressToken": 1, "progress": 2, "message": "bomb"}),
        result(1, "bomb"),
    )

    said = asked.stream(call(1))

    assert [m.get("method", "answer") for m in said] == ["notifications/progress", "answer"]
    assert said[1]["result"]["isError"] is True
    assert "bomb" not in str(said)


def test_what_a_server_may_not_ask_is_answered_by_a_post(asked: Asked) -> None:
    asked.script.headers = [SSE]
    asks = line(id="s1", method="sampling/createMessage", params={"messages": "bomb"})
    asked.script.body = lambda r: _sse(asks, result(1)) if b"tools/call" in r.body else b""

    said = asked.stream(call(1), mcp_session_id="s")
    asked.post(line(method="notifications/initialized"), mcp_session_id="s")

    assert [m["id"] for m in said] == [1]
    (told_off,) = [m for m in asked.script.said if m.get("id") == "s1"]
    assert told_off["error"]["code"] == -32010
    assert asked.script.heard[1].header(b"mcp-session-id") == b"s"


def test_a_stream_that_ends_before_the_answer(asked: Asked) -> None:
    asked.script.headers = [SSE]
    asked.script.body = _sse(line(method="notifications/message", params={"level": "info", "data": "x"}))

    assert asked.stream(call(1))[-1]["result"]["isError"] is True


def test_a_stream_that_breaks_off(asked: Asked) -> None:
    asked.script.headers = [SSE]
    asked.script.cut, asked.script.body = True, _sse(result(1))[:-10]

    (said,) = asked.stream(call(1))

    assert said["result"]["isError"] is True
    assert "broke off" in said["result"]["content"][0]["text"]


def test_a_stream_that_goes_on_elsewhere_is_taken_up_again(asked: Asked) -> None:
    """The server ends a stream after an event with an id: the client asks again from there (MCP 2025-11-25)."""
    asked.script.headers = [SSE]
    asked.script.body = b"id: 7\nretry: 20\ndata: \n\n"
    status, _, first = asked.ask("POST", call(1), mcp_session_id="s")
    asked.script.body = b"id: 8\n" + _sse(result(1))

    _, _, second = asked.ask("GET", mcp_session_id="s", last_event_id="7")
    _, _, third = asked.ask("GET", mcp_session_id="s", last_event_id="7")  # the second was lost on its way
    _, _, fourth = asked.ask("GET", mcp_session_id="s")

    assert (status, first) == (200, b"id: 7\nretry: 20\ndata: \n\n")
    assert [m["id"] for m in _messages(second)] == [1]
    assert second == third
    assert asked.script.heard[1].header(b"last-event-id") == b"7"
    assert _messages(fourth) == []  # answers to nothing


def test_a_session_is_one_conversation(asked: Asked) -> None:
    for number in (1, 2):
        asked.script.body = result(number)
        asked.post(call(number), mcp_session_id="s")
    again = asked.post(call(1), mcp_session_id="s")

    assert again[1]["error"]["message"] == "this id was used before"
    assert len({e.context for e in asked.guard.seen}) == 1
    assert asked.guard.seen[0].context not in ("", "s")


def test_a_session_has_its_name_from_its_first_answer_on(asked: Asked) -> None:
    asked.script.headers = [JSON, (b"mcp-session-id", b"s")]
    asked.post(line(id=1, method="initialize", params={}))
    asked.script.headers, asked.script.body = [JSON], result(2)
    asked.post(call(2), mcp_session_id="s")

    first, *rest = [e.context for e in asked.guard.seen]
    assert first == ""
    assert len(set(rest)) == 1
    assert len(rest[0]) == 32


def test_who_is_terminated_finds_no_session_any_more(asked: Asked) -> None:
    asked.guard.words["bomb"] = "terminate"

    assert asked.post(call(1, text="bomb"), mcp_session_id="s")[1]["result"]["isError"] is True
    assert asked.post(call(2), mcp_session_id="s")[0] == 404
    assert asked.script.heard == []


def test_notifications_and_answers_get_202(asked: Asked) -> None:
    asked.script.status, asked.script.headers, asked.script.body = 202, [], b""

    assert asked.post(line(method="notifications/initialized")) == (202, {})
    assert asked.post(line(method="notifications/cancelled", params={"reason": "bomb"})) == (202, {})
    assert len(asked.script.heard) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": ""}, 415),
        ({"path": "/other"}, 404),
        ({"path": "/mcp/"}, 404),
    ],
)
def test_who_may_not_ask(asked: Asked, headers: dict[str, str], status: int) -> None:
    assert asked.ask("POST", call(1), **headers)[0] == status
    assert asked.script.heard == []


def test_a_page_that_may_ask() -> None:
    with _standing(origins=frozenset({"https://good.example"})) as asked:
        assert asked.post(call(1), origin="https://good.example")[0] == 200
        assert asked.script.heard[0].header(b"origin") == b""


@pytest.mark.parametrize(
    ("host", "status"), [("evil.example", 403), ("LOCALHOST:80", 200), ("[::1]:9", 200), ("[::2]", 403)]
)
def test_by_which_name_we_are_asked(host: str, status: int) -> None:
    with _standing(hosts=frozenset({"localhost", "[::1]"})) as asked:
        assert asked.ask("POST", call(1), host=host)[0] == status


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "PATCH"])
def test_other_methods(asked: Asked, method: str) -> None:
    status, headers, _ = asked.ask(method)

    assert (status, headers["allow"]) == (405, "POST, GET, DELETE")


@pytest.mark.parametrize("body", [b"", b"{", b"[" + call(1) + b"]", b"\xff"])
def test_what_is_no_message(asked: Asked, body: bytes) -> None:
    status, answer = asked.post(body)

    assert (status, answer["id"]) == (400, None)
    assert asked.script.heard == []
    assert len(asked.guard.seen) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"mcp_method": "tools/list"},
        {"mcp_name": "other"},
        {"mcp_param_text": "bomb"},
        {"mcp_param_text": "=?base64?" + base64.b64encode(b"bomb").decode() + "?="},
        {"mcp_param_text": "=?base64?%%?="},
        {"mcp_method": "tools/call", "mcp_name": "add", "mcp_param_text": "hello", "mcp_param_n": "4"},
    ],
)
def test_headers_that_say_something_else(asked: Asked, headers: dict[str, str]) -> None:
    status, answer = asked.post(call(1, text="hello", n=3), **headers)

    assert (status, answer["id"], answer["error"]["code"]) == (400, 1, -32020)
    assert asked.script.heard == []


def test_headers_that_say_the_same(asked: Asked) -> None:
    encoded = "=?base64?" + base64.b64encode("grüße".encode()).decode() + "?="

    status, _ = asked.post(
        call(1, text="grüße", n=3, deep={"b": [True]}), mcp_method="tools/call", mcp_name="add", mcp_param_t=encoded,
        mcp_param_n="3", mcp_param_b="true",
    )  # fmt: skip

    assert status == 200
    assert asked.script.heard[0].header(b"mcp-param-t") == encoded.encode()


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, [(b"content-type", b"text/html")], b"<p>bomb"),
        (200, [JSON], b"{"),
        (200, [JSON], result(2)),
        (200, [JSON], line(method="notifications/x")),
        (202, [], b""),
        (500, [(b"content-type", b"text/plain")], b"bomb"),
    ],
)
def test_what_is_no_answer_is_not_passed_on(
    asked: Asked, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    asked.script.status, asked.script.headers, asked.script.body = status, headers, body

    assert asked.post(call(1))[1]["result"]["isError"] is True
    asked.script.status = max(status, 200)
    other = asked.post(line(id=1, method="ping"))
    assert other[1]["error"]["code"] == -32001
    assert other[0] == (500 if status == 500 else 502)


def test_who_must_authenticate_is_told_so(asked: Asked) -> None:
    asked.script.status, asked.script.headers = (
        401,
        [(b"www-authenticate", b"Bearer x"), (b"content-type", b"text/plain")],
    )

    status, headers, _ = asked.ask("POST", call(1))

    assert (status, headers["www-authenticate"]) == (401, "Bearer x")


def test_an_error_that_names_no_request_is_about_this_one(asked: Asked) -> None:
    asked.script.status = 400
    asked.script.body = line(id=None, error={"code": -32022, "message": "no", "data": {"supported": ["2025-11-25"]}})

    status, answer = asked.post(line(id=5, method="server/discover"))

    assert (status, answer["id"], answer["error"]["code"]) == (400, 5, -32022)


def test_a_get_without_a_stream(asked: Asked) -> None:
    asked.script.status = 405

    assert asked.ask("GET", mcp_session_id="s")[0] == 405


def test_a_session_that_is_ended(asked: Asked) -> None:
    asked.post(call(1), mcp_session_id="s")
    asked.script.status, asked.script.headers, asked.script.body = 200, [], b""

    assert asked.ask("DELETE", mcp_session_id="s")[0] == 200
    assert asked.script.heard[-1].method == "DELETE"


def test_a_server_that_is_not_there() -> None:
    guard = Words()
    endpoint = tools.Endpoint(guard, wire.Upstream("http://127.0.0.1:9"))
    with server.running(partial(endpoint.serve, ("127.0.0.1", 0)), "endpoint") as url:
        asked = Asked(url, Scripted(), guard)

        status, answer = asked.post(call(1))
        other = asked.post(line(id=2, method="tools/list"))

        assert (status, answer["result"]["isError"]) == (200, True)
        assert (other[0], other[1]["id"]) == (502, 2)
        assert asked.ask("GET")[0] == 502
        assert asked.ask("DELETE")[0] == 502


def test_a_message_that_is_too_long() -> None:
    with _standing(message_bytes=1000) as asked:
        assert asked.post(call(1, text="x" * 2000))[0] == 413
        asked.script.headers, asked.script.body = [SSE], _sse(result(1, "x" * 2000))
        assert "too long" in asked.stream(call(1))[0]["result"]["content"][0]["text"]


def test_who_only_listens_does_not_keep_the_endpoint_from_ending() -> None:
    with _standing() as asked:
        asked.script.headers = [SSE]
        asked.script.body, asked.script.waits = b"id: 1\ndata: \n\n", True
        link = http.client.HTTPConnection(asked.at, timeout=10)
        link.request("GET", "/mcp", headers={"accept": "text/event-stream", "mcp-session-id": "s"})
        got = link.getresponse()
        assert got.readline() == b"id: 1\n"

    with contextlib.closing(link), got:  # the block above ended: it did not wait for the stream
        assert got.read() == b"data: \n\n"


@pytest.mark.parametrize(
    "header", ["x-http-method-override", "x-original-url", "x-rewrite-uri", "x-forwarded-uri", "x-envoy-original-path"]
)
def test_no_header_leads_the_server_or_the_client_elsewhere(asked: Asked, header: str) -> None:
    asked.script.headers = [
        JSON,
        (b"location", b"/x"),
        (b"x-accel-redirect", b"/x"),
        (b"refresh", b"0"),
        (b"x-a", b"b"),
    ]

    status, headers, _ = asked.ask("POST", call(1), **{header: "/elsewhere"})

    (heard,) = asked.script.heard
    assert (status, heard.header(header.encode())) == (200, b"")
    assert headers["x-a"] == "b"
    assert {headers["location"], headers["x-accel-redirect"], headers["refresh"]} == {None}


@pytest.mark.parametrize("kind", ["application/json; charset=utf-16", "application/json; charset=utf-7"])
def test_a_message_is_read_there_as_it_was_read_here(asked: Asked, kind: str) -> None:
    asked.ask("POST", call(1), content_type=kind)

    assert [value for name, value in asked.script.heard[0].headers if name == b"content-type"] == [b"application/json"]
