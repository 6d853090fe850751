"""What a run folder holds: the plan, and the lines of its shards."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from counterproof import record

FORMAT: Final = "counterproof-run/1"


class Shard(record.Record, frozen=True, kw_only=True):
    """One target in one arm: the askers that go through their rounds together.

    `name` is the stem of its file (lower-case letters, digits, `.`, `_` and `-`); `queries_at_most` is the sum of its
    askers' budgets.
    """

    name: str
    target: str
    arm: record.Arm
    queries_at_most: int


class Plan(record.Record, frozen=True, kw_only=True):
    """Everything that was declared before the run, and so everything that its transcripts depend on.

    `families` names the adversary's lines of approach in their order, `claims` a published containment per category,
    `command` the command line that repeats the run.
    """

    format: Literal["counterproof-run/1"] = FORMAT
    version: str
    instrument: str
    suite: str
    suite_digest: str
    targets: tuple[record.TargetName, ...]
    categories: tuple[str, ...]
    seed: int
    budget_queries: int
    wordings: int
    families: tuple[str, ...]
    bars: record.Bars
    claims: dict[str, float]
    command: str
    shards: tuple[Shard, ...]


class Place(record.Record, frozen=True, kw_only=True):
    """Where an asker sits: what its transcript will say about itself."""

    category: str
    item: str
    wording: int
    cluster: str
    budget_queries: int


class Turn(record.Record, frozen=True, kw_only=True, omit_defaults=True):
    """One ask and its reply, by the number of the seat. `committed` is left out when it is what it was before."""

    seat: int
    family: str
    asked: str
    text: str
    conversation: int = 0
    turn: int = 0
    prefill: str = ""
    stop: str = "end"
    tokens_in: int = 0
    tokens_out: int = 0
    status: record.Status = "ok"
    detail: str = ""
    committed: dict[str, str] | None = None

    @property
    def reply(self) -> record.Reply:
        """What was heard."""
        return record.Reply(
            text=self.text,
            stop=self.stop,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            status=self.status,
            detail=self.detail,
        )


class Head(record.Record, frozen=True, kw_only=True, tag="head", tag_field="kind"):
    """A shard's first line: whose it is, and who sits where."""

    shard: Shard
    plan: str
    places: tuple[Place, ...]


class Round(record.Record, frozen=True, kw_only=True, tag="round", tag_field="kind"):
    """One batch: what every live asker asked and heard, in the order of the seats."""

    round: int
    turns: tuple[Turn, ...]


class End(record.Record, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """A finished shard's last line: after how many rounds, and why each asker stopped."""

    rounds: int
    stopped: tuple[str, ...]


Line = Head | Round | End
LINE: msgspec.json.Decoder[Head | Round | End] = msgspec.json.Decoder(Line)
PLAN = msgspec.json.Decoder(Plan)
