"""Streamed replies through the gate: not one byte of what is refused leaves, and what is clean leaves as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from counterproof.rely import gate, wire
from tests.rely.proxy.rig import CHAT, DONE, Rig, asks, chunk, policy, running, streaming

STREAM = asks("good day", stream=True)


def told(body: bytes) -> str:
    """The text of all deltas."""
    found = ""
    for line in body.split(b"\n"):
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:]).get("choices", ()):
                found += choice["delta"].get("content") or ""
    return found


def test_a_clean_stream_arrives_as_it_was() -> None:
    words = [f"word{n} " for n in range(50)]
    with running(streaming(*map(chunk, words), chunk(None, "stop"), DONE)) as rig:
        said = rig.ask(STREAM)

    assert said.status == 200
    assert said.headers["content-type"] == "text/event-stream"
    assert told(said.body) == "".join(words)
    assert said.body.endswith(DONE)
    assert json.loads(rig.seen[0].body)["stream"] is True
    assert rig.kept.outcomes == ["allow", "allow"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 40])
def test_no_byte_of_what_is_refused_leaves_however_it_is_cut(size: int) -> None:
    text = "all is well until forbidden77 comes and more of it"
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    with running(streaming(*map(chunk, cut), chunk(None, "stop"), DONE)) as rig:
        said = rig.ask(STREAM)

    assert said.status == 200
    before, _, after = told(said.body).partition("Not this.")
    assert before == "all is well until "
    assert "more of it" not in after
    assert b"forbid" not in said.body
    assert b'"finish_reason":"content_filter"' in said.body
    assert rig.kept.decisions[-1][1].receipt.encode() in said.body
    assert rig.kept.outcomes == ["allow", "reject"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_however_the_bytes_are_cut(cut: int) -> None:
    whole = chunk("gr\u00fc\u00dfe \U0001f600 forb") + chunk("idden9 x") + chunk(None, "stop") + DONE
    pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    with running(streaming(*pieces)) as rig:
        said = rig.ask(STREAM)

    assert told(said.body).startswith("gr\u00fc\u00dfe \U0001f600 ")
    assert b"forb" not in said.body


def test_what_is_replaced_is_replaced_in_the_stream() -> None:
    cut = ["it is sec", "ret-12", "34 and so on"]
    with running(streaming(*map(chunk, cut), chunk(None, "stop"), DONE)) as rig:
        said = rig.ask(STREAM)

    assert told(said.body) == "it is [gone] and so on"


def test_a_refused_tool_call_does_not_leave() -> None:
    call: dict[str, Any] = {"index": 0, "id": "t", "type": "function", "function": {"name": "run", "arguments": ""}}
    parts: list[dict[str, Any]] = [
        {"index": 0, "function": {"arguments": part}} for part in ('{"cmd": "forb', 'idden7"}')
    ]
    choices: list[dict[str, Any]] = [
        *({"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": None} for part in (call, *parts)),
        {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
    ]
    chunks: list[dict[str, Any]] = [
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        for choice in choices
    ]
    with running(streaming(*(b"data: %b\n\n" % json.dumps(value).encode() for value in chunks), DONE)) as rig:
        said = rig.ask(STREAM)

    assert b"forb" not in said.body
    assert b"tool_calls" not in said.body
    assert rig.kept.outcomes == ["allow", "reject"]


def test_a_stream_that_is_refused_at_its_beginning_is_an_error() -> None:
    with running(streaming(b"data: nonsense\n\n", DONE)) as rig:
        said = rig.ask(STREAM)

    assert said.status == 400
    assert b"nonsense" not in said.body
    assert said.json["error"]["code"] == "content_filter"


def test_a_stream_nobody_asked_for_is_held_to_the_same() -> None:
    with running(streaming(chunk("forbidden7"), DONE)) as rig:
        said = rig.ask(asks("good day"))

    assert b"forbidden" not in said.body


@pytest.mark.parametrize("kind", [b"text/event-stream", b"Text/Event-Stream;charset=utf-8"])
def test_a_coded_stream_is_not_passed(kind: bytes) -> None:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", kind), (b"content-encoding", b"gzip")])
        await out.write(b"\x1f\x8b")
        out.end()

    with running(script) as rig:
        assert rig.ask(STREAM).status == 502


def test_a_stream_of_an_unknown_way_is_the_policys_to_let_pass() -> None:
    with running(streaming(b"data: x\n\n")) as rig:
        assert rig.ask({"a": "b"}, "/v1/other").status == 403
    with running(streaming(b"data: x\n\n"), policy(unscanned={"message": "allow"})) as rig:
        assert rig.ask({"a": "b"}, "/v1/other").status == 403
    with running(streaming(b"data: x\n\n"), policy(unscanned={"message": "allow", "span": "allow"})) as rig:
        assert rig.ask({"a": "b"}, "/v1/other").body == b"data: x\n\n"


def _raw(rig: Rig) -> bytes:
    """Everything that comes over the socket."""
    body = json.dumps(STREAM).encode()
    host = rig.url.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", int(host.rsplit(":", 1)[1])), timeout=20) as dialled:
        dialled.sendall(
            b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (CHAT.encode(), len(body)) + body
        )
        found = b""
        with contextlib.suppress(TimeoutError):
            while got := dialled.recv(65_536):
                found += got
        return found


def test_an_upstream_that_breaks_off_is_not_taken_for_one_that_ended() -> None:
    with running(streaming(chunk("all is well"), chunk(" until forb"), ends=False)) as rig:
        said = _raw(rig)

    assert b"all is well" in said
    assert not said.endswith(b"0\r\n\r\n")
    assert rig.kept.outcomes[0] == "allow"


def test_nothing_held_back_is_lost_where_the_end_is_missing() -> None:
    with running(streaming(chunk("all is well until forb"))) as rig:
        said = rig.ask(STREAM)

    assert told(said.body) == "all is well until forb"


def test_an_upstream_is_let_go_when_the_client_goes_or_is_refused() -> None:
    gone: list[str] = []

    async def script(request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", b"text/event-stream")])
        try:
            await out.write(chunk("forbidden7 "))
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            gone.append(request.method)
            raise

    with running(script) as rig:
        said = rig.ask(STREAM)
        assert said.status in (200, 400)
        assert b"forbidden" not in said.body

    assert gone == ["POST"]


def test_the_first_word_leaves_before_the_last_has_come(
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> None:
    goes_on = asyncio.Event()

    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", b"text/event-stream")])
        await out.write(chunk("hello and welcome, this goes on and may leave "))
        await goes_on.wait()
        await out.write(chunk("end") + chunk(None, "stop") + DONE)
        out.end()

    with running(script, new_loop=new_loop) as rig, contextlib.closing(rig.connect()) as connection:
        connection.request("POST", CHAT, json.dumps(STREAM))
        got = connection.getresponse()
        first = b""
        while b"hello" not in first:
            first += got.read1(65_536)
        rig.loops[0].call_soon_threadsafe(goes_on.set)
        assert told(first + got.read()).endswith("leave end")


def test_a_terminated_stream_takes_its_connection_with_it() -> None:
    with running(streaming(chunk("hello and welcome. "), chunk("that is enough of it, and more"), DONE)) as rig:
        said = _raw(rig)

    assert said.endswith(b"0\r\n\r\n")
    assert b"and more" not in said
    assert rig.kept.outcomes[-1] == "terminate"


def test_a_fault_amid_a_stream_ends_it_and_is_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, fed = gate.Stream.feed, [0]

    def broken(stream: gate.Stream, data: bytes) -> list[gate.Step]:
        fed[0] += 1
        if fed[0] > 1:
            raise ZeroDivisionError
        return feed(stream, data)

    monkeypatch.setattr(gate.Stream, "feed", broken)
    with running(streaming(chunk("hello and welcome. "), chunk("forbidden7"), DONE, gap_s=0.1)) as rig:
        said = _raw(rig)

    assert b"hello" in said
    assert b"forbidden" not in said
    assert not said.endswith(b"0\r\n\r\n")
    assert rig.kept.notes == [("fault", {"error": "ZeroDivisionError"})]
    assert rig.kept.outcomes == ["allow", "reject"]
