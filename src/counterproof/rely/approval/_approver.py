"""A tool call of Inspect's in, its approval out: the gate's decision in Inspect's words."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from counterproof import errors
from counterproof.record import Decision, Event, Outcome
from counterproof.rely import gate
from counterproof.rely.approval import _need as inspects
from counterproof.rely.approval._opened import opened

DOOR = "inspect"
NAME = "gate"

WORDS: Mapping[Outcome, str] = {
    "allow": "approve",
    "modify": "modify",
    "escalate": "escalate",
    "hold": "escalate",
    "reject": "reject",
    "terminate": "terminate",
}
_CONTEXT = "counterproof_gate_context"

Approver: TypeAlias = Callable[
    [str, inspects.Foreign, inspects.Foreign, inspects.Foreign], Coroutine[Any, Any, inspects.Foreign]
]


class Decides(Protocol):
    """Who decides (`rely.guard`)."""

    async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
        """A decision that stands in the record already; `has_people`: what is held is given back as it is."""
        ...

    def fault(self, event: Event, error: BaseException) -> Decision:
        """The refusal of an event that the caller's own code failed over."""
        ...


def approver(policy: str, trail: str, name: str = "gate") -> Approver:
    """An approver that decides by the policy in a folder, and keeps every decision in another.

    Raises:
        BadGate: the policy cannot be used.
        BadTrail: the record is damaged, or another gate's.
        StorageFailed: the record cannot be written.
    """
    return approving(opened(Path(policy).resolve(), Path(trail).resolve(), name))


def approving(guard: Decides) -> Approver:
    """An approver that asks a guard. What fails is rejected: nothing is approved that was not decided on."""

    async def approve(
        message: str,  # noqa: ARG001 - the rest of the turn is not what is approved
        call: inspects.Foreign,
        view: inspects.Foreign,  # noqa: ARG001 - a rendering of the call, which itself is read
        history: inspects.Foreign,  # noqa: ARG001 - each call in it was decided on in its turn
    ) -> inspects.Foreign:
        try:
            event = _event(call)
            decision = await guard.consider(event, has_people=True)
            return _approval(call, event, decision)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the call was not approved
            return _refused(guard, exc)

    return approve


def _event(call: inspects.Foreign) -> Event:
    event = gate.event_of(
        "call", call.arguments, door=DOOR, tool=str(call.function), role="assistant", context=_context()
    )
    if not call.parse_error:
        return event
    unread = (*event.unscanned, "arguments: Inspect could not read them")
    return Event(
        kind=event.kind, door=event.door, pieces=event.pieces, tool=event.tool, context=event.context,
        unscanned=unread, size_bytes=event.size_bytes,
    )  # fmt: skip


def _context() -> str:
    """A name of the sample's own, the same for all of its calls."""
    kept = inspects.store()
    found = kept.get(_CONTEXT)
    if not isinstance(found, str):
        found = secrets.token_hex(16)
        kept.set(_CONTEXT, found)
    return found


def _approval(call: inspects.Foreign, event: Event, decision: Decision) -> inspects.Foreign:
    said = f"{decision.reason} Receipt: {decision.receipt}" if decision.receipt else decision.reason
    return inspects.approval().Approval(
        decision=WORDS[decision.outcome],
        modified=_modified(call, event, decision) if decision.outcome == "modify" else None,
        explanation=said or None,
        metadata={"outcome": decision.outcome, "rules": list(decision.rules)},
    )


def _modified(call: inspects.Foreign, event: Event, decision: Decision) -> inspects.Foreign:
    """The call with what must not be in it replaced.

    Raises:
        BadGate: something cannot be replaced.
    """
    spans = [(event.pieces[piece].where, start, end, new) for piece, start, end, new in decision.spans]
    changed: object = json.loads(gate.rewrite(call.arguments, spans))
    if not spans or not isinstance(changed, dict):
        raise errors.BadGate("a call's arguments cannot be rewritten", where="modify", mend="reject it instead")
    return replace(call, arguments=changed)


def _refused(guard: Decides, exc: Exception) -> inspects.Foreign:
    try:
        decision = guard.fault(Event(kind="call", door=DOOR), exc)
        said = f"{decision.reason} Receipt: {decision.receipt}"
    except Exception:  # noqa: BLE001 - a gate that cannot even say so still refuses
        said = "The gate failed."
    return inspects.approval().Approval(decision="reject", explanation=said, metadata={"outcome": "reject"})


def registered() -> dict[str, inspects.Foreign]:
    """What Inspect knows of this room, by name, once it has been told.

    Raises:
        MissingExtra: Inspect is missing.
    """
    return {NAME: inspects.approval().approver(name=NAME)(approver)}
