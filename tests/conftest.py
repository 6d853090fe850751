"""What holds for every test: no network beyond this machine, reproducible property tests, one real browser."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import cast

import hypothesis
import pytest

# Examples are drawn anew with `--hypothesis-profile=explore`; the suite itself gives the same answer every time.
# No deadline: how fast an example runs says more about the machine than about the code.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("suite")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _refuse_the_network(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple):
        host = str(cast("tuple[object, ...]", address)[0])
        if host != "localhost" and not host.startswith("127.") and host != "::1":
            raise PermissionError(f"tests need no network, but something connects to {host}")


sys.addaudithook(_refuse_the_network)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """A real browser on this machine; a missing one is a failure, never a skipped test."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    raise pytest.fail.Exception("no browser to look at the report with: install Debian's package chromium")
