"""A policy made ready to settle what others saw: no pattern engine, no key, no memory."""

from __future__ import annotations

from collections.abc import Mapping

from counterproof.record import EVENT_KINDS, Answer, Decision, GatePolicy, Sighting
from counterproof.rely.gate._rules import plan_of
from counterproof.rely.gate._settle import settle


class Settlement:
    """Decides again from a record of what was seen, as `Rules` decided then; for audits.

    Raises:
        BadGate: an expression of the policy cannot be used.
    """

    def __init__(self, policy: GatePolicy) -> None:
        self._plans = {kind: plan_of(policy, kind) for kind in EVENT_KINDS}

    def settle(self, sighting: Sighting, answers: Mapping[str, Answer]) -> Decision:
        """What is to happen: a function of the policy, the sighting and the answers (by rule) alone.

        Raises:
            LookupError: the sighting names a rule that the policy does not have.
        """
        return settle(self._plans[sighting.kind], sighting, answers)
