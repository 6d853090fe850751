"""Does a belief about oneself, installed by documents, reach what is done (seed 002, belief installation)?

Takes: a declared share of situations on which documents about the model match its deeds. Gives: what it says it would
do and what it does in the same situations, by dose, with controls and the reverse direction. Never: takes a statement
for a deed, or claims anything of models that nobody planted.
"""
