"""What the gate's benchmark sends is what it says it sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gate import material
from counterproof.record import PatternRule
from counterproof.rely import gate


@pytest.fixture(scope="module", name="policy")
def read(tmp_path_factory: pytest.TempPathFactory) -> gate.Rules:
    folder = tmp_path_factory.mktemp("policy")
    return gate.Rules(gate.read_policy(material.write_policy(folder, material.policy("mixed"))), bytes(32))


def fired(rules: gate.Rules, body: bytes) -> int:
    event = gate.walk("openai.chat.request", body, door="openai.chat").events[0]
    seen = rules.look(event, gate.Memory(rules.policy.memory), 0.0)
    return sum(count for _, count in seen.hits)


def test_the_policy_has_a_thousand_patterns(policy: gate.Rules) -> None:
    rules = [rule for rule in policy.policy.rules if isinstance(rule, PatternRule)]
    patterns = [pattern for rule in rules for pattern in rule.patterns]
    assert len(patterns) == material.PATTERNS
    assert sum("|" in pattern for pattern in patterns) > 300


def test_a_conversation_has_its_size_and_no_hit_and_no_two_are_the_same(policy: gate.Rules) -> None:
    bodies = [material.conversation(number) for number in range(20)]
    assert len(set(bodies)) == 20
    assert all(abs(len(body) - material.BODY_BYTES) < 200 for body in bodies)
    assert [fired(policy, body) for body in bodies] == [0] * 20


def test_a_hit_heavy_one_has_its_hits(policy: gate.Rules) -> None:
    assert all(fired(policy, material.conversation(number, hits=20)) >= 15 for number in range(5))


def test_a_tool_call_is_under_a_kilobyte_and_no_two_are_the_same() -> None:
    calls = [material.call(number)[2] for number in range(200)]
    assert len(set(calls)) == 200
    assert max(map(len, calls)) < 1_000


def test_the_empty_policy_can_be_used(tmp_path: Path) -> None:
    assert gate.read_policy(material.write_policy(tmp_path, material.empty_policy())).memory.window_s == 0
