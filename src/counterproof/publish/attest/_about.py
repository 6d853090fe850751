"""Statements of every kind."""

from __future__ import annotations

from counterproof import chain, record


def statement(said: record.Predicate) -> record.Statement:
    """The statement that says it."""
    return record.Statement(subject=(chain.named(said),), predicate=said)
