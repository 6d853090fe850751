"""A policy's bytes: canonical JSON, and no other (spec/selection.md)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from counterproof import chain, record
from counterproof.errors import BadPolicy

_WHERE, _MEND = "selection policy", "see spec/selection.md"
_LIMIT_BYTES = 1 << 20
_MAX_ITEMS = 256
_MAX_COUNT = 2**53 - 1


def read_policy(data: bytes) -> record.SelectionPolicy:
    """A policy, with or without one line feed at its end.

    Raises:
        BadPolicy: it breaks the format, or what it wants makes no sense.
    """
    if len(data) > _LIMIT_BYTES:
        raise BadPolicy(f"is larger than {_LIMIT_BYTES} bytes", where=_WHERE, mend=_MEND)
    text = data.removesuffix(b"\n")
    try:
        policy = msgspec.json.decode(text, type=record.SelectionPolicy)
        is_canonical = record.canonical_bytes(policy) == text
    except (ValueError, RecursionError) as exc:
        raise BadPolicy(f"is none ({exc})", where=_WHERE, mend=_MEND) from exc
    if not is_canonical:
        raise BadPolicy("is not in its one byte form", where=_WHERE, mend=_MEND)
    check(policy)
    return policy


def policy_bytes(policy: record.SelectionPolicy) -> bytes:
    """The one byte form, with a line feed.

    Raises:
        BadPolicy: it could not be read again.
    """
    data = record.canonical_bytes(policy) + b"\n"
    read_policy(data)
    return data


def check(policy: record.SelectionPolicy) -> None:
    """Whether it means something.

    Raises:
        BadPolicy: naming the first field that does not.
    """
    for name, why in _faults(policy):
        if why:
            raise BadPolicy(f"its {name} {why}", where=_WHERE, mend=_MEND)


def _faults(policy: record.SelectionPolicy) -> Iterator[tuple[str, str]]:
    for name in ("categories", "suites", "budgets", "assurance", "evaluators", "subjects", "bars"):
        values: tuple[str, ...] = getattr(policy, name)
        least = 0 if name in ("evaluators", "subjects", "bars") else 1
        yield name, _list(values, least)
    for name in ("suites", "subjects"):
        yield name, "" if all(map(chain.is_digest, getattr(policy, name))) else "holds what is no digest"
    for name in ("least_K", "most_F", "level"):
        yield name, _share(getattr(policy, name))
    yield "organisations", "" if 1 <= policy.organisations <= _MAX_ITEMS else "is not 1 to 256"
    yield "max_age_s", "" if 1 <= policy.max_age_s <= _MAX_COUNT else "is not at least 1: no age is not any age"
    yield "max_behind", "" if 0 <= policy.max_behind <= _MAX_COUNT else "is no count"
    yield "order", "" if len(set(policy.order)) == len(policy.order) else "says the same twice"
    yield "bars", "" if policy.reads == "whole log" or not policy.bars else "can only be seen in the whole log"


def _list(values: tuple[str, ...], least: int) -> str:
    if not least <= len(values) <= _MAX_ITEMS:
        return f"has {len(values)} parts, {least} to {_MAX_ITEMS} are taken"
    if list(values) != sorted(set(values)):
        return "is not sorted, or says the same twice"
    is_fine = all(0 < len(one) <= chain.MAX_TEXT and one.isprintable() and one == one.strip() for one in values)
    return "" if is_fine else "has a part that is empty, too long or not plain text"


def _share(text: str) -> str:
    try:
        found = record.as_decimal(text)
    except ValueError as exc:
        return f"is no number: {exc}"
    return "" if Decimal(0) <= found <= Decimal(1) else "is not between 0 and 1"
