"""The SDK's client and a server made with the SDK, the gateway between them: over stdio and over streamable HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from counterproof.rely import trail
from tests.peers.questions import peer

SERVER = Path(__file__).with_name("mcp_server.py")
GATE = [sys.executable, "-m", "counterproof", "gate", "mcp"]
POLICY = """
format: counterproof-gate-policy/1
name: words
says: This was refused.
rules:
  - name: magic
    patterns: ["opensesame"]
    on: [message, call, result]
    action: reject
    reason: The word must not be said.
  - name: secret
    patterns: ["swordfish"]
    on: [call, result]
    action: modify
    replacement: "[cut]"
"""

Said = Callable[[Any], Awaitable[None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a policy in it."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "gate.yaml").write_text(POLICY)
    return tmp_path


def _options(folder: Path) -> list[str]:
    return ["--policy", str(folder / "policy"), "--trail", str(folder / "trail"), "--sync-s", "3600"]


def _over_stdio(folder: Path, said: Said, **settings: Any) -> None:  # noqa: ANN401 - passed on
    mcp = peer("mcp")
    command = [*GATE, *_options(folder), "--", sys.executable, str(SERVER), "stdio"]

    async def run() -> None:
        at = mcp.StdioServerParameters(command=command[0], args=command[1:])
        async with mcp.Client(at, read_timeout_seconds=20, **settings) as client:
            await said(client)

    asyncio.run(run())


@contextlib.contextmanager
def _program(command: list[str], port: int) -> Generator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        assert process.wait(20) is not None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _over_http(folder: Path, said: Said, *how: str, **settings: Any) -> None:  # noqa: ANN401 - passed on
    behind, before = _free_port(), _free_port()
    gate = [*GATE, *_options(folder), "--upstream", f"http://127.0.0.1:{behind}/mcp", "--port", str(before)]

    async def run() -> None:
        url = f"http://127.0.0.1:{before}/mcp"
        async with peer("mcp").Client(url, read_timeout_seconds=20, **settings) as client:
            await said(client)

    with _program([sys.executable, str(SERVER), "http", str(behind), *how], behind), _program(gate, before):
        asyncio.run(run())


LEGACY = {"mode": "legacy"}
WAYS: list[Any] = [
    pytest.param(_over_stdio, (), {}, "2026-07-28", id="stdio"),
    pytest.param(_over_stdio, (), LEGACY, "2025-11-25", id="stdio-handshake"),
    pytest.param(_over_http, (), {}, "2026-07-28", id="http"),
    pytest.param(_over_http, (), LEGACY, "2025-11-25", id="http-handshake"),
    pytest.param(_over_http, ("json",), LEGACY, "2025-11-25", id="http-json"),
    pytest.param(_over_http, ("stateless",), LEGACY, "2025-11-25", id="http-stateless"),
]


def _text(answer: Any) -> str:  # noqa: ANN401 - a type of the SDK's
    return " ".join(part.text for part in answer.content)


@pytest.mark.parametrize(("way", "how", "settings", "version"), WAYS)
def test_an_agent_and_its_tools(
    folder: Path,
    way: Callable[..., None],
    how: tuple[str, ...],
    settings: dict[str, str],
    version: str,
) -> None:
    heard: list[str] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async def said(client: Any) -> None:  # noqa: ANN401 - a type of the SDK's
        assert client.session.protocol_version == version
        listed = await client.list_tools()
        assert sorted(t.name for t in listed.tools) == [
            "add",
            "ask",
            "count",
            "later",
            "say",
            "spell",
        ]  # without `leak`
        sums = await asyncio.gather(*(client.call_tool("add", {"a": n, "b": 1}) for n in range(20)))
        assert [_text(s) for s in sums] == [str(n + 1) for n in range(20)]

        refused = await client.call_tool("say", {"text": "opensesame"})
        assert refused.is_error
        assert "The word must not be said. Receipt: " in _text(refused)
        made = await client.call_tool("spell", {"letters": ["open", "sesame"]})
        assert made.is_error
        assert "opensesame" not in str(made)
        withheld = await client.call_tool("leak", {})
        assert withheld.is_error

        cut = await client.call_tool("say", {"text": "the swordfish"})
        assert _text(cut) == "the [cut]"

        counted = await client.call_tool("count", {"to": 3}, progress_callback=progress)
        assert _text(counted) == "counted to 3"

        greeting = await client.get_prompt("greet", {"name": "Ada"})
        assert greeting.messages[0].content.text == "Greet Ada."
        with pytest.raises(Exception, match="must not be said"):
            await client.get_prompt("greet", {"name": "opensesame"})
        with pytest.raises(Exception, match="must not be said"):
            await client.read_resource("note://emasesnepo")

    way(folder, said, *how, **settings)

    assert heard == (["at 0", "at 2"] if "json" not in how else [])
    found = trail.audit(folder / "trail", keys=[])
    assert found.mismatches == ()


@pytest.mark.parametrize(("way", "settings"), [(_over_stdio, LEGACY), (_over_http, LEGACY)])
def test_what_a_server_asks_a_person(folder: Path, way: Callable[..., None], settings: dict[str, str]) -> None:
    types, answers = peer("mcp.types"), iter(["Ada", "opensesame"])
    asked: list[str] = []

    async def answer(_context: Any, params: Any) -> Any:  # noqa: ANN401 - a type of the SDK's
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": next(answers)})

    async def said(client: Any) -> None:  # noqa: ANN401 - a type of the SDK's
        assert _text(await client.call_tool("ask", {"word": "fine"})) == "accept Ada"
        with pytest.raises(Exception, match="must not be said"):  # the server got an error for an answer
            await client.call_tool("ask", {"word": "well"})
        assert (await client.call_tool("ask", {"word": "opensesame"})).is_error

    way(folder, said, elicitation_callback=answer, **settings)

    assert asked == ["Whose name goes with fine?", "Whose name goes with well?"]


def test_a_stream_is_taken_up_again(folder: Path) -> None:
    async def said(client: Any) -> None:  # noqa: ANN401 - a type of the SDK's
        assert _text(await client.call_tool("later", {"text": "here"})) == "here"
        assert _text(await client.call_tool("later", {"text": "the swordfish"})) == "the [cut]"
        assert (await client.call_tool("spell", {"letters": ["open", "sesame"]})).is_error

    _over_http(folder, said, "resumable", **LEGACY)


def test_what_happened_is_in_the_record(folder: Path) -> None:
    async def said(client: Any) -> None:  # noqa: ANN401 - a type of the SDK's
        await client.call_tool("say", {"text": "opensesame"})

    _over_stdio(folder, said)

    kept = b"".join(p.read_bytes() for p in (folder / "trail" / "workers").rglob("*") if p.is_file())
    assert b"opensesame" not in kept
    assert b'"magic"' in kept
