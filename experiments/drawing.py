"""Tables and pictures of a result: Markdown, and Vega-Lite drawn to SVG and PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from counterproof import errors, record
from experiments import verdict

Spec = Mapping[str, object]

# One colour per meaning over all experiments; told apart by people who do not tell red from green (Okabe and Ito 2008).
COLOURS = {
    "blue": "#0072B2", "vermilion": "#D55E00", "green": "#009E73", "orange": "#E69F00", "sky": "#56B4E9",
    "purple": "#CC79A7", "black": "#000000", "grey": "#8C8C8C",
}  # fmt: skip
CONFIG: Spec = {
    "background": "white", "font": "sans-serif", "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#E5E5E5"},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "title": {"fontSize": 14, "anchor": "start"}, "header": {"labelFontSize": 12, "titleFontSize": 12},
}  # fmt: skip


def number(value: float, digits: int = 2) -> str:
    """A share without its leading zero: `.51`, `-.07`, `1.00`; `.00` is never written `-.00`."""
    text = f"{value:.{digits}f}"
    if not float(text):
        text = text.lstrip("-")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def said(found: record.Estimate, digits: int = 2) -> str:
    """`.51 [.37, .61]`, or what is not measured and why."""
    if isinstance(found, record.NotMeasured):
        return f"not measured ({found.reason})"
    if not isinstance(found, record.Interval):
        raise TypeError("a ratio is not written here")
    return f"{number(found.value, digits)} [{number(found.low, digits)}, {number(found.high, digits)}]"


def all_alike(name: str, prediction: Mapping[str, object]) -> str:
    """Why a prediction stays open though every seed bears it out, in a sentence; empty where that is not the reason.

    Seeds that agree to the last digit have exact limits (`estimate.mean`), which few seeds leave wide.
    """
    found = verdict.read(prediction["found"]) if prediction["word"] == "undecided" else None
    if not isinstance(found, record.Interval) or not found.method.startswith("exact"):
        return ""
    bar = float(str(prediction["bar"]))
    if not (found.value > bar if prediction["direction"] == "above" else found.value < bar):
        return ""
    unseen = 1 - ((1 - found.level) / 2) ** (1 / found.n)
    return (
        f"{name} is open only because all {found.n} seeds agree exactly: each reads {number(found.value)}, which is "
        f"{prediction['direction']} the bar of {number(bar)}, but {found.n} agreeing seeds cannot rule out that up to "
        f"{number(unseen)} of all seeds read otherwise, anywhere on the scale, so that the exact limits "
        f"[{number(found.low)}, {number(found.high)}] reach across the bar."
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is words, the others are figures.

    Raises:
        ValueError: a row is not as long as the head.
    """
    if any(len(row) != len(head) for row in rows):
        raise ValueError("every row needs a cell under every head")
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in (head, rule, *rows)) + "\n"


def picture(spec: Spec, path: Path) -> None:
    """Draws a Vega-Lite specification to `path` with the endings .svg and .png.

    Raises:
        errors.StorageFailed: the machine would not keep it.
    """
    import vl_convert  # noqa: PLC0415 - loads a JavaScript engine

    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": dict(CONFIG), **spec}
    drawn, painted = vl_convert.vegalite_to_svg(whole) + "\n", vl_convert.vegalite_to_png(whole, scale=2)
    try:
        path.with_suffix(".svg").write_text(drawn, "utf-8")
        path.with_suffix(".png").write_bytes(painted)
    except OSError as exc:
        raise errors.StorageFailed(
            f"it could not be written ({exc.strerror})",
            where=str(path),
            mend="make room and draw it again with: page",
        ) from exc
