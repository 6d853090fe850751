"""Both event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from counterproof.rely import wire


@pytest.fixture(params=["asyncio", "uvloop"])
def new_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop] | None:
    return None if request.param == "asyncio" else wire.new_loop
