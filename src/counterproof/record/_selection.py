"""By what a relying party chooses, and what it chose: declared, and open to be computed again."""

from __future__ import annotations

from typing import Literal

from counterproof.record._canonical import Record

Bar = Literal["break", "dispute", "outdated", "retraction"]
Assurance = Literal["self_attested", "third_party", "reproduced"]
OrderKey = Literal["K", "F", "organisations"]


class SelectionPolicy(Record, frozen=True, kw_only=True):
    """What a system must show to be chosen (spec/selection.md). Lists are sorted, and say nothing twice.

    In every one of `categories`, at least `organisations` evaluators count, and none that counts has a lower limit of
    `K_joint` below `least_K` or an upper limit of `F_joint` above `most_F`. A result is looked at if its suite, budget
    and assurance are among those accepted and its level of confidence is at least `level`. `evaluators`, `subjects`:
    whose word is heard, and of which systems; empty: all. `max_age_s`: oldest head of the log. `max_behind`: how many
    entries may lie between the log's summary of itself and that head. `reads`: whether a summary suffices or the whole
    log is needed, as it is to see what `bars`: objections that end the matter. `order`: among those allowed, by the
    worst category; first key first.
    """

    format: Literal["counterproof-selection-policy/1"] = "counterproof-selection-policy/1"
    categories: tuple[str, ...]
    least_K: str
    most_F: str
    level: str
    suites: tuple[str, ...]
    budgets: tuple[str, ...]
    assurance: tuple[Assurance, ...]
    organisations: int
    evaluators: tuple[str, ...]
    subjects: tuple[str, ...]
    max_age_s: int
    max_behind: int
    reads: Literal["summary", "whole log"]
    bars: tuple[Bar, ...]
    order: tuple[OrderKey, ...]


class Choice(Record, frozen=True, kw_only=True):
    """What was decided about one system, and why, in sentences.

    `rank` counts from 1 and is 0 where denied; equal ranks are ties. `standing`: what `SelectionPolicy.order` looks at,
    as text, for those allowed. `rests_on`: digests of the results that were looked at.
    """

    subject: str
    decision: Literal["allow", "deny"]
    rank: int
    standing: dict[str, str]
    reasons: tuple[str, ...]
    rests_on: tuple[str, ...]


class Selection(Record, frozen=True, kw_only=True):
    """A decision about every candidate that anybody can compute again from the same files.

    `policy`: digest of the policy's canonical bytes. `origin`, `size`, `root`: the head of the log that all of it lies
    under. `heads`: digest of the entry by which the log summed itself up. `at_s`: the reader's clock, in seconds since
    1970. `unchecked`: what nobody can know from what was handed over.
    """

    format: Literal["counterproof-selection/1"] = "counterproof-selection/1"
    policy: str
    origin: str
    size: int
    root: str
    heads: str
    reads: Literal["summary", "whole log"]
    at_s: int
    choices: tuple[Choice, ...]
    unchecked: tuple[str, ...]
