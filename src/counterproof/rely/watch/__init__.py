"""Tails a log and its witnesses, derives everything again, keeps evidence of what does not agree.

Takes: a log's address and what the reader trusts. Gives: alarms, and evidence that a third party checks offline. Never: changes a log.
"""
