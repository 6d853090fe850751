"""Who does not ask in good faith: families of approach, and the campaign that spends a budget of queries on them.

Takes: a brief and the suite's lore, a budget, a seed, and whether the target's reply can be begun for it. Gives: an
asker that keeps a notebook and commits one answer per part; which families are open to it, and why others are not.
Never: sees an answer key, grades, exceeds its budget, or puts the same query twice.
"""

from counterproof.measure.adversary._campaign import Campaign
from counterproof.measure.adversary._family import Family
from counterproof.measure.adversary._ground import Ground, Saying
from counterproof.measure.adversary._line import Line, Move, after, forced, in_language, primed
from counterproof.measure.adversary._notebook import Notebook
from counterproof.measure.adversary.families import ALL, FAMILIES, available, unavailable

__all__ = [
    "ALL",
    "FAMILIES",
    "Campaign",
    "Family",
    "Ground",
    "Line",
    "Move",
    "Notebook",
    "Saying",
    "after",
    "available",
    "forced",
    "in_language",
    "primed",
    "unavailable",
]
