"""Runs by `make test-faults` (a sample) and `make faults` (every system call); collected nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves these tests out unless they are what was asked for: they take minutes and need strace."""
    is_asked_for = any(HERE.name in Path(a).parts for a in config.invocation_params.args)
    return None if is_asked_for else collection_path.suffix == ".py"
