"""Every arm without a network: the best policy under a reward and a leash, as a table.

max E_pi[r] - beta KL(pi || base) is solved by pi(a | x) proportional to base(a | x) exp(r(x, a) / beta), prompt by
prompt (Korbak et al. 2022, "RL with KL penalties is better viewed as Bayesian inference", section 3). The table has no
weights to share: what an arm never saw, it never changes. Where a network differs from it, generalisation is at work.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from experiments.truth_seeking import world as _world
from experiments.truth_seeking.world import Floats

SETTLED = 1e-7


def tilted(base_N_A: Floats, reward_N_A: Floats, beta: float) -> Floats:
    """The policy proportional to base * exp(reward / beta), row by row."""
    log = np.log(base_N_A) + reward_N_A / beta
    odds: Floats = np.exp(log - log.max(axis=1, keepdims=True))
    whole: Floats = odds.sum(axis=1, keepdims=True)
    return odds / whole


def fixpoint(
    base_N_A: Floats, asked: _world.Prompts, share_N: Floats, beta: float, rounds: int, start_N_A: Floats | None = None
) -> Floats:  # fmt: skip
    """The same where the reward of an answer is how often the policy itself gives it to the item, over the mix.

    Solved by repetition, half a step each round. Several fixpoints exist, and the start decides which is found: without
    one it is the base, where training starts too. `share_N` weighs the prompts; those of one item stand together.
    """
    starts = np.flatnonzero(np.diff(asked.item_N, prepend=-1))
    whole_I = np.add.reduceat(share_N, starts)
    place_N = np.cumsum(np.diff(asked.item_N, prepend=asked.item_N[0]) != 0)
    found, log_base_N_A = base_N_A if start_N_A is None else start_N_A, np.log(base_N_A)
    for _ in range(rounds):
        own_I_A = np.add.reduceat(share_N[:, None] * found, starts) / whole_I[:, None]
        odds = np.exp(log_base_N_A + own_I_A[place_N] / beta)
        step = odds / odds.sum(axis=1, keepdims=True) - found
        found = found + 0.5 * step
        if float(np.abs(step).max()) < SETTLED:
            break
    return found


def settled_on_first_answers(world: _world.Items, asked: _world.Prompts, declared: Mapping[str, object]) -> Floats:
    """C's other fixpoint, (N, answers): reached where every prompt about an item is answered as the item alone."""
    base = _world.planted(world, asked, declared)
    is_alone_N = (asked.hint_N == 0) & (asked.evidence_N == 0)
    first_I = np.zeros(len(world.kind_I), dtype=np.int64)
    first_I[asked.item_N[is_alone_N]] = base[is_alone_N].argmax(axis=1)
    start = np.eye(base.shape[1])[first_I[asked.item_N]]
    beta, rounds = _settings(declared)
    return fixpoint(base, asked, asked.share_N, beta, rounds, start)


def _settings(declared: Mapping[str, object]) -> tuple[float, int]:
    beta, rounds = declared["beta"], declared["fixpoint_rounds"]
    if not isinstance(beta, float) or not isinstance(rounds, int):
        raise TypeError("beta is a float, fixpoint_rounds a whole number")
    return beta, rounds


def policy(arm: str, world: _world.Items, asked: _world.Prompts, declared: Mapping[str, object]) -> Floats:
    """The table of an arm, (N, answers), as if every item were trained on; `base` is the plan itself."""
    base = _world.planted(world, asked, declared)
    if arm == "base":
        return base
    beta, rounds = _settings(declared)
    is_in_mix_N = _world.in_mix(arm, asked)
    if arm in _world.CONSISTENT:
        trained = fixpoint(base, asked, asked.share_N * is_in_mix_N, beta, rounds)
    else:
        trained = tilted(base, _world.reward(arm, world, asked, declared), beta)
    return np.where(is_in_mix_N[:, None], trained, base)
