from __future__ import annotations

import pytest

from counterproof.rely.gate import _sketch


@pytest.mark.parametrize("n", [0, 1, 2, 10, 100, 1_000])
def test_distinct_names_are_counted_within_a_fifth(n: int) -> None:
    sketch = 0
    for each in range(n):
        sketch |= _sketch.bit(f"name {each}") | _sketch.bit(f"name {each}")

    assert _sketch.distinct(sketch) == pytest.approx(n, rel=0.2, abs=0.3)


def test_a_full_sketch_says_so_much_and_no_more() -> None:
    assert _sketch.distinct((1 << _sketch.BITS) - 1) == _sketch.FULL


def test_none_is_not_counted() -> None:
    assert _sketch.distinct(_sketch.bit("")) == 0.0
    assert _sketch.packed(0) == b""


def test_a_sketch_comes_back_from_its_bytes() -> None:
    sketch = _sketch.bit("one") | _sketch.bit("two")

    assert int.from_bytes(_sketch.packed(sketch), "little") == sketch
