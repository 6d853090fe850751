"""Several processes at one address, and one that minds them: starts them, starts again what crashed, stops them all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

from counterproof.errors import BadOption, CounterproofError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_STEADY_S = 60.0
_UP_WITHIN_S = 120.0
_LOOKS_EVERY_S = 0.5


class CrewFailed(CounterproofError):
    """A worker ended before it was up: what is wrong is wrong for all. `exit_code` is the worker's own."""


@dataclass(slots=True)
class Worker:
    """One process. `address`: the first line that it said; `crashes`: how often it was started again.

    `owed`: signals that came while it was not up yet, when they would have ended it.
    """

    name: str
    command: Sequence[str]
    process: asyncio.subprocess.Process | None = None
    address: str = ""
    crashes: int = 0
    is_up: bool = False
    owed: list[signal.Signals] = field(default_factory=list[signal.Signals])

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, if it is there."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


class Crew:
    """Keeps one process up per command until it is told to stop.

    A worker says one line on standard output when it is up (its address); what it says later goes to this process's.
    One that ends although nobody told it to is started again, after a pause that doubles from 0.2 to 10 seconds and
    begins anew once it has been up for a minute. `on_crash` gets its name and exit status (negative: a signal's number)
    before it is started again. `stops_s`: how long all have to end after SIGTERM, before SIGKILL.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        on_crash: Callable[[str, int], None] | None = None,
        stops_s: float = 45.0,
    ) -> None:
        self.workers = tuple(Worker(name, command) for name, command in commands.items())
        self._on_crash, self._stops_s = on_crash, stops_s
        self._is_stopping = False

    async def run(self, on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
        """Until the event is set and every worker has ended; `on_ready` gets the first one's address.

        Raises:
            CrewFailed: a worker could not come up the first time.
        """
        try:
            await asyncio.gather(*(self._start(worker) for worker in self.workers))
            on_ready(self.workers[0].address)
            minds = [asyncio.ensure_future(self._mind(worker)) for worker in self.workers]
            await stop.wait()
        finally:
            self._is_stopping = True
            await self._end()
        await asyncio.gather(*minds)

    def signal(self, number: signal.Signals) -> None:
        """Passes a signal on to every worker; to one that is starting, once it is up, unless it is to end."""
        for worker in self.workers:
            if worker.is_up or number in (signal.SIGTERM, signal.SIGKILL):
                worker.send(number)
            elif number not in worker.owed:
                worker.owed.append(number)

    async def _start(self, worker: Worker) -> None:
        worker.owed.clear()
        process = await asyncio.create_subprocess_exec(
            *worker.command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        worker.process = process
        said = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_UP_WITHIN_S):
                said = await process.stdout.readline() if process.stdout is not None else b""
        if not said.endswith(b"\n"):
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # it says nothing, or has ended already
            failed = CrewFailed(f"the worker {worker.name} ended before it was up", mend="see what it said above")
            failed.exit_code = max(1, await process.wait())
            raise failed
        worker.address, worker.is_up = said.decode("utf-8", "replace").strip(), True
        for number in worker.owed:
            worker.send(number)

    async def _mind(self, worker: Worker) -> None:
        pause_s = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            status = await self._ended(worker)
            worker.is_up = False
            if self._is_stopping:
                return
            worker.crashes += 1
            if self._on_crash is not None:
                self._on_crash(worker.name, status)
            pause_s = _FIRST_PAUSE_S if loop.time() - began > _STEADY_S else min(2 * pause_s, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)
            began = loop.time()
            if self._is_stopping:
                return
            with contextlib.suppress(CrewFailed, OSError):  # it ended again: so it is found at the top
                await self._start(worker)

    async def _ended(self, worker: Worker) -> int:
        """Passes on what a worker says, until it ends."""
        process = worker.process
        if process is None:
            return 1
        if process.stdout is not None:
            while line := await process.stdout.readline():
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
        return await process.wait()

    async def _end(self) -> None:
        self.signal(signal.SIGTERM)
        left = [worker.process for worker in self.workers if worker.process is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._stops_s):
                for process in left:
                    await process.wait()
        self.signal(signal.SIGKILL)
        for process in left:
            await process.wait()


@contextlib.contextmanager
def shared_port(host: str, port: int) -> Generator[int]:
    """A port that several processes can listen at (SO_REUSEPORT) and nobody else takes while the block lasts.

    Raises:
        BadOption: it is taken, or the machine cannot share ports.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as held:
        try:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind((host, port))  # bound and never listening: it is offered no connection
        except (OSError, AttributeError) as exc:
            raise BadOption(f"{host}:{port} cannot be shared: {exc}", where="port", mend="choose another") from exc
        yield int(held.getsockname()[1])


async def until_orphaned(stop: asyncio.Event) -> None:
    """Sets the event once the process that started this one is gone: a worker does not outlive who minds it."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(_LOOKS_EVERY_S)
    stop.set()
