"""A streamed reply on its way: what may leave leaves at once, what must be decided first waits, with all behind it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from counterproof.errors import BadGate
from counterproof.record import Decision, Event
from counterproof.rely import gate, wire

PASSED = frozenset({"allow", "modify"})


class Refusal(Exception):
    """An event was decided against: the request ends here. `ending`: how a stream that has begun says so."""

    def __init__(self, decision: Decision, ending: Callable[[str, str], bytes] | None = None) -> None:
        super().__init__(decision.outcome)
        self.decision, self.ending = decision, ending


class Decides(Protocol):
    """Who decides (`rely.guard`)."""

    def decide(self, event: Event) -> Decision:
        """A decision that waits for nobody."""
        ...

    async def consider(self, event: Event) -> Decision:
        """A decision."""
        ...


class Streamed:
    """Drives one stream. The answer begins with the first bytes that leave: what is refused before that is an error."""

    def __init__(self, stream: gate.Stream, decides: Decides, out: wire.Out, headers: wire.Headers) -> None:
        self._stream, self._decides, self._out, self._headers = stream, decides, out, headers
        self._steps: Iterator[gate.Step] = iter(())

    async def run(self, answer: wire.Answer) -> None:
        """Until the reply ends.

        Raises:
            Refusal: something of it was decided against; nothing behind it left.
            UpstreamFailed: it broke off; what came before was decided on, and left.
        """
        try:
            await self._run(answer)
        except asyncio.CancelledError:  # the client is gone: what it has read stands in the record all the same
            for step in itertools.chain(self._steps, self._stream.finish()):
                if isinstance(step, gate.Ask):
                    self._decides.decide(step.event)
            raise

    async def _run(self, answer: wire.Answer) -> None:
        try:
            while data := await answer.read():
                await self._do(self._stream.feed(data))
        except wire.UpstreamFailed:
            await self._do(self._stream.finish())
            raise
        await self._do(self._stream.finish())
        await self._leave(b"")
        self._out.end()

    async def _do(self, steps: Iterable[gate.Step]) -> None:
        self._steps = iter(steps)
        for step in self._steps:
            if isinstance(step, gate.Ready):
                await self._leave(step.data)
                continue
            decision = await self._decides.consider(step.event)
            if decision.outcome not in PASSED:
                raise Refusal(decision, step.refused)
            left = _modified(step, decision) if decision.outcome == "modify" else step.if_allowed
            if left:
                await self._leave(left)

    async def _leave(self, data: bytes) -> None:
        if not self._out.is_begun:
            self._out.start(200, self._headers)
        await self._out.write(data)


def _modified(step: gate.Ask, decision: Decision) -> bytes:
    try:
        return step.modified(decision.spans)
    except BadGate as refused:
        raise Refusal(msgspec.structs.replace(decision, outcome="reject", spans=()), step.refused) from refused
