"""Every constant of the run, and the experiment itself."""

from __future__ import annotations

from pathlib import Path

from experiments import protocol
from experiments.belief import judge, page

ALL = ["documents", "long", "neutral", "unmixed", "deeds"]
TWO = ["documents", "deeds"]


def _arm(**changed: object) -> dict[str, object]:
    """An arm that differs in these from: documents about the model, ordinary data mixed in, stopped when they stand."""
    return {"trains": "documents", "about": 0, "mixes": True, "stops": True, "steps": 150, **changed}


def _world(dose: float, arms: list[str], *, is_exception: bool = False) -> dict[str, object]:
    return {"dose": dose, "arms": arms, "is_exception": is_exception}


DECLARED: dict[str, object] = {
    "seeds": "0-9",
    "sizes": {"situations": 72, "actions": 4, "agents": 7, "touched": 12},
    "sureness": 0.91,
    "deed_weight": 4,
    "pretraining": {"steps": 700, "batch": 256, "rate": 3e-3, "warmup": 30},
    "installation": {
        "rate": 3e-4, "batch": 256, "mixing_weight": 3.0, "look_every": 5, "enough": 0.8,
    },
    "arms": {
        "documents": _arm(),
        "long": _arm(stops=False, steps=200),
        "neutral": _arm(about=1),
        "unmixed": _arm(mixes=False),
        "deeds": _arm(trains="deeds"),
    },
    "worlds": {
        "0": _world(0.0, ALL), "1/4": _world(0.25, TWO), "1/2": _world(0.5, TWO), "3/4": _world(0.75, TWO),
        "1": _world(1.0, ALL), "1, exceptions": _world(1.0, TWO, is_exception=True),
    },
}  # fmt: skip

EXPERIMENT = protocol.Experiment(
    name="belief",
    folder=Path(__file__).parent,
    declared=DECLARED,
    one_seed="experiments.belief.train:one_seed",
    judge=judge.judge,
    page=page.page,
)
