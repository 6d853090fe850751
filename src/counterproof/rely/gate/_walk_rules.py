"""How the members of a request or reply are read: a rule for each kind of member, and who keeps what they found."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterproof.record import Event, EventKind, Piece, PieceRole
from counterproof.rely.gate._walk_exact import Json, decode_text, member

MAX_DEPTH = 64
MAX_WHERE = 512
MAX_PIECES = 50_000
MAX_NOTES = 1_000
LEVELS = 8
"""How often a text that holds JSON is opened, one within the other."""

Rule: TypeAlias = Callable[["Reading", Json, str, PieceRole, int], None]


class Part(NamedTuple):
    """What a `type` says of the object that bears it.

    `role`: whose it is, empty where that follows from what is around it. `unread`: what of it is no text. `is_call`:
    whether it asks for a tool. `own`: rules for members that mean something else here than elsewhere.
    """

    role: PieceRole | None = None
    unread: str = ""
    is_call: bool = False
    own: Mapping[str, Rule] = {}


@dataclass(frozen=True, eq=False, slots=True)
class Vocabulary:
    """What an interface calls things: rules for its members, wherever they stand, types of objects, who speaks."""

    members: Mapping[str, Rule]
    parts: Mapping[str, Part]
    words: frozenset[str]
    roles: Mapping[str, PieceRole]


class About(NamedTuple):
    """What an event says besides what was found in it."""

    kind: EventKind
    tool: str
    door: str
    context: str
    identity: str
    size_bytes: int


class Reading:
    """What has been found so far in one body."""

    __slots__ = ("calls", "is_new", "is_reply", "left", "more", "pieces", "splits", "unscanned", "vocabulary")

    def __init__(self, vocabulary: Vocabulary, *, splits: bool = False) -> None:
        self.vocabulary = vocabulary
        self.splits = self.is_reply = splits
        self.is_new = True
        self.pieces: list[Piece] = []
        self.unscanned: list[str] = []
        self.calls: list[tuple[str, list[Piece], list[str]]] = []
        self.left = MAX_PIECES
        self.more: dict[PieceRole, list[str]] = {}

    def note(self, where: str, why: str) -> None:
        """Something could not be read."""
        if len(self.unscanned) < MAX_NOTES:
            self.unscanned.append(f"{where or 'body'}: {why}")
        elif len(self.unscanned) == MAX_NOTES:
            self.unscanned.append(f"body: more than {MAX_NOTES} places")

    def text(self, text: str, where: str, role: PieceRole) -> None:
        """Something was said."""
        if text:
            self.left -= 1
            if self.left >= 0:
                self.pieces.append(Piece(text, role, where, self.is_new))
            else:
                if self.left == -1:
                    self.note("body", f"more than {MAX_PIECES} texts")
                self.more.setdefault(role, []).append(text)

    def aside(self, text: str, where: str) -> None:
        """Something stands there that programs read: nobody's words, and never new."""
        was, self.is_new = self.is_new, False
        self.text(text, where, "unknown")
        self.is_new = was

    def events(self, about: About) -> tuple[Event, ...]:
        """The message, and each of the calls it asks for."""
        kind, tool, door, context, identity, size = about
        self.pieces += [Piece("\n".join(texts), role, "|deep") for role, texts in self.more.items()]
        found: list[tuple[EventKind, str, list[Piece], list[str]]] = []
        found.append((kind, tool, self.pieces, self.unscanned))
        for named, pieces, unscanned in self.calls:
            found.append(("call", named, pieces, unscanned))
        return tuple(
            Event(
                kind=kind, door=door, pieces=tuple(pieces), tool=tool, context=context, identity=identity,
                unscanned=tuple(unscanned), size_bytes=size,
            )
            for kind, tool, pieces, unscanned in found
        )  # fmt: skip


