"""Gates that share a memory over a real server, which is killed and started again."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from counterproof import record
from counterproof.rely import gate, pool
from counterproof.rely.pool import _store

SECRET = b"s" * 32
KEY = b"counterproof:gate:3600"
WITHIN_S = 30.0


class Server:
    """A server in a folder of its own, on a socket of the file system; nothing of it outlives a kill."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.url = f"unix://{folder}/socket"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        socket = self._folder / "socket"
        command = [self._program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        until_s = time.monotonic() + WITHIN_S
        while not socket.exists():
            assert time.monotonic() < until_s
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(WITHIN_S)
            (self._folder / "socket").unlink(missing_ok=True)
            self._process = None


@pytest.fixture
def server() -> Iterator[Server]:
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise pytest.UsageError("tests/backends needs Redis or Valkey: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="pool") as folder:
        one = Server(program, Path(folder))
        one.start()
        try:
            yield one
        finally:
            one.kill()


class Gate:
    """A memory with its pool."""

    def __init__(self, server: Server) -> None:
        self.memory = gate.Memory(record.MemoryPolicy(window_s=3_600))
        shared = pool.Local(self.memory, time.monotonic)
        self.pool = pool.Pool(server.url, shared, SECRET, window_s=3_600, every_s=0.02)

    def add(self, n: int) -> None:
        self.memory.add(("a:1",), 1.0, f"context {n}", "", f"fragment {n}", time.monotonic(), f"words {n}")

    @property
    def fragments(self) -> int:
        return self.memory.read(["a:1"], time.monotonic()).fragments


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in a task that tells nobody
            await asyncio.sleep(0.01)


def test_gates_share_what_they_saw_and_go_on_while_the_store_is_gone(server: Server) -> None:
    async def run() -> None:
        one, two = Gate(server), Gate(server)
        one.pool.start()
        two.pool.start()
        one.add(1)
        two.add(2)
        await until(lambda: one.fragments == two.fragments == 2)

        server.kill()
        one.add(3)
        await until(lambda: not one.pool.status.is_connected and not two.pool.status.is_connected)
        assert (one.fragments, two.fragments) == (3, 2)
        assert one.pool.status.said

        server.start()
        await until(lambda: two.fragments == 3 and one.pool.status.is_connected)
        three = Gate(server)
        three.pool.start()
        await until(lambda: three.fragments == 1)  # what the store lost it cannot tell
        for each in (one, two, three):
            await each.pool.close()

    asyncio.run(run())


def test_the_store_holds_no_words_and_what_it_holds_expires(server: Server) -> None:
    async def run() -> None:
        one = Gate(server)
        one.add(1)
        await one.pool.exchange()
        await one.pool.close()
        ask = _store.client_of(server.url)
        try:
            assert await ask.execute_command("KEYS", "*") == [KEY]
            assert await ask.execute_command("TTL", KEY) in range(3_500, 3_601)
            assert b"words" not in cast("bytes", await ask.execute_command("DUMP", KEY))
        finally:
            await ask.aclose()

    asyncio.run(run())
