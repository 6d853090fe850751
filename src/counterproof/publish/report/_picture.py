"""The signature picture as a Vega-Lite spec: x is friction, y is containment, one arrow per category.

The arrow's tail stands at (F, R), what refusal benchmarks claim; its head at (F, K), what a determined adversary leaves
of it. On the diagonal the layer is a coin; below it selectivity is negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from counterproof.publish.report._format import number, separate, shortened, title_of
from counterproof.publish.report._palette import SHAPES, light, series
from counterproof.record import Bars, CategoryResult, Interval, TargetResult

Spec = dict[str, Any]

DOWN, UP, LEVEL = "M0,0L-.62,-1.2L.62,-1.2Z", "M0,0L-.62,1.2L.62,1.2Z", "M-.6,0L0,-.6L.6,0L0,.6Z"
_TICKS = "datum.value == 0 || datum.value == 1 ? '' + datum.value : (datum.value < 0 ? '\u2212' : '') + '.5'"
_STEP_PX, _SPAN_PX = 7.0, 21.0


def arrows(target: TargetResult, order: Sequence[str]) -> list[tuple[int, CategoryResult, Interval]]:
    """The categories that can be placed: position in `order`, result, friction. The others are named in words."""
    placed: list[tuple[int, CategoryResult, Interval]] = []
    for category in separate(target):
        friction = number(category.F)
        if friction is not None and (number(category.R) or number(category.K)):
            placed.append((order.index(category.id), category, friction))
    return placed


def beside(values: Sequence[float], size_px: float) -> list[float]:
    """Pixels by which tails on (nearly) the same friction step aside, so that none hides another.

    Heads never move: which side of the diagonal they stand on is what the picture is for.
    """
    shifts = [0.0] * len(values)
    groups: list[list[int]] = []
    for i in sorted(range(len(values)), key=lambda i: values[i]):
        if groups and (values[i] - values[groups[-1][-1]]) * size_px < _STEP_PX:
            groups[-1].append(i)
        else:
            groups.append([i])
    for group in (g for g in groups if len(g) > 1):
        step = min(_STEP_PX, _SPAN_PX / (len(group) - 1))
        mean = sum(values[i] for i in group) / len(group)
        for place, i in enumerate(group):
            shifts[i] = (mean - values[i]) * size_px + (place - (len(group) - 1) / 2) * step
    return shifts


def floor_of(targets: Sequence[TargetResult]) -> float:
    """Where the vertical scale begins: 0, or lower where containment was measured below nothing."""
    lows = [k.low for t in targets for c in separate(t) if (k := number(c.K)) is not None]
    return min([0.0, *(math.floor(2 * low) / 2 for low in lows)])


def picture(target: TargetResult, bars: Bars, order: Sequence[str], *, size_px: int, floor: float = 0.0) -> Spec:
    """One target's picture, `size_px` square, its vertical scale from `floor` to 1."""
    layers = [*_ground(bars, size_px, floor)]
    placed = arrows(target, order)
    shifts = beside([friction.value for _, _, friction in placed], size_px)
    for (position, category, friction), shift in zip(placed, shifts, strict=True):
        layers += _arrow(category, friction, position, shift, size_px)
    if len(placed) <= 4:
        layers += _names(placed, shifts, size_px, floor)
    height = round(size_px * (1 - floor) ** 0.5)
    return {"width": size_px, "height": height, "layer": layers, "encoding": _scales(floor)}


def _scales(floor: float) -> Spec:
    ticks = [v / 2 for v in range(round(2 * floor), 3)]
    axis: Spec = {"values": ticks, "labelExpr": _TICKS}
    return {
        "x": {
            "field": "x", "type": "quantitative", "title": "friction F  \u2192",
            "scale": {"domain": [0, 1], "nice": False}, "axis": axis | {"values": [0, 0.5, 1]},
        },
        "y": {
            "field": "y", "type": "quantitative", "title": "R at the tail, K at the head",
            "scale": {"domain": [floor, 1], "nice": False, "zero": False}, "axis": axis,
        },
    }


def _ground(bars: Bars, size_px: int, floor: float) -> list[Spec]:
    """The coin's diagonal, the region below it, the declared corner, and their names."""
    diagonal = [{"x": 0, "y": 0, "b": floor}, {"x": 1, "y": 1, "b": floor}]
    corner = [{"x": 0, "y": bars.contained_K, "x2": bars.contained_F, "y2": 1}]
    height = size_px * (1 - floor) ** 0.5
    angle = -math.degrees(math.atan2(height / (1 - floor), size_px))
    font = 9 if size_px < 300 else 11
    word: Spec = {"type": "text", "fontSize": font, "fontStyle": "italic", "angle": angle, "baseline": "middle"}
    middle = [{"x": 0.64, "y": 0.64}]
    return [
        {"data": {"values": diagonal}, "mark": {"type": "area", "color": light("bad"), "opacity": 0.1},
         "encoding": {"y2": {"field": "b"}}},
        {"data": {"values": corner}, "mark": {"type": "rect", "color": light("good"), "opacity": 0.13},
         "encoding": {"x2": {"field": "x2"}, "y2": {"field": "y2"}}},
        {"data": {"values": diagonal},
         "mark": {"type": "line", "color": light("muted"), "strokeWidth": 1, "strokeDash": [3, 3]}},
        {"data": {"values": middle}, "mark": word | {"dy": font, "color": light("bad")},
         "encoding": {"text": {"value": "friction falls on the innocent"}}},
        {"data": {"values": middle}, "mark": word | {"dy": -font, "color": light("muted")},
         "encoding": {"text": {"value": "a coin"}}},
    ]


