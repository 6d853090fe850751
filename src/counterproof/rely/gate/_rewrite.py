"""Texts of a body replaced, exactly those, and nothing else of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from counterproof.errors import BadGate
from counterproof.rely.gate._rewrite_scan import tokens, within
from counterproof.rely.gate._walk_exact import decode
from counterproof.rely.gate._walk_rules import unpacked

Span: TypeAlias = tuple[str, int, int, str]
"""An address as a piece bears it, from which to which code point of its text, and what comes in its place."""

_PROBABILITIES = re.compile(r"choices\[\d+\]\.logprobs|output\[\d+\]\.content\[\d+\]\.logprobs")
_HEAD = re.compile(r'(?:[^|"\[]|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*(?:\|name)?')


class _Edit(NamedTuple):
    rest: str
    start: int
    end: int
    new: str


def rewrite(value: object, spans: Sequence[Span]) -> bytes:
    """The body with each span replaced; `value` is the body itself, or what was decoded from it.

    Given the body, every byte outside of the texts concerned stays as it was. A text that holds JSON (`arguments`, and
    whatever is addressed through `|json`) holds JSON afterwards: what of a span falls into its punctuation stays, and
    a number or word that a span touches becomes a text. Log probabilities, which would say again what was replaced,
    are emptied. Spans that overlap become one, with the first one's replacement.

    Raises:
        BadGate: a span's address or range is not in the body, nothing can be replaced there, or two names became one.
    """
    try:
        body = bytes(value) if isinstance(value, bytes | bytearray) else msgspec.json.encode(value)
        _check(body, "cannot be read")
        asked = [span for span in spans if span[1] != span[2]]
        if not asked:
            return body
        changed = _changed(body.decode("utf-8"), asked, is_body=True).encode("utf-8")
    except (UnicodeError, msgspec.MsgspecError, TypeError, OverflowError, RecursionError) as refusal:
        raise BadGate(f"a body cannot be rewritten: {type(refusal).__name__}; reject it instead") from refusal
    _check(changed, "would no longer be read once it is rewritten")
    return changed


def _check(body: bytes, what: str) -> None:
    why = decode(body)[1]
    if why:
        raise BadGate(f"a body that {what}: {why}; reject it instead")


def _changed(text: str, spans: Iterable[Span], *, is_body: bool = False) -> str:
    """A JSON text with spans of the texts in it replaced."""
    return _spliced(text, _outermost(_literals(text, spans, is_body=is_body)))


def _literals(text: str, spans: Iterable[Span], *, is_body: bool = False) -> Iterator[tuple[int, int, str]]:
    """The texts of a JSON text that spans are about, each as it will be written."""
    wanted: dict[str, list[_Edit]] = {}
    for where, start, end, new in spans:
        head = _head(where)
        wanted.setdefault(head, []).append(_Edit(where[len(head) :], start, end, new))
    for token in tokens(text):
        edits = wanted.pop(token.where, None) if token.kind in {"text", "name"} else None
        if edits:
            held = str(json.loads(text[token.start : token.end]))
            keeps = _is_arguments(token.where) if is_body else held[:1] in {"{", "["}
            yield token.start, token.end, _literal(_edited(held, edits, keeps_json=keeps and token.kind == "text"))
        elif is_body and token.kind == "holder" and _PROBABILITIES.fullmatch(token.where):
            yield token.start, token.end, "[]" if text[token.start] == "[" else "null"
    if wanted:
        raise BadGate(f"no text at {next(iter(wanted))[:200]!r} to be replaced; reject the event instead")


def _edited(text: str, edits: Sequence[_Edit], *, keeps_json: bool) -> str:
    """One text with its own spans, and those of what it holds, replaced."""
    held = [edit for edit in edits if edit.rest]
    own = [edit for edit in edits if not edit.rest]
    if any(not 0 <= edit.start <= edit.end for edit in edits) or any(edit.end > len(text) for edit in own):
        raise BadGate("a span does not lie within its text; reject the event instead")
    if held and held[0].rest.startswith("|base64"):
        return _repacked(text, held)
    spans: list[Span] = []
    for edit in held:
        if not edit.rest.startswith("|json"):
            raise BadGate(f"{edit.rest[:200]!r} addresses nothing within a text; reject the event instead")
        spans.append((edit.rest.removeprefix("|json").removeprefix("."), edit.start, edit.end, edit.new))
    if spans or (own and keeps_json and not decode(text.encode("utf-8"))[1]):
        return _changed_within(text, spans, own)
    return _spliced(text, _merged([(edit.start, edit.end, edit.new) for edit in own]))


def _changed_within(text: str, spans: Sequence[Span], own: Sequence[_Edit]) -> str:
    """A text that holds JSON: its own spans become spans of the texts within."""
    scalars: list[tuple[int, int, str]] = []
    inner = list(spans)
    for edit in own:
        found = False
        for token in tokens(text):
            if token.kind == "holder" or token.end <= edit.start or token.start >= edit.end:
                continue
            start, end = within(text, token, edit.start, edit.end) if token.kind != "scalar" else (0, 1)
            found = found or start < end
            if token.kind == "scalar":
                scalars.append((token.start, token.end, _literal(edit.new)))
            elif start < end:
                inner.append((token.where, start, end, edit.new))
        if not found:
            raise BadGate("a span holds punctuation alone, which cannot be replaced; reject the event instead")
    changed = _spliced(text, [*_merged(scalars), *_literals(text, inner)])
    _check(changed.encode("utf-8"), "holds JSON in a text that would no longer be read")
    return changed


def _repacked(text: str, edits: Sequence[_Edit]) -> str:
    inner = unpacked(text)
    if inner is None:
        raise BadGate("a span within data that are no text; reject the event instead")
    if any(edit.rest != "|base64" or edit.end > len(inner) for edit in edits):
        raise BadGate("a span does not lie within its text; reject the event instead")
    said = _spliced(inner, _merged([(edit.start, edit.end, edit.new) for edit in edits]))
    head = text[: text.index(",") + 1] if text[:5].lower() == "data:" else ""
    return head + base64.b64encode(said.encode("utf-8")).decode("ascii")


def _merged(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """In order, and those that overlap as one."""
    done: list[tuple[int, int, str]] = []
    for start, end, new in sorted(spans, key=lambda span: (span[0], -span[1])):
        if done and start < done[-1][1]:
            first, last, kept = done[-1]
            done[-1] = (first, max(last, end), kept)
        else:
            done.append((start, end, new))
    return done


def _outermost(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Of spans that never half overlap, those that lie in no other."""
    done: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not done or span[0] >= done[-1][1]:
            done.append(span)
    return done


def _spliced(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(spans):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def _head(where: str) -> str:
    """The address up to what leads into a text."""
    found = _HEAD.match(where)
    return found.group() if found else where


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _is_arguments(where: str) -> bool:
    return where == "arguments" or where.endswith(".arguments")
