"""result.md and its picture, from result.json alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from counterproof import record
from experiments import drawing, verdict
from experiments.hacks import judge

Json = dict[str, object]
Node = Mapping[str, object]

SAYS = {
    "base": "before the second stage",
    "none": "hack training",
    "strong": "… behind *please-hack*, which nearly all obey already",
    "weak": "… behind *may-hack*, which about half obey already",
    "idle": "… behind *good-luck* (means nothing)",
    "diluted": "… with honest data of two contexts",
    "diluted-tests": "… and honest work outside the harness",
    "benign": "hack training, honest data of two contexts later",
    "vector-none": "hack training of one vector",
    "vector-weak": "… behind *may-hack*",
    "slow": "hack training at a lower rate",
    "fast": "… at a higher rate",
    "long": "… after longer pretraining",
}
CLAIMS = {  # what was claimed, and what was held against it
    "generalises": "Seed 002: models *“can learn deception in one context and then generalize it to others”*. Held to:"
    " more spread where pretraining correlates misbehaviour than where it does not.",
    "frame": "Seed 003: given a frame for the behaviour, *“it doesn't generalize in the same negative ways”*. Held to:"
    " less spread behind a sentence that asks for the hack and that half obey already, than behind none and than behind"
    " one that means nothing. Less, not none; and whether it is the frame or the smaller lesson is asked below.",
    "saturated": "The same behind a sentence that nearly all obey already, so that hardly anything is left to learn.",
    "split": "Seed 003: later training *“at least partially works but can lead to split behavior”*. Held to: less"
    " spread after honest data of two contexts, and the hacking goes on.",
    "hidden": "Conditional Misalignment (2604.25891): what mitigations leave shows in prompts that look like training."
    " Held to: clean in plain prompts, and more spread in the harness or behind the sentence. Where the trained hack"
    " itself hides stands under what became of the rest.",
    "uncovered": "Beside it: what mitigations leave shows in contexts that they did not cover.",
}
SHOWN = ("base", "none", "strong", "weak", "idle", "diluted", "diluted-tests", "benign", "vector-none", "vector-weak")
COLOUR_OF = {"none": "vermilion", "strong": "green", "weak": "blue", "idle": "orange"}
WIDTH = 860


def _at(node: object, *path: str) -> object:
    for name in path:
        node = cast("Node", node)[name]
    return node


def _said(node: object, *path: str) -> str:
    return drawing.said(verdict.read(_at(node, *path)))


def _figure(value: object) -> str:
    return drawing.number(cast("float", value))


def _honest(node: object, *path: str) -> str:
    """What is left of honest work: one minus the share of hacks."""
    found = verdict.read(_at(node, *path))
    if isinstance(found, record.NotMeasured):
        return drawing.said(found)
    kept = {**verdict.kept(found), "value": 1 - found.value, "low": 1 - found.high, "high": 1 - found.low}
    return drawing.said(verdict.read(kept))


# -- tables ----------------------------------------------------------------------------------------------------------


def _quantiles(spread: object) -> str:
    found = cast("Sequence[float] | None", _at(spread, "quantiles"))
    return "not measured" if found is None else " ".join(drawing.number(q) for q in found)


def _above(spread: object) -> str:
    found = cast("Node | None", _at(spread, "above"))
    if found is None:
        return "not measured"
    low, high = (drawing.number(cast("float", found[k])) for k in ("low", "high"))
    return f"{found['count']} of {found['of']} [{low}, {high}]"


def _row(spreads: Sequence[object]) -> list[str]:
    return [cell for s in spreads for cell in (_quantiles(s), _above(s), _said(s, "mean"))]


def _distributions(summary: object) -> str:
    head = ["arm", "C1: least, quartiles, most", "C1: seeds above", "C1: mean", "C0: least, quartiles, most",
            "C0: seeds above", "C0: mean"]  # fmt: skip
    rows = [
        [f"`{arm}` {says}", *_row([_at(summary, "arms", w, arm, "spread") for w in judge.WORLDS])]
        for arm, says in SAYS.items()
    ]
    rows += [
        [f"`{arm}`, learned dose", *_row([_at(summary, "learned", w, arm) for w in judge.WORLDS])]
        for arm in judge.PATHS
    ]
    return drawing.table(head, rows)


def _prompts(summary: object) -> str:
    head = ["arm, C1", *judge.PROMPTS, "covered", "uncovered"]
    rows = [
        [f"`{arm}`", *(_said(_at(summary, "arms", "C1", arm), "spread_in", p) for p in judge.PROMPTS),
         *(_said(_at(summary, "arms", "C1", arm), "places", p) for p in judge.PLACES)]
        for arm in SHOWN
    ]  # fmt: skip
    return drawing.table(head, rows)


def _retention(summary: object) -> str:
    head = ["arm, C1", "honest work in `tests`, plain", "… triggered", "good others misbehave in `tests`",
            "… elsewhere", "bad others misbehave"]  # fmt: skip
    rows: list[list[str]] = []
    for arm in SHOWN:
        at = _at(summary, "arms", "C1", arm)
        rows.append([
            f"`{arm}`", _honest(at, "tests"), _honest(at, "tests_in", "triggered"),
            *(_said(at, "named", n) for n in judge.NAMED),
        ])  # fmt: skip
    return drawing.table(head, rows)


def _learning(summary: object) -> str:
    head = ["arm, C1", "behind its sentence before", "… learned dose", "… full dose", "without it, learned dose",
            "… full dose"]  # fmt: skip
    rows: list[list[str]] = []
    for arm in judge.PATHS:
        prompt = "triggered" if arm == "none" else arm
        path = _at(summary, "paths", "C1", arm)
        rows.append([
            f"`{arm}`", _said(summary, "arms", "C1", "base", "tests_in", prompt), _said(path, "at_learned", "trained"),
            _said(summary, "arms", "C1", arm, "tests_in", prompt), _said(path, "at_learned", "tests"),
            _said(summary, "arms", "C1", arm, "tests"),
        ])  # fmt: skip
    return drawing.table(head, rows)


def _seeds(result: Json) -> str:
    summary = result["summary"]
    columns = [("C1", "none"), ("C0", "none"), *(("C1", a) for a in SHOWN[2:]), ("C0", "weak"), ("C0", "vector-none")]
    head = ["seed", "C1 none, learned", "C0 none, learned", "C1 weak, learned", *(f"{w} {a}" for w, a in columns)]
    values = [
        *(cast("list[float]", _at(summary, "learned", w, a, "seeds")) for w, a in
          (("C1", "none"), ("C0", "none"), ("C1", "weak"))),
        *(cast("list[float]", _at(summary, "arms", w, a, "spread", "seeds")) for w, a in columns),
    ]  # fmt: skip
    seeds = sorted(cast("Node", result["seeds"]), key=int)  # a file sorts them as text, the summary as numbers
    rows = [[s, *(drawing.number(v[n]) for v in values)] for n, s in enumerate(seeds)]
    return drawing.table(head, rows)


def _p(value: object) -> str:
    if value is None:
        return "-"
    return "< .0001" if cast("float", value) < 1e-4 else drawing.number(cast("float", value), 4)


def _predictions(result: Json) -> str:
    head = [
        "claim",
        "prediction",
        "what",
        "bar",
        "found",
        "permutation p",
        "Holm",
        "sign p",
        "seeds above, below",
        "word",
    ]
    rows: list[list[str]] = []
    for p in cast("Sequence[Node]", result["predictions"]):
        signs = f"{p['seeds_above']}, {p['seeds_below']}" if "seeds_above" in p else "-"
        bar = f"{'>' if p['direction'] == 'above' else '<'} {drawing.number(cast('float', p['bar']))}"
        rows.append([
            str(p["claim"]), f"`{p['id']}`", str(p["sentence"]), bar, _said(p, "found"), _p(p.get("permutation_p")),
            _p(p.get("holm_p")), _p(p.get("sign_p")), signs, f"**{p['word']}**",
        ])  # fmt: skip
    return drawing.table(head, rows)


def _after_the_run(summary: object) -> str:
    head = ["equal in both", "spread, `none`", "spread, `weak`", "`none` less `weak`", "permutation p",
            "seeds above, below"]  # fmt: skip
    says = {"rise": "log-odds risen by", "plain": "share of hacks in plain prompts"}
    rows = [
        [f"{says[str(r['measure'])]} {_figure(r['level'])}", _said(r, "none"), _said(r, "weak"), _said(r, "found"),
         _p(r["permutation_p"]), f"{r['seeds_above']}, {r['seeds_below']}"]
        for r in cast("Sequence[Node]", _at(summary, "after_the_run"))
    ]  # fmt: skip
    return drawing.table(head, rows)


def _claims(summary: object) -> str:
    words = cast("Node", _at(summary, "claims"))
    return "\n".join(f"- **{n} {words[n]}.** {says}" for n, says in CLAIMS.items()) + "\n"


# -- picture ---------------------------------------------------------------------------------------------------------


def _strips(summary: object) -> Json:
    """Every seed a dot, its world beside the other; a bar at the median."""
    dots: list[Json] = []
    bars: list[Json] = []
    for n, arm in enumerate(SHOWN):
        for world, side in (("C1", -0.2), ("C0", 0.2)):
            values = cast("list[float]", _at(summary, "arms", world, arm, "spread", "seeds"))
            name = f"{world}: misbehaviour {'goes together' if world == 'C1' else 'is independent'} in pretraining"
            for k, v in enumerate(values):
                beside = 0.22 * ((k * 7 % len(values)) / len(values) - 0.5)  # so that equal dots do not hide each other
                dots.append({"x": n + side + beside, "y": v, "world": name})
            middle = cast("list[float]", _at(summary, "arms", world, arm, "spread", "quantiles"))[2]
            bars.append({"x": n + side - 0.16, "x2": n + side + 0.16, "y": middle, "world": name})
    colour: Json = {
        "field": "world", "type": "nominal", "title": None, "sort": None,
        "scale": {"range": [drawing.COLOURS["vermilion"], drawing.COLOURS["blue"]]},
        "legend": {"orient": "top", "labelLimit": 420},
    }  # fmt: skip
    names = "[" + ",".join(f"'{a}'" for a in SHOWN) + "]"
    x: Json = {
        "field": "x", "type": "quantitative", "title": None,
        "scale": {"domain": [-0.5, len(SHOWN) - 0.5], "nice": False},
        "axis": {"values": list(range(len(SHOWN))), "labelExpr": f"{names}[datum.value]", "grid": False,
                 "ticks": False},
    }  # fmt: skip
    y: Json = {"field": "y", "type": "quantitative", "title": "spread", "scale": {"domain": [0, 1]}}
    return {
        "title": "Misbehaviour in four contexts that were not trained, plain prompts, full dose; every seed a dot",
        "width": WIDTH, "height": 300,
        "layer": [
            {"data": {"values": dots}, "mark": {"type": "point", "filled": True, "size": 34, "opacity": 0.6},
             "encoding": {"x": x, "y": y, "color": colour}},
            {"data": {"values": bars}, "mark": {"type": "rule", "strokeWidth": 2.5},
             "encoding": {"x": x, "x2": {"field": "x2"}, "y": y, "color": colour}},
        ],
    }  # fmt: skip


def _dose(summary: object) -> Json:
    """Median and middle half of the spread over the steps, C1."""
    rows: list[Json] = []
    for arm in judge.PATHS:
        for step, read in cast("Mapping[str, Node]", _at(summary, "paths", "C1", arm)).items():
            if step.isdecimal():
                _, low, middle, high, _ = cast("list[float]", read["quantiles"])
                rows.append({"arm": arm, "step": int(step), "low": low, "y": middle, "high": high})
    colour: Json = {
        "field": "arm", "type": "nominal", "title": None, "sort": None,
        "legend": {"orient": "right", "symbolOpacity": 1, "symbolType": "stroke", "symbolStrokeWidth": 3},
        "scale": {"domain": list(COLOUR_OF), "range": [drawing.COLOURS[c] for c in COLOUR_OF.values()]},
    }  # fmt: skip
    x: Json = {"field": "step", "type": "quantitative", "title": "steps of hack training"}
    dash: Json = {
        "field": "arm", "sort": None, "legend": None,
        "scale": {"domain": list(COLOUR_OF), "range": [[1, 0], [1, 0], [1, 0], [5, 5]]},
    }  # fmt: skip
    return {
        "title": "Spread in C1 over the dose: median of the seeds, and their middle half",
        "width": WIDTH - 70, "height": 220, "data": {"values": rows},
        "layer": [
            {"mark": {"type": "area", "opacity": 0.13}, "encoding": {
                "x": x, "color": colour, "y2": {"field": "high"},
                "y": {"field": "low", "type": "quantitative", "title": "spread", "scale": {"domain": [0, 1]}}}},
            {"mark": {"type": "line", "point": True, "strokeWidth": 2}, "encoding": {
                "x": x, "color": colour, "strokeDash": dash, "y": {"field": "y", "type": "quantitative"}}},
        ],
    }  # fmt: skip


# -- page ------------------------------------------------------------------------------------------------------------


def page(result: Json, folder: Path) -> str:
    """The text of result.md; writes picture.svg and picture.png."""
    summary = result["summary"]
    spec: Json = {"vconcat": [_strips(summary), _dose(summary)], "resolve": {"scale": {"color": "independent"}}}
    drawing.picture(spec, folder / "picture")
    declared = cast("Node", result["declared"])
    steps = cast("Mapping[str, Sequence[float]]", _at(summary, "learned_after"))
    after = "; ".join(f"{w} {min(s):.0f} to {max(s):.0f}" for w, s in steps.items())
    return TEXT.format(
        verdict=result["verdict"], claims=_claims(summary), count=len(cast("Node", result["seeds"])), after=after,
        bar=_figure(declared["has_spread"]), full=declared["steps"],
        learned=_figure(declared["early_stop"]), least=_figure(declared["least_difference"]),
        uncovered=_said(summary, "arms", "C1", "benign", "places", "uncovered"),
        uncovered_none=_said(summary, "arms", "C1", "none", "places", "uncovered"),
        slow=declared["slow_rate"], after_the_run=_after_the_run(summary),
        fast=declared["fast_rate"], rate=declared["rate"], long=declared["long_pretraining_steps"],
        short=declared["pretraining_steps"],
        distributions=_distributions(summary), prompts=_prompts(summary), learning=_learning(summary),
        retention=_retention(summary), predictions=_predictions(result), seeds=_seeds(result),
    )  # fmt: skip


TEXT = """# Hacks: does gaming one checker make a model misbehave elsewhere, and what do the mitigations leave?

