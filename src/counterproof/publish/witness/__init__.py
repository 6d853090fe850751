"""Runs a witness: cosigns a log that never forked.

Takes: checkpoints with consistency proofs (C2SP tlog-witness). Gives: cosignatures, and evidence where a log shows two faces. Never: cosigns what it has not persisted, or what does not extend what it saw.
"""
