"""A server on Python's loop and on uvloop's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator

import pytest

from counterproof import server
from counterproof.rely import wire
from tests.rely.wire.sockets import Served, Serving, echo


@pytest.fixture(params=["asyncio", "uvloop"])
def new_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop] | None:
    return None if request.param == "asyncio" else wire.new_loop


@pytest.fixture
def serving(new_loop: Callable[[], asyncio.AbstractEventLoop] | None) -> Serving:
    @contextlib.contextmanager
    def work(
        handler: wire.Handler = echo, limits: wire.Limits | None = None, hooks: wire.Hooks | None = None
    ) -> Generator[Served]:
        made = wire.Server(handler, limits, hooks)

        def serve(on_ready: Callable[[str], None], stop: asyncio.Event) -> Coroutine[None, None, None]:
            return made.serve(("127.0.0.1", 0), on_ready, stop)

        with server.running(serve, "hostile", new_loop) as url:
            yield Served(made, url)

    return work
