"""The rules of a chain: what may be said by whom, in which order.

Takes: statements with their signers, in the order of the log. Gives: what each breaks, and the state of every subject, series and key. Never: reads a file, asks a log, or drops an entry.
"""
