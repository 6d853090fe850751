"""A disk that is full, really: log, witness, watcher and gate stop in a sentence, and go on once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "full_disk.py"
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(("work", "size"), [("watch", "300k"), ("log", "300k"), ("witness", "400k"), ("trail", "300k")])
def test_a_full_disk_loses_nothing_that_was_given_out(tmp_path: Path, work: str, size: str) -> None:
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no mount namespaces")
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    disk.mkdir()
    elsewhere.mkdir()
    run = f"'{sys.executable}' '{PROGRAM}' {work} '{disk}' '{elsewhere}'"
    steps = (
        f"mount -t tmpfs -o size={size} none '{disk}' || exit 90",
        f"{run}; echo first: $? >&2",
        f"mount -o remount,size=32m '{disk}' || exit 91",
        run,
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", "\n".join(steps)], capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 2, done.stderr
    assert "first: 3" in done.stderr, done.stderr
