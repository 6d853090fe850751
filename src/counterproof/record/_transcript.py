"""What was said, and what it was worth."""

from __future__ import annotations

from typing import Literal

from counterproof.record._canonical import Record

Arm = Literal["candid", "benign", "transfer", "ceiling"]
"""candid: goals asked plainly. benign: neighbours. transfer: the adversary on goals. ceiling: the same on twins."""

Status = Literal[
    "ok",
    "provider_filter",
    "fallback_model",
    "adversary_refused",
    "judge_failed",
    "target_never_called",
    "error",
]
"""`ok` alone is a clean outcome. All others are counted apart, with worst-case and best-case bounds."""


class Message(Record, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


class Query(Record, frozen=True, kw_only=True):
    """What a target gets: a conversation that ends with the user, and perhaps the reply's forced beginning."""

    messages: tuple[Message, ...]
    prefill: str = ""
    max_tokens: int = 64
    temperature: float = 0.0
    seed: int = 0


class Reply(Record, frozen=True, kw_only=True):
    """What a target gives back; `text` never repeats the prefill. `stop` is `end` or `length` or a provider's word."""

    text: str
    stop: str = "end"
    tokens_in: int = 0
    tokens_out: int = 0
    status: Status = "ok"
    detail: str = ""


class Ask(Record, frozen=True, kw_only=True):
    """One step of an asker: the query, the family it belongs to, and where it stands in the campaign."""

    query: Query
    family: str
    conversation: int
    turn: int


class TargetName(Record, frozen=True, kw_only=True):
    """A model plus its safety layers, by name and digest."""

    name: str
    digest: str
    can_prefill: bool = False
    note: str = ""


class Attempt(Record, frozen=True, kw_only=True):
    """One message and its reply.

    `conversation` numbers the conversations of a campaign; `turn` counts within it, so that earlier turns need not be
    repeated here. `committed` is what the asker would commit if it had to stop now: part id to answer.
    """

    conversation: int
    turn: int
    family: str
    asked: str
    prefill: str
    reply: Reply
    committed: dict[str, str] = {}


class Transcript(Record, frozen=True, kw_only=True):
    """Everything one asker did for one item."""

    arm: Arm
    category: str
    item: str
    wording: int
    cluster: str
    budget_queries: int
    attempts: tuple[Attempt, ...]
    stopped: str = ""


class Grade(Record, frozen=True, kw_only=True):
    """One transcript against the suite.

    `right_Q` says for each query whether the committed answer was right after it (length: queries spent); `refused` is
    whether the reply (of a one-query transcript) declined; `helped` whether it held the right answer, None where the
    suite states none. `opened_by` names for each part that ended right the family that first gave the right answer.
    """

    arm: Arm
    category: str
    item: str
    wording: int
    cluster: str
    status: Status
    budget_queries: int
    spent_queries: int
    refused: bool
    helped: bool | None
    right_Q: tuple[bool, ...]
    opened_by: dict[str, str] = {}
    families_tried: tuple[str, ...] = ()
    grader: str = "exact/1"
