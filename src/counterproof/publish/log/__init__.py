"""Runs a log: admits entries, orders them, publishes tiles and cosigned checkpoints.

Takes: envelopes, a signing key, a store and a lock. Gives: receipts that anyone can check offline. Never: signs two heads of one size, or answers before an entry is published.
"""
