"""Rules of gates: what a gate decides by is said before it is counted, and what it recorded is never rewritten."""

from __future__ import annotations

from counterproof import record
from counterproof.chain._case import Case
from counterproof.chain._state import State

_KEEPERS = ("lab", "relying")


def gate_policy(state: State, case: Case, said: record.LoggedGatePolicy) -> None:
    """By the organisation whose gate it is; of one policy always the same rules."""
    if not case.is_by(state.keys, _KEEPERS, said.organisation):
        return
    first = state.gates.policy(said.organisation, said.gate, said.policy)
    if first is not None and _rules(first.said) != _rules(said):
        says = f"{said.organisation!r} said of the same policy at entry {first.shown_by[-1]} that it has other rules"
        case.breach("gate-policy", says, *first.shown_by)
        return
    state.gates.add_policy(said, case)
    state.keep(case, said.organisation)


def _rules(said: record.LoggedGatePolicy) -> tuple[object, ...]:
    return said.count, said.rules, said.fails, said.unscanned


def gate_head(state: State, case: Case, said: record.GateHead) -> None:
    """By the organisation whose gate it is; next in number, of policies that are logged, and of one record only."""
    if not case.is_by(state.keys, _KEEPERS, said.organisation):
        return
    found = state.gates.contradicts(said, case.payload)
    if found is not None:
        other, why = found
        says = f"gate {said.gate!r} rewrote its record: against head {other.said.seq}, {why}"
        case.breach("gate-head", says, *other.shown_by)
        return
    last = state.gates.last(said.organisation, said.gate)
    expected, prev = (last.said.seq + 1, last.entry) if last else (0, "")
    if said.seq != expected or state.known(said.prev or prev) != state.known(prev):
        says = f"head {said.seq} of gate {said.gate!r} does not follow on the one before, as logged"
        case.breach("sequence", f"{says}: some were left out or come late")
    unsaid = [one for one in said.policies if state.gates.policy(said.organisation, said.gate, one) is None]
    if unsaid:
        case.breach("reference", f"it names a policy that the gate's organisation had not logged ({unsaid[0][:23]})")
    state.gates.add_head(said, case)
    state.keep(case, said.organisation)
