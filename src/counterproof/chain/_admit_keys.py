"""Rules of keys: governance names them, their holders hand them on, nobody gets a lost one back."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._case import Case
from counterproof.chain._state import State


def role(state: State, case: Case, said: record.Role) -> None:
    """By enough governance keys; never for a key that was given up."""
    if not state.keys.governors(case.held):
        case.breach("governance", f"a role is not signed by {state.needed} of the governance keys")
    if state.keys.retired(said.key) is not None:
        case.breach("key", "a key that was handed on or lost is given a role")
    if not case.breaches:
        state.keys.name(said, (case.index,))
        state.keep(case, said.organisation)


def rotate(state: State, case: Case, said: record.KeyRotate) -> None:
    """By both keys; to the one that was committed to."""
    if why := state.keys.why_not_rotated(said, case.held):
        case.breach("key", why)
        return
    state.keys.rotate(said, case.index)
    state.keep(case, said.organisation)


def compromise(state: State, case: Case, said: record.KeyCompromise) -> None:
    """By governance, or the key itself."""
    if not state.keys.governors(case.held) and said.key not in case.held:
        case.breach("key", "the loss of a key is signed neither by governance nor by that key")
        return
    state.keys.retire(said.key, case.index)
    state.keep(case, said.organisation)
