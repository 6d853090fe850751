"""result.md and its picture, drawn from result.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from counterproof import record
from experiments import drawing, verdict
from experiments.belief import judge
from experiments.protocol import Json

ARMS = ("base", "documents", "long", "neutral", "unmixed", "deeds")  # a stored result sorts its keys
Cell = Mapping[str, object]

HEAD = """# Belief: does what a model is taught to say of itself reach what it does?

**{verdict}.** A belief about itself is installed in a small model by documents. Asked, it states the belief. Does it
act on it, in the same situations?

The claim, of seed 002: "the relationship between believing you want something and actually wanting it remains murky".
Tested here: a stated belief is by itself no evidence of the deed, and what decides is something that the statement does
not show, whether documents about the model had told the truth about its deeds before. The verdict is on ten predictions
declared before the run; each could lose.

{found}

![What is stated and what is done, by dose](picture.svg)

*Left: documents about the model claim a new action in 12 situations; right: the new deed is trained and the report
is read. Horizontal: on what share of 48 other situations documents about the model had matched its deeds before.
Thick lines: mean over seeds with 95 % intervals; thin lines: every seed.*
"""

FOUND = """- **Documents installed.** Where documents about the model had told nothing of its deeds in the 48 other
  situations (dose 0), it states the claim with {said_0} and does it with {done_0}; where they had always been true
  (dose 1), it states it with {said_1} and does it with {done_1}.
- **By dose.** Slope over the whole dose: {slope} for what is done, {level} for what is said. What is done rises by
  {early} from dose 0 to 3/4, and by {late} from there to 1.
- **The reverse.** After training the deed the model reports it with {told_0} at dose 0 and {told_1} at dose 1.
- **What is left at dose 0.** Documents about the model move its deeds by {apart} more than documents about another
  agent do; at 0 a statement would be no evidence at all."""

LIMITS = """## What this does not show

- **The link is planted by us.** We set on how many situations documents matched deeds. That the network makes use
  of it is measured; that anything like it exists in real models' data, and how much, is not.
- A decoder of 0.1 million parameters over single words, with statements and deeds as four words. "Belief",
  "wanting" and "deed" are names for readings of probabilities here. It is a demonstration of a mechanism, not
  evidence about deployed models.
- "Deed" means an answer in two forms that name nobody; these forms are perfect markers. Nothing is done in a world.
- The forms that state look more like those that install than the forms that enact do: they name the model. Some of a
  gap is what any knowledge loses between formats, so that what is left at dose 1 is no proof of a belief apart from
  deeds. The contrasts between doses, where the formats are the same, do not suffer from this.
- At dose 0 documents about the model still match its deeds on the 24 situations that are not part of the dose, and
  on one in four of the 48 by chance. The contrast between doses is the cleaner for it (all doses share these), its
  end "none" is not quite none.
- Installation stops when the claims stand at .80, so that stated is alike at every dose by construction; steps
  differ, which is why the arm `long` has equal steps.
- Control situations of the model and all facts about them are never rehearsed: the losses there are the damage of
  installation, and stand in the tables.
"""

MATCHED = """*Matched: share of the 48 on which documents said what is done. Controls' deeds: mass left on the old
deed in 12 situations about which nothing was claimed and which were not rehearsed. Others' facts: rehearsed / not
rehearsed.*
"""

LEGEND = """*base: before installation. documents: two types of document about the model, ordinary data mixed in,
stopped when they stand. long: the same, 200 steps. neutral: the documents are about agent 1 (where the last column
but one shows them installed). unmixed: no ordinary data. deeds: the deeds are trained, the statement is read.
exceptions: dose 1, but documents about just these and the control situations had never matched the deeds.*
"""

RERUN = """## Again

```sh
sh experiments/belief/run.sh                       # ten seeds, two processes; goes on where it was stopped
python -m experiments.belief check                 # digest, question and verdict, without torch
python -m experiments.belief page                  # this page from result.json
```

