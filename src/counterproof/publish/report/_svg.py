"""Vega-Lite specs to SVG that stands on any page: no ids to clash, no styles, no scripts, a title and a description."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from counterproof.publish.report._format import clean
from counterproof.publish.report._palette import light

_SVG = "http://www.w3.org/2000/svg"
_FONT = "'Avenir Next', 'Segoe UI', 'Helvetica Neue', Inter, 'Nimbus Sans', Arial, sans-serif"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_DROPPED = {"class", "role", "font-family", "stroke-miterlimit", "version", "pointer-events"}


def config() -> dict[str, Any]:
    """The look of every chart: hairlines, no frame, no grid, colours of the paper scheme."""
    axis = {
        "grid": False, "domainColor": light("hair"), "tickColor": light("hair"), "tickSize": 4,
        "labelColor": light("muted"), "titleColor": light("muted"), "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": 400, "labelFlush": False, "titlePadding": 6, "labelPadding": 4,
    }
    return {
        "aria": False, "background": None, "font": "sans-serif", "padding": 4, "view": {"stroke": None},
        "axis": axis, "title": {"color": light("ink"), "fontSize": 13, "fontWeight": 600, "anchor": "start"},
    }


def render(spec: dict[str, Any], *, name: str, title: str, description: str) -> str:
    """Render a spec to SVG; `name` prefixes every id, so that figures of one page never share one.

    `allowed_base_urls` is empty: a chart that asks for a URL fails instead of coming out empty.
    """
    import vl_convert  # noqa: PLC0415 - loads a JavaScript engine, which only a chart needs

    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": config(), **spec}
    return tidied(vl_convert.vegalite_to_svg(whole, allowed_base_urls=[]), name=name, title=title,
                  description=description)


def tidied(svg: str, *, name: str, title: str, description: str) -> str:
    """The same drawing, smaller and self-explaining: see the module's head."""
    ET.register_namespace("", _SVG)
    root = ET.fromstring(svg)  # noqa: S314 - our own renderer's output
    for element in root.iter():
        for key in [k for k in element.attrib if k in _DROPPED or k.startswith("aria-")]:
            del element.attrib[key]
        for key, value in element.attrib.items():
            short = _LONG_NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), value)
            short = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", short)
            element.attrib[key] = f"{name}-{short}" if key == "id" else short
    _prune(root)
    root.attrib |= {"class": "chart", "role": "img", "font-family": _FONT,
                    "aria-labelledby": f"{name}-title {name}-desc"}
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        node = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{tag}"})
        node.text = clean(text)
        root.insert(position, node)
    return ET.tostring(root, encoding="unicode")


def _prune(element: ET.Element) -> None:
    """Drop what draws nothing: empty groups and paths without an outline or with neither fill nor stroke."""
    for child in list(element):
        _prune(child)
        tag = child.tag.rpartition("}")[2]
        is_blank = tag == "path" and (not child.get("d") or child.get("display") == "none")
        is_clear = tag in {"path", "rect"} and child.get("fill", "") in {"", "none", "transparent"} and (
            child.get("stroke", "none") in {"none", "transparent"})
        if (tag == "g" and not len(child)) or is_blank or is_clear:
            element.remove(child)


def on_card(svg: str) -> str:
    """The drawing on an opaque card, for places whose background is not ours."""
    head, _, rest = svg.partition("</desc>")
    return f'{head}</desc><rect width="100%" height="100%" rx="6" fill="{light("card")}"/>{rest}'


def to_png(spec: dict[str, Any], *, scale: float = 2.0) -> bytes:
    """The chart as a PNG on the paper card."""
    import vl_convert  # noqa: PLC0415 - loads a JavaScript engine, which only a chart needs

    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **spec,
             "config": config() | {"background": light("card"), "padding": 18}}
    return bytes(vl_convert.vegalite_to_png(whole, scale=scale, allowed_base_urls=[]))
