"""Every parser of the chain, fed what nobody should feed it: `python -m fuzz` with atheris, tests/fuzz without.

The property: a typed refusal or acceptance, never anything else; and what is accepted is written as the same bytes.
"""
