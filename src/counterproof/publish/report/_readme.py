"""The signature picture alone, for a README or a slide: on its own card, so that it reads on any background."""

from __future__ import annotations

from typing import Any

from counterproof.errors import BadOption
from counterproof.publish.report import _format, _page, _palette, _picture, _svg
from counterproof.record import Report


def picture_svg(report: Report, target_name: str) -> str:
    """Draw one target's signature picture as a standalone SVG.

    Raises:
        BadOption: no target of the report has that name, or nothing that an arrow needs was measured.
    """
    named = {t.name: t for t in report.targets}
    if target_name not in named:
        known = ", ".join(_format.clean(name) for name in named) or "none"
        raise BadOption(f"no target {_format.clean(target_name)!r} in this report", where="target",
                        mend=f"choose one of: {known}")
    target, order = named[target_name], _page.category_order(report)
    if not _picture.arrows(target, order):
        raise BadOption("no arrow can be drawn, nothing that it needs was measured", where=_format.clean(target_name),
                        mend="see the verdict table for the reasons")
    spec = _picture.picture(target, report.bars, order, size_px=400, floor=_picture.floor_of([target]))
    spec |= {"title": _format.shortened(target.name, 48), "padding": 20}
    title = f"Signature picture of {_format.clean(target.name)}"
    return _svg.on_card(_svg.render(spec, name="picture", title=title, description=_page.describe(target)))


def picture_png(report: Report) -> bytes:
    """Draw the signature pictures of all targets side by side as one PNG on a light card.

    Raises:
        BadOption: on no target was measured what an arrow needs.
    """
    order = _page.category_order(report)
    targets = [t for t in report.targets if _picture.arrows(t, order)]
    if not targets:
        raise BadOption("no arrow can be drawn on any target", where="picture", mend="see the table for the reasons")
    size, floor = (400 if len(targets) == 1 else 250), _picture.floor_of(targets)
    charts: list[dict[str, Any]] = [
        _picture.picture(t, report.bars, order, size_px=size, floor=floor)
        | {"title": {"text": _format.shortened(t.name, 32), "color": _palette.light("ink")}}
        for t in targets
    ]
    return _svg.to_png({"concat": charts, "columns": min(4, len(charts)), "spacing": 34})
