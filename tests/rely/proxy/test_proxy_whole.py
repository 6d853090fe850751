"""Whole replies: what passes, what is replaced, what is refused, and that nothing undecided gets by."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
import time
from typing import Any

import pytest

from counterproof.record import MemoryPolicy
from counterproof.rely import proxy, wire
from tests.rely.proxy.rig import CHAT, Rig, asks, policy, replying, running, says

CALL = {"id": "t1", "type": "function", "function": {"name": "run", "arguments": '{"cmd": "forbidden7"}'}}


def test_what_is_allowed_passes_as_it_was() -> None:
    with running(replying(says("hello"))) as rig:
        said = rig.ask(asks("good day"), headers={"authorization": "Bearer k", "x-stainless-lang": "python"})

    assert (said.status, said.json) == (200, says("hello"))
    assert said.headers["x-request-id"] == "r1"
    assert rig.kept.outcomes == ["allow", "allow"]
    (seen,) = rig.seen
    assert json.loads(seen.body) == asks("good day")
    assert seen.header(b"authorization") == b"Bearer k"
    assert seen.header(b"accept-encoding") == b"identity"
    assert seen.header(b"host") == rig.upstream_url.removeprefix("http://").encode()


def test_a_refused_request_never_reaches_the_upstream() -> None:
    with running(replying(says("hello"))) as rig:
        said = rig.ask(asks("a forbidden7 thing"))

    assert said.status == 400
    error = said.json["error"]
    assert error.pop("receipt") == rig.kept.decisions[0][1].receipt
    assert error == {
        "message": "Not this.",
        "type": "invalid_request_error",
        "param": None,
        "code": "content_filter",
    }
    assert said.headers["x-counterproof-decision"] == f'reject;receipt="{rig.kept.decisions[0][1].receipt}"'
    assert rig.seen == []


def test_a_refused_reply_never_reaches_the_client() -> None:
    with running(replying(says("this is forbidden7"))) as rig:
        said = rig.ask(asks("good day"))

    assert said.status == 400
    assert b"forbidden7" not in said.body
    assert rig.kept.outcomes == ["allow", "reject"]


def test_a_refused_tool_call_never_reaches_the_client() -> None:
    with running(replying(says("", tool_calls=[CALL]))) as rig:
        said = rig.ask(asks("good day"))

    assert said.status == 400
    assert b"forbidden7" not in said.body
    assert [sighting.kind for sighting, decision in rig.kept.decisions if decision.outcome == "reject"] == ["call"]


def test_what_is_replaced_is_replaced_both_ways() -> None:
    with running(replying(says("code secret-5678 and secret-9999"))) as rig:
        said = rig.ask(asks("code secret-1234"))

    assert json.loads(rig.seen[0].body) == asks("code [gone]")
    assert said.json == says("code [gone] and [gone]")
    assert rig.kept.outcomes == ["modify", "modify"]


def test_a_termination_ends_the_connection_and_the_conversation() -> None:
    settings = proxy.Settings(context_header="X-Talk")
    with running(replying(says("hello")), settings=settings) as rig:
        with contextlib.closing(rig.connect()) as connection:
            connection.request("POST", CHAT, json.dumps(asks("enough")), {"x-talk": "a"})
            got = connection.getresponse()
            assert (got.status, got.getheader("connection")) == (400, "close")
            got.read()
        again = rig.ask(asks("good day"), headers={"x-talk": "a"})
        other = rig.ask(asks("good day"), headers={"x-talk": "b"})

    assert (again.status, other.status) == (400, 200)
    assert rig.kept.outcomes[:2] == ["terminate", "terminate"]
    assert all(seen.header(b"x-talk") == b"" for seen in rig.seen)


def _release(rig: Rig, outcome: Any) -> None:  # noqa: ANN401 - a word of the guard's
    while not rig.guard.held:
        time.sleep(0.01)
    rig.guard.release(rig.guard.held[0].name, outcome)


@pytest.mark.parametrize(("outcome", "status"), [("allow", 200), ("reject", 400)])
def test_what_is_held_waits_for_a_person(outcome: str, status: int) -> None:
    with running(replying(says("hello")), policy(hold_s=30.0)) as rig:
        person = threading.Thread(target=_release, args=(rig, outcome))
        person.start()
        said = rig.ask(asks("a person please"))
        person.join()

    assert said.status == status
    assert len(rig.seen) == (outcome == "allow")


def test_what_is_held_and_nobody_comes_for_is_refused() -> None:
    with running(replying(says("hello")), policy(hold_s=0.05)) as rig:
        assert rig.ask(asks("a person please")).status == 400

    assert rig.seen == []


DOORS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (CHAT, asks("forbidden")),
    "completions": ("/v1/completions", {"model": "m", "prompt": "forbidden"}),
    "responses": ("/v1/responses", {"model": "m", "input": "forbidden"}),
    "messages": ("/v1/messages", {"model": "m", "max_tokens": 9, "messages": asks("forbidden")["messages"]}),
    "count": ("/v1/messages/count_tokens", {"model": "m", "messages": asks("forbidden")["messages"]}),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_in_its_own_words(door: str) -> None:
    path, body = DOORS[door]
    with running(replying(says("hello"))) as rig:
        said = rig.ask(body, path)

    assert said.status == 400
    assert rig.seen == []
    if door in ("messages", "count"):
        assert said.json["type"] == "error"
        assert said.json["error"]["type"] == "invalid_request_error"
    else:
        assert said.json["error"]["code"] == "content_filter"


@pytest.mark.parametrize("door", ["chat", "completions", "responses", "messages"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_refusal_may_come_as_a_reply(door: str, is_streamed: bool) -> None:  # noqa: FBT001 - a parameter of a test
    path, body = DOORS[door]
    with running(replying(says("hello")), policy(block_as="reply")) as rig:
        said = rig.ask({**body, "stream": is_streamed}, path)

    receipt = rig.kept.decisions[0][1].receipt
    assert said.status == 200
    assert said.headers["content-type"].startswith("text/event-stream" if is_streamed else "application/json")
    assert f"Not this.\\nReceipt: {receipt}".encode() in said.body
    end = {"messages": b'"stop_reason":"refusal"', "responses": b'"reason":"content_filter"'}
    assert end.get(door, b'"finish_reason":"content_filter"') in said.body


ODD_PATHS = [
    "/v1/files",
    "/v1/embeddings",
    "/v1/../v1/chat/completions",
    "/v1//chat/completions",
    "/v1/chat%2fcompletions",
    "/v1/chat/completions/",
    "/V1/CHAT/COMPLETIONS",
    "/v1/chat/completions;x",
    "/",
    "/v1/responses/../chat/completions",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_an_unknown_way_is_refused_and_in_the_record(path: str) -> None:
    with running(replying(says("hello"))) as rig:
        said = rig.ask(asks("good day"), path)

    assert said.status == 403
    assert rig.seen == []
    assert rig.kept.outcomes == ["reject"]
    assert rig.kept.decisions[0][0].unscanned > 0


def test_an_unknown_way_is_looked_at_even_where_the_policy_lets_it_pass() -> None:
    with running(replying({"data": "fine"}), policy(unscanned={"message": "allow", "span": "allow"})) as rig:
        assert rig.ask({"input": "good day"}, "/v1/embeddings").json == {"data": "fine"}
        assert rig.ask({"input": "forbidden"}, "/v1/embeddings").status == 403
        assert rig.ask({"input": "secret-1234"}, "/v1/embeddings").status == 200
        assert rig.ask(None, "/v1/x?q=forbidden", method="GET").status == 403

    assert json.loads(rig.seen[1].body) == {"input": "[gone]"}
    assert len(rig.seen) == 2


def test_models_are_listed_and_looked_at() -> None:
    listed = {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "us"}]}
    with running(replying(listed)) as rig:
        assert rig.ask(None, "/v1/models", method="GET").json == listed
        rig.script = replying({"object": "list", "data": [{"id": "forbidden"}]})
        assert rig.ask(None, "/v1/models", method="GET").status == 400


STORED: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hello", "annotations": []}],
        }
    ],
}
ITEM: dict[str, Any] = {
    "type": "message",
    "id": "i1",
    "role": "user",
    "content": [{"type": "input_text", "text": "hello"}],
}


@pytest.mark.parametrize(
    ("method", "path", "value"),
    [
        ("GET", "/v1/responses/resp_1", STORED),
        ("POST", "/v1/responses/resp_1/cancel", STORED),
        ("GET", "/v1/responses/resp_1/input_items", {"object": "list", "data": [ITEM], "has_more": False}),
        ("DELETE", "/v1/responses/resp_1", {"id": "resp_1", "object": "response.deleted", "deleted": True}),
    ],
)
def test_what_is_stored_is_decided_on_when_it_is_read_back(method: str, path: str, value: dict[str, Any]) -> None:
    with running(replying(value)) as rig:
        assert rig.ask(None, path, method=method).json == value
        rig.script = replying(json.dumps(value).replace("hello", "forbidden").replace("resp_1", "forbidden").encode())
        assert rig.ask(None, path, method=method).status == 400


def test_stored_images_are_not_taken_for_texts() -> None:
    image = {**ITEM, "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}
    with running(replying({"object": "list", "data": [image]})) as rig:
        assert rig.ask(None, "/v1/responses/resp_1/input_items", method="GET").status == 400


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_errors_of_the_upstream_pass_if_nothing_in_them_is_refused(status: int) -> None:
    error = {"error": {"message": "bad thing", "type": "t", "param": None, "code": None}}
    with running(replying(error, status)) as rig:
        said = rig.ask(asks("good day"))
        assert (said.status, said.json) == (status, error)
        rig.script = replying({"error": {"message": "you said forbidden"}}, status)
        said = rig.ask(asks("good day"))
        assert said.status == 400
        assert b"forbidden" not in said.body
        rig.script = replying({"error": {"message": "it is secret-1234"}}, status)
        assert rig.ask(asks("good day")).json == {"error": {"message": "it is [gone]"}}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", b"hello"),
        ("", b"hello"),
        ("application/json", b"{not json"),
        ("application/json", b"\xff\xfe"),
        ("application/octet-stream", b"\x00\x01"),
        ("text/plain", b"\xff"),
        ("application/json", b"[" * 5000 + b"]" * 5000),
        ("application/json", b'{"choices": 5}'),
        ("application/json", b"[]"),
        ("application/json", b'"hello"'),
    ],
)
def test_a_reply_of_another_form_is_unread_and_refused(kind: str, body: bytes) -> None:
    with running(replying(body, kind=kind)) as rig:
        said = rig.ask(asks("good day"))

    assert said.status == 400
    assert rig.kept.outcomes == ["allow", "reject"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"messages": 1}',
        b"\xff\xfe{}",
        b'{"messages": []} x',
        b'{"a": 1, "a": 2, "messages": []}',
    ],
)
def test_a_request_that_cannot_be_read_is_refused(body: bytes) -> None:
    with running(replying(says("hello"))) as rig:
        assert rig.ask(body).status == 400

    assert rig.seen == []
    assert rig.kept.outcomes == ["reject"]


def test_whatever_the_client_calls_its_body_the_upstream_reads_what_was_read() -> None:
    with running(replying(says("hello"))) as rig:
        rig.ask(asks("good day"), headers={"content-type": "application/json; charset=utf-16"})

    assert [value for name, value in rig.seen[0].headers if name == b"content-type"] == [b"application/json"]


def test_a_coded_request_is_read_and_sent_on_plainly() -> None:
    with running(replying(says("hello"))) as rig:
        assert (
            rig.ask(gzip.compress(json.dumps(asks("hi")).encode()), headers={"content-encoding": "gzip"}).status == 200
        )
        bad = gzip.compress(json.dumps(asks("forbidden")).encode())
        assert rig.ask(bad, headers={"content-encoding": "gzip"}).status == 400

    assert json.loads(rig.seen[0].body) == asks("hi")
    assert rig.seen[0].header(b"content-encoding") == b""


def test_a_reply_that_is_coded_all_the_same_is_read() -> None:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]
        out.reply(200, headers, gzip.compress(json.dumps(says(text[0])).encode()))

    text = ["hello"]
    with running(script) as rig:
        said = rig.ask(asks("good day"))
        assert said.json == says("hello")
        assert "content-encoding" not in said.headers
        text[0] = "forbidden"
        assert rig.ask(asks("good day")).status == 400


def test_what_cannot_be_replaced_is_refused() -> None:
    with running(replying({"secret-1234": 1})) as rig:
        said = rig.ask(None, "/v1/models", method="GET")

    assert said.status == 400
    assert b"secret" not in said.body


def test_input_items_that_cannot_be_read_are_refused() -> None:
    with running(replying(b"{")) as rig:
        assert rig.ask(None, "/v1/responses/resp_1/input_items", method="GET").status == 400


def test_headers_of_one_hop_and_of_the_gate_do_not_travel() -> None:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        headers = [(b"content-type", b"application/json"), (b"keep-alive", b"timeout=5"), (b"x-hop", b"1")]
        out.reply(200, [*headers, (b"connection", b"x-hop"), (b"x-counterproof-decision", b"allow")], b"{}")

    sent = {
        "connection": "x-mine", "x-mine": "1", "te": "trailers", "proxy-authorization": "x", "x-other": "1",
        "x-http-method-override": "DELETE", "x-original-url": "/v1/files", "x-counterproof-decision": "allow",
    }  # fmt: skip
    with running(script, policy(unscanned={"message": "allow", "span": "allow"})) as rig:
        said = rig.ask(asks("hi"), headers=sent)

    assert {"connection", "keep-alive", "x-hop", "x-counterproof-decision"} & said.headers.keys() == set()
    names = {name for name, _ in rig.seen[0].headers}
    assert {name.encode() for name in sent} & names == {b"x-other"}


def test_the_gate_may_ask_with_a_key_of_its_own() -> None:
    with running(replying(says("hello")), settings=proxy.Settings(upstream_key="own")) as rig:
        rig.ask(asks("hi"), headers={"authorization": "Bearer theirs", "x-api-key": "theirs", "cookie": "theirs"})
        rig.ask({"max_tokens": 1, **asks("hi")}, "/v1/messages", headers={"x-api-key": "theirs"})

    first, second = (dict(seen.headers) for seen in rig.seen)
    assert first[b"authorization"] == b"Bearer own"
    assert second[b"x-api-key"] == b"own"
    assert not any(b"theirs" in value for seen in rig.seen for _, value in seen.headers)
    assert "own" not in repr(proxy.Settings(upstream_key="own"))


def test_a_reply_that_points_elsewhere_is_not_passed_on() -> None:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.reply(307, [(b"location", b"http://127.0.0.1:9/past/the/gate")], b"")

    with running(script) as rig:
        said = rig.ask(asks("hi"))

    assert said.status == 502
    assert "location" not in said.headers


def test_a_get_has_no_body() -> None:
    with running(replying(says("hello"))) as rig:
        assert rig.ask(asks("hi"), "/v1/models", method="GET").status == 400

    assert rig.seen == []


def test_a_record_that_cannot_be_written_lets_nothing_pass() -> None:
    with running(replying(says("hello"))) as rig:
        rig.kept.is_full = True
        assert rig.ask(asks("good day")).status == 400

    assert rig.seen == []


def test_a_fault_of_the_gate_is_refused_and_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("counterproof.rely.gate.walk", broken)
    with running(replying(says("hello"))) as rig:
        said = rig.ask(asks("good day"))

    assert said.status == 500
    assert b"a secret" not in said.body
    assert rig.seen == []
    assert rig.kept.notes == [("fault", {"error": "ZeroDivisionError"})]
    assert rig.kept.outcomes == ["reject"]


def test_what_is_shed_is_in_the_record() -> None:
    async def slow(_request: wire.Request, out: wire.Out) -> None:
        await asyncio.sleep(0.3)
        await replying(says("hello"))(_request, out)

    found: list[int] = []
    with running(slow, limits=wire.Limits(requests=1)) as rig:
        askers = [threading.Thread(target=lambda: found.append(rig.ask(asks("hi")).status)) for _ in range(3)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()

    assert sorted(found) == [200, 503, 503]
    assert sum(sighting.is_shed for sighting, _ in rig.kept.decisions) == 2


def test_no_upstream_is_said_in_one_sentence_without_its_address() -> None:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", b"application/json")], length=100)
        await out.write(b"{")
        out.cut()

    with running(script) as rig:
        said = rig.ask(asks("hi"))

    assert said.status == 502
    assert said.json["error"]["message"] == "No reply could be passed on: the upstream broke off."
    assert rig.upstream_url.rsplit(":", 1)[1].encode() not in said.body


def test_a_reply_counts_for_what_was_asked_where_nobody_names_conversations() -> None:
    rules = policy(memory=MemoryPolicy(window_s=3600))

    with running(replying(says("the nitrofoo42 is ready")), rules) as rig:
        for _ in range(2):
            assert rig.ask(asks("and the zarabaxo77 plan ?")).status == 200

    asked, said, other, _ = (sighting for sighting, _ in rig.kept.decisions)
    assert asked.context
    assert asked.context == said.context != other.context
    assert set(asked.anchors) <= set(said.anchors)
