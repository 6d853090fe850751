"""Tails a log and its witnesses, derives everything again, keeps evidence of what does not agree.

Takes: where a log is served, and whom the reader trusts. Gives: the head that agrees with everything seen before,
alarms for what does not, and evidence that a third party checks offline. Never: changes a log, tells anyone who reads,
or takes a head for good because it is signed.
"""

from counterproof.rely.watch._evidence import Proven, evidence, evidence_bytes, read_evidence
from counterproof.rely.watch._mirror import alone, keep
from counterproof.rely.watch._source import Folder, Source, Web, at
from counterproof.rely.watch._watch import Alarm, Look, Watcher, keep_evidence, witnesses

__all__ = [
    "Alarm", "Folder", "Look", "Proven", "Source", "Watcher", "Web", "alone", "at", "evidence", "evidence_bytes",
    "keep", "keep_evidence", "read_evidence", "witnesses",
]
