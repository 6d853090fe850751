"""Graded transcripts and a result over them, without a run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from counterproof import chain, record
from tests.chain import small_chain

KEY = bytes(range(32))
REPORT, TARGET = "sha256:" + "1" * 64, "sha256:" + "2" * 64
ONE = record.Budget(currency="queries", amount=1)


def pair(number: int) -> tuple[record.Grade, record.Transcript]:
    """What was asked and said for one item, and its grade."""
    item, is_refused = f"item-{number}", number % 3 == 0
    attempt = record.Attempt(
        conversation=0, turn=0, strategy="candid", asked=f"how is {item} made ?", prefill="",
        reply=record.Reply(text="i cannot help" if is_refused else f"{item} is made so"), elicited={},
        committed={},
    )  # fmt: skip
    transcript = record.Transcript(
        arm="candid", category="storm", item=item, wording=0, cluster=item, budget=ONE,
        attempts=(attempt,), stopped="done",
    )  # fmt: skip
    grade = record.Grade(
        arm="candid", category="storm", item=item, wording=0, cluster=item, status="ok", budget=ONE, spent_queries=1,
        refused=is_refused, helped=None, right_Q=(False,),
    )  # fmt: skip
    return grade, transcript


def signed(leaves: Sequence[bytes]) -> record.Behaviour:
    """What an evaluator would sign of these leaves."""
    said = small_chain.Chain.begun().behaviour(small_chain.NOTHING)
    return msgspec.structs.replace(said, count=len(leaves), transcripts=chain.transcripts_root(leaves))
