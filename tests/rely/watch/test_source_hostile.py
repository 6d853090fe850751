"""Servers that answer slowly, without end, or not as asked: reading ends, and only with `TargetUnreachable`."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from counterproof import errors
from counterproof.rely import watch

_HEAD = b"HTTP/1.1 200 OK\r\n"


@contextlib.contextmanager
def serving(answer: Callable[[socket.socket, threading.Event], None]) -> Generator[str]:
    """A server that lets `answer` treat every connection as it likes, until the event is set."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def treat(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            answer(connection, is_over)

    def work() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

    threading.Thread(target=work, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/log"
    is_over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _drip(first: bytes, drop: bytes, every_s: float = 0.02) -> Callable[[socket.socket, threading.Event], None]:
    def answer(connection: socket.socket, is_over: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(first)
        while not is_over.wait(every_s):
            connection.sendall(drop)

    return answer


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (_HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        (_HEAD + b"Connection: close\r\n\r\n", b"x"),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: x\r\n"),
        (_HEAD, b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "body to the end", "chunks", "trailers", "header", "continues"],
)
def test_an_answer_that_never_ends(first: bytes, drop: bytes) -> None:
    with serving(_drip(first, drop)) as url:
        source = watch.Web(url, deadline_s=5, whole_s=0.4)
        with pytest.raises(errors.TargetUnreachable, match="not whole within"):
            source.read("checkpoint")
        source.close()


def test_a_handshake_that_never_ends() -> None:
    def answer(connection: socket.socket, is_over: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB
        while not is_over.wait(0.02):
            connection.sendall(b"\x02")

    with serving(answer) as url:
        source = watch.Web(url.replace("http:", "https:"), deadline_s=5, whole_s=0.4)
        with pytest.raises(errors.TargetUnreachable, match="not whole within"):
            source.read("checkpoint")
        source.close()


def test_chunks_without_end_are_bounded() -> None:
    with serving(_drip(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"800\r\n" + b"x" * 2048 + b"\r\n", 0)) as url:
        source = watch.Web(url)
        with pytest.raises(errors.TargetUnreachable, match="more than 100000 bytes"):
            source.read("checkpoint", 100_000)
        source.close()


@pytest.mark.parametrize(
    "answer",
    [
        _HEAD + b"Content-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\xff\xfe\x00" * 99 + b"\r\n\r\n",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx",
        _HEAD + b"x: y\r\n" * 200 + b"\r\n",
        _HEAD + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
        b"",
    ],
    ids=["half", "redirect", "status", "bytes", "chunk", "headers", "header", "nothing"],
)
def test_an_answer_that_is_none(answer: bytes) -> None:
    def once(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    with serving(once) as url:
        source = watch.Web(url)
        with pytest.raises(errors.TargetUnreachable) as refused:
            source.read("checkpoint")
        source.close()
    assert len(str(refused.value)) < 1000


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    made = subprocess.run(make, check=False, capture_output=True)
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")

    def answer(connection: socket.socket, _: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(_HEAD + b"Content-Length: 1\r\n\r\nx")

    with serving(answer) as url:
        source = watch.Web(url.replace("http:", "https:"))
        with pytest.raises(errors.TargetUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            source.read("checkpoint")
        source.close()


@pytest.mark.parametrize(
    "address",
    [
        "http://:secret@log.test/", "http://log.test:port/", "http://log.test:99999/", "http://[::1/", "http://a b/",
        "http://log.test/a b", "http://log.test/\u00e9", "http://log.test/x#y", "http://\u2100.test/", "http://a..b/",
        "http://log.test/\x7f", "http://" + "a" * 70 + ".test/",
    ],
)  # fmt: skip
def test_no_address_of_a_log(address: str) -> None:
    with pytest.raises(errors.BadOption, match="is no address of a log"):
        watch.at(address)
