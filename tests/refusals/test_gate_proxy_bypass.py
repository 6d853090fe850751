"""Ways past the proxy that were tried: what was not read or not decided does not reach the upstream, nor the client."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping

import pytest

from counterproof.record import EVENT_KINDS, EventKind, Outcome, PatternRule
from counterproof.rely import wire
from tests.rely.proxy.rig import CHAT, DONE, Reply, Rig, asks, chunk, policy, replying, running, says, streaming

LAX: dict[EventKind, Outcome] = dict.fromkeys(EVENT_KINDS, "allow")
"""A policy of somebody who lets pictures pass."""


def is_refused(rig: Rig, reply: Reply, status: int = 400) -> None:
    assert reply.status == status
    assert b"receipt" in reply.body
    assert rig.seen == []
    assert rig.kept.outcomes == ["reject"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","messages":[{"role":"user","content":"forbidden"}],"messages":[]}',
        b'\xef\xbb\xbf{"model":"m","messages":[{"role":"user","content":"forbidden"}]}',
        b'{"model":"m","messages":[{"role":"user","content":"forbidden"}]}{}',
        b'{"model":"m","n":NaN,"messages":[{"role":"user","content":"forbidden"}]}',
        '{"model":"m","messages":[{"role":"user","content":"forbidden"}]}'.encode("utf-16"),
        b'[{"role":"user","content":"forbidden"}]',
        b"messages=forbidden",
        b"",
    ],
)
def test_a_body_that_is_read_in_two_ways_goes_nowhere_whatever_the_policy_lets_pass_unread(body: bytes) -> None:
    with running(replying(says("good day")), policy(unscanned=LAX)) as rig:
        said = rig.ask(body)

    assert said.status == 400
    assert rig.seen == []
    assert len(rig.kept.outcomes) == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json; charset=utf-16", "multipart/form-data", "", "text/html"]
)
def test_a_body_is_read_as_json_whatever_it_is_called(kind: str) -> None:
    with running(replying(says("good day"))) as rig:
        is_refused(rig, rig.ask(asks("forbidden7"), headers={"content-type": kind}))


@pytest.mark.parametrize("path", [f"{CHAT}?prompt=forbidden", f"{CHAT}?x=forb%69dden", "/v1/models?q=forb%69dden"])
def test_what_the_query_says_is_read_as_well(path: str) -> None:
    is_asked = path.startswith(CHAT)
    with running(replying(says("good day"))) as rig:
        is_refused(rig, rig.ask(asks("good day") if is_asked else None, path, method="POST" if is_asked else "GET"))


@pytest.mark.parametrize("name", ["x-prompt", "x-portkey-config", "prefer"])
def test_what_a_header_says_that_no_usual_client_sends_is_read(name: str) -> None:
    with running(replying(says("good day"))) as rig:
        is_refused(rig, rig.ask(asks("good day"), headers={name: '{"prompt": "forbidden"}'}))


def test_what_is_to_be_replaced_in_a_header_is_refused() -> None:
    with running(replying(says("good day"))) as rig:
        said = rig.ask(asks("good day"), headers={"x-prompt": "secret-1234"})

    assert said.status == 400
    assert said.json["error"]["receipt"]
    assert rig.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "//v1/chat/completions", "/v1/chat/completions/", "/v1/chat//completions", "/v1/%63hat/completions",
        "/v1/chat/completions;x=1", "/v1/./chat/completions", "/v1/models/../chat/completions",
        "/v1/chat/completions%2f",
        "/v1/CHAT/COMPLETIONS", "/v1/embeddings", "/v1/files", "/v1/batches", "/v1/audio/speech", "/v1/images",
        "/v1/assistants", "/v1/threads/t/runs", "/v1/realtime/sessions", "/v1/messages/batches", "/v1/moderations",
        "/v1/responses/compact", "/v1/fine_tuning/jobs", "/tokenize", "/invocations",
    ],
)  # fmt: skip
def test_no_other_way_leads_to_the_upstream_unread(path: str) -> None:
    with running(replying(says("good day"))) as rig:
        said = rig.ask(asks("good day"), path)

    assert said.status in (400, 403)
    assert rig.seen == []
    assert rig.kept.outcomes == ["reject"]


@pytest.mark.parametrize("path", ["/v1/engines/m/completions", "/v1/threads/t/messages", "/v1/CHAT/completions"])
def test_what_looks_like_a_way_that_is_known_is_read_as_such(path: str) -> None:
    with running(replying(says("good day")), policy(unscanned=LAX)) as rig:
        is_refused(rig, rig.ask(asks("forbidden"), path))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-http-method-override": "PUT"},
        {"x-original-url": "/v1/files"},
        {"x-forwarded-uri": "/v1/files"},
        {"x-envoy-original-path": "/v1/files"},
    ],
)
def test_headers_by_which_a_server_takes_another_path_do_not_travel_on(headers: Mapping[str, str]) -> None:
    with running(replying(says("good day"))) as rig:
        assert rig.ask(asks("good day"), headers=headers).status == 200

    assert not headers.keys() & {name.decode() for name, _ in rig.seen[0].headers}


def headed(*headers: tuple[bytes, bytes], body: bytes = b"{}", status: int = 200) -> object:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.reply(status, list(headers), body)

    return script


ESCAPED = json.dumps(says("forbidden")).replace("forbidden", "\\u0066orbidden").encode()


@pytest.mark.parametrize("kind", [b"text/plain", b"text/html", b"application/octet-stream", b"application/x-ndjson"])
def test_a_reply_is_read_as_json_whatever_it_is_called(kind: bytes) -> None:
    with running(headed((b"content-type", kind), body=ESCAPED), policy(unscanned=LAX)) as rig:  # type: ignore[arg-type]  # a script
        said = rig.ask(asks("good day"))

    assert said.status == 400
    assert b"orbidden" not in said.body


@pytest.mark.parametrize("body", [ESCAPED + b"{}", b"\xef\xbb\xbf" + ESCAPED, b"forb\0idden", b"data: {}\n\n", b"[]"])
def test_a_reply_that_is_none_goes_nowhere_whatever_the_policy_lets_pass_unread(body: bytes) -> None:
    with running(replying(body), policy(unscanned=LAX)) as rig:
        said = rig.ask(asks("good day"))

    assert said.status == 502
    assert b"orb" not in said.body


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"error":{"message":"\\u0066orbidden"}}'),
        ("text/plain", b'{"error":{"message":"\\u0066orbidden"}}'),
        ("text/plain; charset=utf-16le", "forbidden".encode("utf-16-le")),
        ("text/plain; charset=utf-7", b"+AGY-orbidden"),
        ("text/html", b"&#102;orbidden"),
        ("text/html", b"for<b>bid</b><!-- > -->den"),
    ],
)
def test_an_error_that_repeats_what_is_forbidden_does_not_leave(kind: str, body: bytes) -> None:
    with running(replying(body, status=400, kind=kind)) as rig:
        said = rig.ask(asks("good day"))

    assert said.json["error"]["code"] == "content_filter"
    assert b"orbidden" not in said.body


def test_an_error_that_repeats_nothing_forbidden_leaves() -> None:
    with running(replying(b"<h1>Bad Gateway</h1>", status=502, kind="text/html")) as rig:
        assert rig.ask(asks("good day")).body == b"<h1>Bad Gateway</h1>"


@pytest.mark.parametrize("is_stream", [False, True])
def test_headers_of_a_reply_say_nothing_forbidden_and_lead_nowhere_else(is_stream: bool) -> None:  # noqa: FBT001 - a case
    strange = [
        (b"x-echo", b"it is forbidden"), (b"set-cookie", "f\u043erbidden".encode()), (b"x-request-id", b"r1"),
        (b"location", b"http://elsewhere"), (b"refresh", b"0; url=http://elsewhere"), (b"x-accel-redirect", b"/files"),
        (b"x-sendfile", b"/etc/hosts"),
    ]  # fmt: skip

    async def script(_request: wire.Request, out: wire.Out) -> None:
        if is_stream:
            out.start(200, [*strange, (b"content-type", b"text/event-stream; charset=utf-7")])
            await out.write(chunk("good day") + chunk(None, "stop") + DONE)
            out.end()
        else:
            out.reply(201, [*strange, (b"content-type", b"application/json")], json.dumps(says("good day")).encode())

    with running(script) as rig:
        said = rig.ask(asks("good day", stream=is_stream))

    assert said.status == (200 if is_stream else 201)
    assert said.headers["x-request-id"] == "r1"
    assert said.headers["content-type"] == ("text/event-stream" if is_stream else "application/json")
    assert not said.headers.keys() & {"x-echo", "set-cookie", "location", "refresh", "x-accel-redirect", "x-sendfile"}


def test_what_a_stream_cannot_replace_ends_it() -> None:
    strange = chunk("good day").replace(b'"model": "m"', b'"model": "secret-1234"')
    with running(streaming(chunk("hello "), strange, chunk(None, "stop"), DONE)) as rig:
        said = rig.ask(asks("good day", stream=True))

    assert b"secret-1234" not in said.body
    assert b'"finish_reason":"content_filter"' in said.body
    assert rig.kept.outcomes == ["allow", "modify"]


def test_a_stream_of_which_only_whole_texts_can_be_decoded_is_not_let_go_with_what_decoding_finds() -> None:
    rules = policy(
        rules=(PatternRule(name="mask", patterns=("secret",), action="modify", replacement="-"),),
        views=("plain", "folded", "decoded"),
    )
    with running(streaming(chunk("it is c2VjcmV0IHNlY3JldCBzZWNyZXQ="), chunk(None, "stop"), DONE), rules) as rig:
        said = rig.ask(asks("good day", stream=True))

    assert b"c2VjcmV0" not in said.body


def test_who_reads_a_reply_and_leaves_before_its_end_leaves_it_in_the_record() -> None:
    rules = policy(rules=(PatternRule(name="noted", patterns=("good day",), action="signal"),))

    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", b"text/event-stream")])
        await out.write(chunk("it is a good day, and "))
        await asyncio.sleep(30)

    with running(script, rules) as rig:
        connection = rig.connect()
        connection.request("POST", CHAT, json.dumps(asks("hello", stream=True)), {"content-type": "application/json"})
        reply = connection.getresponse()
        assert b"good day" in reply.readline()
        reply.close()
        connection.close()
        for _ in range(500):
            if len(rig.kept.decisions) == 2:
                break
            time.sleep(0.01)

    sighting, _ = rig.kept.decisions[1]
    assert sighting.kind == "span"
    assert sighting.hits == (("noted", 1),)
