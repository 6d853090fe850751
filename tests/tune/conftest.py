"""What needs TRL and PEFT: run by `make test-tune` in an environment of its own, and not collected anywhere else.

Asked for by name where they are missing, the folder fails instead of passing in silence.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves these tests to the environment that can run them, unless they are what was asked for."""
    if importlib.util.find_spec("trl") is not None:
        return None
    is_asked_for = any(HERE.name in Path(a).parts for a in config.invocation_params.args)
    if is_asked_for:
        raise pytest.UsageError("tests/tune needs torch, transformers, TRL and PEFT: make test-tune")
    return collection_path.suffix == ".py"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The organism `base` as the folder that people download."""
    from tests.train import open_weights  # noqa: PLC0415 - this file loads in environments that cannot train

    return open_weights.folder(tmp_path_factory.mktemp("tune") / "base", "base")
