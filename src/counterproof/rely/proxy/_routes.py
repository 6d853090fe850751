"""What a method and a path ask for, and in whose words they are answered.

Source: API references of OpenAI (Chat, Completions, Responses, Models) and Anthropic (Messages, Token counting,
Models), as of November 2026. What stands in no table here is asked for by nobody that this proxy knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from counterproof.rely import gate

Family = Literal["openai", "anthropic"]
Kind = Literal["made", "counted", "listed", "stored", "items", "unknown"]

_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._:@-]*"
_ORDINARY = re.compile(rf"(?:/{_SEGMENT})+")
"""No empty or dotted segment, nothing percent-encoded: what one program tidies up leads another elsewhere."""
_STORED = re.compile(rf"(/{_SEGMENT})*/responses/{_SEGMENT}(/cancel|/input_items)?")
_MODELS = re.compile(rf"(/{_SEGMENT})*/models(/{_SEGMENT})*")


@dataclass(frozen=True, slots=True)
class Route:
    """`shape`: of the request's body, None where there is none to be read in. `reply`: of the reply's body."""

    kind: Kind
    family: Family
    door: str
    shape: gate.Shape | None = None
    reply: gate.Shape | None = None


_UNKNOWN: dict[Family, Route] = {
    "openai": Route("unknown", "openai", "openai.unknown"),
    "anthropic": Route("unknown", "anthropic", "anthropic.unknown"),
}
_MADE: dict[gate.Shape, Route] = {
    "openai.chat.request": Route("made", "openai", "openai.chat", "openai.chat.request", "openai.chat.reply"),
    "openai.completions.request": Route(
        "made", "openai", "openai.completions", "openai.completions.request", "openai.completions.reply"
    ),
    "openai.responses.request": Route(
        "made", "openai", "openai.responses", "openai.responses.request", "openai.responses.reply"
    ),
    "anthropic.messages.request": Route(
        "made", "anthropic", "anthropic.messages", "anthropic.messages.request", "anthropic.messages.reply"
    ),
}
_COUNTED: dict[gate.Shape, Route] = {
    shape: Route("counted", route.family, route.door, shape) for shape, route in _MADE.items()
}
_RESPONSES = _MADE["openai.responses.request"]
_STORED_REPLY = Route("stored", "openai", "openai.responses", None, _RESPONSES.reply)
_ITEMS = Route("items", "openai", "openai.responses")
_LISTED: dict[Family, Route] = {
    "openai": Route("listed", "openai", "openai.models"),
    "anthropic": Route("listed", "anthropic", "anthropic.models"),
}


def route_of(method: str, path: str, *, is_anthropic: bool) -> Route:
    """Which way a request goes. `is_anthropic`: it has the header `anthropic-version`, as from every such client."""
    if method == "POST" and path in _USUAL:
        return _USUAL[path]
    family: Family = "anthropic" if is_anthropic or path.endswith("/messages") else "openai"
    if not _ORDINARY.fullmatch(path):
        return _UNKNOWN[family]
    if method == "POST":
        shape = gate.shape_of(method, path)
        if shape in _MADE:
            return (_COUNTED if path.endswith("_tokens") else _MADE)[shape]
    stored = _STORED.fullmatch(path)
    if stored is not None and (method, stored[2]) in _STORED_METHODS:
        return _ITEMS if stored[2] == "/input_items" else _STORED_REPLY
    if method == "GET" and _MODELS.fullmatch(path):
        return _LISTED[family]
    return _UNKNOWN[family]


_STORED_METHODS = {("GET", None), ("DELETE", None), ("POST", "/cancel"), ("GET", "/input_items")}
_USUAL = {
    "/v1/chat/completions": _MADE["openai.chat.request"],
    "/v1/completions": _MADE["openai.completions.request"],
    "/v1/responses": _MADE["openai.responses.request"],
    "/v1/messages": _MADE["anthropic.messages.request"],
}
"""Found without looking further, as most requests are."""
