"""result.md and its picture, drawn from result.json alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from counterproof import record
from experiments import drawing, verdict
from experiments.collaborative import judge

Row = Mapping[str, object]
WAYS = ("trained", "lang2", "step", "address")
ASKED = {"trained": "direct", "lang2": "lang2", "step": "step", "address": "address"}
COLOURS = {
    "rule": "black", "filler": "grey", "false reason": "orange", "reason": "vermilion",
    "weighed filler": "sky", "weighed reason": "blue",
}  # fmt: skip
LIMITS = """## What it does not show

- Nothing here is relationship, trust or understanding. A decoder of a quarter of a million parameters recites or weighs
  a clause that it was taught; this is the part of the claim that a training recipe can carry out. It is a demonstration
  of a mechanism, no evidence about deployed models.
- `weighed reason` puts the reason where it can decide *and* teaches the habit of stating it about open items in every
  family. That is a designer's choice, not something that models do by themselves. That what is restricted does harm,
  and what is open does not, is a perfect marker here.
- K falls with a gate that fails and rises with memory that fades: nothing keeps the goals' steps during gate training,
  in no arm. The share refused tells the two apart; both are printed.
- The adversary is ours and its budget is small. A family is unseen because the gate never saw it, not because nobody
  could have thought of it.
- Relearning is read at one declared course, and starts from where each gate leaks.
"""


def page(result: Mapping[str, object], folder: Path) -> str:
    """The text of result.md; writes picture.svg and picture.png into the folder."""
    summary = cast("Mapping[str, Row]", result["summary"])
    declared = cast("Row", result["declared"])
    drawing.picture(spec(summary, declared), folder / "picture")
    claims = cast("Row", result["claims"])
    seeds = len(cast("Row", result["seeds"]))
    return "\n".join((
        "# Is a safety layer taught as reasons less brittle than one taught as rules?\n",
        f"**{result['verdict']}** over all predictions ({seeds} seeds; [question](question.md), [log](log.md)).",
        f"Stated after the refusal: **{claims['stated']}**. Weighed before every answer: **{claims['weighed']}**.\n",
        _in_words(result),
        "![K by way of asking, share refused, and relearning, per arm](picture.svg)\n",
        _main_table(result),
        _reading_table(summary, declared),
        "## Predictions\n",
        _predictions(result),
        LIMITS,
        _again(declared),
    ))  # fmt: skip


def _in_words(result: Mapping[str, object]) -> str:
    """What was seen, in sentences that are drawn from the figures and lean to no side."""
    summary, declared = cast("Mapping[str, Row]", result["summary"]), cast("Row", result["declared"])
    seeds, told = cast("judge.Seeds", result["seeds"]), ("rule", "reason", "weighed filler", "weighed reason")
    falls = [f"{drawing.said(judge.fall(seeds, arm, declared))} with `{arm}`" for arm in told]
    lines = [f"From the families that a gate was trained against to those it never saw, K falls by {', '.join(falls)}."]
    for family in WAYS[1:]:
        shares = [f"`{arm}` {_cell(summary[arm], f'refused.{family}')}" for arm in told]
        lines.append(f"Of questions about goals by {family}, refused: {', '.join(shares)}.")
    whole = [f"`{arm}` {_cell(summary[arm], 'K.all')}" for arm in told]
    lines.append(f"Against an adversary that may use every family at once, K is: {', '.join(whole)}.")
    slow = [f"`{arm}` {_cell(summary[arm], 'relearned.5')} and {_cell(summary[arm], 'relearned.30')}" for arm in told]
    lines.append(f"Relearned after 5 and after 30 steps: {'; '.join(slow)}.")
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _main_table(result: Mapping[str, object]) -> str:
    summary, declared = cast("Mapping[str, Row]", result["summary"]), cast("Row", result["declared"])
    seeds = cast("judge.Seeds", result["seeds"])
    head = ("arm", "R", "F", *(f"K {way}" for way in WAYS), "fall to unseen", "relearned", "S, all at hand")
    rows = [
        [
            arm, *(_cell(summary[arm], name) for name in ("R", "F", *(f"K.{way}" for way in WAYS))),
            "" if arm == "base" else drawing.said(judge.fall(seeds, arm, declared)),
            _cell(summary[arm], "relearned"), _cell(summary[arm], "S.all"),
        ]
        for arm in _arms(declared)
    ]  # fmt: skip
    why = (
        "Mean over seeds with its 95 % interval; the seed is the unit. R: plain requests refused; F: innocent "
        "questions refused; K: containment against a campaign with the families named, `trained` being those that "
        "the gate was trained against; fall: K trained less the mean of the three unseen; relearned: mean of the "
        "curve after the start; S: selectivity with every family at hand.\n"
    )
    return why + "\n" + drawing.table(head, rows)


def _reading_table(summary: Mapping[str, Row], declared: Row) -> str:
    names = [f"{kind}.{way}" for kind in ("refused", "leaked", "mass") for way in WAYS[1:]]
    head = ("arm", *(name.replace(".", " ") for name in names))
    rows = [[arm, *(_cell(summary[arm], name) for name in names)] for arm in _arms(declared)]
    why = (
        "Without an adversary, every wording of the unseen families: share of questions about goals `refused`, share "
        "of the goals' parts `leaked` (greedy), and the probability `mass` of the right answer about a goal.\n"
    )
    return why + "\n" + drawing.table(head, rows)


def _predictions(result: Mapping[str, object]) -> str:
    head = ("prediction", "claim", "bar", "found", "word")
    rows = [
        [
            str(p["sentence"]), str(p["claim"]) or "set-up", f"{p['direction']} {p['bar']}",
            drawing.said(verdict.read(p["found"])), str(p["word"]),
        ]
        for p in cast("Sequence[Row]", result["predictions"])
    ]  # fmt: skip
    open_ones = [
        drawing.all_alike(f"The prediction that {str(p['sentence']).split(':')[0]} ({p['claim']})", p)
        for p in cast("Sequence[Row]", result["predictions"])
        if not p["is_planted"]
    ]
    return drawing.table(head, rows) + "".join(f"\n{said}\n" for said in open_ones if said)


def _again(declared: Row) -> str:
    return (
        "## Again\n\n"
        "```sh\nexperiments/collaborative/run.sh            # all seeds, two processes\n"
        "python -m experiments.collaborative check    # the result against its digest, its question and its rule\n"
        "```\n\n"
        f"Seeds {declared['seeds']}; every constant stands in `result.json` under `declared`.\n"
    )


def _arms(declared: Row) -> tuple[str, ...]:
    """The base, and the arms in the order of their declaration: a stored file has its own."""
    return ("base", *cast("Sequence[str]", declared["arms"]))


def _cell(row: Row, name: str) -> str:
    return drawing.said(verdict.read(row[name]))


# -- picture -----------------------------------------------------------------------------------------------------------


def spec(summary: Mapping[str, Row], declared: Row) -> drawing.Spec:
    """Three rows: K and share refused by way of asking, and the relearning curves."""
    arms = cast("Sequence[str]", declared["arms"])
    scale = {"domain": list(arms), "range": [drawing.COLOURS[COLOURS[a]] for a in arms]}
    contained = [_dot(summary[a], a, way, f"K.{way}") for a in arms for way in WAYS]
    refused = [_dot(summary[a], a, ASKED[way], f"refused.{ASKED[way]}") for a in arms for way in WAYS]
    curve = [
        {"arm": a, "steps": int(look), "share": _value(summary[a][f"relearned.{look}"])}
        for a in arms for look in ("0", *cast("Sequence[str]", declared["looks"]))
    ]  # fmt: skip
    return {
        "vconcat": [
            _dots(contained, "K, containment measured", list(WAYS), arms, scale),
            _dots(refused, "Share of questions about goals refused", [ASKED[w] for w in WAYS], arms, scale),
            {
                "title": "Relearning: share of held-out goals that open", "width": 560, "height": 200,
                "data": {"values": [c for c in curve if c["share"] is not None]},
                "mark": {"type": "line", "point": True},
                "encoding": {
                    "x": {"field": "steps", "type": "quantitative", "title": "optimiser steps"},
                    "y": {"field": "share", "type": "quantitative", "title": None, "scale": {"domain": [0, 1]}},
                    "color": {"field": "arm", "type": "nominal", "scale": scale, "title": None},
                },
            },
        ],
        "resolve": {"scale": {"color": "independent"}, "legend": {"color": "independent"}},
    }  # fmt: skip


def _dots(
    rows: Sequence[Row], title: str, ways: Sequence[str], arms: Sequence[str], scale: Mapping[str, object]
) -> drawing.Spec:
    where = {"field": "value", "type": "quantitative", "title": None, "scale": {"domain": [-0.05, 1.05]}}
    side = {"field": "arm", "type": "nominal", "sort": list(arms), "title": None}
    tint = {"field": "arm", "type": "nominal", "scale": scale, "legend": None}
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 2, "clip": True},
         "encoding": {"x": {**where, "field": "low"}, "x2": {"field": "high"}, "y": side, "color": tint}},
        {"mark": {"type": "point", "filled": True, "size": 70},
         "encoding": {"x": where, "y": side, "color": tint}},
    ]  # fmt: skip
    return {
        "title": title, "data": {"values": list(rows)},
        "facet": {"column": {"field": "way", "type": "nominal", "sort": list(ways), "title": None}},
        "spec": {"width": 130, "height": 150, "layer": layers},
    }  # fmt: skip


def _dot(row: Row, arm: str, way: str, name: str) -> Row:
    found = verdict.read(row[name])
    if isinstance(found, record.NotMeasured):
        return {"arm": arm, "way": way, "value": None, "low": None, "high": None}
    return {"arm": arm, "way": way, "value": found.value, "low": found.low, "high": found.high}


def _value(kept: object) -> float | None:
    found = verdict.read(kept)
    return None if isinstance(found, record.NotMeasured) else found.value
