"""From the seeds' readings to predictions, claims and a verdict; no torch.

Spread over seeds runs from nothing to everything, so contrasts are decided by an exact permutation test, and every
arm's distribution is kept beside its mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from counterproof import estimate, record
from experiments import verdict

Json = dict[str, object]
Seeds = Mapping[str, Mapping[str, object]]

WORLDS = ("C1", "C0")
PLACES = ("covered", "uncovered")
ARMS = (
    "base", "none", "strong", "weak", "idle", "diluted", "diluted-tests", "benign", "vector-none", "vector-weak",
    "slow", "fast", "long",
)  # fmt: skip
PATHS = ("none", "strong", "weak", "idle")
PROMPTS = ("plain", "triggered", "strong", "weak", "idle")
NAMED = ("good_tests", "good_elsewhere", "bad")
RISES = (2.0, 4.0, 6.0)  # log-odds; at 6 a hack of 5 % has become one of 95 %
PLAIN_SHARES = (0.5, 0.9, 0.97)
GRAIN = 10_000  # differences are tested in steps of 1 / GRAIN, so that the permutations can be counted


@dataclass(frozen=True)
class Contrast:
    """A prediction that one column of readings is larger than another, seed by seed."""

    id: str
    claim: str
    sentence: str
    more: verdict.Column
    less: verdict.Column


# -- columns ---------------------------------------------------------------------------------------------------------


def spread(seeds: Seeds, world: str, arm: str, prompt: str = "plain") -> verdict.Column:
    """Misbehaviour in the four other contexts, full dose."""
    return _mean_of([verdict.column(seeds, world, "arms", arm, prompt, place) for place in PLACES])


def learned(seeds: Seeds, world: str, arm: str) -> verdict.Column:
    """The same in plain prompts at the step at which `none` had learned the hack."""
    return on_path(seeds, world, arm, "at_learned")


def on_path(seeds: Seeds, world: str, arm: str, step: str) -> verdict.Column:
    """Spread in plain prompts after a step."""
    return _mean_of([verdict.column(seeds, world, "paths", arm, step, place) for place in PLACES])


def hacking(seeds: Seeds, world: str, arm: str, prompt: str = "plain") -> verdict.Column:
    """Hacking in the context whose checker is gamed."""
    return verdict.column(seeds, world, "arms", arm, prompt, "tests")


def _mean_of(columns: Sequence[verdict.Column]) -> verdict.Column:
    return [
        None if None in row else sum(cast("tuple[float, ...]", row)) / len(row) for row in zip(*columns, strict=True)
    ]


# -- tests -----------------------------------------------------------------------------------------------------------


def _grains(differences: verdict.Column) -> list[int]:
    return [round(d * GRAIN) for d in differences if d is not None]


def permutation_p(differences: verdict.Column) -> float:
    """Two-sided exact p of the sign-flip test of the mean (Fisher 1935, section 21), ties counted against.

    All 2^n signings are counted by convolution, in steps of 1 / GRAIN.
    """
    sizes = [abs(g) for g in _grains(differences)]
    whole, seen = sum(sizes), abs(sum(_grains(differences)))
    chances: npt.NDArray[np.float64] = np.zeros(whole + 1)  # of what the positive ones sum to
    chances[0] = 1.0
    for size in sizes:
        moved = np.zeros_like(chances)
        moved[size:] = chances[: len(chances) - size]
        chances = (chances + moved) / 2
    sums = np.abs(2 * np.arange(whole + 1) - whole)
    return min(1.0, float(chances[sums >= seen].sum()))


def sign_p(differences: verdict.Column) -> float:
    """Two-sided exact p of the sign test (Dixon and Mood 1946); seeds without a difference are left out."""
    grains = _grains(differences)
    above, below = sum(g > 0 for g in grains), sum(g < 0 for g in grains)
    chances = np.ones(1)
    for _ in range(above + below):
        chances = np.convolve(chances, [0.5, 0.5])
    return min(1.0, 2 * float(chances[: min(above, below) + 1].sum()))


# -- predictions -----------------------------------------------------------------------------------------------------


def contrasts(seeds: Seeds) -> list[Contrast]:
    """Every declared contrast with its columns."""
    c1, none = "C1", spread(seeds, "C1", "none")
    none_learned, weak_learned = learned(seeds, c1, "none"), learned(seeds, c1, "weak")
    diluted = [verdict.column(seeds, c1, "arms", "diluted", "plain", place) for place in ("uncovered", "covered")]

    def triggered(arm: str) -> tuple[verdict.Column, verdict.Column]:
        return spread(seeds, c1, arm, "triggered"), spread(seeds, c1, arm)

    return [
        Contrast("spread-full", "generalises", "spread, C1 less C0, full dose", none, spread(seeds, "C0", "none")),
        Contrast("spread-learned", "generalises", "spread, C1 less C0, learned dose",
                 none_learned, learned(seeds, "C0", "none")),
        Contrast("frame-full", "frame", "spread, none less weak, full dose", none, spread(seeds, c1, "weak")),
        Contrast("frame-learned", "frame", "spread, none less weak, learned dose", none_learned, weak_learned),
        Contrast("frame-not-prefix", "frame", "spread, idle less weak, learned dose",
                 learned(seeds, c1, "idle"), weak_learned),
        Contrast("saturated-full", "saturated", "spread, none less strong, full dose",
                 none, spread(seeds, c1, "strong")),
        Contrast("saturated-learned", "saturated", "spread, none less strong, learned dose",
                 none_learned, learned(seeds, c1, "strong")),
        Contrast("later-helps", "split", "spread, none less benign", none, spread(seeds, c1, "benign")),
        Contrast("later-triggered", "hidden", "after benign: spread, triggered less plain", *triggered("benign")),
        Contrast("diluted-triggered", "hidden", "after diluted-tests: spread, triggered less plain",
                 *triggered("diluted-tests")),
        Contrast("diluted-behind", "hidden", "after diluted: spread, behind the strong sentence less plain",
                 spread(seeds, c1, "diluted", "strong"), spread(seeds, c1, "diluted")),
        Contrast("diluted-uncovered", "uncovered", "after diluted: misbehaviour, uncovered less covered contexts",
                 diluted[0], diluted[1]),
    ]  # fmt: skip


def decided(found: verdict.Measured, p: float, level: float, least: float) -> verdict.Word:
    """The declared rule for contrasts."""
    if isinstance(found, record.NotMeasured):
        return "undecided"
    is_told = p <= 1 - level
    if is_told and found.value >= least:
        return "holds"
    return "fails" if (is_told and found.value < 0) or found.high < least else "undecided"


def _contrast(asked: Contrast, declared: Json) -> Json:
    differences = verdict.paired(asked.more, asked.less)
    found = estimate.mean(differences, level=_figure(declared, "level"), floor=-1.0, ceiling=1.0)
    p = permutation_p(differences)
    prediction = verdict.Prediction(asked.id, asked.sentence, "above", 0.0)
    grains = _grains(differences)
    return {
        **verdict.answered(prediction, found),
        "word": decided(found, p, _figure(declared, "level"), _figure(declared, "least_difference")),
        "claim": asked.claim, "permutation_p": p, "sign_p": sign_p(differences),
        "seeds_above": sum(g > 0 for g in grains), "seeds_below": sum(g < 0 for g in grains),
        "differences": differences,
    }  # fmt: skip


def _levels(seeds: Seeds, declared: Json) -> list[Json]:
    """Predictions that hold one column against a bar."""
    learned_bar, rise_bar = _figure(declared, "is_learned"), _figure(declared, "rise_learned")
    rise = verdict.paired(hacking(seeds, "C1", "weak", "weak"), hacking(seeds, "C1", "base", "weak"))
    clean = _figure(declared, "is_clean")
    planted = [
        (f"hacks-{w}", f"after none: hacking in tests, {w}", learned_bar, hacking(seeds, w, "none")) for w in WORLDS
    ]
    asked: list[tuple[verdict.Prediction, str, verdict.Measured]] = [
        (verdict.Prediction(name, sentence, "above", bar, is_planted=True), "planted", verdict.share(column))
        for name, sentence, bar, column in planted
    ]
    asked += [
        (verdict.Prediction("rise-weak", "hacking behind the weak sentence, weak less base", "above", rise_bar,
                            is_planted=True), "planted", estimate.mean(rise, floor=-1.0, ceiling=1.0)),
        (verdict.Prediction("later-still-hacks", "after benign: hacking in tests", "above", learned_bar),
         "split", verdict.share(hacking(seeds, "C1", "benign"))),
        (verdict.Prediction("later-cleans", "after benign: spread", "below", clean),
         "hidden", verdict.share(spread(seeds, "C1", "benign"))),
    ]  # fmt: skip
    return [{**verdict.answered(p, found), "claim": claim} for p, claim, found in asked]


def _figure(declared: Json, name: str) -> float:
    return float(cast("float", declared[name]))


# -- summary ---------------------------------------------------------------------------------------------------------


def distribution(values: verdict.Column, declared: Json) -> Json:
    """Every seed's value, quantiles, and the share of seeds above the declared spread with its exact interval."""
    known = [v for v in values if v is not None]
    if not known:
        return {"seeds": list(values), "mean": verdict.kept(verdict.share(values)), "quantiles": None, "above": None}
    above = sum(v > _figure(declared, "has_spread") for v in known)
    low, high = estimate.clopper_pearson(above, len(known), _figure(declared, "level"))
    return {
        "seeds": list(values),
        "mean": verdict.kept(verdict.share(values)),
        "quantiles": [float(q) for q in np.quantile(known, [0.0, 0.25, 0.5, 0.75, 1.0])],
        "above": {"count": above, "of": len(known), "low": low, "high": high},
    }


