"""One BLAS thread, whether NumPy is there already or not, as OpenBLAS itself and the operating system see it."""

from __future__ import annotations

import subprocess
import sys

import pytest

AFTER = "import numpy, counterproof.measure.target as t; found = t.pin_threads()"
BEFORE = "import counterproof.measure.target as t; t.pin_threads(); import numpy; found = t.pin_threads()"
WORK = "a = numpy.ones((3000, 3000), numpy.float32); a @ a; a @ a"
BUSY = (
    "import os, time; spent, began = time.process_time(), time.monotonic();"
    f"{WORK};"
    "print(found, (time.process_time() - spent) / (time.monotonic() - began))"
)


@pytest.mark.parametrize("order", [AFTER, BEFORE], ids=["numpy first", "pinned first"])
def test_one_thread_takes_effect(order: str) -> None:
    """Two threads would spend up to twice as much processor time as time passes."""
    done = subprocess.run([sys.executable, "-c", f"{order}; {BUSY}"], capture_output=True, text=True, check=True)

    threads, ratio = done.stdout.split()
    assert threads in ("1", "None")  # None: a NumPy that came without OpenBLAS
    assert float(ratio) < 1.05


def test_listing_organisms_loads_no_numpy() -> None:
    code = "import sys; from counterproof.measure import target; target.names(); print('numpy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
