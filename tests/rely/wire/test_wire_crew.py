"""Several processes at one address: started, signalled, started again, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from counterproof import errors
from counterproof.rely import wire

SERVES = """
import asyncio, os, sys
from counterproof.rely import wire
async def handler(request, out):
    if request.target == "/die":
        os._exit(7)
    out.reply(200, [], str(os.getpid()).encode())
async def main():
    import signal
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: print("again", flush=True))
    orphan = asyncio.ensure_future(wire.until_orphaned(stop))
    say = lambda url: print(url, flush=True)
    await wire.Server(handler).serve(("127.0.0.1", int(sys.argv[1])), say, stop, reuse_port=True)
asyncio.run(main())
"""


def _asked(port: int, target: str = "/") -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as dialled, contextlib.suppress(ConnectionError):
        dialled.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target.encode())
        found = b""
        while got := dialled.recv(4096):
            found += got
        return found.rpartition(b"\r\n\r\n")[2].decode()
    return ""


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=wire.new_loop) as runner:
        runner.run(work())


def test_workers_share_an_address_and_one_that_crashes_comes_back() -> None:
    crashed: list[tuple[str, int]] = []

    async def work() -> None:
        stop, up = asyncio.Event(), asyncio.Event()
        with wire.shared_port("127.0.0.1", 0) as port:
            commands = {name: (sys.executable, "-c", SERVES, str(port)) for name in ("w0", "w1")}
            crew = wire.Crew(commands, on_crash=lambda name, status: crashed.append((name, status)), stops_s=10)
            task = asyncio.ensure_future(crew.run(lambda _: up.set(), stop))
            await up.wait()
            pids: set[str] = set()
            while len(pids) < 2:
                pids.add(await asyncio.to_thread(_asked, port))
            await asyncio.to_thread(_asked, port, "/die")
            later: set[str] = set()
            while len(later - pids) < 1:
                with contextlib.suppress(OSError):
                    later.add(await asyncio.to_thread(_asked, port) or min(pids))
            assert sum(worker.crashes for worker in crew.workers) == 1
            stop.set()
            await task
            assert [worker.process.returncode for worker in crew.workers if worker.process] == [0, 0]

    _run(work)
    assert [status for _, status in crashed] == [7]


def test_a_signal_goes_to_all(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    async def work() -> None:
        stop, up = asyncio.Event(), asyncio.Event()
        with wire.shared_port("127.0.0.1", 0) as port:
            crew = wire.Crew({name: (sys.executable, "-c", SERVES, str(port)) for name in ("w0", "w1")}, stops_s=10)
            task = asyncio.ensure_future(crew.run(lambda _: up.set(), stop))
            await up.wait()
            crew.signal(signal.SIGHUP)
            heard = b""
            while heard.count(b"again\n") < 2:
                await asyncio.sleep(0.02)
                heard += capfdbinary.readouterr().out
            stop.set()
            await task

    _run(work)


def test_a_signal_that_comes_while_a_worker_starts_waits_until_it_is_up(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    async def work() -> None:
        stop, up = asyncio.Event(), asyncio.Event()
        slow = f"import time\ntime.sleep(0.5)\n{SERVES}"
        with wire.shared_port("127.0.0.1", 0) as port:
            crew = wire.Crew({"w0": (sys.executable, "-c", slow, str(port))}, stops_s=10)
            task = asyncio.ensure_future(crew.run(lambda _: up.set(), stop))
            while crew.workers[0].process is None:  # noqa: ASYNC110 - nobody says that it has begun
                await asyncio.sleep(0.01)
            crew.signal(signal.SIGHUP)  # whoever has no handler yet would end of it
            crew.signal(signal.SIGHUP)
            await up.wait()
            heard = b""
            while not heard:
                await asyncio.sleep(0.02)
                heard = capfdbinary.readouterr().out
            stop.set()
            await task
        assert heard == b"again\n"
        assert crew.workers[0].crashes == 0

    _run(work)


def test_a_worker_that_cannot_come_up_ends_them_all() -> None:
    async def work() -> None:
        commands = {
            "w0": (sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"),
            "w1": (sys.executable, "-c", "import sys; sys.exit(2)"),
        }
        crew = wire.Crew(commands, stops_s=10)
        with pytest.raises(wire.CrewFailed, match="w1") as caught:
            await crew.run(lambda _: None, asyncio.Event())
        assert caught.value.exit_code == 2
        assert all(worker.process and worker.process.returncode is not None for worker in crew.workers)

    _run(work)


def test_who_does_not_stop_is_stopped() -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"

    async def work() -> None:
        stop = asyncio.Event()
        crew = wire.Crew({"w0": (sys.executable, "-c", stubborn)}, stops_s=0.2)
        await asyncio.gather(crew.run(lambda _: stop.set(), stop))
        (worker,) = crew.workers
        assert worker.process is not None
        assert worker.process.returncode == -signal.SIGKILL

    _run(work)


def test_a_worker_ends_when_who_minds_it_is_killed(tmp_path: Path) -> None:
    minds = tmp_path / "minds.py"
    minds.write_text(
        "import asyncio, sys\n"
        "from counterproof.rely import wire\n"
        "async def main():\n"
        "    crew = wire.Crew({'w0': (sys.executable, '-c', sys.argv[1], sys.argv[2])})\n"
        "    say = lambda url: print(crew.workers[0].process.pid, flush=True)\n"
        "    await crew.run(say, asyncio.Event())\n"
        "asyncio.run(main())\n"
    )
    with wire.shared_port("127.0.0.1", 0) as port:
        command = [sys.executable, str(minds), SERVES, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            parent.kill()
        ends = time.monotonic() + 20
        while time.monotonic() < ends and Path(f"/proc/{child}").exists():
            time.sleep(0.05)
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_a_port_that_is_taken_cannot_be_shared() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(errors.BadOption, match="cannot be shared"), wire.shared_port("127.0.0.1", port):
            pass
