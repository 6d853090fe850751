"""Runs a witness: cosigns a log that never forked.

Takes: checkpoints with consistency proofs (C2SP tlog-witness). Gives: cosignatures, and evidence where a log shows two
faces. Never: cosigns what it has not persisted, or what does not extend what it saw.
"""

from __future__ import annotations

from counterproof.publish.witness._cosigning import Answer, Witness
from counterproof.publish.witness._folder import load, new, read_logs
from counterproof.publish.witness._limit import Limit
from counterproof.publish.witness._listen import Listen, run, running
from counterproof.publish.witness._request import MAX_BODY_BYTES

__all__ = ["MAX_BODY_BYTES", "Answer", "Limit", "Listen", "Witness", "load", "new", "read_logs", "run", "running"]
