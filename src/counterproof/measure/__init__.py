"""The measurer: asks, keeps what was said, grades it against the suite. It cannot sign."""
