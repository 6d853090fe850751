"""The measurer: asks, keeps what was said, grades it against the suite. It cannot sign.

    suite        what is asked, and what counts as having obtained it
    population   who asks in good faith: candid askers and benign neighbours
    adversary    who does not: families of approach, and the campaign that spends a budget on them
    target       what is measured: a model plus its safety layers
    trial        puts askers to a target in rounds and keeps every word, resumably
    grade        transcripts in, grades out: exact
    instrument   the recipes that join these: containment, calibration

Takes: a suite and a target. Gives: a report, from `instrument`. Never: signs, publishes, or lets an asker see an
answer. The rooms hand over records, not functions; only `instrument` knows the others' faces.
"""
