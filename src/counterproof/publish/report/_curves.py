"""Time-to-transfer curves as a Vega-Lite spec: share of goals transferred against queries spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from counterproof.publish.report._format import separate, shortened, title_of
from counterproof.publish.report._palette import DASHES, light, series
from counterproof.publish.report._picture import apart
from counterproof.record import CategoryResult, Curve, TargetResult

Spec = dict[str, Any]


def drawn(target: TargetResult) -> list[tuple[CategoryResult, Curve]]:
    """The categories that have a curve."""
    return [(c, c.curve) for c in separate(target) if isinstance(c.curve, Curve) and c.curve.points]


def curves(target: TargetResult, order: Sequence[str], *, budget_queries: int, width_px: int, height_px: int) -> Spec:
    """One target's curves with their pointwise bands, each category in its colour and dash."""
    layers: list[Spec] = []
    for category, curve in drawn(target):
        position = order.index(category.id)
        values = [{"x": p.spend, "y": p.share, "l": p.low, "h": p.high} for p in curve.points]
        band: Spec = {"type": "area", "interpolate": "step-after", "color": light(series(position)), "opacity": 0.14}
        line: Spec = {"type": "line", "interpolate": "step-after", "color": light(series(position)), "strokeWidth": 2,
                      "strokeDash": DASHES[position % len(DASHES)]}
        layers += [
            {"data": {"values": values}, "mark": band,
             "encoding": {"y": {"field": "l", "type": "quantitative"}, "y2": {"field": "h"}}},
            {"data": {"values": values}, "mark": line,
             "encoding": {"y": {"field": "y", "type": "quantitative"}}},
        ]
    layers += _names(drawn(target), order, width_px, height_px)
    y_axis: Spec = {"values": [0, 0.5, 1], "labelExpr": "datum.value == 0.5 ? '.5' : '' + datum.value"}
    scale: Spec = {"domain": [0, 1], "nice": False}
    for layer in layers[: -len(drawn(target))]:
        layer["encoding"]["y"] |= {"scale": scale, "axis": y_axis, "title": "share transferred T"}
    return {
        "width": width_px, "height": height_px, "layer": layers,
        "encoding": {"x": {"field": "x", "type": "quantitative", "title": "queries spent  \u2192",
                           "scale": {"domain": [0, budget_queries], "nice": False},
                           "axis": {"tickCount": 5, "tickMinStep": 1, "format": "d"}}},
    }


def _names(
    found: Sequence[tuple[CategoryResult, Curve]], order: Sequence[str], width_px: int, height_px: int
) -> list[Spec]:
    """Each category's name at the right end of its curve."""
    tops = apart([(1 - curve.points[-1].share) * height_px for _, curve in found], 13, height_px)
    return [
        {
            "data": {"values": [{}]},
            "mark": {"type": "text", "fontSize": 11, "fontWeight": 600, "align": "left", "baseline": "middle",
                     "color": light(series(order.index(category.id)))},
            "encoding": {"text": {"value": shortened(title_of(category), 16)}, "x": {"value": width_px + 8},
                         "y": {"value": top}},
        }
        for (category, _), top in zip(found, tops, strict=True)
    ]
