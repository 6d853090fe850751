"""Whatever the model's server does: one answer by the deadline, no exception, and no failure taken for a label."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import random
import socket
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.errors import BadGate, BadOption
from counterproof.record import Answer, AnswerStatus, PromptRule, SafetyModel
from counterproof.rely import judge
from tests.rely.judge.safety_server import (
    Act,
    Asked,
    SafetyServer,
    completion,
    http,
    marble_rule,
    message,
    safety_server,
    saying,
    sending,
)

FINE = json.dumps(completion('{"label": "FINE"}')).encode()
SHORT = marble_rule(deadline_ms=150)
WHOLE = http(FINE)


async def never(asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def trickles(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def trickles_headers(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def never_ends(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def no_end_of_body(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + FINE)
    await asyncio.sleep(3600)


def run(
    act: Act, ask: Callable[[judge.Judge, SafetyServer], Awaitable[list[Answer]]], limits: judge.Limits | None = None,
    **model: object,
) -> list[Answer]:  # fmt: skip
    """What is asked of a judge whose model's server does `act`; a judge that never comes back fails the test."""

    async def all_of_it() -> list[Answer]:
        async with asyncio.timeout(60), safety_server(act) as server:
            one = judge.Judge({"m": server.model(**model)}, limits)
            try:
                return list(await ask(one, server))
            finally:
                await one.close()

    return asyncio.run(all_of_it())


def once(act: Act, rule: PromptRule = SHORT) -> Answer:
    async def ask(one: judge.Judge, _: SafetyServer) -> list[Answer]:
        return [await one.ask(rule, message("hello"))]

    return run(act, ask)[0]


@pytest.mark.parametrize("act", [never, trickles, trickles_headers, no_end_of_body], ids=lambda act: act.__name__)
def test_who_does_not_answer_in_time_timed_out(act: Act) -> None:
    answer = once(act)

    assert (answer.status, answer.label) == ("timed out", "")
    assert answer.took_ms >= 149


@pytest.mark.parametrize("deadline_ms", [-5, 0, 1])
def test_a_deadline_that_nobody_can_meet_timed_out(deadline_ms: int) -> None:
    assert once(never, marble_rule(deadline_ms=deadline_ms)).status in ("timed out", "shed")


def _malformed() -> dict[str, bytes]:
    packed = http(gzip.compress(b" " * 10_000_000 + FINE), "200 OK", "Content-Encoding: gzip")
    return {
        "no HTTP": b"hello\r\n\r\n",
        "no JSON": http(b"<html>FINE</html>"),
        "too long": http(b" " * (1 << 21) + FINE),
        "packed": packed,
        "packed twice": http(gzip.compress(FINE), "200 OK", "Content-Encoding: gzip, gzip"),
        "stream": http(b"data: " + FINE + b"\n\ndata: [DONE]\n\n"),
        "no label": http(json.dumps(completion("hello")).encode()),
        "two labels": http(json.dumps(completion("FINE\nVAULT")).encode()),
        "invalid UTF-8": http(FINE.replace(b"FINE", b"FI\xffE")),
        "nothing": http(b""),
    }