def read(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A text, an object whose members have rules, or a list of such."""
    if type(value) is str:
        _said(w, value, where, role, depth)
    elif type(value) is dict:
        an_object(w, value, where, role, depth)
    elif type(value) is list:
        if _is_too_deep(w, value, where, role, depth):
            return
        for index, item in enumerate(value):
            text = _plain_text(w, item)
            if text:
                _said(w, text, f"{where}[{index}].text", role, depth + 2)
            else:
                read(w, item, f"{where}[{index}]", role, depth + 1)
    elif value is not None:
        w.note(where, f"{_named(value)} where a text belongs")


def _said(w: Reading, text: str, where: str, role: PieceRole, depth: int) -> None:
    """A text; what a tool says may be JSON, and what is escaped in it means to its reader what it stands for."""
    w.text(text, where, role)
    if role == "tool" and "\\" in text and _may_be_json(text):
        _opened(w, text, where, role, depth, LEVELS)


def _plain_text(w: Reading, part: Json) -> str:
    """The text of what nearly every part of a turn is: a type and a text; empty for any other."""
    if type(part) is dict and len(part) == 2:
        text, named = part.get("text"), part.get("type")
        if type(text) is str and type(named) is str and named in _PLAIN and named in w.vocabulary.parts:
            return text
    return ""


def an_object(w: Reading, value: dict[str, Json], where: str, role: PieceRole, depth: int) -> None:
    """An object: its type says what it is, its members have rules; a member without one is read, and noted."""
    if _is_too_deep(w, value, where, role, depth):
        return
    said = value.get("role")
    if said is not None:
        known = w.vocabulary.roles.get(said) if type(said) is str else None
        if known is None:
            w.note(f"{where}.role" if where else "role", "a role that is not known")
        role = known or "unknown"
    named = value.get("type")
    if named is None:
        members_of(w, value, where, role, depth, None)
        return
    part = w.vocabulary.parts.get(named) if type(named) is str else None
    if part is None:
        w.note(f"{where}.type" if where else "type", "a type that is not known")
        members_of(w, value, where, role, depth, None)
    elif part.is_call and w.splits:
        a_call(w, value, where, role, depth)
    else:
        if part.unread:
            w.note(where, part.unread)
        members_of(w, value, where, part.role or role, depth, part.own)


def _is_too_deep(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> bool:
    """Whether what stands here is noted, and read as one text: addresses that grow with it would outgrow the body."""
    if depth <= MAX_DEPTH and len(where) <= MAX_WHERE:
        return False
    w.note(where, f"deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else "its address is too long")
    w.text("\n".join(_texts(value)), (where if len(where) <= MAX_WHERE else "") + "|deep", role)
    return True


def _texts(value: Json) -> list[str]:
    """Every text and every name in a value, in no order."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is str:
            found.append(item)
        elif type(item) is dict:
            found += item
            waiting += item.values()
        elif type(item) is list:
            waiting += item
    return found


def members_of(
    w: Reading,
    value: dict[str, Json],
    where: str,
    role: PieceRole,
    depth: int,
    own: Mapping[str, Rule] | None,
) -> None:
    """Each member by its rule."""
    members = w.vocabulary.members
    for name, item in value.items():
        rule = (own.get(name) if own else None) or members.get(name)
        if rule is None:
            at = member(where, name)
            w.note(at, "a member that is not known")
            w.text(name, at + "|name", role)
            free(w, item, at, role, depth + 1)
        else:
            rule(w, item, f"{where}.{name}" if where else name, role, depth + 1)


def a_call(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """What asks for a tool: in a reply an event of its own."""
    if type(value) is not dict:
        word(w, value, where, role, depth)
        return
    known = value
    if not w.splits:
        an_object(w, known, where, "assistant", depth)
        return
    pieces, unscanned = w.pieces, w.unscanned
    w.pieces, w.unscanned, w.splits = [], [], False
    an_object(w, known, where, "assistant", depth)
    w.calls.append((tool_of(known), w.pieces, w.unscanned))
    w.pieces, w.unscanned, w.splits = pieces, unscanned, True


def calls(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A list of what asks for tools."""
    if type(value) is not list:
        read(w, value, where, "assistant", depth)
        return
    for index, item in enumerate(value):
        at = f"{where}[{index}]"
        if w.splits or not _is_plain_call(w, item, at, depth):
            a_call(w, item, at, role, depth + 1)


def _is_plain_call(w: Reading, value: Json, where: str, depth: int) -> bool:
    """Reads what nearly every call of a conversation is: an identifier, and a function with a name and arguments."""
    if type(value) is not dict or len(value) != 3 or value.get("type") != "function" or depth > MAX_DEPTH // 2:
        return False
    known, function = value.get("id"), value.get("function")
    if type(known) is not str or type(function) is not dict or len(function) != 2:
        return False
    name, held = function.get("name"), function.get("arguments")
    if type(name) is not str or type(held) is not str:
        return False
    w.aside(known, where + ".id")
    w.text(name, where + ".function.name", "assistant")
    arguments(w, held, where + ".function.arguments", "assistant", depth + 3)
    return True


def tool_of(call: dict[str, Json]) -> str:
    """The name of the tool that is asked for; of one that is built in, its type."""
    for holder in (call, call.get("function"), call.get("custom")):
        name = holder.get("name") if isinstance(holder, dict) else None
        if type(name) is str and name:
            return name
    kind = call.get("type")
    return kind if type(kind) is str else ""


def free(w: Reading, value: Json, where: str, role: PieceRole, depth: int, levels: int = -1) -> None:
    """Any JSON: every text and every name in it. `levels`: so often a text that holds JSON is opened; -1: never."""
    if type(value) is str:
        w.text(value, where, role)
        if levels >= 0 and _may_be_json(value):
            _opened(w, value, where, role, depth, levels)
    elif type(value) is dict:
        if _is_too_deep(w, value, where, role, depth):
            return
        for name, item in value.items():
            at = member(where, name)
            w.text(name, at + "|name", role)
            free(w, item, at, role, depth + 1, levels)
    elif type(value) is list:
        if _is_too_deep(w, value, where, role, depth):
            return
        for index, item in enumerate(value):
            free(w, item, f"{where}[{index}]", role, depth + 1, levels)


def _opened(w: Reading, text: str, where: str, role: PieceRole, depth: int, levels: int) -> None:
    """A text that may be JSON itself; where it is none, it has been read as a text already."""
    inner, why = decode_text(text)
    if not why and not levels:
        w.note(where, f"JSON within more than {LEVELS} texts")
    elif not why:
        free(w, inner, where + "|json", role, depth + 1, levels - 1)
    elif why != "no JSON":
        w.note(where + "|json", why)


def _may_be_json(text: str) -> bool:
    return len(text) > 1 and (
        text[0] in '{["' or (text[0] in " \t\r\n" and text.lstrip(" \t\r\n")[:1] in {"{", "[", '"'})
    )


def arguments(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """What a tool is given: JSON, or a text that holds it. Both the text and what it says are read."""
    if type(value) is not str:
        free(w, value, where, role, depth, LEVELS)
        return
    w.text(value, where, role)
    if value:
        inner, why = decode_text(value)
        if why:
            w.note(where, why)
        else:
            free(w, inner, where + "|json", role, depth + 1, LEVELS)


def given(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """Any JSON that a tool or a model is given; texts in it that hold JSON are opened."""
    free(w, value, where, role, depth, LEVELS)


def schema(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A JSON Schema: names, descriptions, defaults, choices; not the words of JSON Schema itself."""
    if type(value) is str:
        if value not in SCHEMA_WORDS:
            w.text(value, where, role)
    elif type(value) is dict:
        if _is_too_deep(w, value, where, role, depth):
            return
        for name, item in value.items():
            at = member(where, name)
            if name not in SCHEMA_WORDS:
                w.text(name, at + "|name", role)
            schema(w, item, at, role, depth + 1)
    elif type(value) is list and not _is_too_deep(w, value, where, role, depth):
        for index, item in enumerate(value):
            schema(w, item, f"{where}[{index}]", role, depth + 1)


def number(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A number."""
    if value is not None and type(value) is not int and type(value) is not float:
        _amiss(w, value, where, role, depth, "a number")


def flag(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """True or false."""
    if value is not None and type(value) is not bool:
        _amiss(w, value, where, role, depth, "true or false")


def details(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """Counts and reports in any arrangement: a name or word that is not known is read, and not counted as new."""
    if type(value) is str:
        word(w, value, where, role, depth)
    elif type(value) is dict:
        if _is_too_deep(w, value, where, role, depth):
            return
        for name, item in value.items():
            at = member(where, name)
            if name not in w.vocabulary.members:
                w.aside(name, at + "|name")
            details(w, item, at, role, depth + 1)
    elif type(value) is list and not _is_too_deep(w, value, where, role, depth):
        for index, item in enumerate(value):
            details(w, item, f"{where}[{index}]", role, depth + 1)


def fault(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """What went wrong, as it is told: its texts are read as they come, its known names are not."""
    if type(value) is dict and not _is_too_deep(w, value, where, role, depth):
        for name, item in value.items():
            at = member(where, name)
            if name not in w.vocabulary.members:
                w.text(name, at + "|name", role)
            free(w, item, at, role, depth + 1)
    elif type(value) is not dict:
        free(w, value, where, role, depth)


def prompts(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A text, several, or tokens: those are no text."""
    if type(value) is list and any(type(item) is not str for item in value):
        w.note(where, "tokens")
        free(w, value, where, role, depth)
    else:
        read(w, value, where, role, depth)


def word(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """One of the interface's own words, or several; any other is read, and not counted as new."""
    if type(value) is str:
        if value not in w.vocabulary.words:
            w.aside(value, where)
    elif type(value) is list and not _is_too_deep(w, value, where, role, depth):
        for index, item in enumerate(value):
            word(w, item, f"{where}[{index}]", role, depth + 1)
    else:
        read(w, value, where, role, depth)


def quiet(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A name given by programs (of a model, a call, an account): read, and not counted as new."""
    was, w.is_new = w.is_new, False
    if type(value) in {str, dict, list}:
        free(w, value, where, "unknown", depth)
    elif value is not None and type(value) is not int:
        _amiss(w, value, where, role, depth, "a name")
    w.is_new = was


def kind(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """A `type`: one of those that are known is nothing to read; of another the object's reader has told."""
    if type(value) is not str:
        free(w, value, where, role, depth)
    elif value not in w.vocabulary.parts:
        w.text(value, where, role)


def blob(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """Base64 or a `data:` URL: read where it is text, and noted where it is not."""
    if type(value) is not str:
        if value is not None:
            _amiss(w, value, where, role, depth, "base64")
        return
    text = unpacked(value)
    if text is None:
        w.note(where, "data that are no text")
        if len(value) <= _LOOK or not _BASE64.fullmatch(value):
            w.text(value, where, role)  # perhaps it is one as it stands
    else:
        w.text(text, where + "|base64", role)


def url(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """An address: read; what stands there is not."""
    if type(value) is not str:
        read(w, value, where, role, depth)
    elif value[:5].lower() == "data:":
        blob(w, value, where, role, depth)
    else:
        w.text(value, where, role)
        w.note(where, "what stands at an address")


def picture(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """An address, or an object with its `url`."""
    if type(value) is dict:
        members_of(w, value, where, role, depth, _PICTURE)
    else:
        url(w, value, where, role, depth)


def link(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """An address that programs follow, and no model."""
    if type(value) is str and value[:5].lower() == "data:":
        blob(w, value, where, role, depth)
    else:
        read(w, value, where, role, depth)


def sealed(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """What only the upstream can read."""
    if value is not None and value != "":
        w.note(where, "encrypted")
        if type(value) is not str:
            free(w, value, where, role, depth)


def reference(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """The name of something that the upstream holds and that is not here; in a reply no more than a name."""
    if w.is_reply:
        quiet(w, value, where, role, depth)
    elif value is not None and value != "":
        w.note(where, "stands for what only the upstream holds")
        free(w, value, where, role, depth)


def stored(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """Something that the upstream holds, with what is filled in here."""
    if type(value) is dict and not w.is_reply:
        w.note(where, "stands for what only the upstream holds")
    read(w, value, where, role, depth)


def spoken(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """Audio as a reply gives it, or, in an earlier turn of a request, the name of such."""
    if type(value) is dict and value.keys() == {"id"}:
        reference(w, value, where, role, depth)
    else:
        read(w, value, where, role, depth)


def echoed(w: Reading, value: Json, where: str, role: PieceRole, depth: int) -> None:
    """What a reply repeats of its request: nobody's new words, and not those of who replies."""
    role = "system"
    was, w.is_new = w.is_new, False
    w.vocabulary.members[where](w, value, where, role, depth)
    w.is_new = was


def unpacked(data: str) -> str | None:
    """The text within base64 (RFC 4648, section 4) or a base64 `data:` URL; None where it is none."""
    if data[:5].lower() == "data:":
        head, _, data = data.partition(",")
        if not head.lower().endswith(";base64"):
            return None
    try:
        if _is_binary(binascii.a2b_base64(data[:_LOOK], strict_mode=True)):
            return None
        text = binascii.a2b_base64(data, strict_mode=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return None if _CONTROL.search(text) else text


def _is_binary(begins: bytes) -> bool:
    """Whether data cannot be a text, by how they begin: images and sound need not be unpacked whole."""
    try:
        begins.decode("utf-8")
    except UnicodeDecodeError as refusal:
        return refusal.start < len(begins) - 3
    return False


def _amiss(w: Reading, value: Json, where: str, role: PieceRole, depth: int, wanted: str) -> None:
    w.note(where, f"{_named(value)} where {wanted} belongs")
    free(w, value, where, role, depth)


def _named(value: Json) -> str:
    return _JSON_NAMES.get(type(value), "something")


_PICTURE: Mapping[str, Rule] = {"url": url}
_PLAIN = frozenset({"text", "input_text", "output_text"})
_BASE64 = re.compile(r"(?:[dD][aA][tT][aA]:[^,]{0,200};base64,)?[A-Za-z0-9+/\r\n]*={0,2}")
_CONTROL = re.compile(r"[\0-\x08\x0b\x0e-\x1f]")
_LOOK = 256
_JSON_NAMES: Mapping[type, str] = {
    str: "a text", int: "a number", float: "a number", bool: "true or false", dict: "an object", list: "a list",
    type(None): "nothing",
}  # fmt: skip
_SCHEMA = """$schema $id $ref $defs $anchor $comment definitions type properties required items prefixItems enum
const anyOf oneOf allOf not if then else additionalProperties patternProperties propertyNames
minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern format minItems
maxItems uniqueItems contains minContains maxContains minProperties maxProperties multipleOf
description title default examples deprecated readOnly writeOnly dependentRequired dependentSchemas
unevaluatedItems unevaluatedProperties contentEncoding contentMediaType strict string number integer
boolean object array null date-time date time uri email uuid"""
SCHEMA_WORDS = frozenset(_SCHEMA.split())
