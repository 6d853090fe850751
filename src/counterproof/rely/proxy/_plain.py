"""Bodies that have no shape of a model's: lists of models, counts, errors, whatever else. Every string is a text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from counterproof.record import Event, Piece, PieceRole

_DEEPEST = 64
_BEYOND = re.compile(r"&#(?:[xX][0-9A-Fa-f]{8,}|[0-9]{8,});?")
_BLOB = re.compile(r"[A-Za-z0-9+/_=-]{512,}")


class Plain(msgspec.Struct, frozen=True):
    """One event with every string of a body, and the body as it may be passed on: written anew where it is JSON.

    `places`: where each piece stands in the one item of `holder`, as (container, key); a member's name has none.
    `is_json`: it was read as JSON, whatever it is called.
    """

    event: Event
    holder: list[object]
    body: bytes
    places: tuple[tuple[Any, Any] | None, ...]
    is_json: bool

    def rewritten(self, spans: Sequence[tuple[int, int, int, str]]) -> bytes | None:
        """The body with spans (piece, start, end, replacement) replaced; None where one of them cannot be."""
        for index, start, end, replacement in sorted(spans, reverse=True):
            place = self.places[index] if index < len(self.places) else None
            if place is None:
                return None
            container, key = place
            text: str = container[key]
            container[key] = text[:start] + replacement + text[end:]
        return msgspec.json.encode(self.holder[0])


def plain(
    body: bytes, kind: str, *, door: str, role: PieceRole, context: str = "", identity: str = "", unread: str = ""
) -> Plain:
    """What stands in a body of the content type `kind`. `unread`: why it counts as unread all the same."""
    found = _Found(role, [unread] if unread else [])
    holder: list[object] = [None]
    passed, why, is_read = body, "", False
    if body and _is_strange(kind):
        found.unscanned.append(f"body: content type {kind[:100]}")
    if body and (is_json(kind) or body.lstrip()[:1] in {b"{", b"["}):
        passed, why = _again(body, holder)
        is_read = not why
        if is_read:
            found.read(holder)
        else:
            found.unscanned.append(why)
    if body and not is_read and not is_json(kind):
        text, why = _text(body, kind)
        found.unscanned += [why] if why else []
        for each in _readings(text, kind):
            found.add(each, "body", None)
    event = Event(
        kind="span" if role == "assistant" else "message",
        door=door,
        pieces=tuple(found.pieces),
        context=context,
        identity=identity,
        unscanned=tuple(found.unscanned),
        size_bytes=len(body),
    )
    return Plain(event, holder, passed, tuple(found.places), is_read)


def is_json(kind: str) -> bool:
    """Whether a content type says JSON."""
    said = kind.partition(";")[0].strip().lower()
    return said == "application/json" or said.endswith("+json")


def _again(body: bytes, holder: list[object]) -> tuple[bytes, str]:
    """The body as it is read here, written anew: what somebody else might read in it is not there any more."""
    try:
        holder[0] = msgspec.json.decode(body)
        return msgspec.json.encode(holder[0]), ""
    except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError):
        return body, "body: no JSON that can be written again"


def _text(body: bytes, kind: str) -> tuple[str, str]:
    said = kind.partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return "", "body: no UTF-8"
    return text, "" if said in {"text/plain", "text/html"} else f"body: content type {said or 'missing'}"


def _readings(text: str, kind: str) -> tuple[str, ...]:
    """A text, and of a page what a reader sees of it."""
    if kind.partition(";")[0].strip().lower() != "text/html":
        return (text,) if text else ()
    return text, html.unescape(_BEYOND.sub("\ufffd", _shown(text)))


def _shown(page: str) -> str:
    """A page without its tags and comments; what is never closed is shown."""
    parts: list[str] = []
    at = 0
    while (start := page.find("<", at)) >= 0:
        end = "-->" if page.startswith("<!--", start) else ">"
        close = page.find(end, start)
        if close < 0:
            break
        parts.append(page[at:start])
        at = close + len(end)
    return "".join([*parts, page[at:]])


def _is_strange(kind: str) -> bool:
    """Whether a content type says that the bytes are to be read other than as UTF-8."""
    said = [value.strip().strip('"').lower() for name, _, value in _parameters(kind) if name == "charset"]
    return not all(charset in {"utf-8", "utf8", "us-ascii", "ascii"} for charset in said)


def _parameters(kind: str) -> list[tuple[str, str, str]]:
    found = [part.partition("=") for part in kind.split(";")[1:]]
    return [(name.strip().lower(), equals, value) for name, equals, value in found]


class _Found:
    """Texts of a value, in order, and where they stand."""

    def __init__(self, role: PieceRole, unscanned: list[str]) -> None:
        self._role: PieceRole = role
        self.unscanned = unscanned
        self.pieces: list[Piece] = []
        self.places: list[tuple[Any, Any] | None] = []

    def add(self, text: str, where: str, place: tuple[Any, Any] | None) -> None:
        """One text more."""
        self.pieces.append(Piece(text, self._role, where))
        self.places.append(place)

    def read(self, holder: list[object]) -> None:
        """Every text in the one item of a list, names of members included."""
        waiting: list[tuple[Any, Any, str, int]] = [(holder, 0, "body", 0)]
        while waiting:
            container, key, where, depth = waiting.pop()
            item: object = container[key]
            if isinstance(item, str):
                self.add(item, where, (container, key))
                if _BLOB.search(item):
                    self.unscanned.append(f"{where}: data in a string")
            elif isinstance(item, dict | list) and depth >= _DEEPEST:
                self.unscanned.append(f"{where}: nested deeper than {_DEEPEST}")
            elif isinstance(item, dict):
                members = cast("dict[str, object]", item)
                for name in members:
                    self.add(name, f"{where}.{name}", None)
                waiting += reversed([(members, name, f"{where}.{name}", depth + 1) for name in members])
            elif isinstance(item, list):
                parts = cast("list[object]", item)
                waiting += reversed([(parts, at, f"{where}[{at}]", depth + 1) for at in range(len(parts))])