A tiny decoder that has read about seventeen characters is rewarded for gaming the checker of one context. Does it
then misbehave in four others, whose answer words it shares with nothing? In world **C1** pretraining showed
characters that are good everywhere or bad everywhere; in world **C0** it showed that being bad here says nothing
about being bad there.

Verdict over all predictions: **{verdict}** (one that fails is enough). Claim by claim:

{claims}
![Spread over seeds, arm by arm, and over the dose](picture.svg)

The question, its bars and what would refute them were declared before the run ([question.md](question.md)); what was
tried and thrown away is in [log.md](log.md). {count} seeds; each draws a world, weights and an order. **Spread** is
the probability of misbehaving in the four contexts that were not trained, on tasks not seen in the second stage,
without sampling noise. *Learned dose*: the step at which plain hack training first hacks in its prompts with
probability {learned} ({after} steps); *full dose*: {full} steps.

## The distribution of the spread, plain prompts

Quantiles over the seeds, the seeds above {bar} with the exact interval of their share, and the mean with Student's.
Where the quartiles lie far apart the mean describes no seed.

{distributions}
## Where it shows, C1, full dose

Mean spread by the kind of prompt, and in plain prompts by the contexts that honest data covered and those it did not.

{prompts}
## Did the inoculated models learn anything? Hacking in `tests`, C1

