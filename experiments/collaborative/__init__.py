"""Coercive or collaborative: is a gate taught as reasons less brittle than one taught as rules, at the same coverage?

Takes: nothing but seeds and `declared.py`. Gives: `result.json`, six gates on one organism, read by the package's own
instrument from outside and from inside. Never: says anything about deployed models, relationship or trust.
"""
