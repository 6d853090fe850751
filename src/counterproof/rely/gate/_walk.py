"""The canonical walker: bytes of any shape in, events out, and nothing in between that is neither read nor noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from counterproof.record import Event, EventKind, Piece, PieceRole
from counterproof.rely.gate import _shape_anthropic, _shape_mcp, _shape_openai
from counterproof.rely.gate._shape import Shape
from counterproof.rely.gate._walk_exact import Json, decode, member
from counterproof.rely.gate._walk_rules import (
    MAX_WHERE,
    About,
    Reading,
    Rule,
    Vocabulary,
    an_object,
    free,
    given,
    members_of,
    read,
)
from counterproof.rely.gate._walk_tools import tools


class Walk(msgspec.Struct, frozen=True):
    """What was found in a body: its events, its value as decoded (nothing dropped), and the bytes themselves."""

    events: tuple[Event, ...]
    value: object
    body: bytes


class _Form(NamedTuple):
    """`turns`: the member that holds the conversation. `needs`: members of which one must be there."""

    vocabulary: Vocabulary
    role: PieceRole = "user"
    turns: str = ""
    is_reply: bool = False
    needs: tuple[str, ...] = ()
    kind: EventKind | None = None
    own: Mapping[str, Rule] = {}

    @property
    def said(self) -> EventKind:
        """What its texts are where the body does not say: to a model, or by one."""
        return "span" if self.role == "assistant" else "message"


_WHERE: Mapping[str, tuple[str, ...]] = {
    name: tuple(f"{name}[{index}].content" for index in range(256)) for name in ("messages", "input")
}
_ASKED = frozenset({"prompt", "input", "prediction", "suffix"})
_FORMS: Mapping[Shape, _Form] = {
    "openai.chat.request": _Form(_shape_openai.CHAT, turns="messages", needs=("messages",)),
    "openai.chat.reply": _Form(_shape_openai.CHAT, "assistant", is_reply=True, needs=("choices", "error")),
    "openai.responses.request": _Form(
        _shape_openai.RESPONSES, turns="input", needs=("input", "prompt", "previous_response_id", "conversation")
    ),
    "openai.responses.reply": _Form(
        _shape_openai.RESPONSES, "assistant", is_reply=True, needs=("output", "error"), own=_shape_openai.ECHOED
    ),
    "openai.completions.request": _Form(_shape_openai.COMPLETIONS, needs=("prompt",)),
    "openai.completions.reply": _Form(_shape_openai.COMPLETIONS, "assistant", needs=("choices", "error")),
    "anthropic.messages.request": _Form(_shape_anthropic.MESSAGES, turns="messages", needs=("messages",)),
    "anthropic.messages.reply": _Form(
        _shape_anthropic.MESSAGES, "assistant", is_reply=True, needs=("content", "error", "input_tokens")
    ),
    "mcp.request": _Form(_shape_mcp.MCP, "user", needs=("method", "result", "error")),
    "mcp.reply": _Form(_shape_mcp.MCP, "tool", needs=("method", "result", "error")),
    "python.message": _Form(_shape_openai.CHAT, "user", kind="message"),
    "python.call": _Form(_shape_openai.CHAT, "assistant", kind="call"),
    "python.result": _Form(_shape_openai.CHAT, "tool", kind="result"),
}


def walk(shape: Shape, body: bytes, *, door: str, context: str = "", identity: str = "", tool: str = "") -> Walk:
    """Every text in a body that a model, a person or a tool will read, and a note of whatever could not be read.

    Never raises. A request is one event; a reply is one, and one for each tool call it contains. A body that cannot be
    read as a whole gives one event without texts that says why. `tool`: whose result it is, where the door knows.
    What was said up to the last reply that has been answered is not new; the door may know better.
    """
    form = _FORMS[shape]
    kind = form.kind
    w = Reading(form.vocabulary, splits=form.is_reply)
    value, why = decode(body)
    if why:
        w.note("", why)
    elif type(value) is dict and not kind:
        kind, tool = _known(w, value, form, tool)
    elif kind and (type(value) is dict or kind == "message"):
        tool = _plain(w, value, form.role, kind, tool)
    else:
        w.note("", "a batch" if type(value) is list else "no object")
        value = None
    events = w.events(About(kind or form.said, tool, door, context, identity, len(body)))
    if "\0" in "".join([piece.text for event in events for piece in event.pieces]):
        events = tuple(map(_without_nothing, events))
    return Walk(events, value, body)


def event_of(
    kind: EventKind,
    value: object,
    *,
    door: str,
    tool: str = "",
    role: PieceRole = "user",
    context: str = "",
    identity: str = "",
) -> Event:
    """The event of a value that is at hand in Python: a text, the arguments of a call, what a tool gave back.

    Never raises: what has no form in JSON (a cycle, an object of its own) is noted as unscanned.
    """
    w, body = Reading(_shape_openai.CHAT), b""
    try:
        body = msgspec.json.encode(value)
        known, why = decode(body)
    except Exception as refusal:  # noqa: BLE001 -- whatever an object of somebody else's raises when it is looked at
        known, why = None, f"a {type(refusal).__name__} when it was read"
    if why:
        w.note("", why)
    else:
        given(w, known, "", role, 0)
    return _without_nothing(w.events(About(kind, tool, door, context, identity, len(body)))[0])


def _known(w: Reading, value: dict[str, Json], form: _Form, tool: str) -> tuple[EventKind, str]:
    """Reads an object of a form that is known; what kind of event it is, and whose tool."""
    if not any(name in value for name in form.needs):
        w.note(form.needs[0], "missing")
    if form.turns:
        _conversation(w, value, form)
    elif form.vocabulary is _shape_mcp.MCP:
        return _protocol(w, value, form.role, tool)
    elif form.own:
        members_of(w, value, "", form.role, 0, form.own)
    else:
        an_object(w, value, "", form.role, 0)
    return form.said, ""


def _without_nothing(event: Event) -> Event:
    """The same event; texts with a NUL are noted, since what reads them next may take it for their end."""
    ends = tuple(f"{piece.where or 'body'}: a NUL" for piece in event.pieces if "\0" in piece.text)
    return msgspec.structs.replace(event, unscanned=event.unscanned + ends) if ends else event


def _plain(w: Reading, value: Json, role: PieceRole, kind: EventKind, tool: str) -> str:
    """A message: any JSON. A call or result: an object with `tool`, and `arguments` or `result`; the tool's name."""
    if kind == "message" or type(value) is not dict:
        given(w, value, "", role, 0)
        return tool
    known = value
    named = known.get("tool", tool)
    if type(named) is not str or not named:
        w.note("tool", "missing")
    for name, item in known.items():
        at = member("", name)
        if name not in {"tool", "arguments", "result"}:
            w.note(at[:MAX_WHERE], "a member that is not known")
            w.text(name, at + "|name", role)
        given(w, item, at, role, 1)
    return named if type(named) is str else tool