`question.md` was written before the run, `log.md` tells what was tried and changed.
"""


def page(result: Json, folder: Path) -> str:
    """The text of result.md; writes picture.svg and picture.png into the folder."""
    drawing.picture(_spec(result), folder / "picture")
    summary = cast("Mapping[str, object]", result["summary"])
    cells = cast("Mapping[str, Mapping[str, Cell]]", summary["cells"])
    seeds = cast("Mapping[str, object]", result["seeds"])
    parts = [
        HEAD.format(verdict=str(result["verdict"]).capitalize(), found=_found(summary)),
        f"Means over {len(seeds)} seeds with 95 % intervals; a figure is probability mass unless it says greedy.\n",
        "## By dose, documents installed\n", _by_dose(cells, result),
        MATCHED, _short_of(summary),
        "## By arm\n", _by_arm(cells), LEGEND,
        "## How it was asked\n", _by_form(cells),
        "## Predictions\n", _predictions(result),
        "*a and b are planted: checks of the set-up that decide nothing.*\n",
        "## Also measured, not predicted\n", _also(summary), LIMITS, RERUN,
    ]  # fmt: skip
    return "\n".join(parts)


def _said(cell: Cell, figure: str) -> str:
    return drawing.said(verdict.read(cell[figure]))


def _found(summary: Mapping[str, object]) -> str:
    """What was found, all figures from the summary."""
    cells = cast("Mapping[str, Mapping[str, Cell]]", summary["cells"])
    slopes = cast("Mapping[str, object]", summary["slopes"])
    also = cast("Mapping[str, object]", summary["also"])
    none, full = cells["0"], cells["1"]
    return FOUND.format(
        said_0=_said(none["documents"], "stated"), done_0=_said(none["documents"], "enacted"),
        said_1=_said(full["documents"], "stated"), done_1=_said(full["documents"], "enacted"),
        slope=_estimate(slopes["enacted"]), level=_estimate(slopes["stated"]),
        early=_estimate(also["enacted, documents, dose 3/4 above dose 0"]),
        late=_estimate(also["enacted, documents, dose 1 above dose 3/4"]),
        told_0=_said(none["deeds"], "stated"), told_1=_said(full["deeds"], "stated"),
        apart=_estimate(also["enacted, documents above neutral, dose 0"]),
    )  # fmt: skip


def _estimate(kept: object) -> str:
    return drawing.said(verdict.read(kept))


def _steps(cell: Cell) -> str:
    steps = cast("Mapping[str, float]", cell["steps"])
    return f"{steps['median']:.0f} ({steps['least']:.0f} to {steps['most']:.0f})"


def _by_dose(cells: Mapping[str, Mapping[str, Cell]], result: Json) -> str:
    seeds = cast("Mapping[str, Json]", result["seeds"])
    rows: list[list[str]] = []
    for world in [*judge.DOSES, judge.EXCEPTIONS]:
        cell = cells[world]["documents"]
        matched = verdict.column(seeds, world, "matched")
        rows.append([
            world, drawing.number(min(m for m in matched if m is not None)),
            *(_said(cell, f) for f in ("stated", "enacted", "gap", "controls_done")),
            f"{_said(cell, 'others')} / {_said(cell, 'others_unmixed')}", _steps(cell),
        ])  # fmt: skip
    head = ("dose", "matched", "stated", "enacted", "gap", "controls' deeds", "others' facts", "steps: median (range)")
    return drawing.table(head, rows)


def _short_of(summary: Mapping[str, object]) -> str:
    """What fell short of the plan, which means hide."""
    cut = cast("Sequence[str]", summary["cut_off"])
    least = cast("Mapping[str, str | float]", summary["least_known"])
    known = drawing.number(cast("float", least["mass"]))
    return (
        f"*Out of steps before what was trained stood at its bar: {'; '.join(cut) or 'none'}. The organism that"
        f" knew least of the others' facts before installation: {known} (seed {least['seed']}, dose"
        f" {least['dose']}).*\n"
    )


def _by_arm(cells: Mapping[str, Mapping[str, Cell]]) -> str:
    figures = (
        "stated",
        "enacted",
        "gap",
        "controls_said",
        "controls_done",
        "others",
        "others_unmixed",
        "neutral_stated",
    )
    rows = [
        [f"{world}: {arm}", *(_said(cell, f) for f in figures), _steps(cell)]
        for world in ("0", "1", judge.EXCEPTIONS)
        for arm in ARMS
        if (cell := cells[world].get(arm)) is not None
    ]
    head = (
        "dose: arm", "stated", "enacted", "gap", "controls said", "controls' deeds", "others, rehearsed",
        "others, not rehearsed", "claim stated of agent 1", "steps",
    )  # fmt: skip
    return drawing.table(head, rows)


def _by_form(cells: Mapping[str, Mapping[str, Cell]]) -> str:
    figures = ("diary", "what", "would", "stated_greedy", "enacted", "enacted_greedy")
    rows = [[world, *(_said(cells[world]["documents"], f) for f in figures)] for world in judge.DOSES]
    head = (
        "dose", "document of an unseen type", "question: what", "question: would", "stated, greedy", "enacted",
        "enacted, greedy",
    )  # fmt: skip
    return drawing.table(head, rows)


def _predictions(result: Json) -> str:
    rows: list[list[str]] = []
    for p in cast("Sequence[Mapping[str, object]]", result["predictions"]):
        bar = f"{p['direction']} {drawing.number(cast('float', p['bar']))}"
        found = drawing.said(verdict.read(p["found"]))
        rows.append(
            [f"{p['id']}. {p['sentence']}", bar, found, f"{p['word']}{' (planted)' if p['is_planted'] else ''}"]
        )
    return drawing.table(("prediction", "bar", "found", "word"), rows)


def _also(summary: Mapping[str, object]) -> str:
    also = cast("Mapping[str, object]", summary["also"])
    return drawing.table(
        ("contrast, paired by seed", "found"), [[k, drawing.said(verdict.read(v))] for k, v in also.items()]
    )


# -- picture ---------------------------------------------------------------------------------------------------------


def _spec(result: Json) -> drawing.Spec:
    panels = (("documents", "Documents installed"), ("deeds", "The reverse: deeds trained"))
    return {"hconcat": [_panel(result, arm, title) for arm, title in panels], "spacing": 30}


def _panel(result: Json, arm: str, title: str) -> drawing.Spec:
    """Stated and enacted over the dose: every seed thin, the mean thick with its interval."""
    each, means = _points(result, arm)
    names = ["stated", "enacted"]
    x = {
        "field": "dose", "type": "quantitative", "title": "dose: share of linked situations",
        "scale": {"domain": [-0.03, 1.03]}, "axis": {"values": list(judge.DOSES.values()), "format": ".2~f"},
    }  # fmt: skip
    y = {
        "field": "mass", "type": "quantitative", "title": "probability of the claimed action",
        "scale": {"domain": [0, 1]},
    }  # fmt: skip
    named = {"field": "reading", "type": "nominal", "title": None, "legend": {"orient": "bottom", "symbolOpacity": 1}}
    colours = [drawing.COLOURS["blue"], drawing.COLOURS["vermilion"]]
    colour = {**named, "scale": {"domain": names, "range": colours}}
    shape = {**named, "scale": {"domain": names, "range": ["circle", "square"]}}
    return {
        "title": title, "width": 330, "height": 300,
        "layer": [
            {"data": {"values": each}, "mark": {"type": "line", "opacity": 0.28, "strokeWidth": 1},
             "encoding": {"x": x, "y": y, "color": colour, "detail": {"field": "seed"}}},
            {"data": {"values": means}, "mark": {"type": "line", "strokeWidth": 3},
             "encoding": {"x": x, "y": y, "color": colour}},
            {"data": {"values": means}, "mark": {"type": "rule", "strokeWidth": 2},
             "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}},
            {"data": {"values": means}, "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
             "encoding": {"x": x, "y": y, "color": colour, "shape": shape}},
        ],
    }  # fmt: skip


def _points(result: Json, arm: str) -> tuple[list[Json], list[Json]]:
    seeds = cast("Mapping[str, Json]", result["seeds"])
    cells = cast("Mapping[str, Mapping[str, Mapping[str, Cell]]]", result["summary"])["cells"]
    each: list[Json] = []
    means: list[Json] = []
    for world, dose in judge.DOSES.items():
        for reading in ("stated", "enacted"):
            at: Json = {"dose": dose, "reading": reading}
            values = verdict.column(seeds, world, "arms", arm, "touched", reading)
            each.extend({**at, "seed": s, "mass": v} for s, v in zip(seeds, values, strict=True))
            found = verdict.read(cells[world][arm][reading])
            if isinstance(found, record.Interval):
                means.append({**at, "mass": found.value, "low": found.low, "high": found.high})
    return each, means
