"""Fuzzes every parser with atheris: `python -m fuzz [NAME ...] [--inputs N]`. Exit code 1 if something was found.

What reached new code is kept in fuzz/corpus, what broke the property in fuzz/found; neither is in version control.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

from fuzz.parsers import Parser, parsers

HERE = Path(__file__).parent
DONE = re.compile(r"stat::number_of_executed_units: *(\d+)")
COVERED = re.compile(r"\bcov: (\d+)")


def corpus_of(parser: Parser) -> Path:
    """The folder of inputs to begin with: the seeds, and what earlier runs kept."""
    folder = HERE / "corpus" / parser.name.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    for seed in parser.seeds():
        (folder / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    return folder


def fuzz(parser: Parser, inputs: int) -> tuple[int, str]:
    """How many inputs were done, and what was found (empty: nothing)."""
    found = HERE / "found" / parser.name.replace(" ", "-")
    found.mkdir(parents=True, exist_ok=True)
    longest = max(8_192, 2 * max(len(seed) for seed in parser.seeds()))
    options = [f"-runs={inputs}", f"-max_len={longest}", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    folders = [f"-artifact_prefix={found}/", str(corpus_of(parser))]
    child = [sys.executable, "-m", "fuzz.child", parser.name, *options, *folders]
    ended = subprocess.run(child, capture_output=True, check=False, cwd=HERE.parent)
    said = ended.stderr.decode("utf-8", "replace") + ended.stdout.decode("utf-8", "replace")
    done, covered = DONE.findall(said), COVERED.findall(said)
    count = int(done[-1]) if done else 0
    places = covered[-1] if covered else "?"
    print(f"{parser.name:32} {count:>11,} inputs, {places:>5} places reached", end="", flush=True)
    return count, "" if ended.returncode == 0 and count >= inputs else said


def main() -> int:
    """Fuzzes, prints the counts, and what was found."""
    told = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    told.add_argument("names", nargs="*", metavar="NAME", help="parsers; default: all of them")
    told.add_argument("--inputs", type=int, default=10_000_000, help="inputs over all parsers (default: ten million)")
    asked = told.parse_args()
    chosen = [parser for parser in parsers() if not asked.names or parser.name in asked.names]
    if not chosen or set(asked.names) - {parser.name for parser in chosen}:
        told.error(f"the parsers are {', '.join(parser.name for parser in parsers())}")
    shares = sum(parser.share for parser in chosen)
    total, broken = 0, 0
    for parser in chosen:
        began = time.monotonic()
        done, finding = fuzz(parser, -int(-asked.inputs * parser.share // shares))
        print(f", {time.monotonic() - began:.0f} s{': FOUND' if finding else ''}")
        total, broken = total + done, broken + bool(finding)
        if finding:
            print(finding[-6_000:], file=sys.stderr)
    print(f"{total:,} inputs over {len(chosen)} parsers, {broken} of them broke the property")
    return 1 if broken or total < asked.inputs else 0


if __name__ == "__main__":
    sys.exit(main())
