"""The leaves under the log's summary of itself, in a file, and whether that summary can be relied on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from counterproof import chain, quorum, record
from counterproof.errors import BadBundle, NotVerified
from counterproof.rely import verify

MAX_LEAVES_BYTES = 64_000_000
_STEP = "heads"
_MEND = "ask for the log's latest summary, with every leaf of it"


def read_leaves(data: bytes) -> tuple[record.Head, ...]:
    """The leaves from their file: canonical JSON of the list in rising order of their bytes, perhaps a line feed.

    Raises:
        BadBundle: it is none.
    """
    where, mend = "leaves", "use the file that attest heads wrote"
    if len(data) > MAX_LEAVES_BYTES:
        raise BadBundle(f"larger than {MAX_LEAVES_BYTES:,} bytes", where=where, mend=mend)
    text = data.removesuffix(b"\n")
    try:
        leaves = msgspec.json.decode(text, type=tuple[record.Head, ...])
        is_canonical = record.canonical_bytes(leaves) == text
    except (ValueError, RecursionError) as exc:
        raise BadBundle(f"no leaves: {exc}", where=where, mend=mend) from exc
    order = [record.canonical_bytes(leaf) for leaf in leaves]
    if not is_canonical or order != sorted(set(order)):
        raise BadBundle("leaves that are not in their one form", where=where, mend=mend)
    return leaves


def leaves_bytes(leaves: Sequence[record.Head]) -> bytes:
    """The one byte form of such a file, in whatever order they are given."""
    return record.canonical_bytes(tuple(sorted(leaves, key=record.canonical_bytes))) + b"\n"


def check(policy: record.SelectionPolicy, heads: verify.Verified, leaves: Sequence[record.Head], now_s: int) -> None:
    """Whether this is a summary that the log made of itself, whole, and no older than the policy allows.

    Raises:
        NotVerified: it is not.
    """
    said = heads.statement.predicate
    if not isinstance(said, record.Heads) or said.origin != heads.origin:
        raise _refuse(f"an entry of kind {heads.statement.kind} is no summary that {heads.origin} made of itself")
    if all(signer.role != "log" for signer in heads.signers):
        raise _refuse("the summary is not signed by a key that was named log")
    if len(leaves) != said.count or len(set(map(_series, leaves))) != said.count:
        raise _refuse(f"{len(leaves)} leaves where the summary counts {said.count} series")
    if chain.heads_root(leaves) != said.root:
        raise _refuse("the leaves are not those that the summary was made of")
    age_s = now_s - min((when for _, when in heads.seen_by), default=0)
    if age_s > policy.max_age_s:
        raise _refuse(f"the head it lies under was seen {age_s} s ago; the policy takes {policy.max_age_s} s")
    if age_s < -quorum.MAX_SKEW_S:
        raise _refuse("the head it lies under is from the future")
    behind = heads.size - said.size
    if not 0 <= behind <= policy.max_behind:
        raise _refuse(f"{behind} entries lie behind what it sums up; the policy takes {policy.max_behind}")


def _series(leaf: record.Head) -> tuple[str, str, str]:
    return leaf.subject, leaf.category, leaf.evaluator


def _refuse(what: str) -> NotVerified:
    return NotVerified(what, where=_STEP, mend=_MEND)
