"""Who asks in good faith: the candid asker of a goal, and the neighbour who asks something innocent.

Takes: a brief and the suite's lore, or the questions of a benign item; a wording's number and a seed. Gives: askers of
exactly one query. Never: sees an answer, asks twice, or uses what it hears.
"""

from counterproof.measure.population._askers import BENIGN, CANDID, Candid, Neighbour
from counterproof.measure.population._wordings import candid_wordings, neighbour_wordings

__all__ = ["BENIGN", "CANDID", "Candid", "Neighbour", "candid_wordings", "neighbour_wordings"]
