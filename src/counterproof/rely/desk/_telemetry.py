"""Decisions as OpenTelemetry events, in the names of the GenAI semantic conventions (status: Development).

Each decision is one event `gen_ai.evaluation.result` (open-telemetry/semantic-conventions-genai, evaluation events):
`gen_ai.evaluation.name` is the rule that led, `gen_ai.evaluation.score.label` the outcome, and
`gen_ai.evaluation.explanation` the sentence that the refused were told. That of a tool call has `execute_tool` as its
`gen_ai.operation.name`, and `gen_ai.tool.name`. Content is never captured.
"""

from __future__ import annotations

import time
from typing import Any, TypeAlias

from counterproof import errors
from counterproof.record import Decision, Event
from counterproof.rely import gate

Foreign: TypeAlias = Any
"""Something of OpenTelemetry's: the library belongs to an extra."""

EVENT = "gen_ai.evaluation.result"
_SCOPE = "counterproof.gate"


class Telemetry:
    """Emits an event per decision through a logger provider: the one given, or the one that the process has set up.

    `only_refused`: what was allowed is counted in the metrics and emits nothing.

    Raises:
        MissingExtra: OpenTelemetry is not installed.
    """

    def __init__(self, provider: Foreign = None, *, only_refused: bool = True) -> None:
        try:
            import opentelemetry._logs as logs  # noqa: PLC0415 - belongs to the extra `gate`
        except ImportError as exc:
            raise errors.MissingExtra(
                "events need OpenTelemetry", where="telemetry", mend="install it with: pip install 'counterproof[gate]'"
            ) from exc
        self._record: Foreign = logs.LogRecord
        self._severity: Foreign = logs.SeverityNumber
        self._logger: Foreign = (provider or logs.get_logger_provider()).get_logger(_SCOPE)
        self._only_refused = only_refused

    def emit(self, event: Event, decision: Decision) -> None:
        """One event; what goes wrong in an exporter is the exporter's."""
        if self._only_refused and decision.outcome == "allow":
            return
        is_allowed = decision.outcome in ("allow", "modify")
        self._logger.emit(
            self._record(
                timestamp=time.time_ns(),
                severity_number=self._severity.INFO if is_allowed else self._severity.WARN,
                event_name=EVENT,
                attributes=attributes(event, decision),
            )
        )


def attributes(event: Event, decision: Decision) -> dict[str, str | tuple[str, ...]]:
    """What an event says: names of rules, kinds and tools, and no content."""
    said: dict[str, str | tuple[str, ...]] = {
        "gen_ai.evaluation.name": decision.rules[0] if decision.rules else "gate",
        "gen_ai.evaluation.score.label": decision.outcome,
        "gen_ai.operation.name": "execute_tool" if event.kind in ("call", "result") else "chat",
        "counterproof.gate.kind": event.kind,
        "counterproof.gate.door": event.door,
        "counterproof.gate.rules": decision.rules,
    }
    if decision.reason:
        said["gen_ai.evaluation.explanation"] = decision.reason
    if event.tool and gate.is_tool_name(event.tool):
        said["gen_ai.tool.name"] = event.tool
    return said
