"""A tool's name is whatever the model or a client calls it: the record keeps names, and no texts in their place."""

from __future__ import annotations

import msgspec
import pytest

from counterproof.record import Event, GatePolicy, MemoryPolicy
from counterproof.rely import gate
from counterproof.rely.desk import _telemetry

POLICY = GatePolicy(name="p", rules=())
RULES = gate.Rules(POLICY, b"k" * 32)


@pytest.mark.parametrize("name", ["shell", "srv/read_file", "x" * 128, "lies mir vor", ""])
def test_a_name_is_kept_as_it_was_called(name: str) -> None:
    event = Event(kind="call", door="python", tool=name)
    seen = RULES.look(event, gate.Memory(MemoryPolicy()), 1.0)

    assert (seen.tool, seen.unscanned) == (name, 0)
    assert RULES.settle(seen, {}).outcome == "allow"


@pytest.mark.parametrize("name", ["my password is hunter2 " * 6, "x" * 129, "shell\n", "a\u202eb", "\ud800", "\x00"])
def test_a_text_in_a_names_place_is_a_digest_and_unscanned(name: str) -> None:
    event = Event(kind="call", door="python", tool=name)
    seen = RULES.look(event, gate.Memory(MemoryPolicy()), 1.0)
    decision = RULES.settle(seen, {})

    assert len(seen.tool) == 16
    assert (
        seen.tool != RULES.look(msgspec.structs.replace(event, tool=name + "\t"), gate.Memory(MemoryPolicy()), 1.0).tool
    )
    assert (seen.unscanned, decision.outcome, decision.rules) == (1, "reject", ("gate:unscanned",))
    assert "gen_ai.tool.name" not in _telemetry.attributes(event, decision)
