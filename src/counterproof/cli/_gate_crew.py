"""Several processes of one gate at one address, and this one, which minds them and has the desk of all."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors, server
from counterproof.cli import _gate_run, _values

if TYPE_CHECKING:
    from counterproof.rely import gate, wire


def run(given: _gate_run.Asked) -> signal.Signals:
    """Serves until a signal; the policy is read here first, so that what cannot be used starts no process.

    Raises:
        BadInput: something handed over cannot be used.
        CrewFailed: a process did not come up.
    """
    from counterproof.rely import desk, wire  # noqa: PLC0415 - loads only where a gate runs

    _check(given)
    with (
        wire.shared_port(given.host, given.port) as port,
        tempfile.TemporaryDirectory(prefix="counterproof-gate-") as sockets,
    ):
        names = [f"w{number}" for number in range(given.workers)]
        crew = wire.Crew({name: _command(given, name, port, sockets) for name in names}, on_crash=_say_crashed)

        async def work(on_ready: Callable[[str], None], stop: asyncio.Event) -> None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, given, crew)
            key = _values.key("--operator-key-env", given.operator_key_env)
            remotes = [desk.Remote(Path(sockets) / f"{name}.sock", key) for name in names]
            async with _gate_run.desk_of(given, remotes):
                await crew.run(on_ready, stop)

        def say(first: str) -> None:
            click.echo(f"{first}, {given.workers} processes")

        return server.until_signal(work, say)


def _check(given: _gate_run.Asked) -> gate.Rules:
    """The rules, and the secret: made once, before several processes would make it."""
    from counterproof.rely import guard  # noqa: PLC0415 - loads only where a gate runs

    rules, _, is_measured = guard.read(given.policy, guard.secret_of(given.trail))
    _gate_run.say_measured(given.policy, is_measured=is_measured)
    return rules


def _reload(given: _gate_run.Asked, crew: wire.Crew) -> None:
    """On SIGHUP: every process reads the policy again, once it is known that it can be used."""
    try:
        rules = _check(given)
    except errors.CounterproofError as exc:
        click.echo(f"the policy in force stays: {exc}", err=True)
        return
    crew.signal(signal.SIGHUP)
    click.echo(f"now under {_values.printable(rules.policy.name)} {rules.digest}")


def _say_crashed(name: str, status: int) -> None:
    click.echo(f"warning: process {name} ended with {status} and is started again", err=True)


def _command(given: _gate_run.Asked, name: str, port: int, sockets: str) -> list[str]:
    """One process's command line: the same options, its own name, the port that all share."""
    said = {
        "--policy": given.policy, "--trail": given.trail, "--name": given.name, "--host": given.host, "--port": port,
        "--operator-key-env": given.operator_key_env, "--key": given.key, "--sync-s": given.sync_s,
        "--pool": given.pool, "--context-header": given.context_header, "--identity-header": given.identity_header,
        "--upstream-key-env": given.upstream_key_env, "--worker-of": sockets, "--worker": name,
    }  # fmt: skip
    options = [str(part) for option, value in said.items() if value not in (None, "") for part in (option, value)]
    command = [sys.executable, "-m", "counterproof", "gate", "serve", given.upstream, *options]
    return [*command, "--events"] if given.events else command
