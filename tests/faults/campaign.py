"""Many injections over several processes: every system call of a case, or a sample, and what was wrong after."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.faults import strace
from tests.faults.strace import Ended, Point, Tell

PLACES = (Path("/dev/shm"), Path(tempfile.gettempdir()))  # noqa: S108 - memory, where there is some: 3,000 copies are made
OURS = ("openat", "newfstatat", "fsync", "fdatasync", "pwrite64", "pread64", "read", "link", "mkdir", "rename",
        "unlink", "getdents64", "ftruncate")  # fmt: skip
"""What fails here must end in one of our refusals or be harmless; elsewhere (memory, randomness) in any way at all."""


class Case(Protocol):
    """What is done while the machine fails, and what must hold afterwards."""

    @property
    def name(self) -> str: ...
    def prepare(self, folder: Path) -> None: ...
    def work(self, folder: Path, tell: Tell) -> None: ...
    def look(self, folder: Path, ended: Ended) -> list[str]: ...


@dataclass(frozen=True)
class Result:
    """One injection and what was wrong afterwards."""

    point: Point
    ended: Ended
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Campaign:
    """All of one case. `calls`: how many system calls there are between the markers."""

    name: str
    calls: int
    results: tuple[Result, ...]

    @property
    def injected(self) -> int:
        """How many faults really came about."""
        return sum(result.ended.was_injected for result in self.results)

    @property
    def wrong(self) -> list[str]:
        """Each fault after which something did not hold."""
        return [f"{result.point}: {'; '.join(result.wrong)}" for result in self.results if result.wrong]

    def __str__(self) -> str:
        ends = Counter(
            f"{result.point.fault} -> {_WORDS.get(result.ended.code, result.ended.code)}" for result in self.results
        )
        said = ", ".join(f"{count} {what}" for what, count in sorted(ends.items()))
        return f"{self.name}: {self.calls} system calls, {self.injected} injections ({said}), {len(self.wrong)} wrong"


_WORDS = {0: "went on", 3: "refused", 4: "ended otherwise", -9: "killed"}


def run(case: Case, every: int, workers: int = 0) -> Campaign:
    """Injects at each `every`-th point.

    Raises:
        CannotTrace: strace is missing or may not trace.
    """
    place = next(path for path in PLACES if os.access(path, os.W_OK))
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        template = Path(scratch) / "template"
        case.prepare(template)
        _warm(case, template, Path(scratch))
        fresh = _copy(template, Path(scratch) / "fresh")
        calls = strace.baseline(lambda tell: case.work(fresh, tell), Path(scratch))
        chosen = strace.points(calls)[::every]
        context = multiprocessing.get_context("fork")
        with context.Pool(workers or os.cpu_count() or 2) as pool:
            jobs = [(case, point, template, Path(scratch)) for point in chosen]
            results = pool.starmap(_one, jobs, chunksize=4)
    return Campaign(case.name, len(calls) - calls.index("") - 1, tuple(results))


def _one(case: Case, point: Point, template: Path, scratch: Path) -> Result:
    own = scratch / str(os.getpid())
    own.mkdir(exist_ok=True)
    _copy(template, own / "folder")
    ended = strace.inject(lambda tell: case.work(own / "folder", tell), point, own)
    wrong = case.look(own / "folder", ended)
    if ended.was_injected and point.call == "fsync" and point.fault != "KILL" and ended.code != 3:
        wrong.append("a sync failed and it went on")
    if point.call in OURS and ended.code not in (0, 3, -9):
        wrong.append(f"it ended with {ended.code} instead of a refusal")
    return Result(point, ended, tuple(wrong))


def _warm(case: Case, template: Path, scratch: Path) -> None:
    """Loads now what would be loaded at first use, so that children do only what is tested."""
    case.work(_copy(template, scratch / "warm"), lambda _: None)
    case.look(scratch / "warm", Ended((), 0, was_injected=False))


def _copy(template: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder
