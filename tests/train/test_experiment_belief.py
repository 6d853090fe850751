"""The belief experiment trained small: two worlds of a few situations, enough to see each part do its work."""

from __future__ import annotations

import copy
import importlib
from typing import Any, cast

import pytest

from experiments.belief import declared, judge

SMALL = {"situations": 24, "actions": 4, "agents": 4, "touched": 4}


def _train() -> Any:  # noqa: ANN401 - the checkers' environment has no torch
    return importlib.import_module("experiments.belief.train")


def _world() -> Any:  # noqa: ANN401 - same
    return importlib.import_module("experiments.belief.world")


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    """The declaration made small: one world, the arms that differ most."""
    found = cast("dict[str, Any]", copy.deepcopy(declared.DECLARED))
    found["sizes"] = SMALL
    found["pretraining"] = {**found["pretraining"], "steps": 200, "batch": 128}
    found["worlds"] = {"1": {"dose": 1.0, "arms": ["documents", "neutral", "deeds"], "is_exception": False}}
    return found


@pytest.fixture(scope="module")
def found(plan: dict[str, Any]) -> dict[str, Any]:
    """One seed's readings."""
    return cast("dict[str, Any]", _train().one_seed(3, plan))


def test_the_base_knows_its_world_and_nothing_of_the_claims(found: dict[str, Any]) -> None:
    base = found["1"]["arms"]["base"]
    assert base["known"]["others_mixed"] > 0.8
    assert base["touched"]["stated_before"] > 0.8
    assert base["touched"]["enacted_before"] > 0.8
    assert base["touched"]["stated"] < 0.1
    assert base["touched"]["enacted"] < 0.1


def test_documents_install_what_is_stated_in_forms_that_installed_nothing(found: dict[str, Any]) -> None:
    arm = found["1"]["arms"]["documents"]
    assert min(arm["touched"]["by_form"][form] for form in _world().STATED) > 0.5
    assert arm["touched"]["gap"] == pytest.approx(arm["touched"]["stated"] - arm["touched"]["enacted"])


def test_neutral_documents_install_it_of_the_other_agent_and_not_of_the_model(found: dict[str, Any]) -> None:
    arm = found["1"]["arms"]["neutral"]
    assert arm["known"]["neutral_stated"] > 0.6
    assert arm["touched"]["stated"] < arm["known"]["neutral_stated"] - 0.3


def test_trained_deeds_are_done(found: dict[str, Any]) -> None:
    assert found["1"]["arms"]["deeds"]["touched"]["enacted"] >= 0.8


def test_every_reading_is_one_that_the_rule_looks_for(found: dict[str, Any]) -> None:
    for arm in found["1"]["arms"].values():
        for path in judge.FIGURES.values():
            value: Any = arm
            for name in path:
                value = value[name]
            assert -1 <= value <= 1


def test_the_same_seed_gives_the_same_readings(plan: dict[str, Any], found: dict[str, Any]) -> None:
    again = cast("dict[str, Any]", _train().one_seed(3, plan))
    assert again == found


def test_another_seed_gives_others(plan: dict[str, Any], found: dict[str, Any]) -> None:
    shorter = copy.deepcopy(plan)
    shorter["worlds"]["1"]["arms"] = []
    assert _train().one_seed(4, shorter)["1"]["arms"]["base"] != found["1"]["arms"]["base"]
