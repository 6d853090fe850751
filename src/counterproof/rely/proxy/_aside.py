"""What travels beside a body: headers and the query. Programs read them, and some hand them on to a model."""

from __future__ import annotations

import re
import urllib.parse

from counterproof.record import Piece
from counterproof.rely import gate, wire

_USUAL = re.compile(
    rb"accept(-.*)?|access-control-.*|authorization|cache-control|connection|content-.*|cookie|date|dnt|forwarded|host"
    rb"|if-.*|idempotency-key|origin|pragma|priority|range|referer|sec-.*|traceparent|tracestate|user-agent|via"
    rb"|api-key|x-api-key|x-forwarded-.*|x-goog-api-.*|x-real-ip|x-request-id|x-stainless-.*|openai-.*|anthropic-.*"
)
"""Headers that clients and fronts set, or that hold credentials: no words of anybody's."""
_LEADS_ELSEWHERE = frozenset(
    {b"location", b"content-location", b"refresh", b"link", b"x-sendfile", b"x-lighttpd-send-file"}
)
_FRONTS = (b"x-accel-", b"x-reproxy-")


def asked(request: wire.Request, without: frozenset[bytes]) -> tuple[Piece, ...]:
    """The query as it reads, and headers that no usual client sends. `without`: headers that do not travel on."""
    query = request.target.partition("?")[2]
    found = [
        Piece(read, "unknown", "target", is_new=False) for read in dict.fromkeys((_unquoted(query), query)) if read
    ]
    for name, value in wire.end_to_end(request.headers, without=without):
        if value and not _USUAL.fullmatch(name):
            found.append(Piece(_text(value), "unknown", f"header {name.decode('latin-1')}", is_new=False))
    return tuple(found)


def returned(headers: list[tuple[bytes, bytes]], plan: gate.HoldbackPlan) -> list[tuple[bytes, bytes]]:
    """The headers of a reply without those that a rule for replies matches, and those that lead somewhere else."""
    kept = [pair for pair in headers if pair[0] not in _LEADS_ELSEWHERE and not pair[0].startswith(_FRONTS)]
    if plan.is_clean("\n".join([_text(name + b": " + value) for name, value in kept])):
        return kept
    return [(name, value) for name, value in kept if plan.is_clean(_text(name + b": " + value))]


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _unquoted(query: str) -> str:
    return urllib.parse.unquote_plus(query, errors="replace")
