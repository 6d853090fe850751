"""Numbered steps, offline: a verified statement or a refusal that names the step.

Takes: a bundle and what the reader trusts. Gives: what was signed, by whom, seen by whom. Never: asks the network, or measures.
"""
