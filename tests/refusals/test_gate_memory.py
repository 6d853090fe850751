"""One test per way a memory refuses what other gates tell it, and a pool where it is told to look."""

from __future__ import annotations

import sys
from collections.abc import Callable

import msgspec
import pytest

from counterproof import record
from counterproof.errors import BadGate, MissingExtra
from counterproof.rely import gate, pool

Delta = list[object]


def memory(window_s: int = 3_600) -> gate.Memory:
    return gate.Memory(record.MemoryPolicy(window_s=window_s))


def told() -> Delta:
    held = memory()
    held.share()
    held.add(("a:1", "c:2"), 1.0, "context", "identity", "fragment", 0.0)
    delta: Delta = msgspec.msgpack.decode(held.delta("other"), type=list[object])
    return delta


def longer(delta: Delta) -> Delta:
    return [*delta, 1]


def shorter(delta: Delta) -> Delta:
    return delta[:-1]


def put(place: int, value: object) -> Callable[[Delta], Delta]:
    return lambda delta: [*delta[:place], value, *delta[place + 1 :]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put(0, "counterproof-gate-delta/2"), "no delta of a memory"),
        (put(1, ""), "no delta of a memory"),
        (put(2, -1), "no delta of a memory"),
        (put(3, 60), "cannot be shared with one of 3600 s"),
        (put(5, float("inf")), "sum of weights"),
        (put(6, [["a:1", 1, b"x" * 65, b""]]), "no delta of a memory"),
        (put(6, []), "an anchor that is not told"),
        (put(7, [["fragment", 0.0, 0.0, [0]]]), "no weight above 0"),
        (put(7, [["fragment", 1.0, -1.0, [0]]]), "no age from 0"),
        (put(7, [["fragment", float("nan"), 0.0, [0]]]), "no weight above 0"),
        (put(7, [["fragment", 1.0, 0.0, [9]]]), "an anchor that is not told"),
        (longer, "no delta of a memory"),
        (shorter, "no delta of a memory"),
    ],
)
def test_a_delta_that_is_none(change: Callable[[Delta], Delta], said: str) -> None:
    held = memory()
    with pytest.raises(BadGate, match=said):
        held.merge(msgspec.msgpack.encode(change(told())), 0.0, where="redis://store")
    assert len(held) == 0


def test_a_delta_that_is_too_long() -> None:
    with pytest.raises(BadGate, match="at most 1000000 bytes"):
        memory().merge(b"\x98" * 1_000_001, 0.0)


def test_an_address_of_no_store() -> None:
    with pytest.raises(BadGate, match=r"no address of a store.*redis://"):
        pool.Pool("http://host", pool.Local(memory(), lambda: 0.0), b"s" * 32, window_s=60)


def test_a_store_whose_client_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(MissingExtra, match="not installed"):
        pool.Pool("redis://host", pool.Local(memory(), lambda: 0.0), b"s" * 32, window_s=60)
