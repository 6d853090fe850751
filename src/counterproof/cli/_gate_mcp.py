"""`counterproof gate mcp`: the command of the gateway before tool servers; its work is loaded when it runs."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import signal
import urllib.parse
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from counterproof import errors

if TYPE_CHECKING:
    from counterproof.rely import gate, guard, pool, tools, wire

_FILE = click.Path(path_type=Path)
_HEARS_WITHIN_S = 2.0
_LEAST_ANSWER_S = 0.1
_PATH = re.compile(r"/[!$%&'()*+,./0-9:;=@A-Z_a-z~-]*", re.ASCII)
"""What can stand in a request's target before any query (RFC 3986, section 3.3)."""
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s?#@A-Z]+", re.ASCII)
"""As a browser writes one (RFC 6454, section 6.2): no path, nothing in capitals."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ENDS = {
    "client": 0,
    "signal": 0,
    "server": errors.TargetUnreachable.exit_code,
    "terminated": errors.NotVerified.exit_code,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    policy: Path
    trail: Path
    name: str
    key: Path | None
    sync_s: float
    pool: str
    tools: Path | None
    answer_s: float
    max_bytes: int
    upstream: str
    host: str
    port: int
    path: str
    origins: tuple[str, ...]
    names: tuple[str, ...]


@click.command(short_help="Stand between an agent and a tool server (MCP).")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- SERVER ARGS...]")
@click.option("--policy", type=_FILE, required=True, help="The policy: a folder with gate.yaml.")
@click.option("--trail", type=_FILE, required=True, help="Where every decision is kept: a folder.")
@click.option("--name", default="gate", show_default=True, help="The gate's name in its record and in the log.")
@click.option("--key", type=_FILE, default=None, help="Sign heads of the record with it (key new --kind ed25519).")
@click.option("--sync-s", type=click.FloatRange(0, 3600), default=1.0, show_default=True, help="0: wait for the disk.")
@click.option("--pool", metavar="URL", default="", help="Share memory over Valkey or Redis: redis://host:6379/0.")
@click.option("--tools", type=_FILE, default=None, help="What each tool was when it was first seen: a file.")
@click.option("--answer-s", type=click.FloatRange(0.1), default=600.0, show_default=True, help="For one answer.")
@click.option(
    "--max-bytes", type=click.IntRange(1024), default=16 * 1024 * 1024, show_default=True, help="Of one message."
)
@click.option(
    "--upstream", metavar="URL", default="", help="A server's endpoint (streamable HTTP), in place of SERVER."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="With --upstream: address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8701, show_default=True, help="0: any that is free.")
@click.option("--path", default="/mcp", show_default=True, help="With --upstream: path of our endpoint.")
@click.option("--origin", "origins", multiple=True, metavar="ORIGIN", help="A page that may ask; repeat for more.")
@click.option("--known-as", "names", multiple=True, metavar="NAME", help="A host name by which we are asked; repeat.")
def mcp(command: tuple[str, ...], **options: object) -> int:
    """Decide about every message between an agent and a tool server, both ways, before it passes.

    Starts SERVER and speaks MCP on standard input and output; or, with --upstream, serves an HTTP endpoint before
    another. Exit code 4: the server ended by itself. 5: the policy ended the conversation.
    """
    given = _Asked(**cast("dict[str, str]", options))  # type: ignore[arg-type] # click checked them
    if bool(command) == bool(given.upstream):
        raise errors.BadOption("name one of them", where="SERVER, --upstream", mend="a program after --, or a URL")
    _check(given)
    return _over_http(given) if given.upstream else _over_stdio(given, command)


def _check(given: _Asked) -> None:
    """Refuses what would be served and never reached.

    Raises:
        BadOption: a path, origin, address or time that means nothing.
    """
    if not given.answer_s >= _LEAST_ANSWER_S:  # which `nan` is not either
        raise errors.BadOption(f"{given.answer_s} is no time", where="--answer-s", mend="write seconds")
    if not given.upstream.isascii() or not given.upstream.isprintable() or " " in given.upstream:
        what = f"{given.upstream[:80]!r} is no address of an upstream"
        raise errors.BadOption(what, where="--upstream", mend="give http://host:port/path")
    if not _PATH.fullmatch(given.path):
        raise errors.BadOption(f"{given.path[:80]!r} is no path", where="--path", mend="write one such as /mcp")
    for origin in given.origins:
        if not _ORIGIN.fullmatch(origin):
            what = f"{origin[:80]!r} is no origin"
            raise errors.BadOption(what, where="--origin", mend="write one such as https://app.example")


def _over_stdio(given: _Asked, command: Sequence[str]) -> int:
    from counterproof.rely import tools, wire  # noqa: PLC0415 - loaded when the command runs

    with _opened(given) as (ready, listing), asyncio.Runner(loop_factory=wire.new_loop) as runner:

        async def work() -> tools.Ended:
            exchange = tools.Exchange(ready.guard, door="mcp.stdio", context=secrets.token_hex(16), listing=listing)
            limits = tools.Limits(message_bytes=given.max_bytes, answer_s=given.answer_s)
            async with _sharing(given, ready):
                return await tools.relay(command, exchange, limits)

        ended = runner.run(work())
    if ended == "server":
        click.echo("error: the server ended", err=True)
    elif ended == "terminated":
        click.echo("error: the policy ended the conversation", err=True)
    return _ENDS[ended]


def _over_http(given: _Asked) -> int:
    from counterproof import server  # noqa: PLC0415 - loaded when the command runs
    from counterproof.rely import tools, wire  # noqa: PLC0415 - same

    parts = urllib.parse.urlsplit(given.upstream)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    base = f"{parts.scheme}://{parts.netloc}"
    limits = wire.Limits(body_bytes=given.max_bytes, reply_bytes=given.max_bytes, read_s=given.answer_s)
    names = frozenset(name.lower() for name in given.names) or (_LOOPBACK if _is_loopback(given.host) else frozenset())
    with _opened(given) as (ready, listing):

        async def work(on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
            endpoint = tools.Endpoint(
                ready.guard, wire.Upstream(base, limits), target=target, path=given.path, hosts=names,
                origins=frozenset(given.origins), listing=listing, message_bytes=given.max_bytes,
            )  # fmt: skip
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, ready.reload_soon, _told)
            async with _sharing(given, ready):
                await _served(endpoint, given, on_ready, stop, limits)

        def up(url: str) -> None:
            _say(f"Gate {given.name} at {url}{given.path} before {base}")

        came = server.until_signal(work, up, wire.new_loop)
    if came is signal.SIGINT:
        raise errors.Interrupted("stopped by hand", mend="the same command goes on with the same record")
    return 0


async def _served(
    endpoint: tools.Endpoint, given: _Asked, on_ready: Callable[[str], None], stop: asyncio.Event, limits: wire.Limits
) -> None:
    try:
        await endpoint.serve((given.host, given.port), on_ready, stop, limits=limits)
    except OSError as exc:
        if isinstance(exc, errors.CounterproofError):
            raise
        what = f"{given.host}:{given.port} cannot be listened at: {exc.strerror or exc}"
        raise errors.BadOption(what, where="--host, --port", mend="choose another") from exc


@contextlib.asynccontextmanager
async def _sharing(given: _Asked, ready: guard.Ready) -> AsyncGenerator[None]:
    """Shares the memory where that was asked for; closes what the guard asked by the way."""
    shared = _pool(given, ready) if given.pool else None
    try:
        if shared is not None:  # a conversation is short: what others saw must be known before its first message
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(shared.exchange(), _HEARS_WITHIN_S)
            if not shared.status.is_connected:
                _say("warning: the store of the shared memory does not answer; this gate remembers alone until it does")
            shared.start()
        yield
    finally:
        if shared is not None:
            await shared.close()
        await ready.judge.close()


def _pool(given: _Asked, ready: guard.Ready) -> pool.Pool:
    from counterproof.rely import pool  # noqa: PLC0415 - loads only where memory is shared

    window_s = ready.guard.rules.policy.memory.window_s
    if not window_s:
        raise errors.BadOption(
            "this policy remembers nothing", where="--pool", mend="set memory: window_s in gate.yaml, or leave it out"
        )
    shared = pool.Pool(given.pool, ready.guard, ready.secret, window_s=window_s)
    ready.guard.share()
    return shared


@contextlib.contextmanager
def _opened(given: _Asked) -> Generator[tuple[guard.Ready, tools.Listing]]:
    """A guard whose record is the first of this folder's that no other process is writing."""
    from counterproof.cli import _gate_run  # noqa: PLC0415 - loaded when the command runs
    from counterproof.rely import guard, tools  # noqa: PLC0415 - loaded when the command runs

    listing = tools.Listing(tools.Pins(given.tools))
    with guard.opened(
        given.policy, given.trail, worker="mcp*", name=given.name, key=given.key, sync_s=given.sync_s
    ) as ready:
        _gate_run.say_measured(given.policy, is_measured=ready.is_measured)
        yield ready, listing


def _told(came: gate.Rules | errors.CounterproofError) -> None:
    if isinstance(came, errors.CounterproofError):
        _say(f"error: the policy stays as it was: {came}")
    else:
        _say("The policy was read again.")


def _say(sentence: str) -> None:
    from counterproof.cli import _values  # noqa: PLC0415 - loaded when the command runs

    click.echo(_values.printable(sentence), err=True)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
