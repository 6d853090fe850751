"""The command that serves a target to other people's tools."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from counterproof import errors
from counterproof.cli import _values
from counterproof.cli._work import LAYER_FILES
from counterproof.measure import serve as serving
from counterproof.measure import target as targets


def serve(target: str, *, host: str, port: int, key_env: str, seed: int) -> int:
    """Serves until it is stopped: by a terminal's interrupt (130), or as services are (0).

    Raises:
        BadInput: the target, the key, the host or the port cannot be used.
        Interrupted: by hand.
    """
    opened = _opened(target)
    key = _values.key("--key-env", key_env)
    listen = serving.Listen(host=host, port=port, key=key, seed=seed, also_called=(target,))

    def ready(url: str) -> None:
        if not listen.is_private:
            whoever = "whoever knows the key" if listen.key else "everybody, since no --key-env was given,"
            click.echo(f"warning: {_values.printable(host)} is not only this machine: {whoever} can ask here", err=True)
        click.echo(f"Serving {_values.printable(opened.name.name)} at {url}")

    came = serving.run(opened, listen, ready)
    if came is signal.SIGINT:
        raise errors.Interrupted("stopped by hand", mend="the same command serves again")
    return 0


def _opened(target: str) -> serving.Target:
    """What answers: an organism, the clerk, or either with layers around it."""
    if target.lower().endswith(LAYER_FILES):
        stack = targets.read_stack(Path(target))
        for address in (stack.model, *(f.model for f in stack.filters if f.model)):
            _refuse_endpoint(address)
        return targets.open_stack(stack)
    _refuse_endpoint(target)
    return targets.open_model(target)


def _refuse_endpoint(address: str) -> None:
    if targets.is_endpoint(address):
        raise errors.BadOption(
            "is an endpoint, which is served already", where="TARGET", mend="point your tool at the endpoint itself"
        )
