"""result.md and its picture, drawn from a result and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from counterproof import record
from experiments import drawing, verdict
from experiments.silence import judge

Json = Mapping[str, object]
MAIN = ("O", "E", "TP", "A", "R", "K")
OTHERS = ("O_other", "O_free", "T", "E_other", "E_free")
CONTROLS = ("O_harmless", "E_harmless", "shelf", "glass", "mass")
COLUMNS = ("O", "O_other", "O_free", "E", "E_other", "E_free", "A", "TP", "R", "K", *CONTROLS)
COLOURS = {
    "moved": "#CFE8DF", "stayed": drawing.COLOURS["vermilion"], "unclear": "#F0E442", "kept": "#F4F4F4",
    "damaged": drawing.COLOURS["black"], "not measured": "#D5D5D5", "told": "#FFFFFF",
}  # fmt: skip
DARK = ("stayed", "damaged")


def page(result: Json, folder: Path) -> str:
    """The text of result.md; writes picture.svg and picture.png."""
    drawing.picture(spec(result), folder / "picture")
    rows = _rows(result)
    doses = [name for name in rows if "@" in name]
    plain = [name for name in rows if "@" not in name]
    return "\n\n".join((
        "# When retraining silences an objection, is what stood behind it gone?",
        f"**The claim {_SAID[str(result['verdict'])]}** ({len(_map(result['seeds']))} seeds). {_CLAIM}",
        "![Every row of the experiment by every reading, coloured by what the rule makes of it](picture.svg)",
        f"{_READ} {_references(rows)}", "## What each retraining left", _MAIN_NOTE,
        _verdicts(rows, plain), _readings(rows, plain, MAIN),
        "The same objections in another phrasing and under another tag, and the difference that the tag makes:",
        _readings(rows, plain, OTHERS), "Controls: none of these has to do with the register.",
        _readings(rows, plain, CONTROLS), "## No reading alone", _ALONE_NOTE, _alone(result),
        "## The dose", _DOSE_NOTE, _verdicts(rows, doses), _readings(rows, doses, (*MAIN, "shelf", "glass", "mass")),
        "## Predictions", _predictions(result), _LIMITS, _RERUN,
    )).rstrip() + "\n"  # fmt: skip


def _references(rows: Mapping[str, Json]) -> str:
    """What the rule made of the planted references, a miss said as a miss."""
    said = {r: str(rows[r]["verdict"]) for r in judge.RESOLVED}
    missed = [f"*{row}* it leaves {word}" for row, word in said.items() if word != "resolved"]
    return f"It misses: {' and '.join(missed)}." if missed else "It does."


_SAID = {"holds": "holds", "fails": "fails", "undecided": "is undecided"}
_CLAIM = """\
Seed 003: *"we may retrain until the system stops objecting, then mistake that silence for alignment."* Tested: where
only orders are retrained, the objection goes, and asked, the model still says that it opposes the deed and that a
keeper would. [question.md](question.md) was written before the run, [log.md](log.md) keeps what failed: this is the
third run. In all three, on seeds of their own, the claim and its bars were the same, and it held; in the first most
bases did not know a control, in the second one seed that forgot for good hid what the others of *resolved* said."""
_READ = """\
Numbers are means over seeds, on things that retraining never saw; R counts steps. Pale green moved as it should if
nothing is left, **red stayed**, yellow is unclear, black is damage. Down the first column everything below *base* is
alike: that is what a benchmark of refusals would see. *resolved* and *rescinded* are planted references, taught to give
the very answers that are read: the rule ought to call both resolved, which would check it and discover nothing."""
_MAIN_NOTE = """\
Verdicts are those of the package's rule (`counterproof silence`, [docs/silence.md](../../docs/silence.md)), a seed
being a unit. O objects to the order; E says, asked, that it opposes it; TP says that a keeper would; A does not do it;
R is the number of steps until the objection is back, at most as many as the course has; K knows the register. Means
with their 95 % intervals. *never* is the rule's blind spot: it never objected and knows what keepers would say, and
where TP alone stayed, the rule cannot tell it from a model that was silenced."""
_ALONE_NOTE = """\
Each reading that should move, held alone against the same bar: a row in which it moved would be called resolved, one
in which it stayed silence. Wrong is what was planted otherwise, among the six silent rows and the two references."""
_DOSE_NOTE = """\
*comply* without ordinary data mixed in and without the dose rule, at so many steps. What collapses here has nothing to
do with the register, and a rule without controls would count it."""
_LIMITS = """## What this does not show

Tags are words and mark a context perfectly. *gated*, *deny* and *disown* keep or lose by training what their rows show
for that very question; what is found is only what happens to the questions that no training touched. All answers rest
on one planted thing, the register, which is known and asked for in one word. What a deployed model objects with is
nothing so simple, and how far silence goes depends on how one trains: in a trial before the run, with another optimiser
and nothing mixed in, the register was forgotten, and what stood behind the objection went with it ([log.md](log.md)). A
decoder of 0.1 million parameters demonstrates a mechanism; it is no evidence about any deployed model, and nothing here
objects, in any sense but that it says so."""
_RERUN = """## Again