def _protocol(w: Reading, value: dict[str, Json], role: PieceRole, tool: str) -> tuple[EventKind, str]:
    """One message of JSON-RPC 2.0: a request, a notification or a response."""
    kind: EventKind = "message"
    method = value.get("method")
    if value.get("jsonrpc") != "2.0":
        w.note("jsonrpc", "no JSON-RPC 2.0")
    if method is None:
        kind = "result"
        if "result" in value and "error" in value:
            w.note("error", "a result and an error in one")
    elif type(method) is not str or method not in _shape_mcp.METHODS:
        w.note("method", "a method that is not known")
    elif method == "tools/call":
        kind, role, tool = "call", "assistant", _called(w, value.get("params"))
    result = value.get("result")
    if type(result) is dict and "action" in result:
        _answered(w, value, result)
    else:
        an_object(w, value, "", role, 0)
    return kind, "" if kind == "message" else tool


def _called(w: Reading, params: Json) -> str:
    named = params.get("name") if type(params) is dict else None
    if type(named) is str and named:
        return named
    w.note("params.name", "missing")
    return ""


def _answered(w: Reading, value: dict[str, Json], result: dict[str, Json]) -> None:
    """What a person filled in for an elicitation: named as the server's schema wants it."""
    an_object(w, {name: item for name, item in value.items() if name != "result"}, "", "user", 0)
    members_of(w, result, "result", "user", 1, _shape_mcp.ANSWERED)


def _conversation(w: Reading, value: dict[str, Json], form: _Form) -> None:
    """A request with turns: those after the last answered reply are new; all else is only in the first request."""
    turns = value.get(form.turns)
    known: Sequence[Json] = turns if type(turns) is list else ()
    last = _last_reply(w, known)
    is_first = last < 0
    members = w.vocabulary.members
    for name, item in value.items():
        w.is_new = is_first
        if name == form.turns and type(turns) is list:
            _turns(w, known, last, form.turns)
            continue
        if name == form.turns and not (name == "input" and type(item) is str):
            w.note(name, "no list")
        if name == "tools":
            tools(w, item, is_first=is_first)
        elif name in members:
            members[name](w, item, name, "user" if name in _ASKED else "system", 1)
        else:
            an_object(w, {name: item}, "", "user", 0)


def _turns(w: Reading, turns: Sequence[Json], last: int, name: str) -> None:
    """Most turns are a role and a text: those are taken as they are."""
    pieces, roles, addresses = w.pieces, w.vocabulary.roles, _WHERE[name]
    for index, turn in enumerate(turns):
        if index < len(addresses) and type(turn) is dict and len(turn) == 2:
            said, content = turn.get("role"), turn.get("content")
            if type(content) is str and type(said) is str and said in roles and content and roles[said] != "tool":
                pieces.append(Piece(content, roles[said], addresses[index], index > last))
                continue
            if type(content) is list and type(said) is str and said in roles:
                w.is_new = index > last
                read(w, content, addresses[index], roles[said], 3)
                continue
        w.is_new = index > last
        _turn(w, turn, f"{name}[{index}]")


def _turn(w: Reading, turn: Json, where: str) -> None:
    if type(turn) is not dict:
        w.note(where, "no object")
        free(w, turn, where, "unknown", 2)
        return
    known = turn
    if "role" not in known and known.get("type", "message") == "message":
        w.note(where + ".role", "missing")
    an_object(w, known, where, "unknown", 2)


def _last_reply(w: Reading, turns: Sequence[Json]) -> int:
    """The last turn of the model that somebody has answered; -1: none. A reply at the very end is one to go on from."""
    is_answered = False
    for index in range(len(turns) - 1, -1, -1):
        turn = turns[index]
        if type(turn) is dict and _is_reply(w, turn):
            if is_answered:
                return index
        else:
            is_answered = True
    return -1


def _is_reply(w: Reading, turn: dict[str, Json]) -> bool:
    said = turn.get("role")
    if said is not None:
        return said == "assistant"
    named = turn.get("type")
    part = w.vocabulary.parts.get(named) if type(named) is str else None
    return part is not None and part.role == "assistant"
