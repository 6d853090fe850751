"""What training does, where the truth is known: one folder per question, each able to refute what the seeds claim.

Takes: a question declared beforehand (`question.md`), constants (`declared.py`) and seeds. Gives: `result.json` with
the readings of every seed, the rule's verdict and a digest, and `result.md` drawn from it. Never: is imported by the
package, loads torch before a run starts, or lets a clock, a machine or a path into a result.

`trainer`, `train` and `real` are the files that need torch (the extra `train`); the others run in the base install.
"""
