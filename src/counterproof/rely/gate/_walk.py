"""The canonical walker: bytes of any shape in, events out, and nothing in between that is neither read nor noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

from counterproof.record import Event, Piece, PieceRole
from counterproof.rely.gate import _shape_openai
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._walk_exact import decode
from counterproof.rely.gate._walk_rules import Reading, Vocabulary, an_object, read


class Walk(msgspec.Struct, frozen=True):
    """What was found in a body: its events, its value as decoded (nothing dropped), and the bytes themselves."""

    events: tuple[Event, ...]
    value: object
    body: bytes


class _Form(NamedTuple):
    vocabulary: Vocabulary
    turns: str = ""
    role: PieceRole = "user"
    is_reply: bool = False
    needs: str = ""


_ROLES: Mapping[object, PieceRole] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_WHERE = tuple(f"messages[{index}].content" for index in range(256))
_FORMS: Mapping[Shape, _Form] = {
    "openai.chat.request": _Form(_shape_openai.CHAT, turns="messages", needs="messages"),
    "openai.chat.reply": _Form(_shape_openai.CHAT, role="assistant", is_reply=True, needs="choices"),
}


def walk(shape: Shape, body: bytes, *, door: str, context: str = "", identity: str = "") -> Walk:
    """Every text in a body that a model, a person or a tool will read, and a note of whatever could not be read.

    Never raises. A body that cannot be read as a whole gives one event without texts that says why.
    """
    form = _FORMS[shape]
    event = Event(kind="message", door=door, context=context, identity=identity, size_bytes=len(body))
    value, why = decode(body)
    if not why and type(value) is not dict:
        why = "no object"
    if why:
        return Walk((msgspec.structs.replace(event, unscanned=(f"body: {why}",)),), None, body)
    w = Reading(form.vocabulary, splits=form.is_reply)
    known = cast("dict[str, object]", value)
    if form.needs and form.needs not in known:
        w.note(form.needs, "missing")
    if form.turns:
        _conversation(w, known, form)
    else:
        an_object(w, known, "", form.role, 0)
    return Walk(w.events(event), value, body)


def _conversation(w: Reading, value: dict[str, object], form: _Form) -> None:
    turns = value.get(form.turns)
    known: Sequence[object] = cast("list[object]", turns) if type(turns) is list else ()
    last = _last_reply(known)
    members = w.vocabulary.members
    w.is_new = last < 0
    for name, item in value.items():
        if name == form.turns and type(turns) is list:
            _turns(w, known, last, form.turns)
            w.is_new = last < 0
        elif name in members:
            members[name](w, item, name, _role_of(name), 1)
        else:
            an_object(w, {name: item}, "", "user", 0)


def _role_of(name: str) -> PieceRole:
    return "user" if name in {"prompt", "input", "messages", "prediction"} else "system"


def _turns(w: Reading, turns: Sequence[object], last: int, name: str) -> None:
    pieces, at_once = w.pieces, name == "messages"
    for index, turn in enumerate(turns):
        if at_once and index < 256 and type(turn) is dict and len(turn) == 2:
            content, role = turn.get("content"), _ROLES.get(turn.get("role"))
            if role is not None and type(content) is str:
                pieces.append(Piece(content, role, _WHERE[index], index > last))
                continue
        w.is_new = index > last
        _turn(w, turn, f"{name}[{index}]")


def _turn(w: Reading, turn: object, where: str) -> None:
    if type(turn) is not dict:
        w.note(where, "no object")
        read(w, turn, where, "unknown", 2)
        return
    role: PieceRole = "unknown"
    said = turn.get("role")
    if type(said) is str and said in _ROLES:
        role = _ROLES[said]
    elif "type" not in turn or said is not None:
        w.note(where + ".role", "a role that is not known" if said is not None else "missing")
    an_object(w, cast("dict[str, object]", turn), where, role, 2)


def _last_reply(turns: Sequence[object]) -> int:
    """The last turn of the model that somebody has answered; -1: none. A reply at the very end is one to go on from."""
    answered = False
    for index in range(len(turns) - 1, -1, -1):
        turn = turns[index]
        said = cast("dict[str, object]", turn).get("role") if type(turn) is dict else None
        if said != "assistant":
            answered = True
        elif answered:
            return index
    return -1
