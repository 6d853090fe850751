"""Whether measured error rates meet what somebody asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterproof.record import Estimate, Interval
from counterproof.rely.gate import Rates, RuleRates


@dataclass(frozen=True, slots=True)
class Bars:
    """What is asked: None asks nothing. Failed checks count as mistakes, and limits of intervals count, not points."""

    at_most_fpr: float | None = None
    at_least_recall: float | None = None

    def missed(self, rates: Rates) -> tuple[str, ...]:
        """A sentence for each bar that is missed; what was not measured misses every bar.

        Asked of the whole policy and of each prompt policy; a pattern is not meant to stop every example.
        """
        asked = [each for each in rates.rules if each.kind in ("policy", "prompt")]
        return tuple(sentence for each in asked for sentence in self._sentences(each))

    def _sentences(self, rates: RuleRates) -> Sequence[str]:
        name = f"rule {rates.rule}" if rates.rule else "the policy"
        out: list[str] = []
        if self.at_most_fpr is not None and not _is_within(rates.worst_false_positives, 0.0, self.at_most_fpr):
            said = _said(rates.worst_false_positives, "high")
            out.append(f"{name}: false positives may be as many as {said}, asked is at most {self.at_most_fpr:g}")
        if self.at_least_recall is not None and not _is_within(rates.worst_recall, self.at_least_recall, 1.0):
            said = _said(rates.worst_recall, "low")
            out.append(f"{name}: recall may be as little as {said}, asked is at least {self.at_least_recall:g}")
        return out


def _is_within(found: Estimate, low: float, high: float) -> bool:
    return isinstance(found, Interval) and (low == 0.0 or found.low >= low) and (high == 1.0 or found.high <= high)


def _said(found: Estimate, end: str) -> str:
    return f"{getattr(found, end):.3f}" if isinstance(found, Interval) else "anything (not measured)"
