"""Hacks: does a gamed checker in one context make a model misbehave in others, and what do three mitigations leave?

Takes: constants (`declared`), a planted world (`world`). Gives: the spread of misbehaviour over seeds, with and without
correlated characters in pretraining, arm by arm and prompt by prompt; three claims held against it. Never: a mean
without its distribution, evidence about deployed models.
"""
