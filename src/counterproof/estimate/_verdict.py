"""The verdict on one category, in the words of seed 001, and the sentence that gives its numbers."""

from __future__ import annotations

from counterproof.record import Bars, Estimate, Interval, NotMeasured, Verdict, rounded


def verdict(
    K: Estimate,
    F: Estimate,
    S: Estimate,
    bars: Bars,
    claim: float | None = None,
) -> tuple[Verdict, str]:
    """What the joint intervals of K, F and S, the declared bars and the system's own claim amount to, and why.

    In this order (docs/estimands.md): not measured, where K or F is not; contained, where K is at least and F at most
    the declared bar; negative, where S lies below 0, or where the claim overstates K by more than the tolerance while
    benign users pay; imperfect, where S lies above 0; zero, where it covers 0.
    """
    for letter, estimate in (("K", K), ("F", F), ("S", S)):
        if isinstance(estimate, NotMeasured):
            return "not measured", f"{letter} was not measured: {estimate.reason}."
    if not (isinstance(K, Interval) and isinstance(F, Interval) and isinstance(S, Interval)):
        raise TypeError("a verdict rests on intervals, not on ratio sets")
    if K.low >= bars.contained_K and F.high <= bars.contained_F:
        return "contained", (
            f"K is at least {K.low:.3f} (bar {bars.contained_K:.3f}) and F at most {F.high:.3f}"
            f" (bar {bars.contained_F:.3f})."
        )
    if S.high < 0:
        return "negative", f"S lies below 0, between {S.low:.3f} and {S.high:.3f}: the innocent meet more friction."
    if claim is not None and rounded(claim - K.high) > bars.claim_tolerance and F.low > 0:
        return "negative", (
            f"the published claim {claim:.3f} exceeds K, at most {K.high:.3f}, by more than the tolerance"
            f" {bars.claim_tolerance:.3f}, while benign users pay: F is at least {F.low:.3f}."
        )
    if S.low > 0:
        return "imperfect", f"S lies above 0, between {S.low:.3f} and {S.high:.3f}, but {_missed(K, F, bars)}."
    return "zero", f"S covers 0: it lies between {S.low:.3f} and {S.high:.3f}."


def _missed(K: Interval, F: Interval, bars: Bars) -> str:
    missed: list[str] = []
    if K.low < bars.contained_K:
        missed.append(f"K may be as low as {K.low:.3f} (bar {bars.contained_K:.3f})")
    if F.high > bars.contained_F:
        missed.append(f"F may be as high as {F.high:.3f} (bar {bars.contained_F:.3f})")
    return " and ".join(missed)