def _unreachable() -> dict[str, bytes]:
    return {
        "redirect": http(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:1/v1/chat/completions"),
        "moved": http(FINE, "301 Moved Permanently", "Location: /v1/chat/completions"),
        "no key": http(FINE, "401 Unauthorized"),
        "no such model": http(FINE, "404 Not Found"),
        "broken": http(FINE, "500 Internal Server Error"),
        "created": http(FINE, "201 Created"),
        "gone": b"",
        "cut in the head": b"HTTP/1.1 200 OK\r\nConte",
        "cut in the body": WHOLE[:-10],
    }


@pytest.mark.parametrize("name", _malformed())
def test_a_reply_that_is_none_is_malformed(name: str) -> None:
    answer = once(sending(_malformed()[name]), marble_rule())

    assert (answer.status, answer.label) == ("malformed", "")


@pytest.mark.parametrize("name", _unreachable())
def test_a_server_that_serves_no_model_is_unreachable(name: str) -> None:
    answer = once(sending(_unreachable()[name]), marble_rule())

    assert (answer.status, answer.label) == ("unreachable", "")


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_server_that_is_too_busy_sheds(status: str) -> None:
    assert once(sending(http(FINE, status)), marble_rule()).status == "shed"


def test_a_body_that_does_not_end_is_cut_off() -> None:
    assert once(never_ends, marble_rule()).status == "malformed"


def test_a_redirect_is_not_followed() -> None:
    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        said = [await one.ask(marble_rule(), message("hello"))]
        assert len(server.asked) == 1
        return said

    assert run(sending(_unreachable()["moved"]), ask)[0].status == "unreachable"


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def ask() -> Answer:
        one = judge.Judge({"m": SafetyModel(endpoint=f"http://127.0.0.1:{port}/v1", model="x")})
        answer = await one.ask(marble_rule(), message("hello"))
        await one.close()
        return answer

    assert asyncio.run(ask()).status == "unreachable"


def test_a_rule_of_an_unknown_model_is_unreachable() -> None:
    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        said = [await one.ask(marble_rule(model="other"), message("hello"))]
        assert server.asked == []
        return said

    assert run(saying("FINE"), ask)[0].status == "unreachable"


def test_what_goes_wrong_within_the_judge_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("counterproof.rely.judge._judge.prompts", broken)

    assert once(saying("FINE"), marble_rule()).status == "crashed"
    monkeypatch.undo()
    monkeypatch.setattr("counterproof.rely.judge._line.read_reply", broken)
    assert once(saying("FINE"), marble_rule()).status == "crashed"


def test_connections_are_kept() -> None:
    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        said = [await one.ask(marble_rule(), message(f"hello {n}")) for n in range(20)]
        assert server.connections == 1
        return said

    assert {a.status for a in run(saying("FINE"), ask)} == {"answered"}


def test_the_key_goes_along_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARBLE_KEY", "abc-123")
    seen: list[dict[str, str]] = []

    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        said = [await one.ask(marble_rule(), message("hello"))]
        seen.extend(asked.headers for asked in server.asked)
        return said

    run(saying("FINE"), ask, key_env="MARBLE_KEY")
    assert seen[0]["authorization"] == "Bearer abc-123"
    assert seen[0]["accept-encoding"] == "identity"
    assert seen[0][""] == "POST /v1/chat/completions HTTP/1.1"


def test_no_more_questions_go_out_at_once_than_a_model_has_places() -> None:
    now, most = 0, 0

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        await saying("FINE")(asked, writer)

    async def ask(one: judge.Judge, _: SafetyServer) -> list[Answer]:
        return await asyncio.gather(*(one.ask(marble_rule(), message(f"{n}")) for n in range(20)))

    assert {a.status for a in run(act, ask, max_at_once=3)} == {"answered"}
    assert most == 3


def test_who_cannot_be_asked_in_time_is_shed_and_does_not_go_out() -> None:
    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        said = await asyncio.gather(*(one.ask(SHORT, message(f"{n}")) for n in range(40)))
        assert len(server.asked) == 2
        return said

    statuses: list[AnswerStatus] = sorted(a.status for a in run(never, ask, max_at_once=2))
    assert statuses == ["shed"] * 38 + ["timed out"] * 2


def test_a_queue_that_is_too_slow_is_not_joined() -> None:
    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await saying("FINE")(asked, writer)

    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        await asyncio.gather(*(one.ask(marble_rule(), message(f"{n}")) for n in range(6)))
        first = asyncio.ensure_future(one.ask(marble_rule(), message("first")))
        await asyncio.sleep(0.05)
        hurried = await one.ask(marble_rule(deadline_ms=10), message("hurried"))
        assert (await first).status == "answered"
        assert len(server.asked) == 7
        return [hurried]

    assert run(slow, ask, max_at_once=1)[0].status == "shed"


LIMITS = judge.Limits(failures=3, rest_ms=50)


def test_a_model_that_fails_is_let_alone_and_then_tried_once() -> None:
    is_up = False

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await (saying("FINE") if is_up else sending(http(b"", "500 Internal Server Error")))(asked, writer)

    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        nonlocal is_up
        said = [await one.ask(marble_rule(), message(f"{n}")) for n in range(10)]
        assert len(server.asked) == 3
        await asyncio.sleep(0.1)
        said += await asyncio.gather(*(one.ask(marble_rule(), message(f"{n}")) for n in range(10)))
        assert len(server.asked) == 4
        is_up = True
        await asyncio.sleep(0.2)
        return said + [await one.ask(marble_rule(), message(f"{n}")) for n in range(5)]

    said = [a.status for a in run(act, ask, LIMITS)]
    assert said == ["unreachable"] * 20 + ["answered"] * 5


def test_replies_that_are_no_labels_do_not_close_the_way_for_others() -> None:
    async def ask(one: judge.Judge, server: SafetyServer) -> list[Answer]:
        said = [await one.ask(marble_rule(), message(f"{n}")) for n in range(10)]
        assert len(server.asked) == 10
        return said

    assert {a.status for a in run(saying("whatever"), ask, LIMITS)} == {"malformed"}


def test_askers_that_go_away_do_not_close_the_way_for_others() -> None:
    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await (never if "impatient" in asked.user else saying("FINE"))(asked, writer)

    async def ask(one: judge.Judge, _: SafetyServer) -> list[Answer]:
        for n in range(10):
            gone = asyncio.ensure_future(one.ask(marble_rule(), message(f"impatient {n}")))
            await asyncio.sleep(0.02)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
        return [await one.ask(marble_rule(), message("patient"))]

    assert run(act, ask, LIMITS, max_at_once=1)[0].status == "answered"


def test_one_judge_serves_several_loops() -> None:
    async def ask(one: judge.Judge, _: SafetyServer) -> list[Answer]:
        async def elsewhere() -> Answer:
            answer = await one.ask(marble_rule(), message("there"))
            await one.close()
            return answer

        here = await one.ask(marble_rule(), message("here"))
        return [here, await asyncio.to_thread(asyncio.run, elsewhere()), await one.ask(marble_rule(), message("again"))]

    assert {a.status for a in run(saying("FINE"), ask)} == {"answered"}


def test_after_closing_it_can_be_asked_again() -> None:
    async def ask(one: judge.Judge, _: SafetyServer) -> list[Answer]:
        first = await one.ask(marble_rule(), message("a"))
        await one.close()
        await one.close()
        return [first, await one.ask(marble_rule(), message("b"))]

    assert {a.status for a in run(saying("FINE"), ask)} == {"answered"}


@settings(max_examples=60)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", WHOLE[:-1]]))
def test_no_bytes_of_a_server_raise_or_are_taken_for_a_label(data: bytes, head: bytes) -> None:
    answer = once(sending(head + data), marble_rule())

    is_whole = head + data[:1] == WHOLE
    assert answer.label == ("FINE" if is_whole else "")
    assert is_whole or answer.status in ("malformed", "unreachable")


@pytest.mark.parametrize("name", ["window_chars", "windows", "failures", "rest_ms", "reply_bytes"])
def test_bounds_are_positive(name: str) -> None:
    with pytest.raises(BadOption, match="not more than nothing"):
        judge.Limits(**{name: 0})


def test_judges_of_bad_models_are_not_made() -> None:
    with pytest.raises(BadGate, match="endpoint"):
        judge.Judge({"m": SafetyModel(endpoint="ftp://127.0.0.1", model="x")})


def test_among_thousands_of_faults_no_label_is_another_events_and_none_is_made_up() -> None:
    """Each event has a number; an honest reply's label follows from it. Everything else the server does is a fault."""
    chance = random.Random(6)
    broken = [*_malformed().values(), *_unreachable().values(), http(FINE, "429 Too Many Requests")]
    sent: dict[int, str] = {}

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        number = int(asked.user.split("number ")[1].split()[0])
        await asyncio.sleep(chance.random() / 200)
        match chance.randrange(8):
            case 0:
                await never(asked, writer)
            case 1:
                await sending(chance.choice(broken))(asked, writer)
            case 2:
                writer.write(WHOLE[: chance.randrange(len(WHOLE))])
                writer.close()
            case _:
                sent[number] = "VAULT" if number % 3 else "FINE"
                await saying(sent[number])(asked, writer)

    async def ask(one: judge.Judge, _: SafetyServer) -> list[Answer]:
        said: list[Answer] = []
        for start in range(0, 2_000, 100):
            asked = (one.ask(SHORT, message(f"number {n} of many")) for n in range(start, start + 100))
            said += await asyncio.gather(*asked)
        return said

    said = run(act, ask, judge.Limits(failures=20, rest_ms=1), max_at_once=50)
    assert len(said) == 2_000
    assert all((a.label != "") == (a.status == "answered") for a in said)
    assert all(a.label == ("VAULT" if n % 3 else "FINE") for n, a in enumerate(said) if a.label)
    assert sum(a.status == "answered" for a in said) <= len(sent)
    assert {a.status for a in said} >= {"answered", "timed out", "malformed", "unreachable", "shed"}


def test_a_judge_that_is_replaced_answers_what_it_was_asked_and_closes() -> None:
    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await saying("FINE")(asked, writer)

    async def ask() -> list[Answer]:
        async with safety_server(slow) as server:
            one = judge.Judge({"m": server.model()})
            asked = [asyncio.ensure_future(one.ask(marble_rule(), message(f"{n}"))) for n in range(5)]
            await asyncio.sleep(0.01)
            one.retire()
            said = await asyncio.gather(*asked)
            await asyncio.sleep(0.05)
            return said

    assert [a.status for a in asyncio.run(ask())] == ["answered"] * 5
    gc.collect()
    judge.Judge({}).retire()


def test_connections_of_a_loop_that_has_ended_are_closed_from_another() -> None:
    kept: list[judge.Judge] = []

    async def ask() -> Answer:
        async with safety_server(saying("FINE")) as server:
            kept.append(judge.Judge({"m": server.model()}))
            return await kept[0].ask(marble_rule(), message("hello"))

    assert asyncio.run(ask()).status == "answered"
    asyncio.run(kept[0].close())
    kept.clear()
    gc.collect()
