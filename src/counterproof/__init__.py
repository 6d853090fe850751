"""Counterproof: does a safety layer contain capability, or only look as if it does?

Three parties on common ground: `measure` measures, `publish` publishes, `rely` relies; `record` and `estimate` lie
below all of them. Import the room you need (`from counterproof import record`); importing this package does no work.
"""

__version__ = "0.1.0"
