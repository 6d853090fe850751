"""`python -m experiments.belief run | judge | check | page`."""

from experiments import protocol
from experiments.belief.declared import EXPERIMENT

if __name__ == "__main__":
    protocol.main(EXPERIMENT)
