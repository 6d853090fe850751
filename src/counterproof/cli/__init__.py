"""The command line: `counterproof demo`, `measure`, `calibrate`, `report`, `organisms`, `suite check`.

Takes: arguments, and the same from the environment (COUNTERPROOF_MEASURE_BUDGET, ...). Gives: exit codes (0 done, 2 bad
input, 3 the machine could not keep it, 100 the instrument is not true, 130 stopped by hand) and one sentence for every
refusal. Never: a traceback for what a user did, or a heavy import before a command needs it.
"""

from counterproof.cli._main import main

__all__ = ["main"]
