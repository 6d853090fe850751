"""The record of decisions: chained by hash, heads signed in batches, replayed by anyone.

Takes: sightings, answers and decisions, as they are made. Gives: files that only grow, heads to be logged, and an audit
that computes every decision again. Never: keeps what was said, or lets a decision take effect that it could not keep.
"""

from counterproof.rely.trail._audit import TrailAudit, audit
from counterproof.rely.trail._auditor import Mismatch, WorkerAudit
from counterproof.rely.trail._files import read_kept_policy, workers
from counterproof.rely.trail._head import ChainHead, Counts, read_head, signers_of
from counterproof.rely.trail._line import NOTE_KINDS, NoteKind, Said
from counterproof.rely.trail._said import gate_of, head_said, policy_said, read_rates
from counterproof.rely.trail._trail import Pace, Trail

__all__ = [
    "NOTE_KINDS", "ChainHead", "Counts", "Mismatch", "NoteKind", "Pace", "Said", "Trail", "TrailAudit", "WorkerAudit",
    "audit", "gate_of", "head_said", "policy_said", "read_head", "read_kept_policy", "read_rates", "signers_of",
    "workers",
]  # fmt: skip
