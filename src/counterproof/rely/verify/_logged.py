"""Steps 1, 4 and 5: receipts read, entries shown to be in the tree, statements read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from counterproof import chain, note, record, tlog
from counterproof.errors import BadBundle


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry, its place, and what it says; nothing is verified by having it.

    `held`: texts of keys whose signature was found to hold, so that it is computed once.
    """

    index: int
    digest: str
    envelope: note.Envelope
    statement: record.Statement
    held: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """The kind of entry, such as `behaviour`."""
        return self.statement.kind


def receipts(bundle: record.Bundle, read_known: Callable[[str], tlog.Proof]) -> tuple[tlog.Proof, ...]:
    """Step 1: every receipt, the entry's own first; all end in the same signed checkpoint.

    `read_known` reads those that other bundles may hold too.

    Raises:
        BadNote: a receipt is none.
        BadBundle: receipts of different checkpoints, or supporting entries out of the order of the log.
    """
    first, rest = tlog.read_proof(bundle.entry.receipt.encode()), [read_known(e.receipt) for e in bundle.support]
    if any(proof.checkpoint != first.checkpoint for proof in rest):
        raise BadBundle("its receipts end in different checkpoints", mend="put it together at one checkpoint")
    places = [proof.index for proof in rest]
    if any(a >= b for a, b in itertools.pairwise(places)) or first.index in places:
        raise BadBundle("supporting entries are not in the order of the log", mend="sort them by index, each once")
    if any(proof.extra for proof in (first, *rest)):
        raise BadBundle("a receipt says more than its place", mend="leave its `extra` line out")
    return (first, *rest)


def check_included(entry: bytes, proof: tlog.Proof, head: tlog.Checkpoint) -> None:
    """Step 4.

    Raises:
        NotVerified: the entry is not that leaf of the tree.
    """
    tlog.check_inclusion(proof.hashes, proof.index, head.size, tlog.leaf_hash(entry), head.root)


def read(entry: bytes, index: int) -> Logged:
    """Step 5: the entry's one byte form, and its statement's.

    Raises:
        BadNote: no envelope in its one form, or larger than a log takes.
        BadStatement: the statement breaks its format.
    """
    opened = chain.open_entry(entry)
    return Logged(index, opened.digest, opened.envelope, opened.statement)
