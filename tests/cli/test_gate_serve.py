"""`counterproof gate serve` as an operator runs it: processes of their own, signals, a real socket on both sides."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from counterproof.rely import trail
from tests.chain import small_chain, small_tokens

POLICY = """format: counterproof-gate-policy/1
name: house
says: Refused.
hold_s: 30
rules:
  - name: bombs
    patterns: [bomb]
    action: reject
  - name: odd
    patterns: [odd]
    action: hold
"""
SAYS = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}


class Upstream(BaseHTTPRequestHandler):
    """A model that says good day, slowly where it is asked to."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"]))
        if b"slowly" in asked:
            time.sleep(1.0)
        choice = {"index": 0, "message": {"role": "assistant", "content": "good day"}, "finish_reason": "stop"}
        body = json.dumps({**SAYS, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


class Gate:
    """A running gate: what it prints, where it is."""

    def __init__(self, folder: Path, upstream: str, *options: str) -> None:
        self.policy, self.trail = folder / "policy", folder / "trail"
        self.policy.mkdir(exist_ok=True)
        self.write(POLICY)
        command = [
            sys.executable, "-m", "counterproof", "gate", "serve", upstream, "--policy", str(self.policy),
            "--trail", str(self.trail), "--port", "0", "--desk-port", "0", "--operator-key-env", "OPERATOR", *options,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "OPERATOR": "word"}
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.desk = self.said("Desk at http://").split()[2].removeprefix("http://")
        self.address = self.said(" before http").split(" at ")[1].split()[0].removeprefix("http://")

    def write(self, policy: str) -> None:
        (self.policy / "gate.yaml").write_text(policy, encoding="utf-8")

    def said(self, words: str, after: int = 0) -> str:
        """The first line that says so, waited for."""
        return until(lambda: next((line for line in self.lines[after:] if words in line), ""), self.lines)

    def ask(self, text: str) -> tuple[int, dict[str, object]]:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
        return http_json(self.address, "POST", "/v1/chat/completions", body)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)


def until(found: Callable[[], str], said: object) -> str:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if value := found():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain: {said}")


def http_json(address: str, method: str, path: str, body: str = "", key: str = "") -> tuple[int, dict[str, object]]:
    with contextlib.closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def upstream() -> Generator[str]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


@pytest.fixture
def started(tmp_path: Path, upstream: str) -> Generator[Callable[..., Gate]]:
    gates: list[Gate] = []

    def start(*options: str) -> Gate:
        gates.append(Gate(tmp_path, upstream, *options))
        return gates[-1]

    yield start
    for gate in gates:
        gate.close()


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one", "two"])
def test_a_policy_changes_whole_or_not_at_all_and_every_decision_is_in_the_record(
    started: Callable[..., Gate], options: tuple[str, ...]
) -> None:
    gate = started(*options)
    assert "nobody has measured" in gate.said("warning")
    assert gate.ask("hello")[0] == 200
    status, said = gate.ask("a bomb")
    assert (status, said["error"]["code"]) == (400, "content_filter")  # type: ignore[index]  # JSON

    after = len(gate.lines)
    gate.write(POLICY.replace("[bomb]", "[cake]") + "  - name: broken\n    patterns: ['(']\n    action: reject\n")
    gate.process.send_signal(signal.SIGHUP)
    assert "broken" in gate.said("the policy in force stays", after)
    assert gate.ask("a cake")[0] == 200

    after = len(gate.lines)
    gate.write(POLICY.replace("[bomb]", "[cake]"))
    gate.process.send_signal(signal.SIGHUP)
    gate.said("now under house", after)
    until(lambda: "all" if [gate.ask("a cake")[0] for _ in range(8)] == [400] * 8 else "", gate.lines)
    assert gate.ask("a bomb")[0] == 200

    page = http_json(gate.desk, "GET", "/status.json")[1]
    decisions = sum(n for *_, n in page["decisions"])  # type: ignore[attr-defined]  # JSON
    assert gate.end() == 0
    audited = trail.audit(gate.trail)
    assert audited.agrees, audited.mismatches
    assert sum(w.decisions for w in audited.workers) == decisions
    assert len(audited.policies) == 2


@pytest.mark.slow
def test_a_process_that_is_killed_is_started_again_and_nothing_that_passed_is_missing(
    started: Callable[..., Gate],
) -> None:
    gate = started("--workers", "2")
    passed = [gate.ask("hello")[0] for _ in range(20)]
    child = subprocess.run(
        ["pgrep", "-P", str(gate.process.pid), "-f", "worker w1"], capture_output=True, text=True, check=True
    )
    os.kill(int(child.stdout.split()[0]), signal.SIGKILL)
    gate.said("is started again")
    until(lambda: "yes" if http_json(gate.desk, "GET", "/ready")[0] == 200 else "", gate.lines)
    passed += [gate.ask("hello")[0] for _ in range(20)]

    assert gate.end() == 0
    audited = trail.audit(gate.trail)
    assert audited.agrees, audited.mismatches
    assert passed == [200] * 40
    assert sum(w.decisions for w in audited.workers) == 80
    assert sum(w.crashes for w in audited.workers) == 1


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one", "two"])
def test_an_operator_releases_what_is_held(started: Callable[..., Gate], options: tuple[str, ...]) -> None:
    gate = started(*options)
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(gate.ask("odd")[0]))
    asking.start()
    name = until(lambda: _held(gate.desk), gate.lines)

    assert http_json(gate.desk, "POST", f"/held/{name}", '{"outcome": "allow"}')[0] == 401
    assert http_json(gate.desk, "POST", f"/held/{name}", '{"outcome": "allow"}', "word")[0] == 200
    asking.join()
    assert found == [200]


