"""The gate under fault."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.faults.gate_campaign import CONTROLS, Campaign, FAULTS, Result  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", choices=sorted(CONTROLS), default="")
    parser.add_argument("--share", type=float, default=0.001)
    parser.add_argument("--faults", default="all")
    parser.add_argument("--keep", default="")
    given = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    folder = Path(given.keep or tempfile.mkdtemp(prefix="gate-faults-"))
    folder.mkdir(exist_ok=True)
    faults = None if given.faults == "all" else [f for f in given.faults.split(",") if f]
    one = Campaign(folder, given.seed, control=given.control, control_share=given.share)
    try:
        result = asyncio.run(one.run(given.requests, faults))
    finally:
        if not given.keep:
            one.disk.close()
        if one.gate.process.poll() is None:
            one.gate.process.kill()
    print(f"{result.requests} requests in {result.took_s:.0f} s")
    for name in ("statuses", "planted", "faults", "notes"):
        print(name, dict(getattr(result, name)))
    print(
        "blocked",
        result.blocked,
        "decisions",
        result.decisions,
        "sheds",
        result.sheds,
        "peak",
        result.peak_mib,
        result.last_mib,
    )
    print(result.audit)
    print("acts", Counter(a[0] for a in result.acts), "harmful", result.harmful, "caught", result.caught)
    print(len(result.wrong), "wrong")
    for number, text in result.wrong[:60]:
        print(" ", number, text[:400])
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main())
