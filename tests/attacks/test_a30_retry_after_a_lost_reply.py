"""Attack 30, an accident more than an attack: the reply is lost, and the same entry comes again."""

from __future__ import annotations

import pytest

from counterproof.errors import NoQuorum
from tests.publish.log import parts


def test_the_same_bytes_get_the_same_receipt() -> None:
    log = parts.begun()
    writer = log.open()
    first = writer.add(parts.entries(0, 20))

    again = writer.add(parts.entries(0, 20))

    assert again == first
    assert writer.head.size == 20
    assert log.open().add(parts.entries(0, 20)) == first, "also after a restart"


def test_the_same_bytes_twice_in_one_request_are_one_entry() -> None:
    log = parts.begun()
    entry = parts.entries(0, 1) * 3

    receipts = log.open().add(entry)

    assert len(set(receipts)) == 1
    assert log.open().head.size == 1


def test_what_was_ordered_but_not_published_keeps_its_place() -> None:
    log = parts.begun()
    writer = log.open()
    log.witnesses.cosigning = 2
    with pytest.raises(NoQuorum):
        writer.add(parts.entries(0, 3))
    log.witnesses.cosigning = 4

    receipts = writer.add(parts.entries(2, 2))

    placed = [parts.check_receipt(r, e) for r, e in zip(receipts, parts.entries(2, 2), strict=True)]
    assert placed == [2, 3]
