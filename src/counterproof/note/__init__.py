"""Signed notes, keys and envelopes: bytes in, bytes out.

Takes: bytes to sign, keys, and signed bytes (C2SP signed-note, DSSE). Gives: signed bytes, or what was signed and by whom. Never: knows what a tree, a statement or an AI system is.
"""
