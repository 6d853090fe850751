"""The first leaf that differs between two trees, found by going down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterproof import tlog
from counterproof.rely.watch._conflict import first_difference


class _Leaves:
    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def hash_at(self, level: int, index: int) -> bytes:
        part = self.leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return tlog.root_of(part)


@given(st.integers(1, 70), st.integers(0, 30), st.integers(0, 30), st.sets(st.integers(0, 69)))
def test_it_is_the_first(size: int, more: int, others_more: int, changed: set[int]) -> None:
    one = [tlog.leaf_hash(b"%d" % at) for at in range(size + more)]
    other = [tlog.leaf_hash(b"%d%s" % (at, b"!" * (at in changed))) for at in range(size + others_more)]

    found = first_difference(size, _Leaves(one), _Leaves(other))

    assert found == min((at for at in changed if at < size), default=None)
