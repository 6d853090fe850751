"""`python -m experiments.truth_seeking run | judge | check | page`."""

from experiments import protocol
from experiments.truth_seeking import declared

if __name__ == "__main__":
    protocol.main(declared.EXPERIMENT)
