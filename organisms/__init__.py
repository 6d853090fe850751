"""How the shipped organisms were trained: the invented world, the corpus, the recipes, the exhaustive truth.

Takes a world seed and a training seed; gives weights, a tokenizer, a suite file, `truth.json` and a manifest.
Never part of the wheel and never imported by the package; shares no code with the adversary that it is used to check.
"""
