"""Rules of the keys that sign tokens: one at a time for each issuer, so that nobody can be given one of their own."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._case import Case
from counterproof.chain._state import State


def token_key(state: State, case: Case, said: record.TokenKey) -> None:
    """By the issuer in its own name, who keeps no log; one key for an epoch, and one at any time."""
    if not case.is_by(state.keys, (), said.organisation):
        return
    other = state.tokens.add(said, case)
    if other is not None:
        says = f"{said.organisation!r} has another key for epoch {said.epoch!r}, or for some of its time"
        case.breach("token-key", f"{says}, at entry {other.shown_by[-1]}", *other.shown_by)
        return
    if any(one.role.role == "log" for one in state.keys.of(said.organisation)):
        case.breach("conflict", f"{said.organisation!r} keeps a log, and so must not issue tokens for it")
        return
    state.keep(case, said.organisation)
