"""Step 9: that what was measured, and by which bars, was said before."""

from __future__ import annotations

from collections.abc import Mapping

from counterproof import record
from counterproof.rely.verify import _signers
from counterproof.rely.verify._logged import Logged
from counterproof.rely.verify._roles import Standings
from counterproof.rely.verify._steps import PREREGISTRATION, refuse

_SAME = ("evaluator", "subject", "generation", "instrument", "suite", "budget", "seed")


def check(entry: Logged, said: record.Behaviour, by_digest: Mapping[str, Logged], standings: Standings) -> Logged:
    """The entry of the preregistration.

    Raises:
        NotVerified: it is missing, came later, is not the same evaluator's, or declared something else.
    """
    found = by_digest.get(said.prereg)
    if found is None or not isinstance(found.statement.predicate, record.Prereg):
        raise refuse(PREREGISTRATION, "the bundle lacks its preregistration", "ask for a bundle that holds it")
    declared = found.statement.predicate
    if found.index >= entry.index:
        raise refuse(PREREGISTRATION, f"declared at index {found.index}, after the result at {entry.index}")
    _signers.check(found, standings)
    for name in _SAME:
        if getattr(said, name) != getattr(declared, name):
            raise refuse(PREREGISTRATION, f"its {name} is not the one that was declared")
    if said.category not in declared.categories or said.categories != len(declared.categories):
        raise refuse(PREREGISTRATION, f"the category {said.category!r} was not declared so")
    if {c.metric: f"{c.comparator} {c.threshold}" for c in said.criteria} != declared.criteria:
        raise refuse(PREREGISTRATION, "its criteria are not the ones that were declared")
    return found
