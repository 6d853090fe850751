"""What `counterproof gate serve` does: one process that decides, or several and one that minds them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from counterproof import errors, server
from counterproof.cli import _values

if TYPE_CHECKING:
    from counterproof import record
    from counterproof.rely import desk, gate, guard, pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    upstream: str
    policy: Path
    trail: Path
    name: str
    host: str
    port: int
    workers: int
    desk_host: str
    desk_port: int | None
    appeals: Path | None
    token_keys: tuple[Path, ...]
    token_origin: str
    operator_key_env: str
    key: Path | None
    sync_s: float
    pool: str
    context_header: str
    identity_header: str
    upstream_key_env: str
    events: bool
    worker_of: Path | None
    worker: str


def asked(upstream: str, options: Mapping[str, object]) -> Asked:
    """The options by their names."""
    return Asked(upstream=upstream, **cast("dict[str, str]", options))  # type: ignore[arg-type]  # click checked them


def run(given: Asked) -> int:
    """Serves until a signal.

    Raises:
        BadInput: something handed over cannot be used.
        Interrupted: by hand.
    """
    from counterproof.cli import _gate_crew, _gate_need  # noqa: PLC0415 - same room, loaded with the first

    if given.worker_of is None:
        _gate_need.check(given)
    came = _one(given) if given.workers == 1 else _gate_crew.run(given)
    if came is signal.SIGINT:
        raise errors.Interrupted("stopped by hand", mend="the same command goes on with the same record")
    return 0


def _one(given: Asked) -> signal.Signals:
    """One process that decides."""
    from counterproof.rely import desk, guard, wire  # noqa: PLC0415 - loads only where a gate runs

    tells = desk.Telemetry().emit if given.events else None
    with guard.opened(
        given.policy, given.trail, worker=given.worker, name=given.name, key=given.key, sync_s=given.sync_s, tells=tells
    ) as ready:
        if given.worker_of is None:
            say_measured(given.policy, is_measured=ready.is_measured)

        async def work(on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, ready.reload_soon, functools.partial(_told, given, ready))
            minded = None
            if given.worker_of is not None:  # a terminal's interrupt reaches all processes; who minds this one ends it
                loop.add_signal_handler(signal.SIGINT, _ignore)
                minded = loop.create_task(wire.until_orphaned(stop))
            shared = _pool(given, ready)
            try:
                async with _desk(given, _Own(given, ready, shared, stop)):
                    await _serve(given, ready, on_ready, stop)
            finally:
                if minded is not None:
                    minded.cancel()
                if shared is not None:
                    await shared.close()
                await ready.judge.close()

        def say(url: str) -> None:
            click.echo(f"Gate {_values.printable(given.name)} at {url} before {_values.printable(given.upstream)}")

        return server.until_signal(work, say, wire.new_loop)


async def _serve(given: Asked, ready: guard.Ready, on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
    from counterproof.cli import _gate_need  # noqa: PLC0415 - same room, loaded with the first
    from counterproof.rely import proxy, wire  # noqa: PLC0415 - loads only where a gate runs

    settings = proxy.Settings(
        context_header=given.context_header,
        identity_header=given.identity_header,
        upstream_key=_values.key("--upstream-key-env", given.upstream_key_env),
    )
    made = proxy.Proxy(ready.guard, wire.Upstream(given.upstream.rstrip("/").removesuffix("/v1")), settings)
    door = wire.Server(made.handle, _gate_need.limits(), made.hooks())
    address = (given.host, given.port)
    try:
        await door.serve(address, on_ready, stop, reuse_port=given.worker_of is not None)
    except OSError as exc:
        what = f"cannot listen at {given.host}:{given.port}: {exc.strerror or exc}"
        raise errors.BadOption(what, where="--port", mend="choose another") from exc


def _pool(given: Asked, ready: guard.Ready) -> pool.Pool | None:
    """Begins to share the memory where that was asked for."""
    if not given.pool:
        return None
    from counterproof.rely import pool  # noqa: PLC0415 - loads only where memory is shared

    window_s = ready.guard.rules.policy.memory.window_s
    if not window_s:
        raise errors.BadOption(
            "this policy remembers nothing", where="--pool", mend="set memory: window_s in gate.yaml, or leave it out"
        )
    shared = pool.Pool(given.pool, ready.guard, ready.secret, window_s=window_s)
    ready.guard.share()
    shared.start()
    return shared


def _ignore() -> None:
    """Leaves a signal to another process."""


def _told(given: Asked, ready: guard.Ready, came: gate.Rules | errors.CounterproofError) -> None:
    """What came of SIGHUP. Who minds several processes has read the policy first, and speaks for all."""
    if isinstance(came, errors.CounterproofError):
        who = f"process {given.worker}: " if given.worker_of is not None else ""
        click.echo(f"{who}the policy in force stays: {came}", err=True)
    elif given.worker_of is None:
        click.echo(f"now under {_values.printable(came.policy.name)} {came.digest}")
        say_measured(ready.policy_folder, is_measured=ready.is_measured)


def say_measured(policy: Path, *, is_measured: bool) -> None:
    """A policy whose error rates nobody knows says so, at every start."""
    if not is_measured:
        click.echo(
            "warning: nobody has measured how often this policy refuses or passes wrongly"
            f" (counterproof gate test {_values.printable(str(policy))} --write)",
            err=True,
        )


class _Own:
    """The process itself, as its desk sees it."""

    def __init__(self, given: Asked, ready: guard.Ready, shared: pool.Pool | None, stop: asyncio.Event) -> None:
        self._given, self._ready, self._pool, self._stop = given, ready, shared, stop

    async def now(self) -> desk.Snapshot:
        from counterproof.rely import desk  # noqa: PLC0415 - loaded already

        ready = self._ready
        return desk.snapshot(
            ready.guard, self._given.worker, began_ms=ready.began_ms,
            is_ready=ready.guard.keeps() and not self._stop.is_set(), is_measured=ready.is_measured,
            problems=tuple(self._problems()),
        )  # fmt: skip

    async def release(self, name: str, outcome: guard.Word) -> bool:
        return self._ready.guard.release(name, outcome)

    def _problems(self) -> Iterator[str]:
        if self._pool is not None and not (status := self._pool.status).is_connected:
            yield f"the memory of other gates at {status.store} cannot be reached ({status.said}); each goes on alone"
        if not self._ready.guard.is_keeping:
            yield "the record cannot be written: everything is refused until it can"


@contextlib.asynccontextmanager
async def desk_of(given: Asked, sources: Sequence[desk.Source]) -> AsyncGenerator[None]:
    """The desk on its own port, for one process or all of them, if one was asked for."""
    from counterproof.rely import appeal, desk  # noqa: PLC0415 - loads only where a gate runs

    if given.desk_port is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        book = None
        if given.appeals is not None:
            keys = [_token_key(path, given.token_origin) for path in given.token_keys]
            book = appeal.Book(given.appeals, keys=keys, origin=given.token_origin)
            stack.callback(book.close)
        served = desk.Desk(sources, book=book, operator_key=_values.key("--operator-key-env", given.operator_key_env))
        async with served.up(given.desk_host, given.desk_port) as url:
            click.echo(f"Desk at {url}")
            yield


def _desk(given: Asked, own: _Own) -> contextlib.AbstractAsyncContextManager[object]:
    """For the process that minds this one the desk is at a socket of its own."""
    from counterproof.rely import desk  # noqa: PLC0415 - loads only where a gate runs

    if given.worker_of is None:
        return desk_of(given, [own])
    key = _values.key("--operator-key-env", given.operator_key_env)
    return desk.Desk([own], operator_key=key).up("", 0, path=str(given.worker_of / f"{given.worker}.sock"))


def _token_key(path: Path, origin: str) -> record.TokenKey:
    """A key that an issuer logged, from the file of its entry: whose tokens are taken is the operator's choice.

    Raises:
        BadInput: it is no such entry, or its tokens are not for here.
    """
    from counterproof import chain, record  # noqa: PLC0415 - loads only where tokens are taken
    from counterproof.cli import _files  # noqa: PLC0415 - same

    said = chain.open_entry(_files.fetch(path, 1 << 16)).statement.predicate
    if not isinstance(said, record.TokenKey):
        raise errors.BadOption(f"{path} is no entry with a token key", where="--token-key", mend="see spec/token.md")
    if origin not in said.origins:
        what = f"the tokens of {_values.printable(said.issuer)} are for {_values.printable(', '.join(said.origins))}"
        raise errors.BadOption(what, where="--token-origin", mend="name one of these")
    return said
