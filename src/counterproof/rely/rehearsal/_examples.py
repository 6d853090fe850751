"""Examples as events: what a gate would have seen of them."""

from __future__ import annotations

import re

import msgspec

from counterproof.record import Event, EventKind, PieceRole, PromptRule
from counterproof.rely import gate

DOOR = "rehearsal"
_ROLES: dict[EventKind, PieceRole] = {"message": "user", "span": "assistant", "call": "assistant", "result": "tool"}
_CALL = re.compile(r"([A-Za-z0-9_.:/-]{1,128})\s+(\{.*\})\s*", re.DOTALL)


def event(kind: EventKind, text: str) -> Event:
    """The event of one example. A call or result may be written as the tool's name and a JSON object."""
    tool, value = "", text
    if kind in ("call", "result") and (match := _CALL.fullmatch(text)):
        try:
            tool, value = match[1], msgspec.json.decode(match[2])
        except msgspec.DecodeError:
            tool, value = "", text
    return gate.event_of(kind, value, door=DOOR, tool=tool, role=_ROLES[kind])


def asked(rule: PromptRule, text: str) -> Event:
    """The event of an example of a prompt policy: a message, if the policy is put to messages."""
    return event("message" if "message" in rule.on else rule.on[0], text)
