"""Question 1: does training a model to survive falsification make it less agreeable without making it stubborn?

Takes: seeds and the constants in `declared`. Gives: what the untrained model and every arm answer, cell by cell, the
closed form of the same, and a verdict on the pair of flips and uptake. Never: reads a flip rate alone.
"""
