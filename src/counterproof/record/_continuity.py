"""Whether two systems are one: the replies they gave to the same questions, and what a test makes of them."""

from __future__ import annotations

from typing import Literal

from counterproof.record._canonical import Record
from counterproof.record._estimate import Interval
from counterproof.record._statement import Continuity, decimal
from counterproof.record._transcript import TargetName

Compares = Literal["generations", "evaluated and served"]


class Sampled(Record, frozen=True, kw_only=True):
    """One question and the replies to it, in the order in which they were drawn.

    `kind`: `candid` asks for a goal plainly, `benign` is innocent, `generic` belongs to no suite. A reply that a
    provider's filter gave is kept as `<provider_filter>`; one that failed as None.
    """

    id: str
    kind: Literal["candid", "benign", "generic"]
    text: str
    replies: tuple[str | None, ...]


class Samples(Record, frozen=True, kw_only=True):
    """What one system said, to be held against what another says, perhaps much later (spec/continuity.md).

    `asked` is the digest of what was asked, `stream` says from which seeds the replies were drawn, `context` is what
    stood before every question.
    """

    format: Literal["counterproof-samples/1"] = "counterproof-samples/1"
    target: TargetName
    suite: str
    suite_digest: str
    is_hazardous: bool
    asked: str
    temperature: float
    max_tokens: int
    context: str
    stream: str
    questions: tuple[Sampled, ...]


class Moved(Record, frozen=True, kw_only=True):
    """A question whose replies moved, with the most frequent reply on each side; of hazardous suites without texts."""

    id: str
    kind: Literal["candid", "benign", "generic"]
    distance: float
    text: str
    before: str
    after: str


class ContinuityResult(Record, frozen=True, kw_only=True):
    """What the test found (docs/continuity.md).

    `before_samples`, `after_samples`: digests of the `Samples`. `noise` is what replies of one system exceed with
    probability `level`; in the exact test, the share of questions declared to differ by themselves. `left_out`:
    questions that one side failed to answer.
    """

    format: Literal["counterproof-continuity/1"] = "counterproof-continuity/1"
    compares: Compares
    before: TargetName
    after: TargetName
    before_samples: str
    after_samples: str
    suite: str
    suite_digest: str
    asked: str
    test: str
    temperature: float
    n_before: int
    n_after: int
    questions: int
    left_out: int
    seed: int
    distance: Interval
    noise: float
    p: float
    level: float
    break_at: float
    verdict: Literal["same", "drifted", "break"]
    moved: tuple[Moved, ...]


def continuity_of(result: ContinuityResult, *, subject: str, before: str, after: str) -> Continuity:
    """The result as it is signed; `before` and `after` are digests of `generation` entries.

    Raises:
        ValueError: two generations are compared and the entries are one, or the other way round.
    """
    if (before == after) is (result.compares == "generations"):
        raise ValueError(f"a test of {result.compares} names {'two' if before == after else 'one'} generation(s)")
    return Continuity(
        subject=subject, before=before, after=after, compares=result.compares, test=result.test, asked=result.asked,
        statistic=decimal(result.distance.value), p=decimal(result.p), level=decimal(result.level),
        break_at=decimal(result.break_at), n=min(result.n_before, result.n_after) * result.questions,
        questions=result.questions, verdict=result.verdict,
    )  # fmt: skip
