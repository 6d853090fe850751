"""A whole gate under load while everything around it, and some of what is in it, fails: 100,000 requests.

    python benchmarks/gate_faults.py [--requests 100000] [--seed 1] [--control pass-through|unrecorded|leak]

`counterproof gate serve --workers 2` as processes, its record on a file system that fills up, its memory shared over a
Redis that is killed, between clients on raw sockets and an upstream that answers as a plan says, or breaks. What must
become of each request follows from what was planted in it, told by code that shares nothing with the gate
(tests/faults/gate_plans.py); what did is read from sockets and from the record's lines (tests/faults/gate_oracle.py).

With `--control` the gate is sabotaged on purpose: one event in so many passes unseen, is not written down, or a stream
lets out what is held. Then what is found is held against what was done, and all of it must have been found. Needs
redis-server, and a user who may mount a file system (otherwise the disk is full for the gate's processes alone).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import textwrap
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.faults.gate_campaign import CONTROLS, FAULTS, Campaign, Result

SHARES = {"pass-through": 0.001, "unrecorded": 0.001, "leak": 0.01}


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count)


def report(result: Result, control: str) -> list[str]:
    """What is said of a campaign."""
    spells = Counter({name: n for name, n in result.faults.items() if ":" not in name})
    each = Counter({name: n for name, n in result.faults.items() if ":" in name})
    lines = [
        f"{result.requests:,} requests in {result.took_s:.0f} s, {result.decisions:,} decisions in the record",
        f"answers: {_counted(result.statuses)}",
        f"planted: {_counted(result.planted)}",
        f"spells: {_counted(spells)}",
        f"broken one by one: {_counted(each)}",
        f"turned away and written down: {result.sheds:,}",
        f"safety models that did not answer in time, or were let alone, though nothing was wrong: {result.late:,}",
        f"memory of a process: at most {result.peak_mib:.0f} MiB, {result.last_mib:.0f} MiB at the end",
    ]
    lines += [
        f"audit of {w.worker}: {w.records:,} records, {w.settled:,} decisions computed again, {w.read:,} readings, "
        f"{w.unread:,} not ({w.why_unread or 'none'}), {w.crashes} times killed, {w.torn_bytes} torn bytes"
        for w in result.audit
    ]
    if control:
        lines.append(
            f"control {control}: done {len(result.acts)} times, harmful {result.harmful}, found {result.caught}"
        )
    lines.append(f"wrong: {len(result.wrong)}")
    lines += [f"  not found: {text}" for text in result.missed[:5]]
    return [*lines, *(f"  {number}: {text[:300]}" for number, text in result.wrong[:40])]


def main() -> int:
    """Command line; 1 when anything did not hold, or sabotage was not found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", choices=sorted(CONTROLS), default="")
    parser.add_argument("--faults", default="", help=f"of {', '.join(FAULTS)}; `none`; all where nothing is said")
    parser.add_argument("--keep", type=Path, help="leave the record and all else in this new folder")
    given = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # clients and upstreams that are cut off are what is meant
    folder = given.keep or Path(tempfile.mkdtemp(prefix="gate-faults-"))
    folder.mkdir(exist_ok=True)
    faults = [name for name in given.faults.split(",") if name in FAULTS] if given.faults else None
    one = Campaign(folder, given.seed, control=given.control, control_share=SHARES.get(given.control, 0.0))
    try:
        result = asyncio.run(one.run(given.requests, faults))
    finally:
        one.close(keep=given.keep is not None)
    for line in report(result, given.control):
        print(textwrap.fill(line, 118, subsequent_indent="  "))
    return bool(result.wrong) or result.caught != result.harmful or (bool(given.control) and not result.harmful)


if __name__ == "__main__":
    sys.exit(main())
