"""Every way in which the gateway before tool servers refuses: a command in one sentence, a message in its protocol."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from counterproof import errors
from counterproof.cli import main
from counterproof.rely import tools
from tests.rely.tools.word_guard import Words, call, line, server_in, told

POLICY = """
format: counterproof-gate-policy/1
name: words
rules:
  - {name: magic, patterns: [opensesame], action: reject, reason: The word must not be said.}
  - {name: end, patterns: [goodbye], action: terminate}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a policy in it."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "gate.yaml").write_text(POLICY)
    return tmp_path


def _gate(folder: Path, *words: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "counterproof", "gate", "mcp", "--policy", str(folder / "policy")]
    return subprocess.run(
        [*command, "--trail", str(folder / "trail"), *words], input=said, capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "SERVER, --upstream: name one of them; a program after --, or a URL"),
        (["--upstream", "http://127.0.0.1:1", "--", "server"], "SERVER, --upstream: name one of them"),
        (["--", "/nonexistent/server"], "SERVER: cannot be started"),
        (["--upstream", "ftp://x"], "is no address of an upstream"),
        (["--upstream", "http://user:word@x/mcp"], "is no address of an upstream"),
        (["--upstream", "http://x/a b"], "--upstream: 'http://x/a b' is no address of an upstream"),
        (["--upstream", "http://x", "--path", "mcp"], "--path: 'mcp' is no path"),
        (["--upstream", "http://x", "--path", "/a?b"], "--path: '/a?b' is no path"),
        (["--upstream", "http://x", "--origin", "app.example"], "--origin: 'app.example' is no origin"),
        (["--upstream", "http://x", "--origin", "https://app.example/"], "--origin: 'https://app.example/' is no"),
        (["--answer-s", "nan", "--", "server"], "--answer-s: nan is no time"),
        (["--policy", "nowhere", "--", "server"], "nowhere"),
        (["--key", "nowhere", "--", "server"], "nowhere"),
        (["--pool", "redis://127.0.0.1:1", "--", "server"], "--pool: this policy remembers nothing"),
        (["--upstream", "http://127.0.0.1:1", "--host", "203.0.113.1"], "--host, --port: 203.0.113.1:8701 cannot be"),
    ],
)
def test_what_the_command_refuses(folder: Path, words: list[str], sentence: str) -> None:
    given = ["--policy", str(folder / "policy"), "--trail", str(folder / "trail"), *words]

    done = CliRunner().invoke(main, ["gate", "mcp", *given])

    assert done.exit_code == errors.BadOption.exit_code
    assert sentence in done.output
    assert done.output.count("error: ") == 1


def test_a_file_of_tools_that_is_none(folder: Path) -> None:
    (folder / "tools.json").write_text("{}")

    done = _gate(folder, "--tools", str(folder / "tools.json"), "--", "server")

    assert done.returncode == errors.BadGate.exit_code
    assert b"counterproof-gate-tools/1" in done.stderr


def test_a_call_that_is_refused(folder: Path) -> None:
    command, heard = server_in(folder)

    done = _gate(folder, "--", *command, said=call(1, text="opensesame") + b"\n" + call(2, text="hello") + b"\n")

    answers = {m["id"]: m["result"] for m in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert answers[1]["isError"] is True
    assert answers[1]["content"][0]["text"].startswith("The word must not be said. Receipt: ")
    assert answers[2]["content"][0]["text"] == "heard hello"
    assert b"opensesame" not in heard.read_bytes()
    assert b"server saw the end of its input" in done.stderr


def test_files_in_place_of_pipes(folder: Path) -> None:
    command, _ = server_in(folder)
    (folder / "asked").write_bytes(call(1, text="opensesame") + b"\n" + call(2, text="hello"))
    gate = [sys.executable, "-m", "counterproof", "gate", "mcp", "--policy", "policy", "--trail", "trail", "--"]

    with (folder / "asked").open("rb") as asked, (folder / "answered").open("wb") as answered:
        done = subprocess.run([*gate, *command], cwd=folder, stdin=asked, stdout=answered, check=False, timeout=60)

    answers = [json.loads(m) for m in (folder / "answered").read_text().splitlines()]
    assert done.returncode == 0
    assert sorted(m["id"] for m in answers) == [1, 2]


def test_nothing_asked_is_nothing_answered(folder: Path) -> None:
    command, _ = server_in(folder)
    gate = [sys.executable, "-m", "counterproof", "gate", "mcp", "--policy", "policy", "--trail", "trail", "--"]

    done = subprocess.run(
        [*gate, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False, timeout=60
    )

    assert done.returncode == 0


def test_a_conversation_that_is_ended(folder: Path) -> None:
    command, heard = server_in(folder)

    done = _gate(folder, "--", *command, said=call(1, text="goodbye") + b"\n")

    assert done.returncode == errors.NotVerified.exit_code
    assert told(done.stdout)["result"]["isError"] is True
    assert b"error: the policy ended the conversation" in done.stderr
    assert heard.read_bytes() == b""


def test_a_server_that_ends_by_itself(folder: Path) -> None:
    command, _ = server_in(folder)
    gate = [sys.executable, "-m", "counterproof", "gate", "mcp", "--policy", "policy", "--trail", "trail", "--"]

    with subprocess.Popen(
        [*gate, *command], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(call(1, text="die") + b"\n")
        process.stdin.flush()
        answer = told(process.stdout.readline())
        assert process.wait(30) == errors.TargetUnreachable.exit_code

    assert answer["result"]["content"][0]["text"] == "The server ended."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _both_ways(raw: bytes) -> tuple[tools.Ruling, tools.Ruling]:

    async def run() -> tuple[tools.Ruling, tools.Ruling]:
        exchange = tools.Exchange(Words(), door="mcp.stdio")
        await exchange.from_client(call("asked"))
        return await exchange.from_client(raw), await exchange.from_server(raw)

    return asyncio.run(run())


@given(st.binary(max_size=200))
def test_bytes_that_nobody_wrote_pass_nowhere(data: bytes) -> None:
    up, down = _both_ways(data)

    assert up.on is None
    assert down == tools.Ruling()


@given(
    JSON,
    st.sampled_from(["params", "result", "error", "id", "method", "more"]),
    st.sampled_from(["tools/call", "tools/list", "ping", "notifications/progress", "other", None]),
)
def test_wherever_the_word_stands_it_passes_nowhere(value: object, member: str, method: str | None) -> None:
    said: dict[str, object] = {"id": "asked", "method": method, "params": {"name": "x"}, "result": {}}
    said[member] = [value, {"bomb": value}, "a bomb"]

    for kept in (said, {k: v for k, v in said.items() if k not in ("method", "params") and v is not None}):
        there = {k: v for k, v in kept.items() if v is not None}
        up, _ = _both_ways(line(**{"id": 7, **{k: v for k, v in there.items() if (k, v) != ("id", "asked")}}))
        assert b"bomb" not in (up.on or b"")
        _, down = _both_ways(line(**there))
        assert b"bomb" not in (down.on or b"")
