"""Attack 28: who reads the log is followed. Reading is static files, so there is nobody who need know.

That a plain web server serves a log, and that the service keeps nothing of who asks, stands in
tests/publish/log/test_log_service.py; here: what a reader is given is the same for all.
"""

from __future__ import annotations

import contextlib
import http.client
import urllib.parse
from pathlib import Path

from counterproof.publish import log
from tests.chain import small_chain
from tests.publish.log import parts


def test_every_reader_gets_the_same_bytes_and_nothing_to_carry(tmp_path: Path) -> None:
    folder = parts.make_folder(tmp_path / "log")
    entry = small_chain.Chain.begun().entries[0]
    with log.running(folder, parts.real_gather, log.Listen(period_s=0.01, workers=1)) as url:
        log.send(url, [entry])
        given: list[tuple[bytes, list[tuple[str, str]]]] = []
        for who in ("one", "another"):
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", "/checkpoint", headers={"User-Agent": who, "Cookie": f"id={who}"})
                answer = connection.getresponse()
                said = [(k.lower(), v) for k, v in answer.getheaders() if k.lower() != "date"]
                given.append((answer.read(), said))

    assert given[0] == given[1]
    assert not {"set-cookie", "etag", "last-modified", "location"} & {name for name, _ in given[0][1]}
    assert given[0][0] == (folder.path / "checkpoint").read_bytes()


def test_receipts_of_one_period_share_their_checkpoint() -> None:
    """A checkpoint of one's own would be a mark to be recognised by."""
    receipts = parts.begun().open().add(parts.entries(0, 300))

    assert len({receipt.split(b"\n\n", 1)[1] for receipt in receipts}) == 1
