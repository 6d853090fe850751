from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof import tlog
from counterproof.errors import BadLog
from counterproof.publish import log
from counterproof.publish.log import _staging

HEADS = st.builds(log.Head, st.integers(0, 2**40), st.binary(min_size=32, max_size=32))


@given(head=HEADS, entries=st.lists(st.binary(max_size=300), min_size=1, max_size=600))
def test_what_was_staged_is_read_back(head: log.Head, entries: list[bytes]) -> None:
    data = _staging.encode(head, entries)

    assert _staging.decode(data, "x") == (head, entries)
    _staging.reread(data, "x", head, tlog.leaf_hashes(entries))


@given(data=st.binary(max_size=400), has_magic=st.booleans())
def test_any_bytes_are_refused_or_are_what_would_be_written(data: bytes, *, has_magic: bool) -> None:
    data = b"counterproof-staging/1\n" + data if has_magic else data
    try:
        head, entries = _staging.decode(data, "x")
    except BadLog:
        return
    assert _staging.encode(head, entries) == data


@given(head=HEADS, entries=st.lists(st.binary(max_size=40), min_size=1, max_size=20), bit=st.integers(0, 10_000))
def test_one_bit_is_enough_to_be_refused(head: log.Head, entries: list[bytes], bit: int) -> None:
    data = bytearray(_staging.encode(head, entries))
    data[bit // 8 % len(data)] ^= 1 << bit % 8

    with pytest.raises(BadLog):
        _staging.reread(bytes(data), "x", head, tlog.leaf_hashes(entries))


@given(data=st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes) -> None:
    (verdict,) = log.judge([data], ())

    assert verdict.status in (400, 403, 413)
    assert log.may_change_keys(data) in (True, False)
