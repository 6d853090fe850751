"""One BLAS thread per process: on small matrices threads wait for each other; processes are how to use more cores.

Loads no NumPy, so that it can be called before anything does.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")
# NumPy's wheels rename OpenBLAS's symbols: scipy_ before, 64_ after. Distributions do one of these or neither.
_SYMBOLS = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads",
            "openblas_{}_num_threads")  # fmt: skip


def pin_threads() -> int | None:
    """Holds this process, and processes it starts, to one BLAS thread.

    Before NumPy is loaded the environment is enough; afterwards the OpenBLAS that came with NumPy is told directly.

    Returns:
        The number of threads that the loaded OpenBLAS now uses, or None where NumPy is not loaded yet or uses another
        BLAS, which then follows the environment.
    """
    for variable in VARIABLES:
        os.environ[variable] = "1"
    numpy = sys.modules.get("numpy")
    if numpy is None or numpy.__file__ is None:
        return None
    package = Path(numpy.__file__).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs", package.parent / "numpy" / ".libs")
    for library in sorted(p for f in folders if f.is_dir() for p in f.glob("*openblas*")):
        threads = _told(library)
        if threads is not None:
            return threads
    return None


def _told(library: Path) -> int | None:
    """Sets one thread in a library that is loaded already; None if it knows none of the symbols."""
    try:
        handle = ctypes.CDLL(str(library))
    except OSError:
        return None
    for symbol in _SYMBOLS:
        if hasattr(handle, symbol.format("set")):
            getattr(handle, symbol.format("set"))(1)
            return int(getattr(handle, symbol.format("get"))())
    return None
