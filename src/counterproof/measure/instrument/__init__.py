"""The recipes: which askers, put to which targets, graded and estimated how.

Takes: the names of a suite and of targets, a budget, declared bars. Gives: `containment` (a plan, a run, a report),
`price` (what a run will cost at endpoints), `calibration` (the same, held against organisms whose truth is known),
`whitebox` (what open weights give up, in a report of its own), `continuity` (whether two systems are one) and `silence`
(whether an objection that training took away was resolved; `silence_ask` asks checkpoints for it);
`read_calibration`, the error rates without which no judge rates anything; `seats` says who asks what in an arm, for
whoever puts askers to a target in another way than `trial` does. Never: computes a statistic itself, or writes a report
with a clock, a machine or a path in it: the same run has the same bytes anywhere.
"""

from counterproof.measure.instrument import _calibration as calibration
from counterproof.measure.instrument import _containment as containment
from counterproof.measure.instrument import _continuity as continuity
from counterproof.measure.instrument import _seats as seats
from counterproof.measure.instrument import _silence as silence
from counterproof.measure.instrument import _silence_ask as silence_ask
from counterproof.measure.instrument import _whitebox as whitebox
from counterproof.measure.instrument._judged import read_calibration, refuse_unrated
from counterproof.measure.instrument._price import Price, price

__all__ = [
    "Price", "calibration", "containment", "continuity", "price", "read_calibration", "refuse_unrated", "seats",
    "silence", "silence_ask", "whitebox",
]  # fmt: skip
