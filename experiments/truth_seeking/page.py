"""result.md and its picture, drawn from a result and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from counterproof import record
from experiments import drawing, verdict

Json = Mapping[str, object]
Points = Sequence[Mapping[str, object]]
NAMES = {
    "base": "base: untrained", "P": "P: preference", "F": "F: falsification", "C": "C: consistency only",
    "N": "N: consensus label", "T": "T: truth, no pressure", "Fne": "Fne: F, no sealed evidence",
    "Fnr": "Fnr: F, no right hints", "Cne": "Cne: C, no sealed evidence",
}  # fmt: skip
PAIR = (("regressive flips", "greedy_regressive"), ("uptake against a wrong hint", "valid_v_wrong_hint"))
BOTH = (*PAIR, ("discernment", "discernment"))
PRESSURE = (
    ("wrong hint", "wrong_hint"), ("only mentioned", "mention"), ("progressive flips", "greedy_progressive"),
    ("contrarian flips", "greedy_contrarian"), ("sealed evidence, no hint", "valid"), ("broken seal", "invalid"),
)  # fmt: skip
CALIBRATION = (("accuracy", "accuracy"), ("confidence minus accuracy", "overconfidence"), ("ECE", "ece"))
CONTESTED = (
    ("abstains", "greedy_abstains"), ("abstains on what books agree on", "greedy_overabstains"),
    ("the user's wrong book", "contested_wrong_hint"), ("sealed: the second is right", "contested_valid_second_book"),
    ("the first all the same", "contested_valid_first_book_wrong"),
)  # fmt: skip
PALETTE = ("grey", "vermilion", "blue", "purple", "orange", "green", "sky", "black", "purple")


def page(result: Json, folder: Path) -> str:
    """The text of result.md; writes picture.svg and picture.png."""
    drawing.picture(spec(result), folder / "picture")
    arms = ["base", *_list(_map(result["declared"])["arms"])]
    seeds = _map(result["seeds"])
    parts = (
        "# Does training a model to survive falsification make it less agreeable without making it stubborn?",
        f"**The claim {_SAID[str(result['verdict'])]}** ({len(seeds)} seeds). {_BEFORE}", *_open(result),
        "![Each arm by its regressive flips and its uptake of sealed evidence against a wrong hint](picture.svg)",
        _READ, "## The pair", _PAIR_NOTE, _cells(result, arms, "held_out", BOTH),
        "## What stands beside it", _cells(result, arms, "held_out", PRESSURE), _PRESSURE_NOTE,
        "Calibration on checkable items, nothing but the item asked:", _cells(result, arms, "held_out", CALIBRATION),
        "Contested items, readable as such from the two books that the prompt cites:",
        _cells(result, arms, "held_out", CONTESTED),
        "## Trained items", _TRAINED_NOTE, _cells(result, arms, "trained", (*BOTH, *CALIBRATION)),
        _cells(result, arms, "trained", CONTESTED),
        "## Predictions", _predictions(result), _less_than_it_seems(result),
        "## The closed form", _closed(result), "## Raters who care more for truth", _sweep(result), _LIMITS, _RERUN,
    )  # fmt: skip
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


_SAID = {"holds": "holds", "fails": "fails", "undecided": "is undecided"}
_BEFORE = "[question.md](question.md) was written before the run, [log.md](log.md) keeps what failed."
_READ = """\
Left is good: right answers are kept when the user names a wrong colour. Up is good: sealed evidence is taken up
though the user says otherwise. Small dots are seeds, large ones their mean. **Down on the left stand the models that
nobody can move**; a flip rate alone would call them the best."""
_PAIR_NOTE = """\
Items never trained in stage 2; mean over seeds with its 95 % interval, which is exact where all seeds read the same
(ten seeds at .00 cannot rule out .31). Flips count likeliest answers, uptake is probability. *Discernment* is uptake
less the probability of a wrong hint without evidence: 0 for a model that never listens and for one that always does."""
_PRESSURE_NOTE = """\
Probability, except flips. *Wrong hint* is the probability of the colour that the user names, *only mentioned* that of
the same colours named without an opinion: their difference is what the opinion does. *Progressive*: wrong alone,
right once the user names the right colour. *Contrarian*: right alone, no longer right once the user says the same."""
_TRAINED_NOTE = """\
The checker knows the truth of these, so that arms F, N, T learn the facts themselves; what is rewarded here is
planted. *Not measured*: there is no such item in enough seeds, since the arm answers them right when asked alone."""
_LIMITS = """## What this does not show

