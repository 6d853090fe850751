"""A scripted upstream, a gate before it with the real guard and the real rules, and a record in memory."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from counterproof import server
from counterproof.errors import StorageFailed
from counterproof.record import Answer, Decision, GatePolicy, PatternRule, Sighting
from counterproof.rely import gate, guard, proxy, wire

CHAT = "/v1/chat/completions"


class Kept:
    """A record of decisions that is a list; `is_full`: it cannot be written."""

    def __init__(self) -> None:
        self.decisions: list[tuple[Sighting, Decision]] = []
        self.notes: list[tuple[str, Mapping[str, object]]] = []
        self.is_full = False

    def keep(
        self,
        sighting: Sighting,
        answers: Sequence[Answer],
        decision: Decision,
        now_ms: int,
        *,
        turn: int,
        seen_ms: int,
    ) -> int:
        del answers, now_ms, turn, seen_ms
        if self.is_full:
            raise StorageFailed("no space", where="here")
        self.decisions.append((sighting, decision))
        return len(self.decisions)

    def note(self, kind: str, said: Mapping[str, object], now_ms: int) -> int:
        del now_ms
        self.notes.append((kind, said))
        return 0

    def begin_policy(self, policy: GatePolicy, now_ms: int) -> str:
        del now_ms
        return policy.name

    @property
    def outcomes(self) -> list[str]:
        return [decision.outcome for _, decision in self.decisions]


def policy(**changes: Any) -> GatePolicy:  # noqa: ANN401 - whatever a policy has
    rules = (
        PatternRule(name="bad", patterns=("forbidden[0-9]{0,4}",), action="reject", reason="Not this."),
        PatternRule(name="end", patterns=("enough",), action="terminate"),
        PatternRule(name="mask", patterns=("secret-[0-9]{4}",), action="modify", replacement="[gone]"),
        PatternRule(name="wait", patterns=("person please",), action="hold"),
    )
    return msgspec.structs.replace(GatePolicy(name="test", rules=rules), **changes)


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


@dataclass
class Rig:
    """Both servers while they run. `script` is what the upstream does; `seen` what it was asked."""

    script: Callable[[wire.Request, wire.Out], Awaitable[None]]
    kept: Kept = field(default_factory=Kept)
    seen: list[wire.Request] = field(default_factory=list[wire.Request])
    loops: list[asyncio.AbstractEventLoop] = field(default_factory=list[asyncio.AbstractEventLoop])
    guard: guard.Guard = field(init=False)
    url: str = ""
    upstream_url: str = ""
    served: wire.Server = field(init=False)

    async def upstream(self, request: wire.Request, out: wire.Out) -> None:
        self.seen.append(request)
        self.loops.append(asyncio.get_running_loop())
        await self.script(request, out)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=20)

    def ask(
        self, body: object = None, path: str = CHAT, *, method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> Reply:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
            got = connection.getresponse()
            return Reply(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())


def says(text: str, **message: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    said = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def asks(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def replying(value: object, status: int = 200, kind: str = "application/json") -> Callable[..., Awaitable[None]]:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        out.reply(status, [(b"content-type", kind.encode()), (b"x-request-id", b"r1")] if kind else [], body)

    return script


def streaming(*pieces: bytes, gap_s: float = 0.0, ends: bool = True) -> Callable[..., Awaitable[None]]:
    async def script(_request: wire.Request, out: wire.Out) -> None:
        out.start(200, [(b"content-type", b"text/event-stream")])
        for piece in pieces:
            await out.write(piece)
            await asyncio.sleep(gap_s)
        if ends:
            out.end()
        else:
            out.cut()

    return script


def chunk(text: str | None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    value = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


@contextlib.contextmanager
def running(
    script: Callable[..., Awaitable[None]],
    rules: GatePolicy | None = None,
    *,
    before: str = "",
    settings: proxy.Settings | None = None,
    limits: wire.Limits | None = None,
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Generator[Rig]:
    """Both servers up; `before`: the gate stands before another upstream."""
    rig = Rig(script)
    above = wire.Server(rig.upstream, wire.Limits(body_bytes=100_000_000))

    def serve_above(on_ready: Callable[[str], None], stop: asyncio.Event) -> Coroutine[None, None, None]:
        return above.serve(("127.0.0.1", 0), on_ready, stop)

    async def serve_gate(on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
        made = gate.Rules(rules or policy(), b"k" * 32)
        rig.guard = guard.Guard(made, rig.kept)
        upstream = wire.Upstream(before or rig.upstream_url, limits)
        door = proxy.Proxy(rig.guard, upstream, settings)
        rig.served = wire.Server(door.handle, limits, door.hooks())
        try:
            await rig.served.serve(("127.0.0.1", 0), on_ready, stop)
        finally:
            upstream.close()
            await asyncio.sleep(0)

    with contextlib.ExitStack() as up:
        rig.upstream_url = up.enter_context(server.running(serve_above, "upstream", new_loop))
        rig.url = up.enter_context(server.running(serve_gate, "gate", new_loop))
        yield rig
