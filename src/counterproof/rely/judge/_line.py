"""The way to one model: its places, who waits for one, when it is let alone, and one question over HTTP."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

import msgspec

from counterproof.errors import BadGate
from counterproof.record import AnswerStatus, SafetyModel
from counterproof.rely.judge._limits import Limits
from counterproof.rely.judge._prompt import Prompt
from counterproof.rely.judge._reply import read_reply

if TYPE_CHECKING:
    import aiohttp

Said = tuple[AnswerStatus, str]
Turn = Literal["ask", "try", "rest"]
_BUSY: Final = (429, 503)
_LEAST_S: Final = 0.005  # with less than this left, a place is of no use
_SHARE: Final = 0.2  # how much the newest answer weighs in the expected time


class Rest:
    """Lets a model alone that failed several times in a row, and tries it with one question before all come back."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._failures = 0
        self._rest_s = limits.rest_ms / 1000
        self._until_s = 0.0
        self._is_trying = False

    def turn(self, now_s: float) -> Turn:
        """Whether a question may go out now; of those after a rest, one alone, until it is settled."""
        if self._failures < self._limits.failures:
            return "ask"
        if now_s < self._until_s or self._is_trying:
            return "rest"
        self._is_trying = True
        return "try"

    def settle(self, turn: Turn, status: AnswerStatus | None, now_s: float) -> None:
        """What became of a question; None where it did not go out, or nobody waited for what came of it.

        A reply that is no label says nothing against the way to the model: what is judged could have brought it about,
        and nobody who is judged may close the way for all others.
        """
        if turn == "try":
            self._is_trying = False
        if status in ("answered", "malformed"):
            self._failures, self._rest_s = 0, self._limits.rest_ms / 1000
        elif status is not None:
            self._failures += 1
            if self._failures == self._limits.failures or turn == "try":
                self._until_s = now_s + self._rest_s
                self._rest_s = min(2 * self._rest_s, self._limits.longest_rest_ms / 1000)


class Line:
    """One model as asked from one event loop."""

    def __init__(self, model: SafetyModel, limits: Limits, headers: dict[str, str]) -> None:
        self._model, self._limits, self._headers = model, limits, headers
        self._url = address(model)
        self._places = asyncio.Semaphore(model.max_at_once)
        self._rest = Rest(limits)
        self._waiting = 0
        self._expected_s = 0.0
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, prompt: Prompt, labels: Collection[str], until_s: float) -> Said:
        """One question, answered or not by `until_s` of the monotonic clock; whoever calls enforces that."""
        turn = self._rest.turn(time.monotonic())
        if turn == "rest":
            return "unreachable", ""
        status: AnswerStatus | None = None
        try:
            if not await self._place(until_s):
                return "shed", ""
            try:
                began_s = time.monotonic()
                status, label = await self._post(prompt, labels)
            except asyncio.CancelledError:
                # Who went away before the deadline tells nothing of the model.
                status = "timed out" if time.monotonic() >= until_s else None
                raise
            finally:
                self._places.release()
            if status == "answered":
                self._expected_s += _SHARE * (time.monotonic() - began_s - self._expected_s)
            return status, label
        finally:
            self._rest.settle(turn, status, time.monotonic())

    async def _place(self, until_s: float) -> bool:
        """Whether a place was had in time. Nobody waits who would, by what answers take, not be answered in time."""
        if self._places.locked():
            places = self._model.max_at_once
            ahead_s = self._expected_s * (self._waiting // places + 1)
            if self._waiting >= places * self._limits.waiting or time.monotonic() + ahead_s > until_s:
                return False
        self._waiting += 1
        try:
            async with asyncio.timeout(max(0.0, until_s - _LEAST_S - time.monotonic())):
                await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def _post(self, prompt: Prompt, labels: Collection[str]) -> Said:
        import aiohttp  # noqa: PLC0415 - loaded where a policy in words is

        data = msgspec.json.encode(self._body(prompt))
        session = self._session = self._session or _session(self._model, self._headers)
        try:
            async with session.post(self._url, data=data, allow_redirects=False) as reply:
                return await self._heard(reply, labels)
        except aiohttp.ClientResponseError:
            return "malformed", ""
        except (aiohttp.ClientError, OSError):
            return "unreachable", ""

    def _body(self, prompt: Prompt) -> dict[str, object]:
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        return {
            "model": self._model.model, "messages": messages, "temperature": 0, "n": 1, "stream": False,
            "max_tokens": self._limits.reply_tokens,
        }  # fmt: skip

    async def _heard(self, reply: aiohttp.ClientResponse, labels: Collection[str]) -> Said:
        if reply.status != 200:
            reply.close()
            return ("shed" if reply.status in _BUSY else "unreachable"), ""
        if reply.headers.get("Content-Encoding", "identity").lower() != "identity":
            reply.close()  # packed, which nobody asked for
            return "malformed", ""
        body = await _read(reply, self._limits.reply_bytes)
        label = None if body is None else read_reply(body, labels)
        return ("malformed", "") if label is None else ("answered", label)

    async def close(self) -> None:
        """Closes the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _read(reply: aiohttp.ClientResponse, most: int) -> bytes | None:
    parts: list[bytes] = []
    async for part in reply.content.iter_any():
        most -= len(part)
        if most < 0:
            reply.close()
            return None
        parts.append(part)
    return b"".join(parts)


def _session(model: SafetyModel, headers: dict[str, str]) -> aiohttp.ClientSession:
    import aiohttp  # noqa: PLC0415 - loaded where a policy in words is

    fixed = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=model.max_at_once, keepalive_timeout=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=fixed | headers,
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,  # it would send the passwords of ~/.netrc, which nobody named
    )


def address(model: SafetyModel) -> str:
    """Where questions go.

    Raises:
        BadGate: the endpoint is no address of a web server, or holds a password.
    """
    try:
        parts = urlsplit(model.endpoint)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_usable = False
        parts = urlsplit("")
    if not is_usable or parts.query or parts.fragment or parts.username or parts.password:
        mend = "write it like http://127.0.0.1:8000/v1, and name the variable that holds the key in key_env"
        raise BadGate("not the address of a safety model", where=f"models {model.model}: endpoint", mend=mend)
    if model.max_at_once < 1:
        raise BadGate("no question could ever go out", where=f"models {model.model}: max_at_once", mend="at least 1")
    base = model.endpoint.rstrip("/")
    return base if base.endswith("/chat/completions") else f"{base}/chat/completions"


def key_header(model: SafetyModel) -> dict[str, str]:
    """The key's header, read from the environment now; none where none is named.

    Raises:
        BadGate: the variable is not set, or holds what no header may hold.
    """
    if not model.key_env:
        return {}
    try:
        value = os.environ.get(model.key_env, "")
    except ValueError:
        value = ""
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        what = f"the environment has no usable key in {model.key_env!r}"
        raise BadGate(
            what, where=f"models {model.model}: key_env", mend=f"export {model.key_env}=... before the gate starts"
        )
    return {"Authorization": f"Bearer {value}"}
