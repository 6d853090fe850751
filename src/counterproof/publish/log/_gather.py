"""Asks a policy's witnesses for cosignatures until the policy is met (C2SP tlog-witness, the client's side).

The asking runs on an event loop in a thread of its own, so connections stay open from one checkpoint to the next and a
witness that hangs keeps nobody waiting once the others are enough.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from counterproof import note, quorum, tlog
from counterproof.errors import BadNote, BadPolicy, CounterproofError, NoQuorum, NotVerified

if TYPE_CHECKING:
    import aiohttp

Prove = Callable[[int, int], Sequence[bytes]]
"""The proof that the tree of one size goes on from that of another, smaller one."""

DEADLINE_S = 10.0
MAX_ANSWER_BYTES = 262_144
_FINAL = (400, 403, 404, 413, 422)
"""What asking again does not change."""
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.05, 1.0
_MOST_STALE = 4

_T = TypeVar("_T")


class _No(Exception):
    """Why a witness did not cosign; nothing to be gained by asking again."""


class _NotNow(Exception):
    """Why it did not this time."""


@dataclass
class _Place:
    """One address, the keys of the policy that may answer there, and the size it is believed to have."""

    url: str
    keys: dict[tuple[str, bytes], tuple[str, note.Verifier]] = field(default_factory=dict)
    size: int | None = None

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.keys.values()]


@dataclass
class _Round:
    """One checkpoint on its way: what it is, what came, and why the rest did not."""

    signed: bytes
    checkpoint: tlog.Checkpoint
    old: int
    prove: Prove
    until_s: float
    proofs: dict[int, Sequence[bytes]] = field(default_factory=dict)
    lines: dict[str, bytes] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


class Gatherer:
    """Callable as the `gather` of a log's writer; one for each log. May be called from one thread at a time.

    `deadline_s`: how long a checkpoint may wait for its quorum. `now_s`: the clock that cosignatures are held against:
    those from over `quorum.MAX_SKEW_S` ahead or behind do not count.

    Raises:
        BadPolicy: the policy's witnesses that state an address could never be enough.
    """

    def __init__(
        self,
        policy: quorum.Policy,
        *,
        deadline_s: float = DEADLINE_S,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._policy, self._deadline_s, self._now_s = policy, deadline_s, now_s
        self._places = _places(policy)
        if missing := policy.missing(policy.urls):
            raise BadPolicy(f"{missing} has no address", where="policy", mend="write each witness's URL after its key")
        self._loop = asyncio.new_event_loop()
        self._session: aiohttp.ClientSession | None = None
        self._older: set[asyncio.Task[None]] = set()
        self._newer: set[asyncio.Task[None]] = set()
        self._round: _Round | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="gather", daemon=True)
        self._thread.start()

    def __call__(self, signed: bytes, old: int, proof: Sequence[bytes], prove: Prove) -> bytes:
        """The checkpoint with enough cosignatures, as soon as they are enough.

        `old`, `proof`: the size that the witnesses had last, as far as is known, and how the checkpoint goes on from
        there. One that has another size is asked again with what `prove` gives, which may be called from another
        thread, and for a witness that is late after this returned.

        Raises:
            BadNote: `signed` is no signed checkpoint.
            NoQuorum: too few cosigned by the deadline, or can; says who did not and why.
        """
        return self._start(self._gather(signed, old, proof, prove)).result()

    async def gather(self, signed: bytes, old: int, proof: Sequence[bytes], prove: Prove) -> bytes:
        """The same, for callers that have an event loop of their own."""
        return await asyncio.wrap_future(self._start(self._gather(signed, old, proof, prove)))

    def latest(self) -> bytes:
        """The checkpoint of the latest call with all cosignatures by now, those that came too late to wait for too."""
        if self._round is None:
            return b""
        return self._cosigned(self._round)

    def close(self) -> None:
        """Gives up what is under way and closes the connections."""
        if self._thread.is_alive():
            self._start(self._closed()).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, work: Coroutine[None, None, _T]) -> concurrent.futures.Future[_T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _closed(self) -> None:
        await self._give_up(self._older | self._newer)
        if self._session:
            await self._session.close()

    async def _give_up(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _gather(self, signed: bytes, old: int, proof: Sequence[bytes], prove: Prove) -> bytes:
        checkpoint = tlog.read_checkpoint(note.split(signed)[0])
        await self._give_up(self._older)  # who is two checkpoints behind need not answer for the older any more
        until_s = self._loop.time() + self._deadline_s
        this = self._round = _Round(signed, checkpoint, old, prove, until_s, {old: proof})
        tasks = {self._loop.create_task(self._ask(place, this)): place for place in self._places}
        self._older, self._newer = self._newer, set(tasks)
        while not self._policy.is_met(this.lines):
            waiting = {task for task in tasks if not task.done()}
            possible = {*this.lines, *(name for task in waiting for name in tasks[task].names)}
            if not self._policy.is_met(possible):
                break
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not self._policy.is_met(this.lines):
            await self._give_up(self._newer)
            raise self._too_few(this)
        return self._cosigned(this)

    def _cosigned(self, this: _Round) -> bytes:
        lines = [this.lines[name] for name in self._policy.witnesses if name in this.lines]
        return note.append(this.signed, *lines)

    def _too_few(self, this: _Round) -> NoQuorum:
        silent = sorted(self._policy.urls.keys() - this.lines.keys())
        said = "; ".join(f"{name}: {this.why.get(name, 'had not answered yet')}" for name in silent)
        what = f"too few witnesses cosigned size {this.checkpoint.size}: {said}"
        return NoQuorum(what, where=this.checkpoint.origin, mend="nothing was published; add the same entries again")

    async def _ask(self, place: _Place, this: _Round) -> None:
        """Until it cosigns, refuses for good, or time is up. Leaves no exception behind."""
        pause_s = _FIRST_PAUSE_S
        try:
            async with asyncio.timeout_at(this.until_s):
                while True:
                    try:
                        await self._ask_once(place, this)
                    except _NotNow as exc:
                        this.why.update(dict.fromkeys(place.names, str(exc)))
                        await asyncio.sleep(pause_s)
                        pause_s = min(2 * pause_s, _MOST_PAUSE_S)
                    else:
                        return
        except _No as exc:
            this.why.update(dict.fromkeys(place.names, str(exc)))
        except TimeoutError:
            for name in place.names:
                this.why.setdefault(name, f"no answer within {self._deadline_s:g} s")
        except Exception as exc:  # noqa: BLE001 - a fault in asking one must not hide what the others say
            this.why.update(dict.fromkeys(place.names, f"asking failed: {type(exc).__name__}: {exc}"[:200]))

    async def _ask_once(self, place: _Place, this: _Round) -> None:
        new = this.checkpoint.size
        old = this.old if place.size is None or place.size > new else place.size
        for _ in range(_MOST_STALE):
            status, body = await self._post(place.url, _body(old, _proof(this, old), this.signed))
            if status == 200:
                self._take(place, this, body)
                place.size = new
                return
            if status == 409 and (matched := _SIZE.fullmatch(body)) and int(matched[1]) != old:
                old = place.size = int(matched[1])
                if old > new:
                    raise _No(f"it has size {old} already, which is larger")
                continue
            why = f"status {status}" + (f", {_said(body)}" if status in _FINAL else "")
            raise _No(why) if status in _FINAL else _NotNow(why)
        raise _NotNow("it names another old size each time")

    async def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        import aiohttp  # noqa: PLC0415 - loaded where a log has witnesses

        if self._session is None:
            self._session = _session()
        try:
            async with self._session.post(f"{url}/add-checkpoint", data=body, allow_redirects=False) as response:
                data = bytearray()
                async for chunk in response.content.iter_chunked(65_536):
                    data += chunk
                    if len(data) > MAX_ANSWER_BYTES:
                        raise _No("its answer has no end")
                return response.status, bytes(data)
        except (aiohttp.ClientError, OSError) as exc:
            if isinstance(exc, TimeoutError):
                raise
            raise _NotNow(f"{type(exc).__name__}: {exc}"[:200]) from exc

    def _take(self, place: _Place, this: _Round, body: bytes) -> None:
        """Keeps the lines that hold, by keys of the policy at this address; what else is there is ignored."""
        try:
            _, lines = note.split(this.checkpoint.body + b"\n" + body)
        except BadNote:
            raise _No("its answer is no signature lines") from None
        now_s, faults = self._now_s(), ["no line by its key"]
        for line in lines:
            name, verifier = place.keys.get((line.name, line.key_id), ("", None))
            if verifier is None or name in this.lines:
                continue
            try:
                at_s = quorum.cosigned_at(this.checkpoint, line, verifier)
            except NotVerified:
                faults.append("its cosignature does not hold")
                continue
            if abs(at_s - now_s) > quorum.MAX_SKEW_S:
                faults.append(f"its clock is {at_s - now_s:+.0f} s from ours")
                continue
            this.lines[name] = line.encode()
        if missing := [name for name in place.names if name not in this.lines]:
            this.why.update(dict.fromkeys(missing, faults[-1]))


def _places(policy: quorum.Policy) -> list[_Place]:
    """Witnesses by address: one that cosigns with two keys is asked once."""
    found: dict[str, _Place] = {}
    for name, url in policy.urls.items():
        if not url.startswith(("http://", "https://")):
            raise BadPolicy(f"{url[:80]!r} is no address over HTTP", where=name, mend="begin it with https://")
        verifier = policy.witnesses[name]
        place = found.setdefault(url.rstrip("/"), _Place(url.rstrip("/")))
        place.keys[verifier.name, verifier.key_id] = (name, verifier)
    return list(found.values())


def _proof(this: _Round, old: int) -> Sequence[bytes]:
    if old not in this.proofs:
        try:
            this.proofs[old] = this.prove(old, this.checkpoint.size)
        except CounterproofError as exc:
            raise _No(f"it has size {old}, and consistency with that cannot be proved: {exc.what}") from exc
    return this.proofs[old]


def _body(old: int, proof: Sequence[bytes], signed: bytes) -> bytes:
    lines = b"".join(b64encode(beside) + b"\n" for beside in proof)
    return b"old %d\n%s\n%s" % (old, lines, signed)


def _said(body: bytes) -> str:
    return repr(body[:120].decode("utf-8", "replace").strip())


def _session() -> aiohttp.ClientSession:
    import aiohttp  # noqa: PLC0415 - loaded where a log has witnesses

    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=None, connect=5)
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar, auto_decompress=False)