@pytest.mark.slow
def test_requests_in_work_end_before_the_gate_does(started: Callable[..., Gate]) -> None:
    gate = started()
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(gate.ask("slowly")[0]))
    asking.start()
    until(lambda: "yes" if http_json(gate.desk, "GET", "/status.json")[1]["decisions"] else "", gate.lines)

    assert gate.end() == 0
    asking.join()
    assert found == [200]


@pytest.mark.slow
def test_a_refused_asker_appeals_with_a_token_that_nobody_can_link(
    started: Callable[..., Gate], tmp_path: Path
) -> None:
    starts, ends = (time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + d * 86_400)) for d in (-9, 9))
    known = small_tokens.token_key(starts=starts, ends=ends)
    entry = tmp_path / "issuer.entry"
    entry.write_bytes(small_chain.sealed(known, small_tokens.ISSUER_KEY))
    options = ("--token-key", str(entry), "--token-origin", small_tokens.HERE, "--appeals", str(tmp_path / "book"))
    gate = started(*options)
    receipt = gate.ask("a bomb")[1]["error"]["receipt"]  # type: ignore[index]  # JSON
    token = base64.b64encode(small_tokens.token(known).encode()).decode()

    unpaid = http_json(gate.desk, "POST", "/appeal", json.dumps({"receipt": receipt}))
    paid = http_json(gate.desk, "POST", "/appeal", json.dumps({"receipt": receipt, "token": token}))
    other = gate.ask("a bomb")[1]["error"]["receipt"]  # type: ignore[index]  # JSON
    spent = http_json(gate.desk, "POST", "/appeal", json.dumps({"receipt": other, "token": token}))

    assert (unpaid[0], paid[0], spent[0]) == (401, 202, 401)


def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    def run(*options: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "counterproof", "gate", "serve", *options, "--trail", str(tmp_path / "trail")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "gate.yaml").write_text(POLICY, encoding="utf-8")
    policy = ("--policy", str(tmp_path / "p"))
    for options, words in (
        (("http://127.0.0.1:1", "--policy", str(tmp_path / "none")), "none"),
        (("ftp://x", *policy), "no address of an upstream"),
        (("http://127.0.0.1:1", *policy, "--pool", "redis://127.0.0.1:1"), "remembers nothing"),
        (("http://127.0.0.1:1", *policy, "--upstream-key-env", "NO_SUCH"), "NO_SUCH"),
        (("http://127.0.0.1:1", *policy, "--key", str(tmp_path / "no.key")), "no.key"),
    ):
        status, said = run(*options)
        assert (status, said.count("error:")) == (2, 1), said
        assert words in said


def _held(desk: str) -> str:
    listed = http_json(desk, "GET", "/held", key="word")[1]
    return str(listed[0]["name"]) if listed else ""  # type: ignore[index]  # a JSON list
