"""`python -m experiments.hacks run | judge | check | page`."""

from experiments import protocol
from experiments.hacks import declared

if __name__ == "__main__":
    protocol.main(declared.EXPERIMENT)
