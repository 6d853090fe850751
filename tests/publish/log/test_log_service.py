from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof import note, quorum, tlog
from counterproof.errors import BadLog, BadNote, NoQuorum, StorageFailed, TargetUnreachable
from counterproof.publish import log
from tests.chain import small_chain
from tests.publish.log.parts import POLICY, make_folder, real_gather

CHAIN = small_chain.Chain.begun()
LISTEN = log.Listen(period_s=0.02, workers=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A log that a chain's entries were sent to, one request for each, since each makes the next one's key known."""
    folder = make_folder(tmp_path_factory.mktemp("service") / "log", small_chain.trust())
    with log.running(folder, real_gather, LISTEN) as url:
        for entry in CHAIN.entries:
            log.send(url, [entry])
        yield folder.path, url


def ask(
    url: str, body: bytes | None = None, kind: str = "application/json", path: str = "/add"
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET" if body is None else "POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}


def holds(receipt: bytes, entry: bytes) -> int:
    proof = tlog.read_proof(receipt)
    seen = quorum.check(proof.checkpoint, POLICY, int(time.time()), 3_600).checkpoint
    tlog.check_inclusion(proof.hashes, proof.index, seen.size, tlog.leaf_hash(entry), seen.root)
    return proof.index


def test_one_envelope_gets_its_receipt(served: tuple[Path, str]) -> None:
    status, body, _ = ask(served[1], CHAIN.entries[2])

    assert status == 200
    assert holds(body, CHAIN.entries[2]) == 2


def test_many_envelopes_get_a_receipt_each(served: tuple[Path, str]) -> None:
    status, body, _ = ask(served[1], b"\n".join(CHAIN.entries), "application/x-ndjson")

    receipts = [base64.b64decode(line) for line in body.splitlines()]
    assert status == 200
    assert [holds(r, e) for r, e in zip(receipts, CHAIN.entries, strict=True)] == list(range(len(CHAIN.entries)))


def test_what_is_out_of_form_is_refused_in_a_sentence(served: tuple[Path, str]) -> None:
    for body in (b"", b"{}", CHAIN.entries[0] + b" ", CHAIN.entries[0].replace(b'"payload"', b' "payload"')):
        status, said, _ = ask(served[1], body)
        assert status in (400, 413)
        assert said.count(b"\n") == 1


def test_strangers_are_refused_and_named_lines_too(served: tuple[Path, str]) -> None:
    stranger = small_chain.key("stranger.example")
    entry = small_chain.sealed(CHAIN.genesis(), stranger)

    assert ask(served[1], entry)[:2] == (
        403, b"signed by no key that this log knows: governance must give it a role first\n",
    )  # fmt: skip
    status, said, _ = ask(served[1], b"\n".join([CHAIN.entries[0], entry]), "application/x-ndjson")
    assert (status, said[:7]) == (403, b"line 2:")


def test_a_known_key_s_broken_signature_is_refused(served: tuple[Path, str]) -> None:
    opened = note.unseal(CHAIN.entries[0])
    broken = note.Envelope(
        opened.unverified_payload,
        tuple((keyid, sig[:40] + bytes([sig[40] ^ 1]) + sig[41:]) for keyid, sig in opened.signatures),
    )

    status, said, _ = ask(served[1], broken.encode())

    assert status == 403
    assert b"does not hold" in said


def test_files_are_served_with_what_caches_need(served: tuple[Path, str]) -> None:
    folder, url = served
    size = len(CHAIN.entries)
    for path, caching in (
        ("checkpoint", "no-cache"),
        (f"tile/entries/000.p/{size}", "public, max-age=31536000, immutable"),
        (f"tile/0/000.p/{size}", "public, max-age=31536000, immutable"),
    ):
        status, body, headers = ask(url, path=f"/{path}")
        assert (status, headers["cache-control"]) == (200, caching)
        assert body == (folder / path).read_bytes()
        assert "set-cookie" not in headers
    assert ask(url, path="/checkpoint")[2]["content-type"] == "text/plain; charset=utf-8"
    assert ask(url, path=f"/tile/0/000.p/{size}")[2]["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path",
    ["/tile/0/001", "/tile/0/0", "/tile/../.writer/log.json", "/tile/%2e%2e/.writer/log.json", "/.writer/log.json",
     "/tile/entries/000.p/0256", "/staging/x", "/"],
)  # fmt: skip
def test_nothing_else_is_served(served: tuple[Path, str], path: str) -> None:
    assert ask(served[1], path=path)[0] == 404


def test_a_plain_web_server_serves_the_log_as_well(served: tuple[Path, str]) -> None:
    """Row 28 of the table of attacks: readers need static files only, so nobody need know who reads."""
    folder, _ = served
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().split(" port ")[1].split()[0])

        def read(path: str) -> bytes:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                data: bytes = answer.read()
                return data

        seen = quorum.check(read("checkpoint"), POLICY).checkpoint
        hashes = tlog.TileHashes(lambda tile: read(tile.path), seen.size, seen.root)
        bundle = read(tlog.Tile(tlog.ENTRIES, 0, seen.size).path)
        assert hashes.entries(0, bundle) == CHAIN.entries
    finally:
        server.terminate()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


def test_nothing_of_who_asks_is_kept(served: tuple[Path, str], caplog: pytest.LogCaptureFixture) -> None:
    folder, url = served
    ask(url, path="/checkpoint?token=a-very-unique-token")
    ask(url, CHAIN.entries[0], "application/json; token=a-very-unique-token")

    kept = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())

    assert b"a-very-unique-token" not in kept
    assert caplog.records == []


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_request_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with log.running(make_folder(tmp_path / "log"), real_gather, log.Listen(most_bytes=2_000, workers=1)) as url:
        assert ask(url, b"x" * 2_001)[0] == 413


def test_a_body_that_does_not_arrive_is_given_up(tmp_path: Path) -> None:
    listen = log.Listen(reads_within_s=0.2, workers=1)
    with log.running(make_folder(tmp_path / "log"), real_gather, listen) as url:
        place = urllib.parse.urlsplit(url)
        with socket.create_connection((place.hostname, place.port), timeout=20) as slow:
            slow.sendall(b"POST /add HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow")
            assert b" 408 " in slow.recv(1_000)


def test_more_than_may_wait_is_sent_away(tmp_path: Path) -> None:
    entries = [small_chain.sealed(CHAIN.genesis(subject=f"S{n}"), small_chain.LAB_KEY) for n in range(4)]
    with log.running(make_folder(tmp_path / "log"), real_gather, log.Listen(most_waiting=3, workers=1)) as url:
        status, said, headers = ask(url, b"\n".join(entries), "application/x-ndjson")

        assert (status, headers["retry-after"]) == (503, "1")
        assert said == b"too much is under way; add the same entries again later\n"
        with pytest.raises(NoQuorum, match="too much"):
            log.send(url, entries)


def test_what_was_taken_is_published_before_the_service_ends(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "log")
    listen = log.Listen(period_s=60, workers=1)
    found: list[tuple[int, bytes, dict[str, str]]] = []
    with log.running(folder, real_gather, listen) as url:
        asking = threading.Thread(target=lambda: found.append(ask(url, CHAIN.entries[0])))
        asking.start()
        time.sleep(2.0)  # until it is judged; too short a time would only make the test stricter
    asking.join()

    assert found[0][0] in (200, 503)
    store = log.FolderStore(folder.path, is_writer=False)
    published = store.get(log.CHECKPOINT)
    assert (published is not None) == (found[0][0] == 200)


def test_without_a_quorum_the_answer_is_503_and_the_log_goes_on(tmp_path: Path) -> None:
    is_there = threading.Event()

    def gather(signed: bytes, old: int, proof: list[bytes], prove: log.Prove) -> bytes:
        if not is_there.is_set():
            raise NoQuorum("w1: no answer")
        return real_gather(signed, old, proof, prove)

    with log.running(make_folder(tmp_path / "log"), gather, LISTEN) as url:  # type: ignore[arg-type] # a list is a sequence
        status, said, _ = ask(url, CHAIN.entries[0])
        assert (status, said) == (503, b"w1: no answer\n")
        is_there.set()
        assert holds(ask(url, CHAIN.entries[0])[1], CHAIN.entries[0]) == 0


def test_a_writer_that_fails_ends_the_service(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "log")

    def breaks(*_: object) -> bytes:
        raise StorageFailed("the disk is gone")

    def serve() -> None:
        with log.running(folder, breaks, LISTEN) as url:
            assert ask(url, CHAIN.entries[0])[0] == 500

    with pytest.raises(StorageFailed, match="the disk is gone"):
        serve()

    with log.running(folder, real_gather, LISTEN) as url:
        assert holds(ask(url, CHAIN.entries[0])[1], CHAIN.entries[0]) == 0


def test_a_second_service_on_one_folder_is_refused(served: tuple[Path, str]) -> None:
    with pytest.raises(BadLog, match="another process is writing"), log.running(
        log.read_folder(served[0]), real_gather, LISTEN
    ):
        pass


def test_who_sends_is_told_why(served: tuple[Path, str]) -> None:
    with pytest.raises(BadNote, match="line 1: not an envelope"):
        log.send(served[1], [b"nonsense"])
    with pytest.raises(TargetUnreachable, match="add the same entries again"):
        log.send("http://127.0.0.1:9", [b"x"])
    with pytest.raises(TargetUnreachable, match="no receipts"):
        _elsewhere()


def _elsewhere() -> None:
    """Something that answers, and is no log."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65_536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            log.send(f"http://127.0.0.1:{server.getsockname()[1]}", CHAIN.entries[:1])
        finally:
            thread.join()
