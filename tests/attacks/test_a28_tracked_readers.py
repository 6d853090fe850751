"""Attack 28: whoever serves a log learns who reads what, or shows readers different things to tell them apart."""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from counterproof import errors, quorum, tlog
from counterproof.publish import log
from counterproof.rely import verify, watch
from tests.chain import small_chain
from tests.publish.log.parts import POLICY, make_folder, real_gather
from tests.rely.verify import broken
from tests.rely.watch import small_log
from tests.rely.watch.small_log import NOW_S, SmallLog

CHAIN = small_chain.Chain.begun()
MARK = "a-very-unique-reader-4711"
PLAIN = {"Host": "log.example"}
TALKATIVE = {
    "Host": "log.example", "User-Agent": f"Browser/1.0 ({MARK})", "Cookie": f"id={MARK}", "Referer": f"https://{MARK}.example/",
    "X-Forwarded-For": "203.0.113.77", "Forwarded": f"for={MARK}", "From": f"{MARK}@reader.example",
    "Authorization": f"Bearer {MARK}", "Accept-Language": "de-CH", "Accept-Encoding": "gzip, br", "DNT": "1",
    "If-None-Match": f'"{MARK}"', "If-Modified-Since": "Sat, 29 Oct 1994 19:43:31 GMT", "Range": "bytes=0-3",
    "Origin": f"https://{MARK}.example",
}  # fmt: skip
_DATE = re.compile(rb"\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = make_folder(tmp_path_factory.mktemp("tracked") / "log", small_chain.trust())
    with log.running(folder, real_gather, log.Listen(period_s=0.02, workers=1)) as url:
        for entry in CHAIN.entries:
            log.send(url, [entry])
        yield folder.path, url


def _answer(
    url: str, path: str, headers: dict[str, str], address: str = "127.0.0.1", body: bytes | None = None
) -> bytes:
    """Every byte of the answer to this address of ours; the time of day, which is everybody's, is cut out."""
    place = urllib.parse.urlsplit(url)
    more = headers | {"Connection": "close"} | ({} if body is None else {"Content-Length": str(len(body))})
    head = "".join(f"{name}: {value}\r\n" for name, value in more.items())
    with socket.create_connection((place.hostname, place.port), timeout=30, source_address=(address, 0)) as there:
        there.sendall(f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b""))
        got = b""
        while data := there.recv(65_536):
            got += data
    assert len(_DATE.findall(got)) == 1
    return _DATE.sub(b"\r\n", got)


SIZE = len(CHAIN.entries)
PATHS = (
    "/checkpoint", f"/tile/0/000.p/{SIZE}", f"/tile/entries/000.p/{SIZE}", "/tile/0/001", "/nothing", "/",
    "/tile/entries/x000/000",
)  # fmt: skip


# --- the service ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_two_readers_get_the_same_bytes_whoever_they_say_they_are(served: tuple[Path, str], path: str) -> None:
    first = _answer(served[1], path, PLAIN)

    assert _answer(served[1], path, TALKATIVE, "127.0.0.2") == first
    assert _answer(served[1], path, PLAIN, "127.0.0.3") == first
    for name in (b"set-cookie", b"etag", b"last-modified", b"vary", b"alt-svc", b"report-to", b"nel", b"location"):
        assert b"\r\n" + name + b":" not in first.lower()


def test_what_is_added_again_is_answered_alike(served: tuple[Path, str]) -> None:
    first = _answer(served[1], "/add", PLAIN, body=CHAIN.entries[1])

    assert first.startswith(b"HTTP/1.1 200")
    assert _answer(served[1], "/add", TALKATIVE, "127.0.0.2", CHAIN.entries[1]) == first
    assert b"\r\nset-cookie:" not in first.lower()
    refused = _answer(served[1], "/add", PLAIN, body=b"{}")
    assert _answer(served[1], "/add", TALKATIVE, "127.0.0.2", b"{}") == refused


