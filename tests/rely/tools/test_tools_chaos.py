"""Everything at once, in any order: nothing refused passes, and every request gets one answer, or wanted none."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from counterproof.record import Decision, Event
from counterproof.rely import tools
from tests.rely.tools.word_guard import Words, call, line, told

STEPS = 400
AGAIN = 10_000
"""An id that the client uses again and again."""


class Slow(Words):
    """Decides after a while that nobody knows, or fails."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._luck = random.Random(seed)

    async def consider(self, event: Event, *, has_people: bool = False) -> Decision:
        """As the words say, sooner or later."""
        for _ in range(self._luck.choice((0, 0, 0, 1, 3, 9))):
            await asyncio.sleep(0)
        if self._luck.random() < 0.02:
            raise RuntimeError("out of luck")
        return await super().consider(event, has_people=has_people)


class Play:
    """A client and a server that say anything, and what each of them heard."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.now = 0.0
        self.exchange = tools.Exchange(Slow(seed), door="mcp.stdio", now=lambda: self.now)
        self.client: list[dict[str, Any]] = []
        self.server: list[dict[str, Any]] = []
        self.asked: list[int] = []
        self.cancelled: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def _word(self) -> str:
        return self.luck.choice(("fine", "fine", "a bomb"))

    def _heard(self, ruling: tools.Ruling, *, is_from_client: bool) -> None:
        on, back = (self.server, self.client) if is_from_client else (self.client, self.server)
        for data, where in ((ruling.on, on), (ruling.back, back)):
            if data is not None:
                assert b"bomb" not in data
                where.append(told(data))

    def _say(self, raw: bytes, *, is_client: bool) -> None:
        async def said() -> None:
            say = self.exchange.from_client if is_client else self.exchange.from_server
            self._heard(await say(raw), is_from_client=is_client)

        task = asyncio.create_task(said())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _client_asks(self) -> None:
        asked = len(self.asked) + 1
        self.asked.append(asked)
        raw = call(asked, text=self._word())
        self._say(raw if self.luck.random() < 0.8 else line(id=asked, method="ping", params={}), is_client=True)

    def _client_cancels(self) -> None:
        if self.asked:
            named = self.luck.choice(self.asked)
            self.cancelled.add(named)
            self._say(line(method="notifications/cancelled", params={"requestId": named}), is_client=True)

    def _server_answers(self) -> None:
        heard = [m["id"] for m in self.server if "id" in m and "method" in m] or [1]
        named = self.luck.choice(heard[-20:])
        self._say(line(id=named, result={"content": [{"type": "text", "text": self._word()}]}), is_client=False)

    def _server_talks(self) -> None:
        params = {"progressToken": 1, "progress": 1, "message": self._word()}
        self._say(line(method="notifications/progress", params=params), is_client=False)

    def _server_asks(self) -> None:
        self._say(
            line(id=f"s{self.luck.randrange(10**9)}", method="elicitation/create", params={"message": self._word()}),
            is_client=False,
        )

    def _noise(self) -> None:
        raw = self.luck.choice((b"{", b"[]", b"\xff", line(id=1, result={}), call(AGAIN), line(method="x")))
        self._say(raw, is_client=self.luck.random() < 0.5)

    def _time_goes_by(self) -> None:
        self.now += 1
        for ruling in self.exchange.overdue(20):
            self._heard(tools.Ruling(on=ruling.on, back=ruling.back), is_from_client=True)

    async def run(self) -> None:
        """Plays it to the end: the server is gone, and nothing is in decision any more."""
        steps = (
            *[self._client_asks] * 4, *[self._server_answers] * 4, self._client_cancels, self._server_talks,
            self._server_asks, self._noise, self._time_goes_by,
        )  # fmt: skip
        for _ in range(STEPS):
            self.luck.choice(steps)()
            if self.luck.random() < 0.5:
                await asyncio.sleep(0)
        while self._tasks:
            await asyncio.gather(*self._tasks)
        for ruling in self.exchange.abandon("The server ended."):
            self._heard(ruling, is_from_client=True)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens(seed: int) -> None:
    play = Play(seed)

    asyncio.run(play.run())

    answers = Counter(m["id"] for m in play.client if "method" not in m and m.get("id") not in (None, AGAIN))
    assert set(answers) <= set(play.asked)
    assert max(answers.values()) == 1
    assert set(play.asked) - set(answers) <= play.cancelled
    assert play.exchange.waiting() == ()
    assert Counter(m["id"] for m in play.server if m.get("method") == "tools/call").most_common(1)[0][1] == 1
    assert any(m.get("result", {}).get("isError") for m in play.client)
    assert any(m.get("result", {}).get("isError") is None for m in play.client if "result" in m)
