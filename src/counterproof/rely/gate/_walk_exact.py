"""Bytes and texts read as JSON exactly: what two readers could understand differently is refused, not guessed."""

from __future__ import annotations

import json
from typing import TypeAlias

import msgspec

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_SPACES = b" \t\n\r"


def decode(body: bytes) -> tuple[Json, str]:
    """The value, and why it cannot be trusted (empty: it can).

    Strict RFC 8259: UTF-8 without a byte order mark, no NaN, no half characters, nothing behind the value. A name that
    stands twice in one object is found exactly: JSON that was written compactly is written again and compared; of any
    other the texts are counted, since a name that is told twice is decoded once.
    """
    try:
        value: Json = _decode(body)
        again = written(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as refusal:
        return None, _why(refusal)
    if again != body and not _is_told_once(body, again):
        return None, "the same name twice in one object"
    return value, ""


def decode_text(text: str) -> tuple[Json, str]:
    """The same of a text that is said to hold JSON."""
    try:
        body = text.encode("utf-8")
    except UnicodeError:
        return None, "half a character"
    return decode(body)


def written(value: Json) -> bytes:
    """A value as JSON, compactly."""
    try:
        return _encode(value)
    except OverflowError:  # an integer of more than 64 bits
        return json.dumps(value).encode()


def _why(refusal: Exception) -> str:
    if isinstance(refusal, UnicodeError):
        return "no UTF-8"
    if isinstance(refusal, RecursionError):
        return "too deep"
    if isinstance(refusal, msgspec.ValidationError):
        return "a number out of range"
    return "no JSON"


def _is_told_once(body: bytes, again: bytes) -> bool:
    """Whether as many texts stand in both, or white space is all that differs."""
    return _texts(body) == _texts(again) or body.translate(None, _SPACES) == again.translate(None, _SPACES)


def _texts(body: bytes) -> int:
    """Twice the number of texts in valid JSON: the quotation marks that are not escaped."""
    if b"\\" not in body:
        return body.count(b'"')
    plain = body.replace(b"\\\\", b"") if b"\\\\" in body else body
    return plain.count(b'"') - plain.count(b'\\"')


def member(where: str, name: str) -> str:
    """The address of a member: `where.name`, or `where["any name"]` for one that is no plain word."""
    if name.isidentifier() and name.isascii():
        return f"{where}.{name}" if where else name
    return f"{where}[{json.dumps(name)}]"
