"""`counterproof gate serve`: the command; its work is loaded when it runs."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command(short_help="Decide about everything that goes to a model's API and comes back.")
@click.argument("upstream")
@click.option("--policy", type=_FILE, required=True, help="The policy: a folder with gate.yaml.")
@click.option("--trail", type=_FILE, required=True, help="Where every decision is kept: a folder.")
@click.option("--name", default="gate", show_default=True, help="The gate's name in its record and in the log.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help="0: any that is free.")
@click.option("--workers", type=click.IntRange(1, 60), default=1, show_default=True, help="Processes that share it.")
@click.option("--desk-host", default="127.0.0.1", show_default=True, help="Address of the desk: not for everybody.")
@click.option(
    "--desk-port", type=click.IntRange(0, 65535), default=None, help="Serve metrics, status and appeals there."
)
@click.option("--appeals", type=_FILE, default=None, help="The book of appeals: a folder.  [default: none is heard]")
@click.option("--token-key", "token_keys", type=_FILE, multiple=True, help="With --appeals: take this issuer's tokens.")
@click.option("--token-origin", default="", help="With --token-key: where such tokens are for.")
@click.option(
    "--operator-key-env", metavar="NAME", default="", help="Variable with the key that releases what is held."
)
@click.option("--key", type=_FILE, default=None, help="Sign heads of the record with it (key new --kind ed25519).")
@click.option("--sync-s", type=click.FloatRange(0, 3600), default=1.0, show_default=True, help="0: wait for the disk.")
@click.option("--pool", metavar="URL", default="", help="Share memory over Valkey or Redis: redis://host:6379/0.")
@click.option("--context-header", metavar="NAME", default="", help="Header that names the conversation.")
@click.option("--identity-header", metavar="NAME", default="", help="Header that names the person or account.")
@click.option("--upstream-key-env", metavar="NAME", default="", help="Variable with the key for UPSTREAM.")
@click.option("--events", is_flag=True, help="Emit an OpenTelemetry event for every decision that is not `allow`.")
@click.option("--worker-of", type=_FILE, default=None, hidden=True)
@click.option("--worker", default="w0", hidden=True)
def serve(upstream: str, **options: object) -> int:
    """Stand before the model API at UPSTREAM (http://host:port, with or without /v1), OpenAI's or Anthropic's.

    SIGHUP reads the policy again, and refuses it whole if one rule cannot be used. SIGTERM lets requests in work end.
    """
    from counterproof.cli import _gate_run  # noqa: PLC0415 - loaded when the command runs

    return _gate_run.run(_gate_run.asked(upstream, options))
