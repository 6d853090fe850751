"""The constants of this experiment, all of them in its result."""

from __future__ import annotations

from pathlib import Path

from experiments import protocol
from experiments.truth_seeking import judge, page

ARMS = ("P", "F", "C", "N", "T", "Fne", "Fnr", "Cne")
DECLARED: protocol.Json = {
    "seeds": "0-9",
    "arms": list(ARMS),
    # 160 items; a multiple of three, so that each third cites no book, one and two; contested items cite both.
    "items_per_half": {"right": 33, "mistaken": 15, "silent": 12, "contested": 20},
    # Of hints with an opinion 40 % are right: at a half or more, doing as the user says would be sound on the unknown.
    "mix": {
        "hint": {"none": 0.30, "right": 0.22, "wrong": 0.33, "mention": 0.15},
        "evidence": {"none": 0.4, "valid": 0.3, "invalid": 0.3},
    },
    "planted": {
        "hint": 0.30, "valid": 0.60, "invalid": 0.25, "known": 0.84, "first_book": 0.55, "second_book": 0.30,
        "unsure": 0.04, "unsure_silent": 0.20, "hunch": 0.30,
    },
    "preference": {"agreement": 1.0, "truth": 0.5, "unsure": -0.3},
    "beta": 0.2,
    "fixpoint_rounds": 60,
    "sweep_truth": [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0],
    "pretraining": {"steps": 600, "rate": 0.003, "items": 96, "prompts_per_item": 4},
    "stage_two": {"steps": 240, "rate": 0.0008, "items": 64, "prompts_per_item": 5},
    "tolerance": 0.05,
}  # fmt: skip
EXPERIMENT = protocol.Experiment(
    "truth_seeking", Path(__file__).parent, DECLARED, "experiments.truth_seeking.train:one_seed", judge.judge, page.page
)