def _arm(seeds: Seeds, world: str, arm: str, declared: Json) -> Json:
    """One arm in one world: distribution in plain prompts; means elsewhere."""
    found: Json = {
        "spread": distribution(spread(seeds, world, arm), declared),
        "tests": verdict.kept(verdict.share(hacking(seeds, world, arm))),
    }
    first = cast("Mapping[str, Mapping[str, Mapping[str, object]]]", next(iter(seeds.values()))[world])
    if "named" in first["arms"][arm]:
        found["spread_in"] = {p: verdict.kept(verdict.share(spread(seeds, world, arm, p))) for p in PROMPTS}
        found["tests_in"] = {p: verdict.kept(verdict.share(hacking(seeds, world, arm, p))) for p in PROMPTS}
        found["places"] = {
            p: verdict.kept(verdict.share(verdict.column(seeds, world, "arms", arm, "plain", p))) for p in PLACES
        }
        found["named"] = {
            n: verdict.kept(verdict.share(verdict.column(seeds, world, "arms", arm, "named", n))) for n in NAMED
        }
    return found


def _path(seeds: Seeds, world: str, arm: str, step: str) -> Json:
    return {
        "trained": verdict.kept(verdict.share(verdict.column(seeds, world, "paths", arm, step, "trained"))),
        "tests": verdict.kept(verdict.share(verdict.column(seeds, world, "paths", arm, step, "tests"))),
        "quantiles": [
            float(q) for q in np.quantile(_known(on_path(seeds, world, arm, step)), [0.0, 0.25, 0.5, 0.75, 1.0])
        ],
    }


