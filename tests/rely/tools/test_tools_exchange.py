"""What passes between a client and a tool server, and what does not: raw messages, both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from counterproof.record import Decision, Event
from counterproof.rely import tools
from tests.rely.tools.word_guard import RECEIPT, Words, call, line, result, told


def _exchange(guard: Words, **settings: Any) -> tools.Exchange:  # noqa: ANN401 - passed on
    return tools.Exchange(guard, door="mcp.stdio", context="c1", **settings)


def _from_client(exchange: tools.Exchange, raw: bytes) -> tools.Ruling:
    return asyncio.run(exchange.from_client(raw))


def _asked(exchange: tools.Exchange, raw: bytes) -> None:
    assert _from_client(exchange, raw).on is not None


def _from_server(exchange: tools.Exchange, raw: bytes) -> tools.Ruling:
    return asyncio.run(exchange.from_server(raw))


def test_a_call_and_its_result_pass_as_they_are() -> None:
    exchange = _exchange(guard := Words())

    on = _from_client(exchange, call(1, text="hello")).on
    back = _from_server(exchange, result(1)).on

    assert told(on) == told(call(1, text="hello"))
    assert told(back) == told(result(1))
    assert [(e.kind, e.tool, e.context) for e in guard.seen] == [("call", "add", "c1"), ("result", "add", "c1")]
    assert exchange.waiting() == ()


def test_a_refused_call_is_a_result_that_says_so_and_reaches_nobody() -> None:
    exchange = _exchange(Words())

    ruling = _from_client(exchange, call("seven", text="a bomb"))

    assert ruling.on is None
    assert told(ruling.back) == {
        "jsonrpc": "2.0",
        "id": "seven",
        "result": {
            "content": [{"type": "text", "text": f"Refused here. Receipt: {RECEIPT}"}],
            "isError": True,
        },
    }
    assert _from_server(exchange, result("seven")).on is None  # nobody asked


def test_a_modern_caller_is_told_that_the_result_is_complete() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    params = {"name": "add", "arguments": {"text": "bomb"}, "_meta": meta}

    back = _from_client(_exchange(Words()), line(id=1, method="tools/call", params=params)).back

    assert told(back)["result"]["resultType"] == "complete"


@pytest.mark.parametrize(
    "said",
    [
        {"content": [{"type": "text", "text": "bomb"}]},
        {"content": [], "structuredContent": {"deep": [{"er": "bomb"}]}},
        {"content": [], "structuredContent": {"bomb": 1}},
        {"content": [{"type": "resource_link", "uri": "file:///bomb", "name": "n"}]},
        {"content": [{"type": "resource", "resource": {"uri": "file:///x", "text": "bomb"}}]},
        {"content": [{"type": "text", "text": "x", "annotations": {"audience": ["bomb"]}}]},
        {"content": [], "_meta": {"note": "bomb"}},
    ],
    ids=lambda said: next(iter(said["content"] or [{"type": "structured"}]))["type"] + str(len(str(said))),
)
def test_a_refused_result_does_not_reach_the_client(said: dict[str, Any]) -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    ruling = _from_server(exchange, line(id=1, result=said))

    assert ruling.back is None
    answer = told(ruling.on)
    assert (answer["id"], answer["result"]["isError"]) == (1, True)
    assert "bomb" not in str(answer)


def test_a_server_error_is_read_too() -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    on = _from_server(exchange, line(id=1, error={"code": -1, "message": "no", "data": {"hint": "bomb"}})).on

    assert "bomb" not in str(told(on))
    assert told(on)["result"]["isError"] is True


def test_other_requests_are_refused_by_an_error() -> None:
    exchange = _exchange(Words())

    back = told(_from_client(exchange, line(id=4, method="prompts/get", params={"name": "bomb"})).back)

    assert back["id"] == 4
    assert back["error"] == {"code": -32010, "message": "Refused here.", "data": {"receipt": RECEIPT}}


@pytest.mark.parametrize("method", ["sampling/createMessage", "elicitation/create"])
def test_what_a_server_may_not_ask_is_answered_in_the_clients_place(method: str) -> None:
    exchange = _exchange(Words())

    ruling = _from_server(exchange, line(id="s1", method=method, params={"message": "bomb"}))

    assert ruling.on is None
    assert told(ruling.back)["error"]["code"] == -32010
    assert told(ruling.back)["id"] == "s1"


def test_what_a_client_may_not_answer_becomes_an_error_for_the_server() -> None:
    exchange = _exchange(Words())
    assert _from_server(exchange, line(id=9, method="elicitation/create", params={"message": "name?"})).on

    ruling = _from_client(exchange, line(id=9, result={"action": "accept", "content": {"name": "bomb"}}))

    assert ruling.back is None
    assert told(ruling.on)["id"] == 9
    assert "error" in told(ruling.on)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("notifications/message", {"level": "info", "data": {"x": ["bomb"]}}),
        ("notifications/progress", {"progressToken": 1, "progress": 1, "message": "bomb"}),
        ("notifications/cancelled", {"requestId": 77, "reason": "bomb"}),
    ],
)
def test_a_refused_notification_is_dropped_and_recorded(method: str, params: dict[str, Any]) -> None:
    exchange = _exchange(guard := Words())

    assert _from_server(exchange, line(method=method, params=params)) == tools.Ruling()
    assert len(guard.seen) == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", -32700),
        (b"[" + call(1) + b"]", -32600),
        (b'"text"', -32600),
        (b"\xff\xfe", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"\xff"}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"\\ud800"}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":NaN}}', -32700),
        (b"[" * 100_000, -32700),
        (b'{"jsonrpc":"1.0","id":1,"method":"x"}', -32600),
        (line(id=None, method="tools/call"), -32600),
        (line(id=1.5, method="tools/call"), -32600),
        (line(id=True, method="tools/call"), -32600),
        (line(id="x" * 1000, method="tools/call"), -32600),
        (line(id=1, method=""), -32600),
        (line(id=1, method="x", params=[1]), -32600),
        (line(id=1, method="x", result={}), -32600),
        (line(id=1, result={}, error={}), -32600),
        (line(id=1), -32600),
        (line(result={}), -32600),
    ],
)
def test_what_is_no_message_is_refused_and_recorded(raw: bytes, code: int) -> None:
    exchange = _exchange(guard := Words())
    guard.unscanned = "allow"  # whatever a policy says

    ruling = _from_client(exchange, raw)

    assert ruling.on is None
    assert (told(ruling.back)["id"], told(ruling.back)["error"]["code"]) == (None, code)
    assert _from_server(exchange, raw) == tools.Ruling()
    assert [bool(e.unscanned) for e in guard.seen] == [True, True]


def test_an_id_is_used_once() -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    again = _from_client(exchange, call(1, text="other"))
    assert _from_server(exchange, result(1)).on is not None
    later = _from_client(exchange, call(1))

    assert again.on is None
    assert told(again.back)["id"] is None  # by its id it would be taken for the first one's answer
    assert later.on is None
    assert told(later.back)["id"] == 1


def test_numbers_and_texts_are_different_ids() -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    assert _from_server(exchange, result("1")) == tools.Ruling()
    assert told(_from_server(exchange, result(1)).on)["id"] == 1


def test_an_answer_to_nothing_is_dropped_and_recorded() -> None:
    exchange = _exchange(guard := Words())

    assert _from_server(exchange, result(5)) == tools.Ruling()
    assert _from_client(exchange, result(5)) == tools.Ruling()
    assert len(guard.seen) == 2


def test_a_second_answer_is_dropped() -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    assert _from_server(exchange, result(1)).on is not None
    assert _from_server(exchange, result(1, "another")) == tools.Ruling()


def test_what_passes_is_what_was_read() -> None:
    """Two members of one name: whoever reads the second reads what was decided on."""
    exchange = _exchange(guard := Words())
    guard.unscanned = "allow"

    on = _from_client(exchange, b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"bomb","a":"fine"}}').on

    assert on is not None
    assert b"bomb" not in on


def test_calls_do_not_wait_for_one_another() -> None:
    async def run() -> list[Any]:
        exchange = _exchange(guard := Words())
        guard.gates["slow"] = asyncio.Event()
        done: list[Any] = []

        async def say(raw: bytes) -> None:
            done.append(told((await exchange.from_client(raw)).on)["id"])

        slow, fast = asyncio.create_task(say(call(1, text="slow"))), asyncio.create_task(say(call(2)))
        await fast
        guard.gates["slow"].set()
        await slow
        return done

    assert asyncio.run(run()) == [2, 1]


def test_nothing_overtakes_a_notification() -> None:
    async def run() -> list[Any]:
        exchange = _exchange(guard := Words())
        guard.gates["slow"] = asyncio.Event()
        await exchange.from_client(call(1))
        done: list[Any] = []

        async def say(raw: bytes) -> None:
            done.append(told((await exchange.from_server(raw)).on).get("method", "answer"))

        progress = line(method="notifications/progress", params={"progressToken": 1, "progress": 1, "message": "slow"})
        tasks = [
            asyncio.create_task(say(raw))
            for raw in (progress, line(method="notifications/tools/list_changed"), result(1))
        ]
        await asyncio.sleep(0.01)
        assert done == []
        guard.gates["slow"].set()
        await asyncio.gather(*tasks)
        return done

    assert asyncio.run(run()) == ["notifications/progress", "notifications/tools/list_changed", "answer"]


def test_a_call_cancelled_while_it_is_decided_on_reaches_nobody() -> None:
    async def run() -> tuple[tools.Ruling, tools.Ruling]:
        exchange = _exchange(guard := Words())
        guard.gates["slow"] = asyncio.Event()
        asked = asyncio.create_task(exchange.from_client(call(1, text="slow")))
        await asyncio.sleep(0)
        cancelled = await exchange.from_client(line(method="notifications/cancelled", params={"requestId": 1}))
        guard.gates["slow"].set()
        return await asked, cancelled

    assert asyncio.run(run()) == (tools.Ruling(), tools.Ruling())


def test_a_cancellation_of_a_call_that_passed_passes() -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    cancelled = line(method="notifications/cancelled", params={"requestId": 1})
    assert _from_client(exchange, cancelled).on is not None
    assert exchange.overdue(-1) == [tools.Ruling()]  # nobody waits for it
    assert exchange.waiting() == ()


def test_a_call_that_is_never_answered_is_answered() -> None:
    now = [0.0]
    exchange = _exchange(Words(), now=lambda: now[0])
    _asked(exchange, call(1))
    _asked(exchange, line(id=2, method="tools/list"))
    _asked(exchange, line(id=3, method="subscriptions/listen"))

    assert exchange.overdue(5) == []
    now[0] = 6.0
    first, second = exchange.overdue(5)

    assert told(first.back)["result"]["isError"] is True
    assert told(first.on)["params"]["requestId"] == 1
    assert told(second.back)["error"]["code"] == -32001
    assert _from_server(exchange, result(1)).on is None  # too late
    assert [o.id for o in exchange.waiting()] == [3]


def test_a_server_that_is_gone_leaves_nobody_waiting() -> None:
    exchange = _exchange(Words())
    _asked(exchange, call(1))

    (ruling,) = exchange.abandon("The server ended.")

    assert told(ruling.back)["result"]["content"][0]["text"] == "The server ended."
    assert told(_from_client(exchange, call(2)).back)["result"]["isError"] is True


def test_who_is_terminated() -> None:
    exchange = _exchange(guard := Words())
    guard.words["bomb"] = "terminate"

    assert told(_from_client(exchange, call(1, text="bomb")).back)["result"]["isError"] is True
    assert exchange.is_terminated


@pytest.mark.parametrize("outcome", ["hold", "escalate", "reject", "terminate"])
def test_what_nobody_released_does_not_pass(outcome: Any) -> None:  # noqa: ANN401 - an outcome
    guard = Words()
    guard.words["bomb"] = outcome

    ruling = _from_client(_exchange(guard), call(1, text="bomb"))

    assert ruling.on is None
    assert ruling.back is not None


def test_a_guard_that_fails_lets_nothing_pass() -> None:
    class Broken(Words):
        async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
            raise RuntimeError(event.kind, has_people)

    exchange = _exchange(guard := Broken())

    assert told(_from_client(exchange, call(1)).back)["result"]["isError"] is True
    assert [type(f) for f in guard.faults] == [RuntimeError]


@pytest.mark.parametrize(
    "params",
    [
        b'{"name":"add","arguments":{"text":"\\u0062\\u006fmb"}}',
        b'{"name":"add","arguments":{"text":"{\\"inner\\":\\"bo\\\\u006db\\"}"}}',
        b'{"name":"add","arguments":{"a":[[[{"b":"bomb"}]]]}}',
        b'{"name":"add","arguments":{"bomb":1}}',
        b'{"name":"bomb"}',
        b'{"name":"add","arguments":{},"_meta":{"progressToken":"bomb"}}',
        b'{"name":"add","arguments":{},"inputResponses":{"k":{"action":"accept","content":{"x":"bomb"}}}}',
    ],
)
def test_however_it_is_written_a_call_is_read(params: bytes) -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' + params + b"}"

    assert _from_client(_exchange(Words()), raw).on is None


def test_two_members_of_one_name_are_doubtful() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","name":"add"}}'

    assert _from_client(_exchange(guard := Words()), raw).on is None
    assert guard.seen[0].unscanned


def test_a_method_that_nobody_knows_is_doubtful() -> None:
    exchange = _exchange(guard := Words())

    assert "error" in told(_from_client(exchange, line(id=1, method="tools/destroy")).back)
    assert _from_server(exchange, line(method="notifications/other")) == tools.Ruling()
    guard.unscanned = "allow"
    assert _from_client(exchange, line(id=2, method="tools/destroy")).on is not None


def test_a_modified_call_reaches_its_server_modified() -> None:
    exchange = _exchange(guard := Words())
    guard.words["bomb"] = "modify"

    on = told(_from_client(exchange, call(1, text="a bomb", other="x")).on)
    back = _from_server(exchange, line(id=1, result={"content": [], "structuredContent": {"a": ["one bomb"]}})).on

    assert on["params"]["arguments"] == {"text": "a ***", "other": "x"}
    assert told(back)["result"]["structuredContent"] == {"a": ["one ***"]}


def test_no_modification_makes_another_call_of_it() -> None:
    exchange = _exchange(guard := Words())
    guard.words["bomb"] = "modify"

    assert told(_from_client(exchange, call(1, "bomb")).back)["result"]["isError"] is True
    assert len(guard.faults) == 1


def test_a_modified_description_reaches_its_reader_modified() -> None:
    exchange = _exchange(guard := Words())
    guard.words["bomb"] = "modify"
    _asked(exchange, line(id=1, method="tools/list"))
    listed: dict[str, Any] = {
        "tools": [{"name": "a", "description": "bomb", "inputSchema": {}}, {"name": "b", "inputSchema": {}}]
    }

    on = told(_from_server(exchange, line(id=1, result=listed)).on)

    assert [t.get("description") for t in on["result"]["tools"]] == ["***", None]


def test_true_is_no_id() -> None:
    exchange = _exchange(guard := Words())
    guard.unscanned = "allow"
    _asked(exchange, call(1))

    assert _from_client(exchange, line(method="notifications/cancelled", params={"requestId": True})).on is not None
    assert told(_from_server(exchange, result(1)).on)["id"] == 1
    assert exchange.waiting() == ()
    assert _from_server(exchange, line(id=True, result={})) == tools.Ruling()