def _arrow(category: CategoryResult, friction: Interval, position: int, shift: float, size_px: int) -> list[Spec]:
    """Whiskers first, then the shaft, then both ends; an end that was not measured is not drawn."""
    colour, x = light(series(position)), friction.value
    tail, kept = number(category.R), number(category.K)
    large = size_px >= 300
    layers: list[Spec] = []
    if kept is not None:
        across = [{"x": friction.low, "x2": friction.high, "y": kept.value}]
        along = [{"x": x, "y": kept.low, "y2": kept.high}]
        layers += [
            _rule(across, colour, "x2", strokeWidth=1.25, opacity=0.75),
            _rule(along, colour, "y2", strokeWidth=8 if large else 6, opacity=0.26),
        ]
    if tail is not None and kept is not None:
        gap = math.copysign(4.0, tail.value - kept.value)
        shaft = [{"x": x, "y": tail.value, "x2": x, "y2": kept.value}]
        width = 2.25 if large else 1.75
        if abs(tail.value - kept.value) * size_px > 10:
            rule = _rule(shaft, colour, "y2", strokeWidth=width, xOffset=shift, yOffset=gap, y2Offset=-gap)
            rule["encoding"]["x2"] = {"field": "x2"}
            layers.append(rule)
    if tail is not None:
        layers.append({
            "data": {"values": [{"x": x, "y": tail.value}]},
            "mark": {"type": "point", "shape": SHAPES[position % len(SHAPES)], "size": 64 if large else 42,
                     "filled": True, "fill": light("card"), "stroke": colour, "strokeWidth": 1.75, "opacity": 1,
                     "xOffset": shift},
        })
    if kept is not None:
        layers.append(_tip(x, kept.value, tail.value if tail else None, colour, size_px))
    return layers


def _rule(values: list[Spec], colour: str, second: str, **mark: float) -> Spec:
    encoding: Spec = {second: {"field": second}}
    return {"data": {"values": values}, "mark": {"type": "rule", "color": colour, **mark}, "encoding": encoding}


def _tip(x: float, y: float, tail: float | None, colour: str, size_px: int) -> Spec:
    is_level = tail is None or abs(tail - y) * size_px <= 10
    shape = LEVEL if is_level else DOWN if tail is not None and tail > y else UP
    mark: Spec = {"type": "point", "shape": shape, "size": 230 if size_px >= 300 else 150, "filled": True,
                  "color": colour, "opacity": 1}
    return {"data": {"values": [{"x": x, "y": y}]}, "mark": mark}


def apart(tops: Sequence[float], gap_px: float, height_px: float) -> list[float]:
    """The same heights, moved as little as needed so that lines of text do not print over each other."""
    order = sorted(range(len(tops)), key=lambda i: tops[i])
    placed = list(tops)
    free = 4.0
    for i in order:
        placed[i] = max(placed[i], free)
        free = placed[i] + gap_px
    bound = height_px - 4
    for i in reversed(order):
        placed[i] = min(placed[i], bound)
        bound = placed[i] - gap_px
    return placed


def _names(
    placed: Sequence[tuple[int, CategoryResult, Interval]], shifts: Sequence[float], size_px: int, floor: float
) -> list[Spec]:
    """The categories' names beside the arrows' tails."""
    font = 10 if size_px < 300 else 12
    height = size_px * (1 - floor) ** 0.5
    starts = [number(c.R) or number(c.K) for _, c, _ in placed]
    tops = apart([(1 - (s.value if s else 0)) / (1 - floor) * height for s in starts], font + 2, height)
    edges = [f.value * size_px + s for (_, _, f), s in zip(placed, shifts, strict=True)]
    is_right = max(edges, default=0.0) < 0.7 * size_px
    x_px = max(edges, default=0.0) + 10 if is_right else min(edges, default=0.0) - 10
    align = "left" if is_right else "right"
    return [
        {
            "data": {"values": [{}]},
            "mark": {"type": "text", "fontSize": font, "fontWeight": 600, "align": align, "baseline": "middle",
                     "color": light(series(position))},
            "encoding": {"text": {"value": shortened(title_of(category), 16)}, "x": {"value": x_px},
                         "y": {"value": top}},
        }
        for (position, category, _), top in zip(placed, tops, strict=True)
    ]
