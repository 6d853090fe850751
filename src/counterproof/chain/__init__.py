"""The rules of a chain: what may be said by whom, in which order.

Takes: statements with their signers, in the order of the log. Gives: what each breaks, and the state of every subject,
series and key. Never: reads a file, asks a log, or drops an entry.
"""

from counterproof.chain._about import named
from counterproof.chain._forms import MAX_TEXT, is_digest, seconds_of
from counterproof.chain._leaves import beacon_indexes, graded_leaf, heads_root, next_keys_digest, transcripts_root
from counterproof.chain._preregs import why_different
from counterproof.chain._read import (
    MAX_ENTRY_BYTES,
    UnverifiedEntry,
    open_entry,
    read_statement,
    read_trust,
    seal,
)
from counterproof.chain._rules import Rules
from counterproof.chain._ruling import PROVABLE, RULES, Breach, Rule, Ruling, Signed
from counterproof.chain._token_key import read_token_key
from counterproof.chain._tokens import check_token, logged_key, token_challenge

__all__ = [
    "MAX_ENTRY_BYTES",
    "MAX_TEXT",
    "PROVABLE",
    "RULES",
    "Breach",
    "Rule",
    "Rules",
    "Ruling",
    "Signed",
    "UnverifiedEntry",
    "beacon_indexes",
    "check_token",
    "graded_leaf",
    "heads_root",
    "is_digest",
    "logged_key",
    "named",
    "next_keys_digest",
    "open_entry",
    "read_statement",
    "read_token_key",
    "read_trust",
    "seal",
    "seconds_of",
    "token_challenge",
    "transcripts_root",
    "why_different",
]
