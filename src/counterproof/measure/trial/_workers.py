"""Worker processes: they play shards and tell the parent; only the parent writes.

A worker that outlives its parent finds its pipe closed at the next word and ends. Ctrl-C is the parent's business.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TypeAlias, cast

from counterproof import errors
from counterproof.measure.trial._faces import Opener
from counterproof.measure.trial._plan import Plan, Shard
from counterproof.measure.trial._rounds import News, play

Pipe: TypeAlias = "connection.Connection[object, object]"


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Pipe
    shard: Shard | None = None


def work(pipe: Pipe, folder: Path, plan: Plan, opener: Opener) -> None:
    """Plays the shards whose names come, sends their news, until the pipe closes or None comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shards = {s.name: s for s in plan.shards}
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while isinstance(name := pipe.recv(), str):
            _work_on(pipe, folder, plan, shards[name], opener)


def _work_on(pipe: Pipe, folder: Path, plan: Plan, shard: Shard, opener: Opener) -> None:
    try:
        for news in play(folder, plan, shard, opener):
            pipe.send(news)
    except errors.CounterproofError as exc:
        pipe.send(exc)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it was, the parent must hear of it
        pipe.send(errors.CounterproofError(f"the worker failed ({type(exc).__name__}: {exc})", where=shard.name))


def played(
    folder: Path, plan: Plan, shards: list[Shard], opener: Opener, processes: int
) -> Generator[tuple[Shard, News]]:
    """The news of all shards as they come, each shard's in order; shards are begun in the order given.

    Raises:
        CounterproofError: what a worker raised, or that one died.
    """
    if processes == 1 or len(shards) <= 1:
        for shard in shards:
            for news in play(folder, plan, shard, opener):
                yield shard, news
        return
    waiting = list(reversed(shards))
    workers: list[_Worker] = []
    try:
        workers.extend(_start(folder, plan, opener) for _ in range(min(processes, len(shards))))
        for worker in workers:
            _next(worker, waiting)
        while busy := {w.pipe: w for w in workers if w.shard is not None}:
            for ready in connection.wait(list(busy)):
                worker = next(w for p, w in busy.items() if p is ready)
                shard, news = _hear(worker)
                if news.is_last:
                    _next(worker, waiting)
                yield shard, news
    finally:
        _stop(workers)


def _start(folder: Path, plan: Plan, opener: Opener) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = connection.Pipe()
    process = context.Process(target=work, args=(theirs, folder, plan, opener), daemon=True)
    # The tracker must run already, or starting it would lift the mask below; the mask is what keeps a Ctrl-C that comes
    # while the child's interpreter starts from printing a traceback there.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return _Worker(process, cast("Pipe", ours))


def _next(worker: _Worker, waiting: list[Shard]) -> None:
    worker.shard = waiting.pop() if waiting else None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        worker.pipe.send(worker.shard.name if worker.shard else None)


def _hear(worker: _Worker) -> tuple[Shard, News]:
    shard = worker.shard
    if shard is None:
        raise errors.CounterproofError("a worker spoke out of turn")
    try:
        said = worker.pipe.recv()
    except (EOFError, ConnectionResetError) as exc:
        worker.process.join(timeout=5)
        raise errors.CounterproofError(
            f"the worker died (exit code {worker.process.exitcode})",
            where=shard.name,
            mend="what was measured so far is kept; the same command resumes",
        ) from exc
    if isinstance(said, errors.CounterproofError):
        raise said
    if not isinstance(said, News):
        raise errors.CounterproofError("a worker said what no worker says", where=shard.name)
    return shard, said


def _stop(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.pipe.close()
    for worker in workers:
        if worker.shard is not None:
            worker.process.terminate()
        worker.process.join(timeout=5)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.process.close()