def test_every_reader_sees_one_checkpoint(served: tuple[Path, str]) -> None:
    """A head of their own would mark readers; each that a quorum cosigned is shown to all until the next."""
    shown = {_answer(served[1], "/checkpoint", PLAIN | {"Cookie": f"id={n}"}, f"127.0.0.{2 + n}") for n in range(20)}

    assert len(shown) == 1
    assert shown.pop().endswith((served[0] / "checkpoint").read_bytes())


def test_a_query_is_no_part_of_the_address(served: tuple[Path, str]) -> None:
    assert _answer(served[1], f"/checkpoint?token={MARK}", PLAIN) == _answer(served[1], "/checkpoint", PLAIN)


def test_nothing_of_the_readers_is_written_anywhere(
    served: tuple[Path, str], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    folder, url = served
    before = _files(folder)

    for path in (*PATHS, f"/{MARK}", f"/checkpoint?{MARK}", f"/tile/{MARK}"):
        _answer(url, path, TALKATIVE, "127.0.0.42")
    _answer(url, "/add", TALKATIVE, "127.0.0.42", f'{{"{MARK}":1}}'.encode())
    with socket.create_connection((urllib.parse.urlsplit(url).hostname, urllib.parse.urlsplit(url).port)) as garbage:
        garbage.sendall(f"{MARK} no HTTP at all\r\n\r\n".encode())
        garbage.recv(65_536)

    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == ""
    assert [record.getMessage() for record in caplog.records if MARK in record.getMessage()] == []
    assert _files(folder) == before
    kept = b"".join(before.values())
    assert MARK.encode() not in kept
    assert b"127.0.0." not in kept


def _files(folder: Path) -> dict[str, bytes]:
    """Everything beside the log too: its folder's own folder is the test's."""
    return {str(p.relative_to(folder.parent)): p.read_bytes() for p in folder.parent.rglob("*") if p.is_file()}


# --- readers ----------------------------------------------------------------------------------------------------------


class _Static(http.server.SimpleHTTPRequestHandler):
    """Python's own server of files. It notes what was asked, and tries to mark who asks."""

    asked: list[tuple[str, tuple[tuple[str, str], ...]]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.asked.append((self.requestline, tuple((k, v) for k, v in self.headers.items())))
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Set-Cookie", f"id={MARK}; Path=/")
        self.send_header("ETag", f'"{MARK}"')
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
        """Says nothing."""


@contextlib.contextmanager
def _static(folder: Path) -> Generator[tuple[str, list[tuple[str, tuple[tuple[str, str], ...]]]]]:
    asked: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    class Here(_Static):
        def __init__(self, *args: object, **more: object) -> None:
            self.asked = asked
            super().__init__(*args, directory=str(folder), **more)  # type: ignore[arg-type] # handed through

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Here)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _look(url: str, state: Path) -> watch.Look:
    source = watch.Web(url)
    watcher = watch.Watcher(source, small_log.trust(max_age_s=3600), state)
    try:
        return watcher.look(NOW_S)
    finally:
        watcher.close()
        source.close()


def test_a_plain_server_of_files_is_enough_to_watch_a_log(tmp_path: Path) -> None:
    made = SmallLog(tmp_path / "log", [small_log.role(number) for number in range(300)])
    made.publish()

    with _static(made.folder) as (url, _):
        first = _look(url, tmp_path / "state")
        shown = made.head()
        made.entries += [small_log.role(number) for number in range(300, 310)]
        made.publish()
        second = _look(url, tmp_path / "state")

    assert (first.head, first.new, second.head, second.new) == (shown, 300, made.head(), 10)
    assert [alarm.kind for alarm in (*first.alarms, *second.alarms) if alarm.kind != "blind"] == []


def test_a_watcher_asks_as_every_other_watcher_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that came before, on another machine, in another language, and was given a cookie."""
    made = SmallLog(tmp_path / "log", [small_log.role(number) for number in range(20)])
    made.publish()

    with _static(made.folder) as (url, asked):
        _look(url, tmp_path / "one")
        first = list(asked)
        asked.clear()
        for name, value in (("HOME", str(tmp_path)), ("USER", MARK), ("LANG", "de_CH"), ("HTTP_USER_AGENT", MARK)):
            monkeypatch.setenv(name, value)
        _look(url, tmp_path / "two")

    assert first == asked
    host = urllib.parse.urlsplit(url).netloc
    assert {headers for _, headers in first} == {(("Host", host), ("Accept-Encoding", "identity"))}
    assert {line for line, _ in first} == {
        "GET /checkpoint HTTP/1.1", "GET /tile/0/000.p/20 HTTP/1.1", "GET /tile/entries/000.p/20 HTTP/1.1"
    }  # fmt: skip


def test_a_watcher_is_sent_nowhere_else(tmp_path: Path) -> None:
    """A redirection to an address of one's own would mark who follows it."""

    class Sends(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            followed.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"/{MARK}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
            """Says nothing."""

    followed: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sends)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(errors.TargetUnreachable, match="status 302"):
            watch.Web(f"http://127.0.0.1:{server.server_address[1]}").read("checkpoint")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert followed == ["/checkpoint"]


@pytest.mark.parametrize("url", [f"http://{MARK}@127.0.0.1/", f"http://127.0.0.1/?id={MARK}"])
def test_an_address_that_names_its_reader_is_refused(url: str) -> None:
    with pytest.raises(errors.BadOption):
        watch.Web(url)


_HEARD = """
import sys
heard = []
sys.addaudithook(lambda name, _: heard.append(name) if name.startswith(("socket.", "urllib.", "http.")) else None)
from counterproof.cli import main
try:
    main(sys.argv[1:])
except SystemExit as exc:
    print(exc.code, *sorted(set(heard) - {"socket.__new__"}))
"""


def _heard(*words: object) -> str:
    """The exit code, and which doors to the network were touched."""
    command = [sys.executable, "-c", _HEARD, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "200"})
    return done.stdout.splitlines()[-1]


