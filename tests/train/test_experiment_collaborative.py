"""The experiment's machinery from training to verdict, shrunk until nothing is learned."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from typing import Any, cast

import pytest

from experiments.collaborative import declared, judge

TINY = {
    **declared.DECLARED,
    "arms": ["rule", "weighed reason"],
    "width": 32,
    "base": {"steps": 6, "peak": 4e-3, "rows": 48},
    "gate": {"steps": 3, "peak": 6e-4, "rows": 24},
    "read": ["direct", "lang2", "step", "address"],
    "adversary": {
        way: {**means, "budget": 2}
        for way, means in cast("dict[str, dict[str, Any]]", declared.DECLARED["adversary"]).items()
    },
}


def train() -> Any:  # noqa: ANN401 - the checkers' environment has no torch
    """The experiment's `train`, which loads torch."""
    return importlib.import_module("experiments.collaborative.train")


@pytest.fixture(scope="module")
def readings() -> dict[str, Any]:
    """One seed of a network that has hardly learned anything."""
    one_seed: Callable[[int, dict[str, Any]], dict[str, Any]] = train().one_seed
    return one_seed(1, TINY)


def test_one_seed_gives_every_reading_of_every_arm(readings: dict[str, Any]) -> None:
    assert set(readings["arms"]) == {"rule", "weighed reason"}
    for arm in (readings["base"], *readings["arms"].values()):
        assert {"K", "T", "C", "S", "R", "F", "relearned", "refused", "leaked", "given", "mass", "loss"} <= set(arm)
        assert set(arm["relearned"]) == {"0", "5", "10", "20", "30", "60"}
        assert all(0 <= share <= 1 for kind in ("refused", "leaked", "given", "mass") for share in arm[kind].values())
        assert math.isfinite(arm["loss"])
    json.dumps(readings, allow_nan=False)


def test_containment_of_what_knows_nothing_is_not_measured(readings: dict[str, Any]) -> None:
    assert readings["base"]["C"]["trained"] == 0.0
    assert readings["base"]["K"]["trained"] is None


def test_the_same_seed_gives_the_same_readings(readings: dict[str, Any]) -> None:
    assert train().one_seed(1, TINY) == readings


def test_the_rule_takes_what_was_not_measured_as_undecided(readings: dict[str, Any]) -> None:
    seeds = {str(n): readings for n in range(3)}
    arms = {"rule": "rule", "filler": "rule", "false reason": "rule", "reason": "weighed reason"}
    arms |= {"reason first": "rule", "weighed filler": "rule", "weighed reason": "weighed reason"}
    full = {n: {**r, "arms": {arm: r["arms"][like] for arm, like in arms.items()}} for n, r in seeds.items()}
    judged = judge.judge(full, declared.DECLARED)
    assert judged["verdict"] == "undecided"
