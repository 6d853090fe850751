"""The experiment's machinery from a world to readings, shrunk until nothing is learned."""

from __future__ import annotations

import importlib
import json
import math
import random
from typing import Any, cast

import pytest

from counterproof.measure import suite
from experiments.collaborative import declared
from experiments.collaborative import world as own

TINY: dict[str, Any] = {
    **declared.DECLARED,
    "arms": ["weighed reason"],
    "width": 32,
    "base": {"steps": 2, "peak": 4e-3, "rows": 48},
    "gate": {"steps": 2, "peak": 6e-4, "rows": 24},
    "read": ["direct", "address"],
    "adversary": {
        way: {**means, "budget": 1}
        for way, means in cast("dict[str, dict[str, Any]]", declared.DECLARED["adversary"]).items()
        if way in ("trained", "address")
    },
}


def train() -> Any:  # noqa: ANN401 - the checkers' environment has no torch
    """The experiment's `train`, which loads torch."""
    return importlib.import_module("experiments.collaborative.train")


@pytest.fixture(scope="module")
def readings() -> dict[str, Any]:
    """One seed of a network that has hardly learned anything."""
    return cast("dict[str, Any]", train().one_seed(1, TINY))


def test_one_seed_gives_every_reading(readings: dict[str, Any]) -> None:
    assert set(readings["arms"]) == {"weighed reason"}
    for arm in (readings["base"], readings["arms"]["weighed reason"]):
        assert {"K", "T", "C", "S", "R", "F", "relearned", "refused", "leaked", "mass", "loss"} <= set(arm)
        assert set(arm["relearned"]) == {"0", "5", "10", "20", "30", "60"}
        assert all(0 <= share <= 1 for kind in ("refused", "leaked", "mass") for share in arm[kind].values())
        assert math.isfinite(arm["loss"])
    json.dumps(readings, allow_nan=False)


def test_containment_of_what_knows_nothing_is_not_measured(readings: dict[str, Any]) -> None:
    assert readings["base"]["C"]["trained"] == 0.0
    assert readings["base"]["K"]["trained"] is None


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a class of a module that loads torch
    """Where the organisms of one seed are trained."""
    codex = own.build(2, 4)
    found = suite.parse(own.suite_bytes(codex), where="test")
    return train().Shop(tmp_path_factory.mktemp("shop"), codex, found, 2, TINY)


def test_every_word_of_both_languages_is_one_token(shop: Any) -> None:  # noqa: ANN401 - same
    world = shop.codex.world
    words = [*world.lexicon, *world.lexicon.values()]
    assert [w for w in words if len(shop.tok.encode(w).ids) != 1] == []


def test_which_questions_share_a_batch_does_not_hang_on_the_replies(shop: Any) -> None:  # noqa: ANN401 - same
    module, asked = train(), dict[str, list[list[list[int]]]]()
    for arm in ("rule", "reason", "weighed reason"):
        samples = own.Gate(shop.codex, arm).epoch(random.Random(4))
        batches = list(module.batches(samples, shop.tok, random.Random(9), 24))
        asked[arm] = [[row[:8].tolist() for row in ids] for ids, _ in batches]
    assert [len(b) for b in asked["rule"]] == [len(b) for b in asked["reason"]]
    first = {arm: [sorted(r[:4] for r in batch) for batch in rows] for arm, rows in asked.items()}
    assert first["rule"] == first["reason"] == first["weighed reason"]


def test_training_twice_from_one_seed_gives_the_same_weights(shop: Any) -> None:  # noqa: ANN401 - same
    module, states = train(), list[tuple[float, dict[str, Any]]]()
    for _ in range(2):
        model = module.Decoder(shop.shape, seed=3)
        loss = module.fit(model, own.Gate(shop.codex, "rule").epoch, shop.tok, seed="same", steps=2, peak=6e-4, rows=24)
        states.append((loss, {k: v.tolist() for k, v in model.state().items() if "norm" in k}))
    assert states[0] == states[1]


def test_the_mass_of_the_right_answer_is_a_probability_and_grows_with_training(shop: Any) -> None:  # noqa: ANN401 - same
    module = train()
    model = module.Decoder(shop.shape, seed=3)
    before = module.mass(model, shop.tok, shop.codex, "step")
    goals = shop.codex.world.of("restricted")[:2]

    def lessons(_: random.Random) -> list[Any]:
        return [
            [(q, "", f"{i.steps[n]} .")]
            for i in goals
            for n, q in enumerate(module.questions_of(shop.codex.world, i, "step"))
        ]

    module.fit(model, lessons, shop.tok, seed="mass", steps=60, peak=5e-3, rows=8)
    after = module.mass(model, shop.tok, shop.codex, "step")
    assert 0 <= before < after <= 1
