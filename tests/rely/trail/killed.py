"""What `test_trail_faults.py` runs and kills: a gate under load that tells each decision once it is kept.

`python killed.py FOLDER WORKER`: each line on standard output is the number of a record that took effect.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from counterproof.rely import trail
from tests.rely.trail.small_trail import Worker, opened

if __name__ == "__main__":
    kept = opened(Path(sys.argv[1]), sys.argv[2], trail.Pace(segment_bytes=30_000, head_every=37))
    worker = Worker(kept)
    while True:
        worker.decide()
        os.write(1, b"%d\n" % (kept.n - 1))
