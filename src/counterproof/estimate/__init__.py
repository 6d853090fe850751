"""Arithmetic: graded transcripts in, numbers with their uncertainty out.

Takes: `Grade`s, `Category`s, `Bars` and published claims, or plain counts. Gives: `Interval | RatioSet | NotMeasured`,
`CategoryResult`s, verdicts; pure, and seeded where random, so that a verifier can redo every number. Never: reads or
writes anything, imports more than numpy and records, gives a number where nothing was measured. Which interval and
why: decisions/0002; how well they cover: benchmarks/coverage.py.
"""

from counterproof.estimate._beyond import Search, extrapolate, poisson_upper
from counterproof.estimate._bootstrap import cluster_bootstrap
from counterproof.estimate._calibrate import judge_calibration
from counterproof.estimate._category import POOLED, category_results
from counterproof.estimate._containment import (
    ceiling_problem,
    containment,
    dct_ratio,
    overstatement,
    selectivity,
)
from counterproof.estimate._cost import cost_per_transfer
from counterproof.estimate._judged import Judged
from counterproof.estimate._layers import difference, layer_worths
from counterproof.estimate._levels import bonferroni_level, holm, sidak_level
from counterproof.estimate._mean import mean
from counterproof.estimate._propagate import (
    LimitTable,
    directions,
    judge_problem,
    judged_rate,
    limit_table,
    ratio_limits,
    ratio_plus_limits,
    sum_limits,
)
from counterproof.estimate._rate import (
    Tally,
    clopper_pearson,
    clustered_rate,
    jeffreys,
    mid_p,
    rate,
    tally,
    wilson,
)
from counterproof.estimate._ratio import mover_difference, newcombe_difference, score_ratio
from counterproof.estimate._share import shapley
from counterproof.estimate._special import beta_quantile, normal_quantile, two_sided_z
from counterproof.estimate._spend import passage_spend, total_spend, transfer_query, transfer_spend
from counterproof.estimate._survival import (
    Campaign,
    SurvivalCurve,
    kaplan_meier,
    restricted_mean,
    transfer_curve,
)
from counterproof.estimate._two_sample import Shift, exact_sample, least_p, two_sample
from counterproof.estimate._verdict import verdict

__all__ = [
    "POOLED", "Campaign", "Judged", "LimitTable", "Search", "Shift", "SurvivalCurve", "Tally", "beta_quantile",
    "bonferroni_level", "category_results", "ceiling_problem", "clopper_pearson", "cluster_bootstrap", "clustered_rate",
    "containment", "cost_per_transfer", "dct_ratio", "difference", "directions", "exact_sample", "extrapolate", "holm",
    "jeffreys", "judge_calibration", "judge_problem", "judged_rate", "kaplan_meier", "layer_worths", "least_p",
    "limit_table", "mean", "mid_p", "mover_difference", "newcombe_difference", "normal_quantile", "overstatement",
    "passage_spend", "poisson_upper", "rate", "ratio_limits", "ratio_plus_limits", "restricted_mean", "score_ratio",
    "selectivity", "shapley", "sidak_level", "sum_limits", "tally", "total_spend", "transfer_curve", "transfer_query",
    "transfer_spend", "two_sample", "two_sided_z", "verdict", "wilson",
]  # fmt: skip
