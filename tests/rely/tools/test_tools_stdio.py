"""A real server as a child, raw lines through pipes: what passes, what does not, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors
from counterproof.rely import tools
from tests.rely.tools.word_guard import Words, call, line, server_in, told

Said = Callable[["Wire"], Awaitable[None]]


class Wire:
    """The client's ends of two pipes."""

    def __init__(self, write_to: int, read_from: int, guard: Words) -> None:
        self.guard = guard
        self._write_to, self._from, self._held = write_to, read_from, b""

    async def say(self, *raws: bytes) -> None:
        """Writes messages, a line each."""
        await asyncio.to_thread(os.write, self._write_to, b"".join(raw + b"\n" for raw in raws))

    async def trickle(self, raw: bytes, size: int) -> None:
        """Writes bytes in pieces of a size."""
        for index in range(0, len(raw), size):
            await asyncio.to_thread(os.write, self._write_to, raw[index : index + size])

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        while b"\n" not in self._held:
            chunk = await asyncio.to_thread(os.read, self._from, 65_536)
            assert chunk, "the gateway says nothing more"
            self._held += chunk
        head, _, self._held = self._held.partition(b"\n")
        return told(head)

    def close(self) -> None:
        """The client's end of its input."""
        if self._write_to >= 0:
            os.close(self._write_to)
        self._write_to = -1

    def free(self) -> None:
        """Lets go of what is still open."""
        self.close()
        os.close(self._from)


def _relayed(command: list[str], client: Said, limits: tools.Limits | None = None) -> tools.Ended:
    async def run() -> tools.Ended:
        down_read, down_write = os.pipe()
        up_read, up_write = os.pipe()
        wire = Wire(down_write, up_read, guard := Words())
        exchange = tools.Exchange(guard, door="mcp.stdio", context="c1")
        relay = asyncio.create_task(tools.relay(command, exchange, limits, stdin=down_read, stdout=up_write))
        try:
            await asyncio.wait_for(client(wire), 20)
            wire.close()
            return await asyncio.wait_for(relay, 20)
        finally:
            relay.cancel()  # where the client failed: whoever still waits on a pipe must see its end
            await asyncio.gather(relay, return_exceptions=True)
            os.close(down_read)
            os.close(up_write)
            wire.free()

    return asyncio.run(run())


def test_a_call_passes_and_a_refused_one_does_not(tmp_path: Path) -> None:
    command, heard = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="hello"), call(2, text="bomb"))
        found = {m["id"]: m for m in [await wire.hear(), await wire.hear()]}
        assert found[1]["result"]["content"][0]["text"] == "heard hello"
        assert found[2]["result"]["isError"] is True

    assert _relayed(command, client) == "client"
    assert [json.loads(got)["id"] for got in heard.read_text().splitlines()] == [1]


def test_a_message_in_pieces_is_one_message(tmp_path: Path) -> None:
    command, _ = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.trickle(call(1, text="grüße") + b"\r\n", 7)
        assert (await wire.hear())["result"]["content"][0]["text"] == "heard grüße"

    assert _relayed(command, client) == "client"


def test_a_server_that_dies_amid_a_call(tmp_path: Path) -> None:
    command, _ = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="die"))
        assert (await wire.hear())["result"]["isError"] is True

    assert _relayed(command, client) == "server"


def test_a_server_that_never_answers(tmp_path: Path) -> None:
    command, heard = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="silence"))
        answer = await wire.hear()
        assert answer["result"]["content"][0]["text"] == "No answer within 0.2 s."

    assert _relayed(command, client, tools.Limits(answer_s=0.2)) == "client"
    assert "notifications/cancelled" in heard.read_text()


def test_a_server_that_asks_for_what_it_may_not(tmp_path: Path) -> None:
    command, heard = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="ask"))
        assert (await wire.hear())["id"] == 1
        assert not [e for e in wire.guard.seen if e.unscanned]

    assert _relayed(command, client) == "client"
    assert [m for m in map(json.loads, heard.read_text().splitlines()) if m["id"] == "s1" and "error" in m]


def test_a_server_that_chatters_on_its_output(tmp_path: Path) -> None:
    command, _ = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="junk"))
        assert (await wire.hear())["id"] == 1
        assert len([e for e in wire.guard.seen if e.unscanned]) == 1

    assert _relayed(command, client) == "client"


def test_messages_that_are_too_long(tmp_path: Path) -> None:
    command, heard = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="x" * 2_000_000), call(2, text="flood"))
        found = [await wire.hear(), await wire.hear()]
        assert [m["id"] for m in found] == [None, 2]
        assert found[0]["error"]["code"] == -32700
        assert found[1]["result"]["isError"] is True

    assert _relayed(command, client, tools.Limits(message_bytes=100_000)) == "client"
    assert [m.get("id") for m in map(json.loads, heard.read_text().splitlines())] == [
        2,
        None,
    ]  # the last: a cancellation


def test_who_is_terminated_hears_why_and_no_more(tmp_path: Path) -> None:
    command, heard = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        wire.guard.words["bomb"] = "terminate"
        await wire.say(call(1, text="bomb"))
        assert (await wire.hear())["result"]["isError"] is True

    assert _relayed(command, client) == "terminated"
    assert heard.read_text() == ""


def test_what_was_asked_before_the_end_of_input_is_still_answered(tmp_path: Path) -> None:
    command, _ = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(*(call(n, text="x") for n in range(50)))
        wire.close()
        assert sorted([(await wire.hear())["id"] for _ in range(50)]) == list(range(50))

    assert _relayed(command, client) == "client"


@pytest.mark.slow
def test_a_server_that_does_not_end_is_ended(tmp_path: Path) -> None:
    command, _ = server_in(tmp_path, "stays")

    async def client(wire: Wire) -> None:
        await wire.say(call(1, text="hello"))
        assert (await wire.hear())["id"] == 1

    assert _relayed(command, client, tools.Limits(ends_within_s=0.3)) == "client"


def test_many_messages_at_once_all_come_through(tmp_path: Path) -> None:
    command, _ = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        saying = asyncio.create_task(wire.say(*(call(n, text="x" * 2000) for n in range(2000))))
        await asyncio.sleep(0.5)  # nobody reads: everything fills up and waits
        found = [(await wire.hear())["id"] for _ in range(2000)]
        await saying
        assert found == list(range(2000))

    assert _relayed(command, client) == "client"


def test_a_server_that_is_not_there() -> None:
    async def client(wire: Wire) -> None:
        await asyncio.sleep(0)

    with pytest.raises(errors.BadOption, match="cannot be started"):
        _relayed(["/nonexistent/server"], client)


def test_a_blank_line_is_nothing(tmp_path: Path) -> None:
    command, heard = server_in(tmp_path)

    async def client(wire: Wire) -> None:
        await wire.say(b"", b"  ", line(id=1, method="ping"))
        assert (await wire.hear())["id"] == 1
        assert len(wire.guard.seen) == 2

    assert _relayed(command, client) == "client"
    assert len(heard.read_text().splitlines()) == 1
