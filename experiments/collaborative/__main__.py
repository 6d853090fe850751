"""`python -m experiments.collaborative run | judge | check | page`."""

from experiments import protocol
from experiments.collaborative import declared

if __name__ == "__main__":
    protocol.main(declared.EXPERIMENT)
