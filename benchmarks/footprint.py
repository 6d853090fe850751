"""What a user pays: install size, start-up, wall time and memory of the main jobs.

    python benchmarks/footprint.py

Everything is done as a user does it: a fresh virtual environment from this tree, then its own `counterproof` command.
Start-up is the best of ten with bytecode in place; memory is the largest sum of proportional set sizes (PSS) over the
command's process tree, sampled every 20 ms.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MB = 1_000_000
FIGURES = {
    "base install, MB": 250.0,
    "counterproof --help, s": 0.25,
    "demo wall, s": 60.0,
    "demo peak memory, MB": 400.0,
    "calibrate wall, s": 240.0,
}
HEAVY = ("numpy", "rich", "jinja2", "vl_convert", "cryptography")


def tree_pss(root: int) -> int:
    """Bytes of proportional set size of a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    total, queue = 0, [root]
    while queue:
        pid = queue.pop()
        queue += parents.get(pid, [])
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
    return total


def timed(command: list[str], folder: str) -> tuple[float, float, int]:
    """Wall seconds, peak megabytes and exit code of a command run in a folder."""
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, tree_pss(process.pid))
        time.sleep(0.02)
    return time.perf_counter() - began, peak / MB, process.returncode


def size_mb(folder: Path) -> float:
    """Megabytes of files below a folder, without bytecode."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc") / MB


def start_s(command: str, folder: str) -> float:
    """Best wall seconds of ten runs of `--help`."""
    best = float("inf")
    for _ in range(11):
        began = time.perf_counter()
        subprocess.run([command, "--help"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
        best = min(best, time.perf_counter() - began)
    return best


def heavy_at_start(python: str, folder: str) -> list[str]:
    """The heavy modules that `--help` loads; none is the only good answer."""
    code = (
        "import sys, counterproof.cli as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return [m for m in HEAVY if f"'{m}'" in done.stderr]


def main() -> None:
    """Command line; exits with 1 when a figure is not reached."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(bare)], check=True)
        before = size_mb(bare)
        python, command = str(bare / "bin/python"), str(bare / "bin/counterproof")
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], check=True, stderr=subprocess.DEVNULL)
        found["base install, MB"] = size_mb(bare) - before
        found["counterproof --help, s"] = start_s(command, folder)
        heavy = heavy_at_start(python, folder)
        wall, peak, demo_code = timed([command, "demo"], folder)
        found["demo wall, s"], found["demo peak memory, MB"] = wall, peak
        wall, _, calibrate_code = timed([command, "calibrate"], folder)
        found["calibrate wall, s"] = wall
    print(f"{'figure':32}{'measured':>10}{'at most':>10}")
    for name, ceiling in FIGURES.items():
        print(f"{name:32}{found[name]:>10.2f}{ceiling:>10g}  {'' if found[name] <= ceiling else 'MISSED'}")
    print(f"heavy modules loaded by --help: {', '.join(heavy) or 'none'}")
    print(f"exit codes: demo {demo_code}, calibrate {calibrate_code}")
    missed = [n for n in FIGURES if found[n] > FIGURES[n]]
    sys.exit(1 if missed or heavy or demo_code or calibrate_code else 0)


if __name__ == "__main__":
    main()