A seal is a word that marks evidence perfectly, and a hint is a word too: nothing here shows that a model can *judge*
evidence, only that training decides whether it is used. The checker knows every truth, which outside of mathematics
and code nobody does. A decoder of 0.1 million parameters over two hundred words demonstrates a mechanism and is no
evidence about any deployed model. The rewards are the ones written in `question.md`; other weights give other sizes,
as the sweep shows for P."""
_RERUN = """## Again

```console
$ python -m experiments.truth_seeking check    # digest, question, verdict and closed form, without torch
$ experiments/truth_seeking/run.sh             # the run itself, with torch, on two cores
```"""


def _map(value: object) -> Json:
    return cast("Json", value)


def _list(value: object) -> list[str]:
    return cast("list[str]", value)


def _cells(result: Json, arms: Sequence[str], half: str, columns: Sequence[tuple[str, str]]) -> str:
    cells = _map(_map(_map(result["summary"])["cells"])[half])
    rows = [[NAMES[a], *(_short(_map(cells[a])[c]) for _, c in columns)] for a in arms]
    return drawing.table(["arm", *(title for title, _ in columns)], rows)


def _short(kept: object) -> str:
    found = verdict.read(kept)
    return "not measured" if isinstance(found, record.NotMeasured) else drawing.said(found)


def _predictions(result: Json) -> str:
    rows = [
        [
            f"{p['id']}. {p['sentence']}", str(p["role"]),
            f"{p['direction']} {drawing.number(cast('float', p['bar']))}",
            drawing.said(verdict.read(p["found"])), f"**{p['word']}**",
        ]
        for p in cast("list[Json]", result["predictions"])
    ]  # fmt: skip
    note = (
        "*claim* decides; *planted* is true by construction and voids the run if it is not; *beside* and *closed form* "
        "decide nothing about the claim. Held-out items unless the sentence says otherwise."
    )
    return note + "\n\n" + drawing.table(["prediction", "role", "bar", "found", "word"], rows)


def _open(result: Json) -> list[str]:
    """Which predictions keep the claim open, and why."""
    claim = [p for p in cast("list[Json]", result["predictions"]) if p["role"] == "claim"]
    if result["verdict"] != "undecided" or not any(p["word"] == "undecided" for p in claim):
        return []
    count = sum(p["word"] == "holds" for p in claim)
    why = [drawing.all_alike(f"Prediction {p['id']} ({p['sentence']})", p) for p in claim]
    return [" ".join((f"Of the claim's {len(claim)} predictions {count} hold.", *(w for w in why if w)))]


def _less_than_it_seems(result: Json) -> str:
    """What a reader must know before crediting two of the predictions."""
    cells = _map(_map(_map(result["summary"])["cells"])["held_out"])
    arms = ("base", "C", "F", "T")
    sure, right = (", ".join(f"{a} {_short(_map(cells[a])[c])}" for a in arms) for c in ("overconfidence", "accuracy"))
    return (
        "Two of the claim's predictions say less than they seem. *4*: each arm grows surer than it is right on items "
        f"that it was not trained on, falsification too ({sure}); what sets C apart from F is 6: evidence moves it no "
        "more. *5*: nothing in any arm's training tells about held-out items, so no arm could have gained accuracy "
        f"there ({right}); the tests of it that could lose are 15 and 16, on trained items."
    )


_CLOSED_NOTE = """\
The best policy under each reward, pi proportional to base · exp(r / β), computed without a network on the planted
table; for C and Cne a fixpoint. The table shares nothing between prompts: what an arm never saw, it cannot change
there. Where network and table part on held-out items, generalisation did it."""
_COMPARED = (
    ("trained", "agrees_in_value", "lie within .05 on trained items"),
    ("trained", "agrees_in_sign", "move to its side of the base on trained items"),
    ("held_out", "agrees_in_sign", "move to its side of the base on held-out items"),
)


def _closed(result: Json) -> str:
    rows = cast("list[Json]", _map(result["summary"])["closed_form"])
    counts = [
        f"{sum(bool(r[what]) for r in rows if r['half'] == half)} of {sum(r['half'] == half for r in rows)} {said}"
        for half, what, said in _COMPARED
    ]
    apart = [r for r in rows if not r["agrees_in_sign"] or (r["half"] == "trained" and not r["agrees_in_value"])]
    heads = ["arm and cell", "base", "network", "closed form", "network less closed form", "value", "sign"]
    whole = drawing.table(heads, [_disagreement(r) for r in apart]) if apart else "None.\n"
    counted = f"By the means over seeds, of cells, {'; '.join(counts)}. Cells that disagree:"
    return "\n\n".join((_CLOSED_NOTE, counted, whole.rstrip(), _by_arm(rows).rstrip(), _other_fixpoint(result)))


_OTHER_NOTE = """\
C's reward has more than one fixpoint. The one above is reached from the untrained table; there sealed evidence wins on
items of which nobody knows anything. Found after the run, and deciding nothing: the networks lie near another one,
where every prompt about an item is answered as the item alone, except on contested items, where they go either way."""


def _other_fixpoint(result: Json) -> str:
    rows = [
        [str(r["cell"]), _number(r["network"]), _number(r["closed"]), _short(r["difference"])]
        for r in cast("list[Json]", _map(result["summary"])["other_fixpoint"])
    ]
    heads = ["C, trained items", "network", "the other fixpoint", "network less fixpoint"]
    return _OTHER_NOTE + "\n\n" + drawing.table(heads, rows)


def _disagreement(row: Json) -> list[str]:
    value = "not compared" if row["half"] == "held_out" else "yes" if row["agrees_in_value"] else "no"
    numbers = [_number(row[k]) for k in ("base", "network", "closed")]
    name = f"{row['arm']}, {str(row['half']).replace('_', '-')}: {row['cell']}"
    return [name, *numbers, _short(row["difference"]), value, "yes" if row["agrees_in_sign"] else "no"]


def _by_arm(rows: Sequence[Json]) -> str:
    """Every compared cell of trained items, network / closed form, one column for each arm."""
    trained = [r for r in rows if r["half"] == "trained"]
    arms, names = (list(dict.fromkeys(str(r[k]) for r in trained)) for k in ("arm", "cell"))
    at = {(r["arm"], r["cell"]): f"{_number(r['network'])} / {_number(r['closed'])}" for r in trained}
    note = "All cells compared in value, trained items, network / closed form; empty where the arm saw no such prompt:"
    return note + "\n\n" + drawing.table(["cell", *arms], [[n, *(at.get((a, n), "") for a in arms)] for n in names])


def _number(value: object) -> str:
    return "not measured" if value is None else drawing.number(cast("float", value))


def _sweep(result: Json) -> str:
    rows = [
        [_number(r[k]) for k in ("truth", "wrong_hint", "greedy_regressive", "valid_v_wrong_hint", "accuracy")]
        for r in cast("list[Json]", _map(result["summary"])["sweep"])
    ]
    note = (
        "By closed form: 1 for agreement, and this much for truth. Likeliest answers jump, the probability does not, "
        "and agreement does not vanish where truth weighs as much."
    )
    heads = ["weight of truth", "wrong hint", "regressive flips", "uptake against a wrong hint", "accuracy"]
    return note + "\n\n" + drawing.table(heads, rows)


# -- the picture -----------------------------------------------------------------------------------------------------


def spec(result: Json) -> drawing.Spec:
    """The verdict's plane, held-out items, and the sweep of raters beside it."""
    arms = ["base", *_list(_map(result["declared"])["arms"])]
    seeds = cast("Mapping[str, Json]", result["seeds"])
    dots: Points = [
        {"arm": NAMES[a], "x": x, "y": y}
        for a in arms
        for x, y in zip(*(verdict.column(seeds, "cells", a, "held_out", c) for _, c in PAIR), strict=True)
    ]
    cells = _map(_map(_map(result["summary"])["cells"])["held_out"])
    means: Points = [{"arm": NAMES[a], "letter": a, **_at(_map(cells[a]))} for a in arms]
    colour: drawing.Spec = {
        "field": "arm", "type": "nominal", "sort": None, "title": None,
        "scale": {"domain": [NAMES[a] for a in arms], "range": [drawing.COLOURS[c] for c in PALETTE[: len(arms)]]},
    }  # fmt: skip
    return {"hconcat": [_plane(dots, means, colour), _sweep_spec(result)], "spacing": 40}


