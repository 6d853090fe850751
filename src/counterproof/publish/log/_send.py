"""Adds entries to a log: over HTTP, or in its own folder. Both admit the same."""

from __future__ import annotations

import base64
import binascii
import http.client
import urllib.parse
from collections.abc import Sequence

from counterproof import errors, tlog
from counterproof.publish.log._admit import judge, may_change_keys
from counterproof.publish.log._folder import Folder, known_keys
from counterproof.publish.log._writer import Writer

_WAITS_S = 60.0
_TOGETHER = 256
_ANSWER_BYTES = 64 << 20


def add_admitted(folder: Folder, writer: Writer, entries: Sequence[bytes]) -> list[bytes]:
    """Logs entries as the service would, one after the other judged by the keys that those before it made known.

    Raises:
        BadNote: an entry may not be logged; those before it are, where they change keys.
        NoQuorum, BadLog, NotVerified, StorageFailed: see `Writer.add`.
    """
    keys = known_keys(folder, writer)
    places: list[bytes] = []
    waiting: list[bytes] = []
    for number, entry in enumerate(entries):
        (verdict,) = judge([entry], keys.texts if keys else None)
        if verdict.status != 200:
            raise errors.BadNote(verdict.why, where=f"entry {number + 1}", mend="nothing from here on was logged")
        waiting.append(entry)
        if keys and may_change_keys(entry):
            places += writer.add(waiting)
            waiting.clear()
            keys.learn(entry)
    return places + (writer.add(waiting) if waiting else [])


def send(url: str, entries: Sequence[bytes]) -> list[bytes]:
    """Sends entries to a log's address and gives their receipts.

    Raises:
        BadOption: it is no http address.
        BadNote: the log refused an entry, and why.
        TargetUnreachable: it does not answer, or not with receipts.
        NoQuorum: it took them and could not publish, or is busy; add the same entries again.
    """
    connection, path = _connection(url)
    receipts: list[bytes] = []
    try:
        for at in range(0, len(entries), _TOGETHER):
            part = entries[at : at + _TOGETHER]
            body = b"".join(entry + b"\n" for entry in part)
            connection.request("POST", path, body, {"Content-Type": "application/x-ndjson"})
            with connection.getresponse() as answer:
                receipts += _receipts(url, answer.status, answer.read(_ANSWER_BYTES), len(part))
    except (OSError, http.client.HTTPException) as exc:
        if isinstance(exc, errors.CounterproofError):
            raise
        raise errors.TargetUnreachable(
            f"does not answer: {exc}", where=url, mend="add the same entries again: they are logged once"
        ) from exc
    finally:
        connection.close()
    return receipts


def _connection(url: str) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.path.isascii():
            parts.hostname.encode("idna")
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            return kind(parts.netloc, timeout=_WAITS_S), parts.path.rstrip("/") + "/add"
    except (ValueError, http.client.InvalidURL):  # a host or a port that is none
        pass
    raise errors.BadOption(f"{url[:100]!r} is no http address", where="address", mend="give a folder or an address")


def _receipts(url: str, status: int, body: bytes, count: int) -> list[bytes]:
    said = body[:500].decode("utf-8", "replace").strip()
    if status in (429, 503):
        raise errors.NoQuorum(said or f"status {status}", where=url, mend="add the same entries again")
    if 400 <= status < 500:
        raise errors.BadNote(said or f"status {status}", where=url, mend="mend the entry; the log took none with it")
    try:
        receipts = [base64.b64decode(line, validate=True) for line in body.splitlines()]
        for receipt in receipts:
            tlog.read_proof(receipt)
    except (binascii.Error, errors.BadNote):
        receipts = []
    if status != 200 or len(receipts) != count:
        raise errors.TargetUnreachable(f"status {status} and no receipts", where=url, mend="see whether a log is there")
    return receipts
