"""Runs a log: admits entries, orders them, publishes tiles and cosigned checkpoints.

Takes: envelopes, a signing key, a store, a lock and a way to ask witnesses. Gives: receipts that anyone can check
offline, and static files that any web server can serve. Never: signs two heads of one size, or answers before an entry
is published.
"""

from __future__ import annotations

from counterproof.publish.log._admit import KnownKeys, Verdict, judge, may_change_keys
from counterproof.publish.log._check import Checked, check
from counterproof.publish.log._folder import Folder, Settings, known_keys, new, open_writer, read_folder, receipt
from counterproof.publish.log._gather import Gatherer
from counterproof.publish.log._index import Index
from counterproof.publish.log._listen import Listen, run, running
from counterproof.publish.log._lock import EMPTY, Head, Lock, MemoryLock, SqliteLock
from counterproof.publish.log._send import add_admitted, send
from counterproof.publish.log._spent import Spent
from counterproof.publish.log._store import CHECKPOINT, FolderStore, MemoryStore, Store
from counterproof.publish.log._writer import ENTRY_LIMIT_BYTES, Gather, Prove, Writer

__all__ = [
    "CHECKPOINT",
    "EMPTY",
    "ENTRY_LIMIT_BYTES",
    "Checked",
    "Folder",
    "FolderStore",
    "Gather",
    "Gatherer",
    "Head",
    "Index",
    "KnownKeys",
    "Listen",
    "Lock",
    "MemoryLock",
    "MemoryStore",
    "Prove",
    "Settings",
    "Spent",
    "SqliteLock",
    "Store",
    "Verdict",
    "Writer",
    "add_admitted",
    "check",
    "judge",
    "known_keys",
    "may_change_keys",
    "new",
    "open_writer",
    "read_folder",
    "receipt",
    "run",
    "running",
    "send",
]
