"""A safety card as quoted: JSON Lines in, `Card` out, every quote found in the document where it is said to stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec

from counterproof.errors import BadCard
from counterproof.publish.attest import _card_terms
from counterproof.record import Card, Claim, digest_bytes

FORMAT = "counterproof-card/1"
MAX_LINE_BYTES, MAX_FILE_BYTES, MAX_CLAIMS = 65_536, 4_000_000, 1_000

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LOCATOR = re.compile(r"lines? ([1-9][0-9]{0,6})(?:-([1-9][0-9]{0,6}))?", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)

T = TypeVar("T", bound=msgspec.Struct)


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    format: str
    claimant: str
    subject: str
    document: str
    digest: str


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    quote: str
    locator: str
    property: str
    category: str
    direction: str
    threshold: str
    conditions: dict[str, str]
    reading: str = ""


@dataclass(frozen=True)
class Draft:
    """A card whose claims are well formed and whose document has not been looked at. `document` is a file's name."""

    where: str
    head: _Head
    lines: tuple[tuple[int, _Line], ...]

    @property
    def document(self) -> str:
        """The file that the card quotes, as a path from the card's own folder."""
        return self.head.document


def is_card(data: bytes) -> bool:
    """Whether the first line looks like a card's: to tell a misplaced argument, not to trust one."""
    return FORMAT.encode() in data.split(b"\n", 1)[0]


def draft(data: bytes, *, where: str = "card") -> Draft:
    """Read a card's own bytes (spec/card.md); `where` is the file's name in a refusal.

    Raises:
        BadCard: with file and line: what breaks the format, and how to mend it.
    """
    if len(data) > MAX_FILE_BYTES:
        raise _bad(where, 1, f"the file is larger than {MAX_FILE_BYTES:,} bytes", "split it into several cards")
    found = list(_objects(data, where))
    if not found:
        raise _bad(where, 1, "the file is empty", "begin it with a line of kind `card`")
    head = _shaped(found[0], _Head, "card", where)
    _check_head(head, found[0][0], where)
    lines = tuple((number, _shaped((number, said), _Line, "claim", where)) for number, said in found[1:])
    if not lines:
        raise _bad(where, found[0][0], "the card quotes no claim", "add a line of kind `claim`")
    if len(lines) > MAX_CLAIMS:
        raise _bad(where, lines[MAX_CLAIMS][0], f"the card holds more than {MAX_CLAIMS} claims", "split it")
    for number, line in lines:
        _check_line(line, number, where)
    _check_twice(lines, where)
    return Draft(where, head, lines)


def joined(found: Draft, document: bytes) -> Card:
    """The card, once its document is known to be the one it names and to say what it quotes.

    Raises:
        BadCard: the document's bytes have another digest, are no UTF-8 text, or do not say a quote where its locator
            points, word for word (white space counts as one space).
    """
    first = found.lines[0][0] - 1 or 1
    if digest_bytes(document) != found.head.digest:
        raise _bad(found.where, first, f"the digest of {_short(found.head.document)} is {digest_bytes(document)}, which"
                   " is not the one stated", "quote the bytes that were published, and state their digest")
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(found.where, first, f"{_short(found.head.document)} is no UTF-8 text",
                   "quote the text of the document, saved as UTF-8") from None
    rows = text.split("\n")
    for number, line in found.lines:
        _check_quote(line, number, rows, found.where)
    return Card(claimant=found.head.claimant, subject=found.head.subject, document=found.head.digest,
                name=found.head.document, lines=tuple(number for number, _ in found.lines),
                claims=tuple(_claim(found.head, line) for _, line in found.lines))


def _claim(head: _Head, line: _Line) -> Claim:
    return Claim(subject=head.subject, claimant=head.claimant, document=head.digest, locator=line.locator,
                 quote=line.quote, property=line.property, category=line.category,
                 direction="at least" if line.direction == "at least" else "at most", threshold=line.threshold,
                 conditions=line.conditions, reading=line.reading)


