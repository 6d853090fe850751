"""One run under strace: a forked child, one system call made to fail or to kill, and what the child told before.

The child is forked from this process, which has loaded everything, and waits until strace has taken hold of it. Between
two markers (a system call that nothing else makes) lies what is tested; system calls are numbered from there on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

Tell = Callable[[bytes], None]
Work = Callable[[Tell], None]

LIMIT_S = 30.0
FAULTS = {"KILL": "signal=KILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
TAKES_ROOM = ("write", "pwrite64", "openat", "mkdir", "link", "rename", "ftruncate", "fallocate", "fsync", "fdatasync")
"""Where a full disk shows."""

_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)
_CALL = re.compile(r"^(?:\d+ +)?([a-z_0-9]+)\(")


@dataclass(frozen=True)
class Point:
    """The `nth` time (from 1) of a system call since strace took hold, and what is done to it."""

    call: str
    nth: int
    fault: str


@dataclass(frozen=True)
class Ended:
    """`told`: what left the child before it ended. `code`: its exit status, negative for a signal."""

    told: tuple[bytes, ...]
    code: int
    was_injected: bool


class CannotTrace(Exception):
    """strace is missing or may not trace."""


def baseline(work: Work, scratch: Path) -> list[str]:
    """The system calls between the markers, in order; before them those that came since strace took hold, then ''.

    Raises:
        CannotTrace: strace is missing or may not trace.
    """
    trace = scratch / "trace"
    _run(work, ["-e", "trace=all"], trace)
    names = [found[1] for line in trace.read_text(errors="replace").splitlines() if (found := _CALL.match(line))]
    first = names.index("getpgid")
    last = len(names) - 1 - names[::-1].index("getpgid")
    return [*names[:first], "", *names[first + 1 : last]]


def points(calls: list[str]) -> list[Point]:
    """Every system call that was seen, with every fault that makes sense there."""
    at = calls.index("")
    count = Counter(calls[:at])
    found: list[Point] = []
    for call in calls[at + 1 :]:
        count[call] += 1
        found += [Point(call, count[call], "KILL"), Point(call, count[call], "EIO")]
        found += [Point(call, count[call], "ENOSPC")] if call in TAKES_ROOM else []
    return found


def inject(work: Work, point: Point, scratch: Path) -> Ended:
    """Runs the work with this one fault."""
    trace = scratch / "trace"
    options = ["-e", f"trace={point.call}", "-e", f"inject={point.call}:{FAULTS[point.fault]}:when={point.nth}"]
    told, code = _run(work, options, trace)
    was_killed = point.fault == "KILL" and code == -signal.SIGKILL
    return Ended(told, code, was_killed or b"(INJECTED)" in trace.read_bytes())


def _run(work: Work, options: list[str], trace: Path) -> tuple[tuple[bytes, ...], int]:
    go_read, go_write = os.pipe()
    told_read, told_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        os.close(told_read)
        _child(work, go_read, told_write)
    os.close(go_read)
    os.close(told_write)
    try:
        os.read(told_read, 1)
        with _traced(child, options, trace):
            os.write(go_write, b"!")
            told = _heard(told_read, child)
            _, status = os.waitpid(child, 0)
    finally:
        os.close(go_write)
        os.close(told_read)
    return told, os.waitstatus_to_exitcode(status)


def _child(work: Work, go: int, told: int) -> None:
    """Never returns. Exit status 0: done; 3: it refused as it should; 4: it ended in another way."""
    from counterproof import errors  # noqa: PLC0415 - loaded already

    code = 4
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
        os.write(told, b"!")
        select.select([go], [], [])
        os.read(go, 1)

        def tell(message: bytes) -> None:
            os.write(told, len(message).to_bytes(4) + message)

        os.getpgid(0)
        work(tell)
        os.getpgid(0)
        code = 0
    except errors.CounterproofError:
        code = 3
    except BaseException:  # noqa: BLE001, S110 - whatever it was, the status says that it was not ours
        pass
    finally:
        os._exit(code)


@contextlib.contextmanager
def _traced(child: int, options: list[str], trace: Path) -> Generator[None]:
    program = shutil.which("strace")
    if program is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise CannotTrace("strace is not installed: apt-get install strace")
    command = [program, "-f", "-o", str(trace), *options, "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if b"attached" not in said:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            tracer.kill()
            raise CannotTrace(
                f"strace may not trace here ({said.decode(errors='replace').strip()}): "
                "allow ptrace, in a container with --cap-add=SYS_PTRACE"
            )
        yield
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(5)
        tracer.kill()


def _heard(told: int, child: int) -> tuple[bytes, ...]:
    """Whole messages, until the child ends. One that hangs is killed: that too is an end to come back from."""
    data, until_s = bytearray(), time.monotonic() + LIMIT_S
    while True:
        if not select.select([told], [], [], max(0.0, until_s - time.monotonic()))[0]:
            os.kill(child, signal.SIGKILL)
        part = os.read(told, 65_536)
        if not part:
            break
        data += part
    found: list[bytes] = []
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4])
        if end <= len(data):
            found.append(bytes(data[at + 4 : end]))
        at = end
    return tuple(found)
