"""What one seed of each experiment takes, one process alone, and what that makes for all seeds on two cores.

The figures asked for: one seed at most six minutes; all seeds of truth-seeking in 45 minutes on two cores, of silence
and of belief in 30. Needs torch: run by the training environment.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # `experiments` and `organisms` are no part of the package

from experiments import protocol, verdicts

AT_MOST_MIN = {"truth_seeking": 45.0, "silence": 30.0, "belief": 30.0}
SEED_AT_MOST_S = 360.0
CORES = 2


def main() -> None:
    """Command line; exits with 1 when a figure is missed."""
    missed = 0
    print("experiment      one seed, s   at most   seeds   all on two cores, min   at most   as stored")
    for name in sys.argv[1:] or verdicts.ORDER:
        experiment = protocol.named(name)
        stored = json.loads((experiment.folder / "result.json").read_bytes())["seeds"]
        first = min(stored, key=int)
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            result = protocol.run(experiment, [int(first)], 1, Path(folder))
            took_s = time.monotonic() - began
        same = "yes" if result["seeds"] == {first: stored[first]} else "no"
        whole_min, most = took_s * len(stored) / CORES / 60, AT_MOST_MIN.get(name)
        missed += took_s > SEED_AT_MOST_S or (most is not None and whole_min > most)
        asked = f"{most:9.0f}" if most else "        -"
        print(
            f"{name:14}{took_s:13.0f}{SEED_AT_MOST_S:10.0f}{len(stored):8}{whole_min:24.1f}{asked}{same:>12}",
            flush=True,
        )
    print("all on two cores: one seed's time times the seeds, over two; `as stored`: the very readings of result.json")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