def _objects(data: bytes, where: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Every line that is not blank, as its number and its object."""
    for number, row in enumerate(data.split(b"\n"), 1):
        if len(row) > MAX_LINE_BYTES:
            raise _bad(where, number, f"the line is longer than {MAX_LINE_BYTES:,} bytes", "shorten the quote")
        try:
            text = row.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as err:
            raise _bad(where, number, f"byte {err.start + 1} of the line is not UTF-8", "save it as UTF-8") from None
        if text.startswith("\ufeff"):
            raise _bad(where, number, "the line begins with a byte order mark", "save it as UTF-8 without a mark")
        if text.strip(" \t"):
            yield number, _object(text, number, where)


def _object(text: str, number: int, where: str) -> dict[str, object]:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        if twice := [name for name in names if names.count(name) > 1]:
            raise _bad(where, number, f"the member {_short(twice[0])} stands twice in one object", "keep one of them")
        return dict(pairs)

    def no_number(text: str) -> object:
        raise _bad(where, number, f"{_short(text)} is a bare number", 'write numbers as texts, such as "0.99"')

    try:
        value: object = json.loads(text, object_pairs_hook=once, parse_float=no_number, parse_int=no_number,
                                   parse_constant=no_number)
    except json.JSONDecodeError as err:
        raise _bad(where, number, f"the line is not JSON ({err.msg.lower()} at column {err.colno})",
                   "write one JSON object on each line") from None
    except RecursionError:
        raise _bad(where, number, "the line's JSON is nested beyond reason", "keep to the format") from None
    if not isinstance(value, dict):
        raise _bad(where, number, "the line is JSON but no object", "write one JSON object on each line")
    return cast("dict[str, object]", value)


def _shaped(placed: tuple[int, dict[str, object]], kind: type[T], name: str, where: str) -> T:
    number, said = placed
    if said.get("kind") != name:
        raise _bad(where, number, f"the line is not of kind `{name}`",
                   "begin the file with one line of kind `card`, and give every other the kind `claim`")
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise _bad(where, number, str(error), "see spec/card.md for the members of a line") from None
    except UnicodeEncodeError:
        raise _bad(where, number, "a member's name holds half a character (a lone surrogate)",
                   "see spec/card.md for the members of a line") from None


def _check_head(head: _Head, number: int, where: str) -> None:
    if head.format != FORMAT:
        raise _bad(where, number, f"the format is {_short(head.format)}", f"write {FORMAT}")
    if not _DIGEST.fullmatch(head.digest):
        raise _bad(where, number, f"{_short(head.digest)} is no digest", "write sha256: and 64 lower-case digits")
    for name in ("claimant", "subject", "document"):
        _check_text(getattr(head, name), name, number, where)
    if head.document.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", head.document):
        raise _bad(where, number, f"the document {_short(head.document)} lies outside the card's folder",
                   "keep the document beside the card")


def _check_line(line: _Line, number: int, where: str) -> None:
    for name in ("quote", "locator", "category"):
        _check_text(getattr(line, name), name, number, where)
    if line.reading:
        _check_text(line.reading, "reading", number, where)
    if not _LOCATOR.fullmatch(line.locator):
        raise _bad(where, number, f"the locator {_short(line.locator)} is not of the form `line 3` or `lines 3-5`",
                   "count the document's lines from 1")
    for name, value in line.conditions.items():
        _check_text(name, "a condition's name", number, where)
        _check_text(value, f"condition {name}", number, where)
    problem = _card_terms.problem(line.property, line.direction, line.threshold, line.conditions)
    if problem:
        raise _bad(where, number, *problem)
    if not line.reading and not _card_terms.says(line.quote, line.threshold, line.property):
        raise _bad(where, number, f"the quote does not write the number {line.threshold}",
                   "add `reading`: how its words were read as that number; the audit prints it")


def _check_text(text: str, name: str, number: int, where: str) -> None:
    if not text.strip():
        raise _bad(where, number, f"{name} is empty", "write it")
    if _UNSPEAKABLE.search(text):
        raise _bad(where, number, f"{name} holds a control character or lone surrogate", "remove it")


def _check_twice(lines: tuple[tuple[int, _Line], ...], where: str) -> None:
    seen: dict[bytes, int] = {}
    for number, line in lines:
        key = msgspec.json.encode(line, order="sorted")
        if key in seen:
            raise _bad(where, number, f"says the same as line {seen[key]}", "keep one of them")
        seen[key] = number


def _check_quote(line: _Line, number: int, rows: list[str], where: str) -> None:
    found = _LOCATOR.fullmatch(line.locator)
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else 0
    if last > len(rows) or last < first:
        raise _bad(where, number, f"the document has no {line.locator}; it has {len(rows)} lines",
                   "count the document's lines from 1")
    there = " ".join(" ".join(rows[first - 1 : last]).split())
    if not _stands(" ".join(line.quote.split()), there):
        raise _bad(where, number, f"the document does not say {_short(line.quote)} at {line.locator}",
                   "quote it word for word, and count its lines from 1")


def _stands(quote: str, there: str) -> bool:
    """Whether the quote stands there in whole words: `safe` is no quote from `unsafe`, nor `9 %` from `99 %`."""
    at = there.find(quote)
    while at >= 0:
        before, after = there[:at][-1:], there[at + len(quote) :][:1]
        if not (_joins(before, quote[0]) or _joins(quote[-1], after)):
            return True
        at = there.find(quote, at + 1)
    return False


def _joins(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()


def _short(text: str) -> str:
    text = _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return json.dumps(text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}", ensure_ascii=False)


def _bad(where: str, number: int, what: str, mend: str) -> BadCard:
    return BadCard(what, where=f"{where}:{number}", mend=mend)
