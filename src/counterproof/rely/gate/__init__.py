"""The decision: an event in, what is to happen with it out, before it happens.

Takes: events, a policy, the memory that is handed in, and what safety models answered. Gives: what was seen
(`record.Sighting`), which prompt policies must be asked, and the decision; the canonical reading of every shape that a
door sees; what of a stream may leave. Never: opens a socket, reads a clock, waits, or takes what it could not read for
harmless.
"""

from counterproof.rely.gate._anchors import Anchors
from counterproof.rely.gate._condition import condition, threshold
from counterproof.rely.gate._fold import Folded, folded
from counterproof.rely.gate._history import History
from counterproof.rely.gate._hold import Hit, Hold, HoldbackPlan, Release
from counterproof.rely.gate._memory import Memory
from counterproof.rely.gate._patterns import Found, Match, Patterns
from counterproof.rely.gate._policy import policy_bytes, read_policy
from counterproof.rely.gate._policy_rates import RATES, Rates, RatesCell, RuleRates, read_rates
from counterproof.rely.gate._rewrite import Span, rewrite
from counterproof.rely.gate._rules import Rules, is_tool_name
from counterproof.rely.gate._settle import FAULT, GRAVITY, SHED, TERMINATED, UNSCANNED
from counterproof.rely.gate._settlement import Settlement
from counterproof.rely.gate._shape import SHAPES, Shape, reply_shape, shape_of
from counterproof.rely.gate._stream import Stream, is_streamed
from counterproof.rely.gate._stream_parts import Ask, Ready, Step
from counterproof.rely.gate._walk import Walk, event_of, walk

__all__ = [
    "FAULT",
    "GRAVITY",
    "RATES",
    "SHAPES",
    "SHED",
    "TERMINATED",
    "UNSCANNED",
    "Anchors",
    "Ask",
    "Folded",
    "Found",
    "History",
    "Hit",
    "Hold",
    "HoldbackPlan",
    "Match",
    "Memory",
    "Patterns",
    "Rates",
    "RatesCell",
    "Ready",
    "Release",
    "RuleRates",
    "Rules",
    "Settlement",
    "Shape",
    "Span",
    "Step",
    "Stream",
    "Walk",
    "condition",
    "event_of",
    "folded",
    "is_streamed",
    "is_tool_name",
    "policy_bytes",
    "read_policy",
    "read_rates",
    "reply_shape",
    "rewrite",
    "shape_of",
    "threshold",
    "walk",
]