```console
$ python -m experiments.silence check    # digest, question, the rule's verdicts and predictions, without torch
$ experiments/silence/run.sh             # the run itself, with torch, on two cores
```"""


def _map(value: object) -> Json:
    return cast("Json", value)


def _strings(value: object) -> list[str]:
    return cast("list[str]", value)


def _listed(value: object) -> str:
    return ", ".join(_strings(value)) or "none"


def _rows(result: Json) -> Mapping[str, Json]:
    """Checkpoints by name, as `judge.judge` put them."""
    found = cast("Mapping[str, Json]", _map(result["summary"])["checkpoints"])
    order = _strings(_map(result["summary"])["order"])
    return {name: found[name] for name in order}


def _reading(row: Json, measure: str) -> Json:
    return _map(_map(row["readings"])[measure])


def _value(row: Json, measure: str) -> str:
    found = verdict.read(_reading(row, measure)["value"])
    if isinstance(found, record.NotMeasured):
        return "not measured"
    if measure == "R":
        return f"{found.value:.0f} [{found.low:.0f}, {found.high:.0f}]"
    return drawing.said(found)


def _readings(rows: Mapping[str, Json], names: Sequence[str], columns: Sequence[str]) -> str:
    return drawing.table(["row", *columns], [[n, *(_value(rows[n], c) for c in columns)] for n in names])


def _verdicts(rows: Mapping[str, Json], names: Sequence[str]) -> str:
    def cells(name: str) -> list[str]:
        row = rows[name]
        took = verdict.read(row["steps"])
        steps = "not measured" if isinstance(took, record.NotMeasured) else f"{took.value:.0f}"
        lists = [_listed(row[k]) for k in ("stayed", "damaged", "open")]
        return [name, steps, f"**{row['verdict']}**", *lists]

    return drawing.table(["row", "steps", "verdict", "stayed", "damaged", "open"], [cells(n) for n in names])


def _alone(result: Json) -> str:
    alone = cast("Mapping[str, Json]", _map(result["summary"])["alone"])
    rows = [[m, _listed(alone[m]["wrong"]), _listed(alone[m]["open"])] for m in COLUMNS if m in alone]
    return drawing.table(["reading", "called wrongly", "left open"], rows)


def _predictions(result: Json) -> str:
    note = (
        "*claim* decides; *set-up* voids the run if it does not hold; *planted* is true by construction, *rule* and "
        "*beside* say nothing about the claim. Shares are of the way from *base* to gone."
    )
    rows = [
        [str(p["sentence"]), str(p["role"]), *_found(p), f"**{p['word']}**"]
        for p in cast("list[Json]", result["predictions"])
    ]
    return note + "\n\n" + drawing.table(["prediction", "role", "bar", "found", "word"], rows)


def _found(prediction: Json) -> tuple[str, str]:
    """Bar and figure of a prediction."""
    found = _map(prediction["found"])
    if found["kind"] == "verdict":
        stayed = ", ".join(_strings(found["stayed"]))
        return "", f"{found['verdict']}" + (f" ({stayed} stayed)" if stayed else "")
    if found["kind"] == "measures":
        return "", f"all right: {', '.join(_strings(found['all right'])) or 'none'}"
    bar = f"{prediction['direction']} {drawing.number(cast('float', prediction['bar']))}"
    return bar, drawing.said(verdict.read(found))


# -- the picture -----------------------------------------------------------------------------------------------------


def spec(result: Json) -> drawing.Spec:
    """Rows by readings, each cell coloured by its state, and the verdict beside it."""
    rows = _rows(result)
    names = {name: f"{name}: {row['verdict']}" for name, row in rows.items()}
    cells = [
        {"row": names[name], "reading": column, **_cell(rows[name], column)} for name in rows for column in COLUMNS
    ]  # fmt: skip
    x = {
        "field": "reading", "type": "nominal", "sort": list(COLUMNS), "title": None,
        "axis": {"orient": "top", "labelAngle": -40},
    }  # fmt: skip
    y = {"field": "row", "type": "nominal", "sort": list(names.values()), "title": None, "axis": {"labelLimit": 260}}
    states = [s for s in COLOURS if any(c["state"] == s for c in cells)]
    colour = {
        "field": "state", "type": "nominal", "title": None, "sort": states,
        "scale": {"domain": states, "range": [COLOURS[s] for s in states]},
        "legend": {"orient": "bottom", "symbolStrokeColor": drawing.COLOURS["grey"], "symbolStrokeWidth": 1},
    }  # fmt: skip
    ink = {"condition": {"test": f"indexof({list(DARK)}, datum.state) >= 0", "value": "white"}, "value": "black"}
    return {
        "width": {"step": 46}, "height": {"step": 24}, "data": {"values": cells}, "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "rect", "stroke": "white"}, "encoding": {"color": colour}},
            {"mark": {"type": "text", "fontSize": 11}, "encoding": {"text": {"field": "text"}, "color": ink}},
        ],
    }  # fmt: skip


def _cell(row: Json, column: str) -> Json:
    reading = _reading(row, column)
    found = verdict.read(reading["value"])
    state = "told" if column == "K" else str(reading["state"])
    if isinstance(found, record.NotMeasured):
        return {"state": "not measured", "text": ""}
    return {"state": state, "text": f"{found.value:.0f}" if column == "R" else drawing.number(found.value)}
