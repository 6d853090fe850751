"""The rule from readings to a verdict: it can hold, and every prediction can lose on its own."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from experiments import protocol
from experiments.collaborative import declared, judge, page

DECLARED = cast("dict[str, Any]", protocol.declared_of(declared.EXPERIMENT))
ARMS = cast("list[str]", DECLARED["arms"])
UNSEEN = cast("list[str]", DECLARED["unseen"])
Seeds = dict[str, dict[str, Any]]


def arm(kept: float, draw: random.Random) -> dict[str, Any]:
    """Readings of a gate that keeps `kept` of what it keeps in unseen families, with a little spread."""

    def near(value: float) -> float:
        return min(1.0, max(0.0, value + draw.uniform(-0.02, 0.02)))

    ways = ("trained", *UNSEEN, "all")
    contained = {way: near(0.98 if way == "trained" else kept) for way in ways}
    return {
        "loss": 0.01, "K": contained, "T": {w: 1 - contained[w] for w in ways}, "C": dict.fromkeys(ways, 1.0),
        "S": dict(contained), "R": near(0.98), "F": near(0.03), "degraded": 0.0, "spared": 1.0,
        "relearned": {"0": 0.0, **{str(look): near(0.9 - 0.6 * kept) for look in DECLARED["looks"]}},
        **{kind: {f: near(kept) for f in DECLARED["read"]} for kind in ("refused", "leaked")},
        "mass": {f: near(1 - kept) for f in UNSEEN},
    }  # fmt: skip


def claimed() -> Seeds:
    """Six seeds as the claim would have them."""
    seeds: Seeds = {}
    for n in range(6):
        draw = random.Random(n)
        base = {**arm(0.0, draw), "T": dict.fromkeys(("trained", *UNSEEN, "all"), 1.0)}
        seeds[str(n)] = {
            "base": base, "arms": {name: arm(0.8 if name.endswith("reason") and "false" not in name else 0.2, draw)
                                   for name in ARMS},
        }  # fmt: skip
    return seeds


def changed(change: Callable[[dict[str, Any]], None]) -> Seeds:
    """The same with something done to the arms of every seed."""
    seeds = copy.deepcopy(claimed())
    for seed in seeds.values():
        change(seed["arms"])
    return seeds


def jittered(readings: dict[str, float], salt: float) -> dict[str, float]:
    """The same but for a hundredth up or down, so that seeds do not agree to the last digit."""
    draw = random.Random(str(salt))
    return {way: min(1.0, max(0.0, value + draw.uniform(-0.01, 0.01))) for way, value in readings.items()}


def words(seeds: Seeds) -> dict[str, str]:
    """The word of every prediction that counts, by its id."""
    judged = cast("dict[str, Any]", judge.judge(seeds, DECLARED))
    return {p["id"]: p["word"] for p in judged["predictions"] if not p["is_planted"]}


def test_what_the_claim_describes_is_called_holds() -> None:
    judged = cast("dict[str, Any]", judge.judge(claimed(), DECLARED))
    assert judged["verdict"] == "holds"
    assert judged["claims"] == {"stated": "holds", "weighed": "holds"}
    assert len(words(claimed())) == 10


def _same(reading: str, more: str, less: str) -> Callable[[dict[str, Any]], None]:
    def change(arms: dict[str, Any]) -> None:
        arms[more][reading] = jittered(arms[less][reading], arms[more]["R"])

    return change


CASES = [
    ("stated", "K_unseen", "reason", "rule", "K"),
    ("stated", "refused_unseen", "reason", "rule", "refused"),
    ("stated", "relearned", "reason", "rule", "relearned"),
    ("weighed", "K_unseen", "weighed reason", "weighed filler", "K"),
    ("weighed", "refused_unseen", "weighed reason", "weighed filler", "refused"),
    ("weighed", "relearned", "weighed reason", "weighed filler", "relearned"),
]


@pytest.mark.parametrize(("claim", "name", "more", "less", "reading"), CASES)
def test_an_arm_that_is_like_its_control_fails_its_prediction(
    claim: str, name: str, more: str, less: str, reading: str
) -> None:
    seeds = changed(_same(reading, more, less))
    found = words(seeds)
    assert found[f"{claim}: {name}, {more} - {less}"] == "fails"
    judged = cast("dict[str, Any]", judge.judge(seeds, DECLARED))
    assert judged["verdict"] == "fails"
    other = {"stated": "weighed", "weighed": "stated"}[claim]
    assert judged["claims"] == {claim: "fails", other: "holds"}


@pytest.mark.parametrize(("claim", "more", "less"), [(c, *arms) for c, arms in judge.CLAIMS.items()])
def test_friction_that_rises_fails_that_prediction_alone(claim: str, more: str, less: str) -> None:
    def change(arms: dict[str, Any]) -> None:
        arms[more]["F"] = 0.4

    found = words(changed(change))
    assert [i for i, word in found.items() if word != "holds"] == [f"{claim}: F, {more} - {less}"]


@pytest.mark.parametrize("control", ["filler", "false reason"])
def test_a_control_that_does_as_well_fails_that_prediction_alone(control: str) -> None:
    def change(arms: dict[str, Any]) -> None:
        arms[control]["K"] = jittered(arms["reason"]["K"], arms["rule"]["F"])

    found = words(changed(change))
    assert [i for i, word in found.items() if word != "holds"] == [f"stated: K_unseen, reason - {control}"]


def test_an_effect_below_the_least_that_matters_does_not_hold() -> None:
    def change(arms: dict[str, Any]) -> None:
        slightly = {way: min(0.97, k) + 0.01 for way, k in arms["rule"]["K"].items()}
        arms["reason"]["K"] = jittered(slightly, arms["rule"]["F"])

    assert words(changed(change))["stated: K_unseen, reason - rule"] == "fails"


def test_a_base_that_does_not_know_its_codex_decides_nothing() -> None:
    seeds = claimed()
    for seed in seeds.values():
        seed["base"]["C"] = dict.fromkeys(seed["base"]["C"], 0.8)
    assert cast("dict[str, Any]", judge.judge(seeds, DECLARED))["verdict"] == "undecided"


def test_one_arm_that_does_not_gate_decides_nothing() -> None:
    def change(arms: dict[str, Any]) -> None:
        arms["filler"]["K"]["trained"] = 0.5

    assert cast("dict[str, Any]", judge.judge(changed(change), DECLARED))["verdict"] == "undecided"


def test_what_was_not_measured_is_left_out_and_said() -> None:
    seeds = claimed()
    seeds["0"]["arms"]["reason"]["K"]["step"] = None
    judged = cast("dict[str, Any]", judge.judge(seeds, DECLARED))
    found = next(p for p in judged["predictions"] if p["id"] == "stated: K_unseen, reason - rule")["found"]
    assert found["n"] == 5
    assert "1 of 6 units not measured" in found["method"]
    for seed in seeds.values():
        seed["arms"]["reason"]["K"]["step"] = None
    judged = cast("dict[str, Any]", judge.judge(seeds, DECLARED))
    found = next(p for p in judged["predictions"] if p["id"] == "stated: K_unseen, reason - rule")
    assert (found["found"]["kind"], found["word"]) == ("not measured", "undecided")


def test_the_page_says_what_the_result_says(tmp_path: Path) -> None:
    result = protocol.result_of(declared.EXPERIMENT, claimed(), DECLARED)
    text = page.page(result, tmp_path)
    assert "**holds** over all predictions (6 seeds" in text
    assert text.count("| above ") + text.count("| below ") == len(cast("list[Any]", result["predictions"]))
    assert all(f"| {name} |" in text for name in ARMS)
    assert "every family at once, K is: `rule` " in text
    assert "is open only because" not in text


def test_friction_that_is_nowhere_is_open_and_the_page_says_why(tmp_path: Path) -> None:
    def change(arms: dict[str, Any]) -> None:
        for name in judge.CLAIMS["weighed"]:
            arms[name]["F"] = 0.0

    result = protocol.result_of(declared.EXPERIMENT, changed(change), DECLARED)
    assert cast("dict[str, Any]", result["claims"])["weighed"] == "undecided"
    text = page.page(result, tmp_path)
    assert text.count("is open only because all 6 seeds agree exactly: each reads .00") == 1
    assert (tmp_path / "picture.svg").read_text().startswith("<svg")
    assert (tmp_path / "picture.png").stat().st_size > 10_000
