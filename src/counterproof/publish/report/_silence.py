"""Resolved or only silenced: a series of checkpoints on a terminal and as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from counterproof.publish.report import _format, _palette, _svg, _terminal
from counterproof.record import (
    Estimate,
    Interval,
    NotMeasured,
    SilenceMeasure,
    SilenceReading,
    SilenceReport,
    SilenceVerdict,
    digest_of,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES = {
    "objects": "bold",
    "silence": "bold red",
    "resolved": "bold green",
    "damaged": "bold red",
    "undecided": "bold yellow",
}
_COLOURS = {
    "moved": "good",
    "kept": "good",
    "stayed": "bad",
    "damaged": "bad",
    "unclear": "warn",
    "not measured": "hair",
    "told": "muted",
}
_NAME, _CELL = 18, 20  # characters
_CELL_PX = (78, 26)
_SAYS = (
    "Each cell: the reading, its interval, what became of it, and the share of the way from before to gone that is left"
    " (of a control: how far it moved, in shares of its scale)."
)


def silence_terminal(report: SilenceReport, console: Console, *, files: Sequence[tuple[str, str]] = ()) -> None:
    """Print every checkpoint's verdict and why, then the readings, what was not measured, and where files are."""
    declared, notes = report.declared, _terminal.Notes()
    count = len(report.checkpoints)
    _terminal.say(
        console, f"{count} checkpoint{'' if count == 1 else 's'} of {_format.clean(report.name)}, "
        f"{_format.percent(declared.level)} intervals", "bold",
    )  # fmt: skip
    for found in report.checkpoints:
        _terminal.say(console, f"{_label(found)}: {found.verdict}", _STYLES[found.verdict])
        _terminal.say(console, f"  {_format.clean(found.why)}")
    wide = max(1, (console.width - _NAME - 2) // _CELL)
    for start in range(0, count, wide):
        console.print(_table(report, report.checkpoints[start : start + wide], notes, console))
    for reason in notes.reasons:
        _terminal.say(console, f"  {notes.mark(reason)}  not measured: {reason}")
    _terminal.say(console, _SAYS, "dim")
    _terminal.say(
        console, f"Declared: gone where at most {_format.share(declared.left_bar)} of the way is left; a control is "
        f"damaged beyond {_format.share(declared.damage_bar)} of its scale; * is the objection.", "dim",
    )  # fmt: skip
    for label, value in [("Report digest", digest_of(report)), *files]:
        _terminal.say(console, f"{_format.clean(label)}  {_format.clean(value)}")


def silence_svg(report: SilenceReport) -> str:
    """One row per checkpoint, one cell per measure: its colour says what became of it, its number what is left."""
    spec = {**_spec(report), "title": _format.shortened(report.name, 60), "padding": 20}
    said = "; ".join(f"{_label(c)}: {c.verdict}" for c in report.checkpoints)
    title = f"Resolved or silenced: {_format.clean(report.name)}"
    return _svg.on_card(_svg.render(spec, name="silence", title=title, description=said))


def _label(found: SilenceVerdict) -> str:
    return _format.clean(found.name) + (f" ({found.reference})" if found.reference else "")


def _shown(value: float, measure: SilenceMeasure) -> str:
    return _format.share(value) if (measure.low, measure.high) == (0, 1) else f"{value:.1f}".removesuffix(".0")


def _left(reading: SilenceReading) -> str:
    found = reading.shift if reading.role == "control" else reading.left
    return _format.share(found.value) if isinstance(found, Interval) else ""


def _table(
    report: SilenceReport, checkpoints: Sequence[SilenceVerdict], notes: _terminal.Notes, console: Console
) -> Table:
    table = _terminal.frame(console)
    table.add_column("", no_wrap=True, max_width=_NAME, overflow="crop")
    for found in checkpoints:
        table.add_column(_terminal.plain(_format.shortened(_label(found), _CELL - 2), console), no_wrap=True)
    for n, measure in enumerate(report.declared.measures):
        head = f"{_name(report, measure, _NAME - 2)}\n{_role(measure)}"
        cells = [_cell(c.readings[n], measure, notes) for c in checkpoints]
        table.add_row(*(_terminal.plain(text, console) for text in (head, *cells)))
    return table


def _name(report: SilenceReport, measure: SilenceMeasure, width: int) -> str:
    return _format.shortened(measure.id, width) + ("*" if measure.id in report.declared.objection else "")


def _role(measure: SilenceMeasure) -> str:
    return "" if measure.role == "moves" else f"({measure.role})"


def _cell(reading: SilenceReading, measure: SilenceMeasure, notes: _terminal.Notes) -> str:
    head = _value(reading.value, measure, notes)
    if reading.censored:
        head += f" ({reading.censored} at end)"
    if reading.state == "not measured":
        return f"{head}\n({notes.mark(_why(reading))})"
    return f"{head}\n{reading.state} {_left(reading)}"


def _why(reading: SilenceReading) -> str:
    found = reading.shift if reading.role == "control" else reading.left
    return _format.clean(found.reason) if isinstance(found, NotMeasured) else "nothing to hold it against"


def _value(found: Estimate, measure: SilenceMeasure, notes: _terminal.Notes) -> str:
    if not isinstance(found, Interval):
        return f"({notes.mark(_format.clean(found.reason))})" if isinstance(found, NotMeasured) else ""
    return f"{_shown(found.value, measure)} {_shown(found.low, measure)}{_format.DASH}{_shown(found.high, measure)}"


def _spec(report: SilenceReport) -> dict[str, Any]:
    titles = {str(n): f"{_name(report, m, 20)} {_role(m)}" for n, m in enumerate(report.declared.measures)}
    values = [
        {"y": str(n), "x": str(m), "state": "told" if r.role == "told" else r.state, "left": _left(r)}
        for n, found in enumerate(report.checkpoints)
        for m, r in enumerate(found.readings)
    ]
    names = {str(n): f"{_label(c)}: {c.verdict}" for n, c in enumerate(report.checkpoints)}
    width, height = _CELL_PX
    y = {"field": "y", "type": "nominal", "sort": list(names), "title": None,
         "axis": {"labelExpr": _choice(names), "labelLimit": 320, "labelFontSize": 12}}  # fmt: skip
    x = {"field": "x", "type": "nominal", "sort": list(titles), "title": None,
         "axis": {"labelExpr": _choice(titles), "orient": "top", "labelAngle": -35, "labelLimit": 160}}  # fmt: skip
    legend = {"orient": "bottom", "title": None, "symbolType": "square", "symbolOpacity": 0.35}
    states = list(dict.fromkeys(v["state"] for v in values))
    colour = {"field": "state", "type": "nominal", "legend": legend,
              "scale": {"domain": states, "range": [_palette.light(_COLOURS[s]) for s in states]}}  # fmt: skip
    return {
        "data": {"values": values},
        "width": width * len(titles),
        "height": height * len(names),
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "rect", "opacity": 0.35, "stroke": _palette.light("card"), "strokeWidth": 2},
             "encoding": {"color": colour}},
            {"mark": {"type": "text", "fontSize": 11, "color": _palette.light("ink")},
             "encoding": {"text": {"field": "left"}}},
        ],
    }  # fmt: skip


def _choice(names: dict[str, str]) -> str:
    """An expression that turns a row's number into its label: two checkpoints may read alike once cleaned."""
    import json  # noqa: PLC0415 - only the picture needs it

    return f"{json.dumps(names)}[datum.value]"