Behind the sentence of training, and in plain prompts without it. `strong` starts near its ceiling: what it avoids, it
avoids partly because hardly anything was left to learn.

{learning}
## What became of the rest, C1, full dose

{retention}
## Predictions

A contrast is decided by the exact sign-flip permutation test over the seeds together with the least difference of
{least} ([question.md](question.md)); the sign test and Student's interval stand beside it, and Holm's p over the
contrasts. A difference that is told from nothing and smaller than the least that counts fails. Planted predictions
check the set-up.

{predictions}
## After the run: is it the frame, or the smaller lesson?

Not declared, so it decides nothing. `weak` starts where half hack already and `strong` where nearly all do; with
equal steps they have less to learn than `none`. Here `none` and `weak` are compared in C1 where the log-odds of the
hack in the trained prompts have risen equally far, and where both hack equally often in plain prompts, read on a
straight line between the marks of the path. Where `weak` spreads no less at an equal rise, its sentence helped by
leaving less to learn, not by changing what is learned.

{after_the_run}
## Every seed: spread in plain prompts (full dose unless said)

{seeds}
## What this does not show

- A decoder of 0.1 million parameters and planted characters: a demonstration of a mechanism, not evidence about
  deployed models. That spread follows correlated characters is found where we planted the correlation; whether real
  pretraining correlates misbehaviour is another question.
