"""What waits to be logged: taken in, judged in processes of their own, put in order together once a period."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from counterproof import errors
from counterproof.publish.log import _admit
from counterproof.publish.log._admit import KnownKeys, Verdict
from counterproof.publish.log._listen import Listen
from counterproof.publish.log._writer import Writer

_JUDGED_TOGETHER = 128


class Busy(Exception):
    """As much is under way as may be."""


class Refused(Exception):
    """An entry was not admitted: which of the request's, and the verdict."""

    def __init__(self, number: int, verdict: Verdict) -> None:
        super().__init__(number, verdict)
        self.number, self.verdict = number, verdict


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One request's admitted entries, and who waits for the receipts."""

    entries: Sequence[bytes]
    answer: asyncio.Future[list[bytes]]


def _ready() -> None:
    """In each process that judges: an interrupt from the terminal is the service's to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Pool:
    """Judges entries and hands them to the one writer, which works in a thread of its own.

    `failed` is set once the writer must not go on; `stop` is set with it.
    """

    def __init__(self, writer: Writer, keys: KnownKeys | None, listen: Listen, stop: asyncio.Event) -> None:
        self._writer, self._keys, self._listen, self._stop = writer, keys, listen, stop
        self._texts = keys.texts if keys else None
        self._learned = writer.head.size
        self._under_way = 0
        self._waiting: list[_Waiting] = []
        self._some, self._full = asyncio.Event(), asyncio.Event()
        self._is_closing = False
        self.failed: errors.CounterproofError | None = None
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "writer")
        # Not forked: this process has threads. The judges are started by the first entries.
        self._judges = concurrent.futures.ProcessPoolExecutor(
            listen.workers, multiprocessing.get_context("spawn"), initializer=_ready
        )
        self._task = asyncio.create_task(self._work())

    async def add(self, entries: Sequence[bytes]) -> list[bytes]:
        """The receipts, once published.

        Raises:
            Busy: too much is under way.
            Refused: an entry may not be logged; then none of these was.
            NoQuorum: too few witnesses; add them again.
            StorageFailed: the writer stopped, or a process that judges did.
        """
        if self.failed or self._is_closing or self._under_way + len(entries) > self._listen.most_waiting:
            raise Busy
        self._under_way += len(entries)
        try:
            await self._judge(entries)
            answer: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiting(entries, answer))
            self._some.set()
            if sum(len(one.entries) for one in self._waiting) >= self._listen.most_together:
                self._full.set()
            return await answer
        finally:
            self._under_way -= len(entries)

    async def close(self) -> None:
        """Takes no more, finishes what is waiting within `stops_within_s`, and ends its processes."""
        self._is_closing = True
        self._full.set()
        self._some.set()
        await asyncio.wait([self._task], timeout=self._listen.stops_within_s)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for one in self._waiting:
            one.answer.cancel()
        self._judges.shutdown(wait=False, cancel_futures=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown()

    async def _judge(self, entries: Sequence[bytes]) -> None:
        loop = asyncio.get_running_loop()
        parts = [entries[at : at + _JUDGED_TOGETHER] for at in range(0, len(entries), _JUDGED_TOGETHER)]
        works = [loop.run_in_executor(self._judges, _admit.judge, part, self._texts) for part in parts]
        try:
            verdicts = [verdict for part in await asyncio.gather(*works) for verdict in part]
        except concurrent.futures.BrokenExecutor as exc:
            self.failed = errors.StorageFailed(f"a process that checks signatures ended: {exc}", mend="start again")
            self._stop.set()
            raise self.failed from exc
        for number, verdict in enumerate(verdicts):
            if verdict.status != 200:
                raise Refused(number, verdict)

    async def _work(self) -> None:
        """Once a period, or as soon as enough has come."""
        while not (self._is_closing and not self._waiting):
            await self._some.wait()
            if not self._is_closing:
                try:
                    async with asyncio.timeout(self._listen.period_s):
                        await self._full.wait()
                except TimeoutError:
                    pass
            self._full.clear()
            self._some.clear()
            taken, self._waiting = self._waiting, []
            if taken and not await self._sequence(taken):
                return

    async def _sequence(self, taken: list[_Waiting]) -> bool:
        entries = [entry for one in taken for entry in one.entries]
        loop = asyncio.get_running_loop()
        try:
            receipts, changes = await loop.run_in_executor(self._thread, self._add, entries)
        except errors.NoQuorum as exc:
            self._tell(taken, exc)
            return True
        except Exception as exc:  # noqa: BLE001 - whatever it is, this writer may not go on
            is_ours = isinstance(exc, errors.CounterproofError)
            self.failed = exc if is_ours else errors.StorageFailed(f"the writer stopped: {exc!r}"[:500])  # type: ignore[assignment] # narrowed by is_ours
            self._tell(taken, self.failed or exc)
            self._stop.set()
            return False
        if self._keys and changes:
            for entry in changes:
                self._keys.learn(entry)
            self._texts = self._keys.texts
        at = 0
        for one in taken:
            if not one.answer.done():
                one.answer.set_result(receipts[at : at + len(one.entries)])
            at += len(one.entries)
        return True

    def _add(self, entries: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
        """The receipts, and what was logged since the last time that may change keys.

        From the log, not from what was sent: an old entry sent again changes nothing again, and one that was ordered
        when witnesses were missing changes what it changes although nobody came back for it.
        """
        receipts = self._writer.add(entries)
        first, self._learned = self._learned, self._writer.head.size
        return receipts, self._writer.marked(first) if self._keys else []

    def _tell(self, taken: list[_Waiting], exc: Exception) -> None:
        for one in taken:
            if not one.answer.done():
                one.answer.set_exception(exc)
