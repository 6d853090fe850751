"""Header sections: what is refused in one, what is not passed on, and how one is written.

RFC 9110 (semantics), RFC 9112 (HTTP/1.1). Names are lower case once they are read.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from http import HTTPStatus

Headers = Sequence[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization",
        b"proxy-authentication-info", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
"""RFC 9110 §7.6.1, and those that older programs treat so."""

ONCE = frozenset(
    {
        b"host", b"content-length", b"transfer-encoding", b"content-type", b"content-encoding", b"authorization",
        b"x-api-key", b"api-key", b"expect", b"upgrade", b"content-range", b"range",
    }
)  # fmt: skip
"""Which of two would count is a guess, and whoever guesses differently can be led past the gate."""


class Refused(Exception):
    """A message that is answered with an error; `said` is one sentence for whoever sent it."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(status, said)
        self.status, self.said = status, said


def check_request(method: bytes, target: bytes, version: str, headers: Headers) -> tuple[int, dict[bytes, bytes]]:
    """The announced length of the body (-1: chunked), and the headers of which there may be one.

    Raises:
        Refused: the request is malformed, ambiguous, or of a kind that is not served here.
    """
    if version not in ("1.1", "1.0"):
        raise Refused(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    if method == b"CONNECT":
        raise Refused(501, "CONNECT is not served here.")
    if not target.startswith(b"/") or not target.isascii() or b"#" in target or not target.decode().isprintable():
        raise Refused(400, "The request target must be a path (origin-form, RFC 9112 section 3.2.1).")
    seen: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in ONCE:
            if name in seen:
                raise Refused(400, f"The header {name.decode()} may come only once.")
            seen[name] = value
    if version == "1.1" and not seen.get(b"host"):
        raise Refused(400, "The header host is missing.")
    if b"upgrade" in seen:
        raise Refused(501, "No other protocol can be changed to here.")
    if b"expect" in seen and seen[b"expect"].lower() != b"100-continue":
        raise Refused(417, "Of the header expect only 100-continue is known here.")
    return _length(version, seen), seen


def _length(version: str, seen: dict[bytes, bytes]) -> int:
    coding, length = seen.get(b"transfer-encoding"), seen.get(b"content-length")
    if coding is not None:
        # RFC 9112 §6.1 and §6.3: both framings, or chunked in HTTP/1.0, is what smuggling is made of.
        if length is not None or version == "1.0" or coding.lower() != b"chunked":
            raise Refused(400, "The body's length is ambiguous.")
        return -1
    if length is None:
        return 0
    if not (length.isdigit() and len(length) <= 18):
        raise Refused(400, "The header content-length is no number.")
    return int(length)


def end_to_end(headers: Headers, *, without: frozenset[bytes] = frozenset()) -> list[tuple[bytes, bytes]]:
    """The headers that may travel on: none for this hop alone (RFC 9110 §7.6.1), none of `without`."""
    gone = _gone(without)
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            gone |= {part.strip() for part in value.lower().split(b",")}
    return [pair for pair in headers if pair[0] not in gone]


@functools.lru_cache(maxsize=64)
def _gone(without: frozenset[bytes]) -> frozenset[bytes]:
    return HOP_BY_HOP | without


def section(start: bytes, headers: Iterable[tuple[bytes, bytes]], rest: bytes = b"") -> bytes:
    r"""A start line (with its CRLF), headers, lines ready made (each with its CRLF), and the empty line.

    Raises:
        ValueError: a CR, LF or NUL stands in a name or value, which would begin another header.
    """
    lines = [b"%b: %b\r\n" % pair for pair in headers]
    joined = b"".join(lines)
    if joined.count(b"\n") != len(lines) or joined.count(b"\r") != len(lines) or b"\0" in joined:
        raise ValueError("a header holds a line break or a NUL")
    return b"%b%b%b\r\n" % (start, joined, rest)


def status_line(status: int) -> bytes:
    """The first line of a reply."""
    known = _LINES.get(status)
    return known if known is not None else b"HTTP/1.1 %d Status\r\n" % status


_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
