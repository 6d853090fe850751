"""A task in the background: tells the store what was seen here, and folds in what others told.

The store holds one stream (`XADD`, with a bound on its length and an expiry of one window), so that a gate which
starts, or was cut off, reads what it missed. Whether a delta was taken already the memory knows, so whatever goes wrong
is simply done again. How old a delta is the store's own clock tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections import deque
from collections.abc import Sequence
from typing import TypeAlias, cast

from counterproof.errors import BadGate
from counterproof.rely.pool._frame import Seal
from counterproof.rely.pool._shared import Shared
from counterproof.rely.pool._status import Status
from counterproof.rely.pool._store import client_of, shown

_AT_ONCE = 16
_MOST_WAITING_BYTES = 32_000_000
_MOST_KEPT = 10_000
_LONGEST_WAIT_S = 30.0
_ENDS_WITHIN_S = 1.0
_WHO, _WHAT = b"o", b"d"

_Entries: TypeAlias = "list[tuple[bytes, dict[bytes, bytes]]]"


class Pool:
    """Shares a memory over a store. `url`: `redis://`, `rediss://`, `valkey://`, `valkeys://` or `unix://`.

    `secret`: the deployment's; gates with another one do not hear each other. `window_s`: how long what is told is
    kept in the store. `every_s`: how often is told and heard. `name`: the stream's key.

    Raises:
        BadGate: the address is none of a store.
        MissingExtra: the client is not installed.
    """

    def __init__(
        self,
        url: str,
        shared: Shared,
        secret: bytes,
        *,
        window_s: int,
        every_s: float = 1.0,
        name: str = "counterproof:gate",
    ) -> None:
        self._client = client_of(url)
        self._store = shown(url)
        self._shared, self._seal = shared, Seal(secret)
        self._window_s, self._every_s = window_s, every_s
        self._name = f"{name}:{window_s}"
        self._origin = secrets.token_hex(8)
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._after = b"0-0"
        self._task: asyncio.Task[None] | None = None
        self._is_connected = self._is_closing = False
        self._sent = self._taken = self._refused = self._lost = self._failures = 0
        self._said = ""

    @property
    def status(self) -> Status:
        """How it stands right now."""
        return Status(
            is_connected=self._is_connected, store=self._store, sent=self._sent, taken=self._taken,
            refused=self._refused, lost=self._lost, waiting=len(self._waiting), failures=self._failures,
            said=self._said,
        )  # fmt: skip

    def start(self) -> None:
        """Begins to share; the store need not be there yet."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._go())

    async def close(self) -> None:
        """Tells what is left, if the store answers within a second, and ends."""
        self._is_closing = True
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_ENDS_WITHIN_S)
        self._task = None
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0):
                await self._tell()
        with contextlib.suppress(Exception):
            await self._client.aclose()

    async def exchange(self) -> None:
        """Tells and hears once; whatever goes wrong is counted, said in the status, and tried again the next time."""
        try:
            await self._tell()
            await self._hear()
        except Exception as e:  # noqa: BLE001 - whatever a store, a network or a client does, the gate goes on alone
            self._is_connected, self._after = False, b"0-0"
            self._failures += 1
            self._said = f"{type(e).__name__}: {e}"[:200]
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # a client may make another error of being cancelled
                raise asyncio.CancelledError from None
        else:
            self._is_connected = True

    async def _go(self) -> None:
        in_a_row = 0
        while not self._is_closing:
            await self.exchange()
            in_a_row = 0 if self._is_connected else in_a_row + 1
            wait_s = min(self._every_s * 2 ** min(in_a_row, 10), max(_LONGEST_WAIT_S, self._every_s))
            await asyncio.sleep(wait_s * random.uniform(0.75, 1.25) if in_a_row else wait_s)

    async def _tell(self) -> None:
        now_s = asyncio.get_running_loop().time()
        data = self._shared.delta(self._origin)
        if data:
            self._waiting.append((now_s, data))
            self._waiting_bytes += len(data)
        while self._waiting_bytes > _MOST_WAITING_BYTES:
            self._waiting_bytes -= len(self._waiting.popleft()[1])
            self._lost += 1
        while self._waiting:
            since_s, data = self._waiting[0]
            frame = self._seal.sealed(data, waited_s=now_s - since_s)
            ask = self._client.execute_command
            await ask("XADD", self._name, "MAXLEN", "~", _MOST_KEPT, "*", _WHO, self._origin, _WHAT, frame)
            await ask("EXPIRE", self._name, max(1, self._window_s))
            self._waiting_bytes -= len(self._waiting.popleft()[1])
            self._sent += 1

    async def _hear(self) -> None:
        while True:
            ask = self._client.execute_command
            now_s = float(cast("tuple[int, int]", await ask("TIME"))[0])
            entries = _entries(await ask("XREAD", "COUNT", _AT_ONCE, "STREAMS", self._name, self._after))
            for place, fields in entries:
                self._take(place, fields, now_s)
                self._after = place
                await asyncio.sleep(0)  # decisions go first
            if len(entries) < _AT_ONCE:
                return

    def _take(self, place: bytes, fields: dict[bytes, bytes], now_s: float) -> None:
        if fields.get(_WHO) == self._origin.encode():
            return
        opened = self._seal.opened(fields.get(_WHAT, b""))
        if opened is None:
            self._refused += 1
            self._said = "a delta in the store was made with another secret"
            return
        try:
            waited_s, data = opened
            older_s = waited_s + max(0.0, now_s - int(place.partition(b"-")[0]) / 1000)
            self._taken += self._shared.merge(data, older_s, self._store)
        except BadGate as e:
            self._refused += 1
            self._said = str(e)[:200]


def _entries(answer: object) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
    """Of one stream; servers answer in lists (RESP2) or maps (RESP3)."""
    if not answer:
        return ()
    if isinstance(answer, dict):
        return tuple(next(iter(cast("dict[bytes, list[_Entries]]", answer).values()))[0])
    return tuple(cast("list[tuple[bytes, _Entries]]", answer)[0][1])
