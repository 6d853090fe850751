"""A snapshot in the text form that Prometheus reads (exposition format 0.0.4), written by prometheus-client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from counterproof import errors
from counterproof.rely import guard
from counterproof.rely.desk._snapshot import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Foreign: TypeAlias = Any
"""Something of prometheus-client's: the library belongs to an extra."""


def exposition(now: Snapshot) -> bytes:
    """Counters, gauges and the latency histogram; rule and tool names are the policy's own, never content.

    Raises:
        MissingExtra: prometheus-client is not installed.
    """
    try:
        import prometheus_client as client  # noqa: PLC0415 - belongs to the extra `gate`
        from prometheus_client import core  # noqa: PLC0415 - the same
    except ImportError as exc:
        raise errors.MissingExtra(
            "metrics need prometheus-client", where="/metrics", mend="install it with: pip install 'counterproof[gate]'"
        ) from exc

    class Collected:
        def collect(self) -> Iterator[Foreign]:
            return _families(core, now)

    registry = client.CollectorRegistry(auto_describe=False)
    registry.register(Collected())
    return client.generate_latest(registry)


def _families(core: Foreign, now: Snapshot) -> Iterator[Foreign]:
    decisions = core.CounterMetricFamily(
        "counterproof_gate_decisions", "Decisions, all of them in the record.", labels=("kind", "door", "outcome")
    )
    for *labels, n in now.decisions:
        decisions.add_metric(labels, n)
    yield decisions
    for name, said, rows in (
        ("rules", "Rules that did not simply find nothing, by what became of them.", now.rules),
        ("answers", "Answers of safety models, by how they came.", now.answers),
    ):
        family = core.CounterMetricFamily(f"counterproof_gate_{name}", said, labels=("rule", "status"))
        for rule, status, n in rows:
            family.add_metric((rule, status), n)
        yield family
    overrides = core.CounterMetricFamily(
        "counterproof_gate_overrides", "Held events, by a person's word.", labels=("word",)
    )
    for word, n in now.overrides:
        overrides.add_metric((word,), n)
    yield overrides
    for name, said, n in (
        ("sheds", "Events refused because the gate was too busy to look.", now.sheds),
        ("unkept", "Events refused because the record could not be written.", now.unkept),
        ("faults", "Errors of the gate itself; each refused its event.", now.faults),
    ):
        yield core.CounterMetricFamily(f"counterproof_gate_{name}", said, value=n)
    for name, said, value in (
        ("ready", "Whether every process takes traffic.", now.is_ready),
        ("policy_measured", "Whether the error rates of the policy in force are known.", now.is_measured),
        ("anchors", "Anchors remembered across contexts.", now.anchors),
        ("held", "Events that wait for a person.", len(now.held)),
        ("problems", "Things that are not as they should be.", len(now.problems)),
    ):
        yield core.GaugeMetricFamily(f"counterproof_gate_{name}", said, value=float(value))
    info = core.InfoMetricFamily("counterproof_gate_policy", "The policy in force.")
    info.add_metric([], {"name": now.policy_name, "digest": now.policy})
    yield info
    yield _histogram(core, now)


def _histogram(core: Foreign, now: Snapshot) -> Foreign:
    total = 0
    buckets: list[tuple[str, int]] = []
    for bound, n in zip((*guard.BOUNDS_S, float("inf")), now.latency, strict=True):
        total += n
        buckets.append(("+Inf" if bound == float("inf") else repr(bound), total))
    return core.HistogramMetricFamily(
        "counterproof_gate_decision_seconds",
        "From an event's arrival to its decision, waiting for safety models included.",
        buckets=buckets,
        sum_value=now.latency_sum_s,
    )