def _at(cells: Json) -> dict[str, float | None]:
    found = [verdict.read(cells[c]) for _, c in PAIR]
    return {k: None if isinstance(f, record.NotMeasured) else f.value for k, f in zip("xy", found, strict=True)}


def apart(means: Points, least: float = 0.055) -> Points:
    """Where each mean's letter stands: beside it, and pushed up where another letter stands there already."""
    placed: list[Mapping[str, object]] = []
    there = [m for m in means if m["x"] is not None and m["y"] is not None]
    for mean in sorted(there, key=lambda m: cast("float", m["y"])):
        x, y = cast("float", mean["x"]), cast("float", mean["y"])
        while any(
            abs(cast("float", p["x"]) - x) < 0.12 and abs(cast("float", p["y"]) - y) < least - 1e-9 for p in placed
        ):
            y += 0.005
        placed.append({**mean, "y": y})
    return placed


def _plane(dots: Points, means: Points, colour: drawing.Spec) -> drawing.Spec:
    axis = {"values": [0, 0.25, 0.5, 0.75, 1], "format": ".2f"}
    where: drawing.Spec = {
        k: {"field": k, "type": "quantitative", "scale": {"domain": [-0.05, 1.15 if k == "y" else 1.1], "nice": False},
            "axis": axis, "title": title}
        for k, title in (("x", "regressive flips, wrong hint"), ("y", "uptake of sealed evidence, wrong hint"))
    }  # fmt: skip
    return {
        "title": "Held-out items: flips and uptake", "width": 380, "height": 340,
        "layer": [
            {"data": {"values": dots}, "mark": {"type": "circle", "size": 22, "opacity": 0.4},
             "encoding": {**where, "color": colour}},
            {"data": {"values": means}, "mark": {"type": "point", "filled": True, "size": 130, "stroke": "white"},
             "encoding": {**where, "color": colour}},
            {"data": {"values": apart(means)}, "mark": {"type": "text", "align": "left", "dx": 10, "fontSize": 12},
             "encoding": {**where, "text": {"field": "letter"}}},
        ],
    }  # fmt: skip


def _sweep_spec(result: Json) -> drawing.Spec:
    shown = {"wrong_hint": "wrong hint, probability", "greedy_regressive": "regressive flips"}
    rows = [
        {"truth": r["truth"], "what": said, "y": r[key]}
        for r in cast("list[Json]", _map(result["summary"])["sweep"])
        for key, said in shown.items()
    ]
    red = drawing.COLOURS["vermilion"]
    where: drawing.Spec = {
        "x": {"field": "truth", "type": "quantitative", "title": "raters' weight on truth (on agreement: 1)"},
        "y": {"field": "y", "type": "quantitative", "title": "regressive flips; dashed: wrong hint, probability",
              "axis": {"format": ".2f", "tickCount": 5}, "scale": {"domain": [0, 1.05], "nice": False}},
    }  # fmt: skip
    dash: drawing.Spec = {"field": "what", "type": "nominal", "legend": None}
    return {
        "title": "P by closed form", "width": 240, "height": 340,
        "layer": [
            {"data": {"values": rows}, "mark": {"type": "line", "point": {"color": red}, "color": red},
             "encoding": {**where, "strokeDash": dash}},
        ],
    }  # fmt: skip
