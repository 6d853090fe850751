"""A gate's words in a chain in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from counterproof import record
from tests.chain import small_chain
from tests.chain.small_chain import GOVERNANCE, NOTHING, Chain, role

OWNER, GATE = "Deployer D", "front door"
OWNER_KEY = small_chain.key("deployer.example/1")


def policy(**changes: Any) -> record.LoggedGatePolicy:  # noqa: ANN401 - any field
    made = record.LoggedGatePolicy(
        organisation=OWNER, gate=GATE, policy=NOTHING, count=2,
        rules=(
            record.LoggedRule(name="rare", rule="threshold", action="escalate", on_failure="allow", above="2.5"),
            record.LoggedRule(name="shell", rule="patterns", action="reject", on_failure="reject", above=""),
        ),
        fails={"allow": "1", "reject": "1"}, unscanned={"call": "reject"},
        numbers=(record.NoNumber(name="false positives", reason="no examples"),), version="1.0.0",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def head(**changes: Any) -> record.GateHead:  # noqa: ANN401 - any field
    made = record.GateHead(
        organisation=OWNER, gate=GATE, seq=0, prev="", starts="2026-11-01T00:00:00Z", ends="2026-11-02T00:00:00Z",
        workers=(worker("a", 10), worker("b", 20)), policies=(NOTHING,), allowed=20, modified=0, escalated=0, held=0,
        rejected=5, terminated=0, overrides=0, sheds=0, timeouts=1, failures=1, faults=0, appeals=2, upheld=1, denied=0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def worker(name: str, n: int, digit: str = "") -> record.WorkerHead:
    return record.WorkerHead(worker=name, n=n, hash=(digit or f"{n % 10}") * 64)


def begun(name: record.RoleName = "relying") -> Chain:
    """A chain in which the gate's owner has a role and has logged its policy."""
    made = Chain()
    assert made.add(role(OWNER_KEY, name, OWNER), *GOVERNANCE[:2]).does_count
    assert made.add(policy(), OWNER_KEY).does_count
    return made
