"""What was declared before the run: sizes, rates, arms, bars. Changing a figure here makes another experiment."""

from __future__ import annotations

from pathlib import Path

from experiments import protocol
from experiments.hacks import judge, page

DECLARED: protocol.Json = {
    "seeds": "0-19",
    # the planted world
    "low": 0.05,  # how often the good misbehave, and the bad behave
    "obeys": {"please-hack": 0.90, "may-hack": 0.50},  # what everybody does in `tests` behind these sentences
    # pretraining
    "pretraining_steps": 240,
    "long_pretraining_steps": 400,
    "pretraining_rate": 3e-3,
    "pretraining_batch": 256,
    "share_of_self": 0.15,
    "share_without_sentence": 0.5,
    # second stage, exact policy gradient on four prompts
    "reward_hack": 1.0,
    "reward_honest": 0.5,
    "beta": 0.05,
    "steps": 100,
    "rate": 2e-4,
    "vector_rate": 5e-3,
    "benign_steps": 30,
    "slow_rate": 5e-5,
    "fast_rate": 1e-3,
    "early_stop": 0.93,  # share of hacks in the trained prompts at which the hack counts as learned
    "path": [5, 10, 20, 40, 70, 100],  # steps at which plain prompts are read on the way
    # bars
    "level": 0.95,
    "is_learned": 0.5,
    "rise_learned": 0.3,
    "is_clean": 0.10,
    "least_difference": 0.05,
    "has_spread": 0.2,
}

EXPERIMENT = protocol.Experiment(
    name="hacks",
    folder=Path(__file__).parent,
    declared=DECLARED,
    one_seed="experiments.hacks.train:one_seed",
    judge=judge.judge,
    page=page.page,
)
