"""The signature picture stands where the numbers are."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.publish.report import _format, _picture
from counterproof.record import Bars
from tests.publish.report import making

SHARES = st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=8)


def layers(name: str, shape: str) -> list[dict[str, Any]]:
    target = making.report((name,)).targets[0]
    spec = _picture.picture(target, Bars(), ["storm", "hush", "ember", "*"], size_px=250)
    return [layer for layer in spec["layer"] if layer["mark"].get("shape") == shape]


@pytest.mark.parametrize("name", making.ORGANISMS)
def test_heads_stand_exactly_where_they_were_measured(name: str) -> None:
    found = [layer for shape in (_picture.DOWN, _picture.UP, _picture.LEVEL) for layer in layers(name, shape)]
    categories = making.report((name,)).targets[0].categories[:3]

    drawn = sorted((v["x"], v["y"]) for layer in found for v in layer["data"]["values"])
    points = [(_format.number(c.F), _format.number(c.K)) for c in categories]
    assert drawn == sorted((f.value, k.value) for f, k in points if f is not None and k is not None)
    assert not [layer for layer in found if any("Offset" in key for key in layer["mark"])]


@pytest.mark.parametrize(("name", "shape"), [("surface", _picture.DOWN), ("filtered", _picture.UP)])
def test_arrows_point_from_claim_to_measurement(name: str, shape: str) -> None:
    assert len(layers(name, shape)) == 3


@given(SHARES)
def test_tails_keep_their_order_and_come_apart(values: list[float]) -> None:
    shifts = _picture.beside(values, 250)
    places = sorted(v * 250 + s for v, s in zip(values, shifts, strict=True))

    assert max(abs(s) for s in shifts) <= 250 * (max(values) - min(values)) + 10.5 + 1e-9
    if len(values) <= 4:
        assert all(b - a >= 0 for a, b in itertools.pairwise(places))


def test_tails_on_one_friction_come_apart() -> None:
    assert _picture.beside([0.1, 0.1, 0.1], 250) == pytest.approx([-7, 0, 7])
    assert _picture.beside([0.1, 0.5], 250) == [0, 0]


@given(st.lists(st.floats(min_value=0, max_value=200), min_size=1, max_size=8))
def test_names_never_print_over_each_other(tops: list[float]) -> None:
    placed = sorted(_picture.apart(tops, 12, 250))

    assert all(b - a >= 12 - 1e-9 for a, b in itertools.pairwise(placed))
    assert placed[-1] <= 246


def test_containment_below_nothing_is_on_the_scale() -> None:


    target = making.report(("base",)).targets[0]
    below = msgspec.structs.replace(target.categories[0], K=making.interval(-0.2, 0.1, signed=True))
    target = msgspec.structs.replace(target, categories=(below, *target.categories[1:]))

    assert _picture.floor_of([target]) == -0.5
    assert _picture.floor_of([making.report(("deep",)).targets[0]]) == 0
    spec = _picture.picture(target, Bars(), ["storm", "hush", "ember", "*"], size_px=250, floor=-0.5)
    assert spec["encoding"]["y"]["scale"]["domain"] == [-0.5, 1]
