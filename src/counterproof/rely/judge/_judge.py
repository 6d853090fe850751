"""Puts prompt rules to their models: one answer to each by its deadline, whatever the model's server does."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Final

from counterproof.record import OUTCOMES, Answer, AnswerStatus, Event, PromptRule, SafetyModel
from counterproof.rely.judge._limits import Limits
from counterproof.rely.judge._line import Line, Said, address, key_header
from counterproof.rely.judge._prompt import prompts

_GRAVEST_FAILURE: Final[tuple[AnswerStatus, ...]] = ("crashed", "malformed", "unreachable", "shed", "timed out")
_Lines = dict[str, Line]


class Judge:
    """Safety models by the names that rules call them, with one set of connections for each event loop.

    There is no way to ask without waiting: a guard that may not wait counts every prompt rule as failed.

    Raises:
        BadGate: an endpoint is no address, or the variable that a model's key is in is not set.
    """

    def __init__(self, models: Mapping[str, SafetyModel], limits: Limits | None = None) -> None:
        self._models = dict(models)
        self._limits = limits or Limits()
        self._headers = {name: key_header(model) for name, model in self._models.items()}
        for model in self._models.values():
            address(model)
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = weakref.WeakKeyDictionary()
        self._late: set[asyncio.Task[Said]] = set()
        self._retiring: asyncio.Task[None] | None = None

    async def ask(self, rule: PromptRule, event: Event, fragments: Sequence[str] = ()) -> Answer:
        """What the rule's model says of an event, or how it failed to; never raises, never later than the deadline.

        An event that is too long for one question is put in several at once. The gravest label then counts; if one
        of them fails, the answer is that failure, unless another's label leads to at least the rule's `on_failure`.
        """
        began_s = time.monotonic()
        until_s = began_s + rule.deadline_ms / 1000
        try:
            status, label = await self._asked(rule, event, fragments, until_s)
        except Exception:  # noqa: BLE001 - whatever goes wrong in asking is an answer that failed, never a passed event
            status, label = "crashed", ""
        took_ms = round(1000 * (time.monotonic() - began_s), 3)
        return Answer(rule=rule.name, status=status, label=label, took_ms=took_ms)

    async def close(self) -> None:
        """Closes this loop's connections, and those of loops that have ended; questions on their way fail."""
        here = asyncio.get_running_loop()
        for loop in [one for one in self._loops if one is here or one.is_closed()]:
            for line in self._loops.pop(loop).values():
                await line.close()

    def retire(self) -> None:
        """Lets questions on their way be answered, then closes; for a judge that another has taken the place of.

        Outside an event loop nothing is on its way, and `close` is for later.
        """
        with contextlib.suppress(RuntimeError):
            self._retiring = asyncio.get_running_loop().create_task(self._retired())

    async def _retired(self) -> None:
        while self._late:
            await asyncio.wait(tuple(self._late))
        await self.close()

    async def _asked(self, rule: PromptRule, event: Event, fragments: Sequence[str], until_s: float) -> Said:
        line = self._line(rule.model)
        if line is None:
            return "unreachable", ""
        questions = prompts(rule, event, fragments, self._limits)
        if not questions:
            return "shed", ""
        asked = [asyncio.create_task(line.ask(question, rule.labels, until_s)) for question in questions]
        self._late.update(asked)
        for task in asked:
            task.add_done_callback(self._done)
        try:
            await asyncio.wait(asked, timeout=max(0.0, until_s - time.monotonic()))
            return _settled(rule, [_said(task) for task in asked])
        finally:
            for task in asked:
                task.cancel()  # and not waited for: what a broken connection takes to close is not the caller's time

    def _done(self, task: asyncio.Task[Said]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not report it: the answer already says `crashed`

    def _line(self, name: str) -> Line | None:
        model = self._models.get(name)
        if model is None:
            return None
        lines = self._loops.setdefault(asyncio.get_running_loop(), {})
        if name not in lines:
            lines[name] = Line(model, self._limits, self._headers[name])
        return lines[name]


def _said(task: asyncio.Task[Said]) -> Said:
    if not task.done():
        return "timed out", ""
    return ("crashed", "") if task.cancelled() or task.exception() is not None else task.result()


def _settled(rule: PromptRule, said: Sequence[Said]) -> Said:
    """One answer from those to an event's parts."""
    labels = [label for status, label in said if status == "answered"]
    gravest = max(labels, key=lambda label: OUTCOMES.index(rule.labels[label]), default=None)
    failed = {status for status, _ in said if status != "answered"}
    if not failed and gravest is not None:
        return "answered", gravest
    if gravest is not None and OUTCOMES.index(rule.labels[gravest]) >= OUTCOMES.index(rule.on_failure):
        return "answered", gravest
    return next(status for status in _GRAVEST_FAILURE if status in failed), ""
