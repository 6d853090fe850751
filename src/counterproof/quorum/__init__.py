"""Who has seen a checkpoint, and how many are enough.

Takes: a signed checkpoint and a policy (C2SP tlog-cosignature, tlog-policy). Gives: the cosignatures that hold, and
whether the policy is met. Never: asks anybody, or passes a checkpoint that the policy does not cover.
"""

from __future__ import annotations

from counterproof.quorum._check import MAX_SKEW_S, Seen, check, open_checkpoint
from counterproof.quorum._cosignature import cosign, cosigned_at
from counterproof.quorum._policy import Group, Log, Policy, Witness, needed, policy_text, read_policy

__all__ = [
    "MAX_SKEW_S",
    "Group",
    "Log",
    "Policy",
    "Seen",
    "Witness",
    "check",
    "cosign",
    "cosigned_at",
    "needed",
    "open_checkpoint",
    "policy_text",
    "read_policy",
]
