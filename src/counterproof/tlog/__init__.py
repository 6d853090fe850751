"""The tree and its files: tiles, checkpoints, proofs.

Takes: entries, hashes and files of a log (C2SP tlog-tiles, tlog-checkpoint, tlog-proof). Gives: roots, tiles, proofs, or a refusal. Never: signs, opens a file or a socket, knows what an entry says.
"""
