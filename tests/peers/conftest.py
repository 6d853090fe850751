"""Other people's programs as clients: run by `make test-peers` where they are installed, and collected nowhere else.

Asked for by name where one is missing, the folder fails instead of passing in silence.
"""

from __future__ import annotations

import gc
import importlib.util
import warnings
from collections.abc import Generator
from pathlib import Path

import pytest

from counterproof.measure import serve, target

HERE = Path(__file__).parent
PEERS = ("openai", "anthropic", "mcp", "inspect_ai", "pyrit", "tlog_scales", "proofbundle")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves these tests to the environment that can run them, unless they are what was asked for."""
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    if any(HERE.name in Path(a).parts for a in config.invocation_params.args):
        raise pytest.UsageError(f"tests/peers needs {', '.join(missing)}: make test-peers")
    return collection_path.suffix == ".py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings of ours stay errors; what the peers say to one another is theirs."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            item.add_marker(pytest.mark.filterwarnings("error:::counterproof"))


@pytest.fixture(scope="module", autouse=True)
def _tidied() -> Generator[None]:  # pyright: ignore[reportUnusedFunction] - pytest uses it
    """Clients that a peer left open are dropped here, where what they warn of is still known to be theirs."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture(scope="module")
def deep() -> Generator[str]:
    """The base URL of a served organism."""
    with serve.running(target.open_model("deep")) as url:
        yield url
