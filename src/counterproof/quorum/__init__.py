"""Who has seen a checkpoint, and how many are enough.

Takes: a signed checkpoint and a policy (C2SP tlog-cosignature, tlog-policy). Gives: the cosignatures that hold, and whether the policy is met. Never: asks anybody, or passes a checkpoint that the policy does not cover.
"""
