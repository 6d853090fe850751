"""What of a message is decided on: the gate's reading of it, and what the protocol itself makes doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from counterproof import errors
from counterproof.record import Decision, Event
from counterproof.rely import gate
from counterproof.rely.tools import _rpc


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages come from."""

    door: str
    context: str = ""
    identity: str = ""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A message's events, at least one, and what it takes to rewrite it."""

    message: _rpc.Message
    events: tuple[Event, ...]

    def unscanned(self, doubt: str) -> Read:
        """The same with something more that must not be taken for harmless."""
        first = msgspec.structs.replace(self.events[0], unscanned=(*self.events[0].unscanned, doubt))
        return msgspec.structs.replace(self, events=(first, *self.events[1:]))

    def rewritten(self, decisions: Sequence[Decision]) -> object:
        """The message as it may pass, after decisions that all let it pass.

        Raises:
            BadGate: something cannot be replaced, or the message would then be another one: of another id, another
                method, for another tool.
        """
        spans = [
            (event.pieces[piece].where, start, end, new)
            for event, decision in zip(self.events, decisions, strict=True)
            for piece, start, end, new in decision.spans
        ]
        if not spans:
            return self.message.value
        changed = _rpc.read(gate.rewrite(self.message.value, spans))
        if _is_another(changed, self.message):
            raise errors.BadGate("a message would become another one", where="modify", mend="reject it instead")
        return changed.value


def _is_another(changed: _rpc.Message, message: _rpc.Message) -> bool:
    same = changed.id == message.id and changed.kind == message.kind and changed.method == message.method
    return not same or changed.params.get("name") != message.params.get("name")


def read(message: _rpc.Message, about: About, side: Literal["client", "server"], tool: str = "") -> Read:
    """Reads what a side says; `tool`: the one whose result or definition it is."""
    found = _walked(message.raw, about, side, tool)
    first = found.events[0]
    if found.value is not None:
        return Read(message=message, events=found.events)
    # What passes is written anew: that is what must be read, beside why the message itself was not.
    again = _walked(_rpc.encode(message.value), about, side, tool)
    if again.value is None:
        raise errors.BadGate("a message cannot be read", where=side, mend="reject it")
    whole, *others = again.events
    whole = msgspec.structs.replace(whole, unscanned=(*first.unscanned, *whole.unscanned))
    return Read(message=message, events=(whole, *others))


def _walked(raw: bytes, about: About, side: Literal["client", "server"], tool: str) -> gate.Walk:
    shape: gate.Shape = "mcp.request" if side == "client" else "mcp.reply"
    return gate.walk(shape, raw, door=about.door, context=about.context, identity=about.identity, tool=tool)
