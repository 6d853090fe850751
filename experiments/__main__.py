"""`python -m experiments`: every stored result verified, and the table of verdicts."""

from __future__ import annotations

import sys

from counterproof import errors
from experiments import protocol, verdicts

if __name__ == "__main__":
    try:
        for name in verdicts.ORDER:
            experiment, path = protocol.named(name), verdicts.FOLDER / name / "result.json"
            if not protocol.has_declared_seeds(experiment, protocol.checked(experiment, path)):
                raise protocol.BadResult("it is not of the declared seeds", where=str(path), mend="make it with: run")
    except errors.CounterproofError as exc:
        print(f"error: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    print(verdicts.table(), end="")
