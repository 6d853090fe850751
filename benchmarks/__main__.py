"""Runs every benchmark beside its yardstick and writes benchmarks/RESULTS.md: `python -m benchmarks [NAME...]`.

Each program measures in one run what it is compared with, prints what it found, and exits non-zero when a published
figure was not reached. A result that was missed is written down like any other.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = (
    "footprint", "inference", "campaign", "endpoint", "serve", "coverage", "judged_coverage", "adversary", "whitebox",
    "sweep", "inspect_overhead", "verify", "continuity", "log", "gate",
    "gate_faults", "experiments",
)  # fmt: skip
FOLDERS = {"gate": "gate/run.py"}
# Two programs need torch; one needs Ray, and one Inspect.
OTHERS = {
    "whitebox": HERE.parent / ".venv-train/bin/python",
    "experiments": HERE.parent / ".venv-train/bin/python",
    "sweep": HERE.parent / ".venv-scale/bin/python",
    "inspect_overhead": HERE.parent / ".venv-peers/bin/python",
}


def machine() -> str:
    """The machine and the versions that the figures hang on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    cpu = named[0] if named else platform.processor() or "unknown processor"
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory_gib:.0f} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, NumPy {version('numpy')}"
    )


def main() -> None:
    """Command line; exits with 1 when any program says that a figure was not reached."""
    chosen = sys.argv[1:] or PROGRAMS
    head = "Written by `make bench`; every figure comes from one run on one machine, beside its yardstick."
    date = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}"
    parts = [f"# Benchmark results\n\n{head}\n\n- machine: {machine()}\n- date: {date}\n"]
    missed: list[str] = []
    for name in chosen:
        script = FOLDERS.get(name, f"{name}.py")
        print(f"--- {name}", flush=True)
        python = str(OTHERS.get(name, sys.executable))
        done = subprocess.run(
            [python, str(HERE / script)], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
        )  # fmt: skip
        print(done.stdout + done.stderr, flush=True)
        verdict = "every figure reached" if done.returncode == 0 else "NOT every figure reached"
        missed += [name] if done.returncode else []
        parts.append(f"## {name}: {verdict}\n\n`python benchmarks/{script}`\n\n```text\n{done.stdout.rstrip()}\n```\n")
    if set(chosen) == set(PROGRAMS):
        (HERE / "RESULTS.md").write_text("\n".join(parts))
    sys.exit(f"not reached: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
