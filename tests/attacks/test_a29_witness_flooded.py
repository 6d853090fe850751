"""Attack 29, at the witness: giant bodies, many origins, slow bodies, one log that asks without end."""

from __future__ import annotations

import http.client
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from counterproof import note
from counterproof.publish import witness
from tests.publish.witness.toy_log import Clock, ToyLog, database, request, unlimited

LOG = ToyLog()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    witness.new(tmp_path / "w", "witness.example/w")
    return tmp_path / "w"


def post(url: str, body: bytes) -> int:
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port or 0, timeout=60)
    try:
        connection.request("POST", "/add-checkpoint", body)
        return connection.getresponse().status
    finally:
        connection.close()


def test_origins_that_nobody_configured_take_no_room(folder: Path) -> None:
    seer = witness.load(folder, [LOG.verifier], limit=unlimited())
    size = (folder / "witness.sqlite").stat().st_size

    for number in range(500):
        assert seer.add_checkpoint(ToyLog(f"log.example/{number}").request(0, 1)).status == 404
    assert database(seer).execute("SELECT count(*) FROM seen").fetchone() == (0,)
    assert (folder / "witness.sqlite").stat().st_size == size
    assert not (folder / "evidence").exists()
    seer.close()


def test_giants_are_refused_before_they_are_read(folder: Path) -> None:
    seer = witness.load(folder, [LOG.verifier], limit=unlimited())
    many = [note.Line("grease.example", bytes([0, 0, 0, number]), b"x" * 64).encode() for number in range(99)]
    wide = note.Line("grease.example", b"wide", b"x" * 60_000).encode()

    assert seer.add_checkpoint(request(0, [], note.append(LOG.signed(5), *many))).status == 200
    assert seer.add_checkpoint(request(5, [], LOG.signed(5) + b"".join(many) + many[0])).status == 400
    assert seer.add_checkpoint(request(5, [], note.append(LOG.signed(5), wide))).status == 400
    assert seer.add_checkpoint(request(5, [b"x" * 32] * 64, LOG.signed(9))).status == 400
    seer.close()


def test_one_log_that_floods_does_not_shut_out_another(folder: Path) -> None:
    other, clock = ToyLog("log.example/two"), Clock(0.0)
    seer = witness.load(folder, [LOG.verifier, other.verifier], limit=witness.Limit(10, 20, clock))
    with witness.running(seer) as url:
        seen = Counter(post(url, LOG.request(0, 1)) for _ in range(60))
        assert seen == {200: 1, 409: 20, 429: 39}
        assert post(url, LOG.request(1, 2)) == 200, "what anybody can send again shuts out nothing new"
        assert post(url, other.request(0, 1)) == 200
    seer.close()


def test_a_crowd_is_answered_or_told_to_come_again(folder: Path) -> None:
    seer = witness.load(folder, [LOG.verifier], limit=unlimited())
    with witness.running(seer, witness.Listen(most_waiting=4)) as url, ThreadPoolExecutor(32) as pool:
        seen = Counter(pool.map(post, [url] * 300, [LOG.request(0, 1)] * 300))
        assert post(url, LOG.request(1, 2)) == 200, "and is there afterwards"
    assert seen[200] == 1
    assert set(seen) <= {200, 409, 503}
    seer.close()


def test_many_slow_bodies_keep_nobody_waiting(folder: Path) -> None:
    seer = witness.load(folder, [LOG.verifier], limit=unlimited())
    with witness.running(seer, witness.Listen(reads_within_s=1.0)) as url:
        at = urlsplit(url)
        slow = [socket.create_connection((at.hostname or "", at.port or 0), timeout=60) for _ in range(100)]
        for one in slow:
            one.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\nold 0\n")
        assert post(url, LOG.request(0, 1)) == 200
        assert {one.recv(12) for one in slow} == {b"HTTP/1.1 408"}
        for one in slow:
            one.close()
    seer.close()