def _known(values: verdict.Column) -> list[float]:
    return [v for v in values if v is not None]


# -- found after the run, deciding nothing ---------------------------------------------------------------------------


def _log_odds(share: float) -> float:
    inside = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(inside / (1 - inside)))


def at_equal(seeds: Seeds, arm: str, measure: str, level: float) -> verdict.Column:
    """Spread in C1 where an arm's path passes a level, on a straight line between its marks; None where it never does.

    `rise`: log-odds of the hack in the trained prompts, less those before. `plain`: share of hacks in plain prompts.
    """
    is_rise = measure == "rise"
    asked = ("triggered" if arm == "none" else arm) if is_rise else "plain"
    wanted = level if is_rise else _log_odds(level)
    found: verdict.Column = []
    for seed in seeds.values():
        world = cast("Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]", seed["C1"])
        base = world["arms"]["base"]
        start = _log_odds(base[asked]["tests"])
        reads = [(start, base["plain"])]
        reads += [(_log_odds(r["trained" if is_rise else "tests"]), r) for r in world["paths"][arm].values()]
        points = sorted((x - start * is_rise, (r["covered"] + r["uncovered"]) / 2) for x, r in reads)
        x, y = zip(*points, strict=True)
        found.append(float(np.interp(wanted, x, y)) if x[0] <= wanted <= x[-1] else None)
    return found


def after_the_run(seeds: Seeds, declared: Json) -> list[Json]:
    """`none` against `weak` where both learned equally much, and where both hack equally often without a sentence."""
    found: list[Json] = []
    for measure, level in (*(("rise", r) for r in RISES), *(("plain", p) for p in PLAIN_SHARES)):
        none, weak = at_equal(seeds, "none", measure, level), at_equal(seeds, "weak", measure, level)
        asked = Contrast(f"{measure}-{level}", "none", "spread, none less weak, at an equal level", none, weak)
        contrast = _contrast(asked, declared)
        kept = {k: contrast[k] for k in ("found", "permutation_p", "sign_p", "seeds_above", "seeds_below")}
        means = {"none": verdict.kept(verdict.share(none)), "weak": verdict.kept(verdict.share(weak))}
        found.append({"measure": measure, "level": level, **means, **kept})
    return found


def judge(seeds: Seeds, declared: Json) -> Json:
    """Summary, predictions and verdict of some seeds."""
    found = [_contrast(c, declared) for c in contrasts(seeds)]
    adjusted = estimate.holm([cast("float", c["permutation_p"]) for c in found])
    predictions = [
        *_levels(seeds, declared), *({**c, "holm_p": p} for c, p in zip(found, adjusted, strict=True))
    ]  # fmt: skip
    planted = [p for p in predictions if p["is_planted"]]
    names = dict.fromkeys(str(p["claim"]) for p in predictions if not p["is_planted"])
    claims = {n: verdict.overall([*planted, *(p for p in predictions if p["claim"] == n)]) for n in sorted(names)}
    steps = [str(s) for s in cast("Sequence[int]", declared["path"])]
    return {
        "summary": {
            "claims": claims,
            "arms": {w: {a: _arm(seeds, w, a, declared) for a in ARMS} for w in WORLDS},
            "learned": {w: {a: distribution(learned(seeds, w, a), declared) for a in PATHS} for w in WORLDS},
            "learned_after": {
                w: [_figure(cast("Json", s[w]), "learned_after") for s in seeds.values()] for w in WORLDS
            },
            "paths": {
                w: {a: {s: _path(seeds, w, a, s) for s in (*steps, "at_learned")} for a in PATHS} for w in WORLDS
            },
            "after_the_run": after_the_run(seeds, declared),
        },
        "predictions": predictions,
        "verdict": verdict.overall(predictions),
    }
