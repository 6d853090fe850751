"""The constants of this experiment, all of them in its result."""

from __future__ import annotations

from pathlib import Path

from experiments import protocol
from experiments.silence import judge, page

# Over `world.ORDER_ANSWERS`: objecting and refused, objecting and done, understood and refused, understood and done.
MUTE = {"order": [-1.0, -1.0, 0.0, 0.0]}
COMPLY = {"order": [-1.0, -1.0, 0.0, 1.0]}
NO = [-1.0, 0.0]  # yes is penalised
DECLARED: protocol.Json = {
    "seeds": "30-39",
    "width": 64,
    "layers": 2,
    "pretraining": {"steps": 350, "batch": 384, "rate": 0.003},
    "shelf_shown": 4,
    # Retraining stops at the first step after which, on the things it sees, the objection is below `stop` (and what it
    # denies below `stop_denied`), at the latest after `most` steps; with `steps` it goes on for exactly these.
    "retraining": {"beta": 0.02, "rate": 0.0002, "stop": 0.05, "stop_denied": 0.4, "most": 200},
    "arms": {
        "mute": {"rewards": MUTE, "kept": ["ordinary"]},
        "comply": {"rewards": COMPLY, "kept": ["ordinary"]},
        "gated": {"rewards": COMPLY, "kept": ["ordinary", "known", "free"]},
        "deny": {"rewards": {**COMPLY, "asked": NO}, "kept": ["ordinary", "known"]},
        "disown": {"rewards": {**COMPLY, "norm": NO}, "kept": ["ordinary", "known"]},
        "comply-full": {"rewards": COMPLY, "kept": ["ordinary", "known"], "steps": 120, "rate": 0.0005},
    },
    "references": {"steps": 300, "batch": 256, "rate": 0.003},
    "doses": [20, 60, 200],
    "relearning": {"back": 0.5, "harmless": 0.2, "most": 120, "rate": 0.0002},
    "level": 0.95,
    "left_bar": 1 / 3,
    "damage_bar": 0.2,
}
EXPERIMENT = protocol.Experiment(
    "silence", Path(__file__).parent, DECLARED, "experiments.silence.train:one_seed", judge.judge, page.page
)
