"""The same answers over HTTP, and what only a server can meet: bodies that are slow, endless, or too many at once."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from counterproof import errors, note, quorum
from counterproof.publish.witness import Answer, Listen, Witness, running
from tests.publish.witness.toy_log import ToyLog, database, hashed


def ask(url: str, method: str, path: str, body: bytes = b"") -> tuple[int, bytes, dict[str, str]]:
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port or 0, timeout=20)
    connection.request(method, path, body)
    response = connection.getresponse()
    found = response.status, response.read(), {key.lower(): value for key, value in response.getheaders()}
    connection.close()
    return found


def test_status_body_and_type_go_over_the_wire(seer: Witness, log: ToyLog) -> None:
    with running(seer) as url:
        status, body, _ = ask(url, "POST", "/add-checkpoint", log.request(0, 5))
        assert status == 200
        lines = note.split(log.checkpoint(5).body + b"\n" + body)[1]
        assert [quorum.cosigned_at(log.checkpoint(5), *pair) > 0 for pair in zip(lines, seer.verifiers, strict=True)]
        status, body, headers = ask(url, "POST", "/add-checkpoint", log.request(3, 9))
        assert (status, body, headers["content-type"]) == (409, b"5\n", "text/x.tlog.size")
        assert ask(url, "POST", "/add-checkpoint", ToyLog(fork=1).request(5, 5))[0] == 422
        assert ask(url, "POST", "/add-checkpoint", b"junk")[0] == 400
        assert ask(url, "POST", "/add-checkpoint", ToyLog("x.example").request(0, 5))[0] == 404
        assert ask(url, "POST", "/add-checkpoint", ToyLog(seed=b"2" * 32).request(0, 5))[0] == 403


def test_monitors_read_by_the_hash_of_the_origin(seer: Witness, log: ToyLog) -> None:
    seer.add_checkpoint(log.request(0, 5))
    with running(seer) as url:
        assert ask(url, "GET", f"/{hashed(log.origin)}/checkpoint")[:2] == (200, seer.latest(hashed(log.origin)).body)
        assert ask(url, "GET", f"/{hashed('x')}/checkpoint")[0] == 404
        assert ask(url, "GET", f"/{hashed(log.origin).upper()}/checkpoint")[0] == 404
        assert ask(url, "GET", "/add-checkpoint")[0] == 405


def test_a_body_without_end_is_cut_off(seer: Witness) -> None:
    with running(seer) as url:
        assert ask(url, "POST", "/add-checkpoint", b"x" * 70_000)[0] == 413


def test_a_slow_body_is_given_up_and_others_are_served_meanwhile(seer: Witness, log: ToyLog) -> None:
    with running(seer, Listen(reads_within_s=0.3)) as url:
        at = urlsplit(url)
        with socket.create_connection((at.hostname or "", at.port or 0), timeout=20) as slow:
            slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nold")
            assert ask(url, "POST", "/add-checkpoint", log.request(0, 5))[0] == 200
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")


def test_too_many_at_once_are_told_to_come_again(seer: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), threading.Event()

    def wait(_: bytes) -> Answer:
        begun.set()
        go.wait(20)
        return Answer(200, b"")

    monkeypatch.setattr(seer, "add_checkpoint", wait)
    with running(seer, Listen(most_waiting=1)) as url:
        found: list[int] = []
        first = threading.Thread(target=lambda: found.append(ask(url, "POST", "/add-checkpoint", b"x")[0]))
        first.start()
        assert begun.wait(20)
        status, _, headers = ask(url, "POST", "/add-checkpoint", b"x")
        assert (status, headers["retry-after"]) == (503, "1")
        go.set()
        first.join()
        assert found == [200]


def test_a_disk_that_fails_ends_the_server(seer: Witness, log: ToyLog) -> None:
    database(seer).execute("PRAGMA query_only = ON")
    served = running(seer)
    status, body, _ = ask(served.__enter__(), "POST", "/add-checkpoint", log.request(0, 5))

    assert (status, body) == (500, b"the witness cannot go on\n")
    with pytest.raises(errors.StorageFailed, match="cannot be kept"):
        served.__exit__(None, None, None)


def test_a_port_that_is_taken_is_refused(seer: Witness) -> None:
    with running(seer) as url:
        again = running(seer, Listen(port=urlsplit(url).port or 0))
        with pytest.raises(errors.BadOption, match="cannot listen"):
            again.__enter__()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_command_serves_until_it_is_told_to_stop(
    tmp_path: Path, log: ToyLog, number: signal.Signals, code: int
) -> None:
    program = [sys.executable, "-m", "counterproof", "witness"]
    made = subprocess.run(
        [*program, "new", "w", "--name", "w.example/cli", "--ml-dsa"], cwd=tmp_path, check=True, capture_output=True
    )
    keys = [note.read_verifier(line) for line in made.stdout.decode().splitlines()]
    (tmp_path / "logs").write_text(f"# ours\n\n{log.verifier.text}\n")
    command = [*program, "serve", "w", "--logs", "logs", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, env={**os.environ}) as served:
        assert served.stdout is not None
        said = [served.stdout.readline().decode().split() for _ in range(3)]
        assert [line[2] for line in said[:2]] == [key.text for key in keys]
        assert said[2] == ["for", log.origin]
        assert ask(said[0][3], "POST", "/add-checkpoint", log.request(0, 5))[0] == 200
        served.send_signal(number)
        assert served.wait(20) == code
