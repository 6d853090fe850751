"""Where a log is read from: a folder, or a real web server that knows nothing of logs."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterproof import errors
from counterproof.rely import watch
from tests.rely.watch import small_log
from tests.rely.watch.small_log import NOW_S, SmallLog


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gave it
        """Says nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    (tmp_path / "log").mkdir()
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield tmp_path / "log", f"http://127.0.0.1:{server.server_address[1]}/log"
    server.shutdown()
    thread.join()
    server.server_close()


def test_any_web_server_will_do(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = served
    log = SmallLog(folder, [small_log.role(number) for number in range(300)])
    log.publish()
    source = watch.Web(url)

    found = watch.Watcher(source, small_log.trust(), tmp_path / "state").look(NOW_S)

    source.close()
    assert (found.new, found.head) == (300, log.head())
    assert source.read("tile/0/000") is not None, "a closed connection is opened again"
    assert source.read("nothing") is None
    source.close()


def test_more_than_a_file_of_a_log_is_turned_away(served: tuple[Path, str]) -> None:
    folder, url = served
    (folder / "checkpoint").write_bytes(b"x" * 11)

    for source in (watch.at(url), watch.at(str(folder))):
        assert source.read("checkpoint", 11) == b"x" * 11
        with pytest.raises(errors.TargetUnreachable, match="more than 10 bytes"):
            source.read("checkpoint", 10)
        source.close()


def test_nothing_answers() -> None:
    source = watch.Web("http://127.0.0.1:9/log", deadline_s=2)

    with pytest.raises(errors.TargetUnreachable, match="cannot be read"):
        source.read("checkpoint")


@pytest.mark.parametrize("address", ["ftp://log.test/x", "http://", "http://me@log.test", "http://log.test/?a=b"])
def test_no_address(address: str) -> None:
    with pytest.raises(errors.BadOption, match="is no address of a log"):
        watch.at(address)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(errors.BadOption, match="no such folder"):
        watch.at(str(tmp_path / "nowhere"))


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()

    with pytest.raises(errors.TargetUnreachable, match="Is a directory"):
        watch.at(str(tmp_path)).read("checkpoint")
