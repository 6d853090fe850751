"""Ways past the gateway before tool servers that were tried, with the real rules: what passes is what was read."""

from __future__ import annotations

import asyncio
import json

import pytest

from counterproof.record import EVENT_KINDS, EventKind, GatePolicy, Outcome, PatternRule
from counterproof.rely import gate, guard, tools
from tests.rely.proxy.rig import Kept

LAX: dict[EventKind, Outcome] = dict.fromkeys(EVENT_KINDS, "allow")


def said(*messages: tuple[str, bytes]) -> list[tools.Ruling]:
    """What becomes of each message of a side, before a policy that lets pass what could not be read."""

    async def main() -> list[tools.Ruling]:
        policy = GatePolicy(name="house", rules=(PatternRule(name="bombs", patterns=("bomb",)),), unscanned=LAX)
        exchange = tools.Exchange(guard.Guard(gate.Rules(policy, b"k" * 32), Kept()), door="mcp.stdio")
        ways = {"client": exchange.from_client, "server": exchange.from_server}
        return [await ways[side](message) for side, message in messages]

    return asyncio.run(main())


def call(arguments: str, named: str = "1") -> bytes:
    params = f'"method":"tools/call","params":{{"name":"f",{arguments}}}'
    return f'{{"jsonrpc":"2.0","id":{named},{params}}}'.encode()


@pytest.mark.parametrize(
    "arguments",
    [
        '"arguments":{"a":"x"},"arguments":{"a":"bomb"}',
        '"arguments":{"a":"x","a":"bomb"}',
        '"arguments":' + "[" * 90 + '"bomb"' + "]" * 90,
        '"arguments":{"a":1,"b":"\\u0000bomb"}',
        '"arguments":{},"_meta":{"note":"bomb"}',
    ],
)
def test_a_call_that_cannot_be_told_in_one_way_is_read_as_it_would_pass(arguments: str) -> None:
    (ruling,) = said(("client", call(arguments)))

    assert ruling.on is None
    assert b"isError" in (ruling.back or b"")


def test_what_is_told_twice_passes_as_it_was_read() -> None:
    (ruling,) = said(("client", call('"arguments":{"a":"bomb","a":"cake"}')))

    assert json.loads(ruling.on or b"")["params"]["arguments"] == {"a": "cake"}


def test_a_result_told_twice() -> None:
    result = b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"content":[{"type":"text","text":"bomb"}]}}'
    _, ruling = said(("client", call('"arguments":{}')), ("server", result))

    assert b"bomb" not in (ruling.on or b"")
    assert json.loads(ruling.on or b"")["result"]["isError"]


@pytest.mark.parametrize(
    "named", ["9007199254740993", "-9007199254740993", "9" * 200, "9" * 5000, "1.5", "true", "null"]
)
def test_ids_that_some_readers_take_for_another(named: str) -> None:
    (ruling,) = said(("client", call('"arguments":{}', named)))

    assert ruling.on is None
    assert json.loads(ruling.back or b"")["error"]["code"] in (-32600, -32700)


@pytest.mark.parametrize("named", ['"1"', "1.0", "true", "2", "null"])
def test_an_answer_to_another_id_passes_to_nobody(named: str) -> None:
    answer = f'{{"jsonrpc":"2.0","id":{named},"result":{{"content":[]}}}}'.encode()
    _, ruling = said(("client", call('"arguments":{}')), ("server", answer))

    assert ruling.on is None