def test_who_verifies_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "bundle").write_bytes(broken.good()[0])
    (tmp_path / "trust").write_bytes(broken.TRUST + b"\n")
    at = ("--at", "2026-05-28T20:26:40Z")

    said = _heard("verify", "bundle", tmp_path / "bundle", "--trust", tmp_path / "trust", *at)

    assert said == "0"


def test_the_page_that_verifies_may_ask_nobody() -> None:
    """Content Security Policy level 3, section 6.8: what no directive names falls back to `default-src`."""
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', verify.page())

    assert found is not None
    allowed = dict(one.strip().split(" ", 1) for one in found[1].split(";"))
    assert set(allowed) == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    assert [allowed[name] for name in ("default-src", "base-uri", "form-action")] == ["'none'"] * 3
    assert all(allowed[name].startswith("'sha256-") for name in ("style-src", "script-src"))


def test_the_ear_at_the_door_hears(tmp_path: Path) -> None:
    """Control: sending to a log does touch the network."""
    (tmp_path / "entry").write_bytes(CHAIN.entries[0])

    assert "socket.connect" in _heard("log", "add", "http://127.0.0.1:9", tmp_path / "entry")


def test_the_reader_s_path_in_memory_is_files_alone(served: tuple[Path, str]) -> None:
    """From the address of a plain server: checkpoint, quorum, tiles, entries."""
    with _static(served[0]) as (url, _):
        source = watch.Web(url)
        data = source.read("checkpoint")
        assert data is not None
        seen = quorum.check(data, POLICY).checkpoint
        hashes = tlog.TileHashes(lambda tile: source.read(tile.path) or b"", seen.size, seen.root)
        bundle = source.read(tlog.Tile(tlog.ENTRIES, 0, seen.size).path)
        source.close()

    assert bundle is not None
    assert hashes.entries(0, bundle) == CHAIN.entries
