"""`python -m experiments.silence run | judge | check | page`."""

from experiments import protocol
from experiments.silence import declared

if __name__ == "__main__":
    protocol.main(declared.EXPERIMENT)
