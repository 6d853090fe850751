"""Silence after retraining: does an objection that stops being voiced stop being held?

Takes: nothing but seeds and `declared.py`. Gives: `result.json`, nine rows of a vector of readings each, judged by the
package's own rule (`counterproof.measure.instrument.silence`). Never: says anything about deployed models; what is
known here is planted.
"""
