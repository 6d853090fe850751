"""Chooses counterparties among verified statements, with reasons.

Takes: a declared policy, statements that `rely.verify` verified, the log's summary of itself with its leaves, and where
the policy wants it the whole log. Gives: `record.Selection`: allowed or denied, why, and what each rests on; a pure
function, so that anybody computes the same. Never: fills in what is missing, makes one score of several numbers, or
compares what is no number.
"""

from counterproof.rely.select._decide import decide
from counterproof.rely.select._leaves import MAX_LEAVES_BYTES, leaves_bytes, read_leaves
from counterproof.rely.select._policy import policy_bytes, read_policy
from counterproof.rely.select._whole import Break, WholeLog, read_log

__all__ = [
    "MAX_LEAVES_BYTES", "Break", "WholeLog", "decide", "leaves_bytes", "policy_bytes", "read_leaves", "read_log",
    "read_policy",
]  # fmt: skip
