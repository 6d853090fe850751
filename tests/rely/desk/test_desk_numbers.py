"""Several processes as one, and one as Prometheus and OpenTelemetry read it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from prometheus_client.parser import text_string_to_metric_families

from counterproof.record import Decision, Event
from counterproof.rely import desk, guard

BUCKETS = len(guard.BOUNDS_S) + 1
COUNT = st.integers(0, 1000)


def one(worker: str = "w0", **more: object) -> desk.Snapshot:
    """A process that allowed seven messages and refused two calls."""
    found = desk.Snapshot(
        worker=worker, policy="sha256:" + "0" * 64, policy_name="house", is_measured=True, is_ready=True, began_ms=5,
        decisions=(("call", "mcp", "reject", 2), ("message", "openai.chat", "allow", 7)),
        rules=(("words", "fired", 2),), answers=(("judge", "timed out", 1),), overrides=(("allow", 1),),
        latency=(9,) + (0,) * (BUCKETS - 1), latency_sum_s=0.5, sheds=1, unkept=2, faults=3, anchors=4,
    )  # fmt: skip
    return msgspec.structs.replace(found, **more)


@given(st.lists(st.tuples(COUNT, COUNT, st.lists(COUNT, min_size=BUCKETS, max_size=BUCKETS)), min_size=1, max_size=5))
def test_a_sum_loses_nothing(found: Sequence[tuple[int, int, list[int]]]) -> None:
    parts = [
        one(f"w{i}", decisions=(("call", "d", "allow", a), ("call", f"d{i}", "reject", b)), latency=tuple(latency))
        for i, (a, b, latency) in enumerate(found)
    ]

    whole = desk.summed(parts)

    assert sum(n for *_, n in whole.decisions) == sum(a + b for a, b, _ in found)
    assert {tuple(k): n for *k, n in whole.decisions}["call", "d", "allow"] == sum(a for a, _, _ in found)
    assert list(whole.latency) == [sum(column) for column in zip(*(latency for *_, latency in found), strict=True)]
    assert whole.sheds == len(parts)
    assert desk.summed(reversed(parts)) == whole


def test_a_sum_is_ready_only_if_all_are_and_under_one_policy() -> None:
    assert desk.summed([one("a"), one("b")]).is_ready
    assert not desk.summed([one("a"), one("b", is_ready=False)]).is_ready
    assert not desk.summed([one("a"), one("b", is_measured=False)]).is_measured
    two = desk.summed([one("a"), one("b", policy="sha256:" + "1" * 64)])
    assert (two.is_ready, two.problems) == (False, ("the processes are under 2 different policies",))


def test_nothing_has_no_sum() -> None:
    with pytest.raises(ValueError, match="no process"):
        desk.summed([])


def test_prometheus_reads_every_number() -> None:
    families = {f.name: f for f in text_string_to_metric_families(desk.exposition(one()).decode())}

    def value(name: str, **labels: str) -> float:
        return next(
            s.value
            for f in families.values()
            for s in f.samples
            if s.name == name and s.labels.items() >= labels.items()
        )

    assert value("counterproof_gate_decisions_total", kind="call", door="mcp", outcome="reject") == 2
    assert value("counterproof_gate_rules_total", rule="words", status="fired") == 2
    assert value("counterproof_gate_answers_total", rule="judge", status="timed out") == 1
    assert value("counterproof_gate_overrides_total", word="allow") == 1
    assert [value(f"counterproof_gate_{n}_total") for n in ("sheds", "unkept", "faults")] == [1, 2, 3]
    assert value("counterproof_gate_ready") == 1
    assert value("counterproof_gate_decision_seconds_bucket", le="+Inf") == 9
    assert value("counterproof_gate_decision_seconds_sum") == 0.5


def test_what_a_label_says_cannot_break_the_format() -> None:
    odd = one(rules=(('a"b\n\\c', "fired", 1),))

    families = text_string_to_metric_families(desk.exposition(odd).decode())

    assert 'a"b\n\\c' in {s.labels.get("rule") for f in families for s in f.samples}


@pytest.mark.parametrize(("share", "bound"), [(0.5, guard.BOUNDS_S[0]), (0.9, guard.BOUNDS_S[1]), (1.0, float("inf"))])
def test_a_quantile_is_the_end_of_its_bucket(share: float, bound: float) -> None:
    assert desk.quantile_s((5, 4, *(0,) * (BUCKETS - 3), 1), share) == bound
    assert desk.quantile_s((0,) * BUCKETS, share) is None


def test_an_event_of_a_refusal_names_rules_and_no_content() -> None:
    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the library's own constructor
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    telemetry = desk.Telemetry(provider)
    event = Event(kind="call", door="mcp.stdio", tool="shell")

    telemetry.emit(event, Decision(outcome="allow"))
    telemetry.emit(event, Decision(outcome="reject", rules=("words",), reason="no shells"))

    (found,) = (item.log_record for item in kept.get_finished_logs())
    assert found.event_name == "gen_ai.evaluation.result"
    assert dict(found.attributes or {}) == {
        "gen_ai.evaluation.name": "words", "gen_ai.evaluation.score.label": "reject",
        "gen_ai.evaluation.explanation": "no shells", "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "shell", "counterproof.gate.kind": "call", "counterproof.gate.door": "mcp.stdio",
        "counterproof.gate.rules": ("words",),
    }  # fmt: skip