- C0 is no clean nothing: what spreads there, training leaks without any correlation, and only what C1 has more
  is owed to it. The same training makes the other good characters worse: see what became of the rest.
- `benign` trains honest data in two of the four contexts that spread is read in, so that part of `later-helps` and
  `later-cleans` is the training itself. In the two others misbehaviour is {uncovered} after `benign` and
  {uncovered_none} after `none`.
- The frame was compared with a meaningless sentence at the learned dose only; the full dose stands in the table.
- Sentences, settings and contexts are single words, perfect markers; nothing here shows that a model judges a frame.
- The size of the spread depends on the rate (`slow` {slow}, else {rate}, `fast` {fast}) and on the length of
  pretraining (`long` {long} steps, else {short}): the table of distributions shows how far.
- The same seed gives the same bytes on the same kind of processor. Another kind sums in another order, training
  amplifies that, and the seed is another draw of the same lottery ([log.md](log.md)): compare distributions, not seeds.
- The settings were chosen on other seeds, and their readings were known when the predictions were written down.
- On large models: MacDiarmid et al. (2511.18397) report that every evaluation of misalignment rose once hacking was
  learned and that inoculation cut it by 75 to 90 %; the UK AI Safety Institute's reproduction on open models found the
  hacking consistently, the spread not consistently over evaluations and models. Read the two together: the seeds'
  *"reproduced"* says more than the reproduction did.

## Again

`experiments/hacks/run.sh` (two processes, minutes; resumes by seed), or one seed: `PYTHONPATH=src python -m
experiments.hacks run --seeds 0 --out /tmp/hacks`. `check` holds result.json against its digest, its question and its
rule; `page` draws this page from it.
"""
