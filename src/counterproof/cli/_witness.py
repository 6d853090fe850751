"""`counterproof witness new` and `serve`: the commands; their work is loaded when they run."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from counterproof import errors


@click.group()
def witness() -> None:
    """Run a witness, which cosigns logs that never show two faces."""


@witness.command(short_help="Make the keys and the record of a new witness.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the keys: a URL without scheme, such as witness.example/w1.")
@click.option("--ml-dsa", is_flag=True, help="A second key, ML-DSA-44, that cosigns beside Ed25519.")
def new(folder: Path, name: str, *, ml_dsa: bool) -> int:
    """Make the FOLDER of a new witness and print its verifier keys, one a line, for other people's policies."""
    from counterproof.publish import witness as witnessing  # noqa: PLC0415 - loaded when the command runs

    for verifier in witnessing.new(folder, name, has_ml_dsa=ml_dsa):
        click.echo(verifier.text)
    return 0


@witness.command(short_help="Cosign for logs, over HTTP.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--logs", "files", type=click.Path(path_type=Path), multiple=True, required=True,
    help="Verifier keys of the logs to cosign for, one a line; repeat for more files.",
)
@click.option("--listen", default="127.0.0.1:8081", show_default=True, metavar="HOST:PORT", help="Port 0: any free.")
@click.option(
    "--per-s", type=click.FloatRange(0.1, 10_000), default=50.0, show_default=True, help="Requests of one log a second."
)
def serve(folder: Path, files: tuple[Path, ...], listen: str, per_s: float) -> int:
    """Serve the witness of FOLDER over HTTP (C2SP tlog-witness) until it is stopped."""
    from counterproof.cli import _files, _values  # noqa: PLC0415 - loaded when the command runs
    from counterproof.publish import witness as witnessing  # noqa: PLC0415 - same

    host, port = _values.address("--listen", listen)
    text = "\n".join(_files.fetch(file, 1 << 20).decode("utf-8", "replace") for file in files)
    logs = witnessing.read_logs(text)
    served = witnessing.load(folder, logs, limit=witnessing.Limit(per_s, max(1, round(2 * per_s))))

    def ready(url: str) -> None:
        for verifier in served.verifiers:
            click.echo(f"Cosigning as {_values.printable(verifier.text)} {url}")
        for log in logs:
            click.echo(f"for {_values.printable(log.name)}")

    try:
        came = witnessing.run(served, witnessing.Listen(host=host, port=port), ready)
    finally:
        served.close()
    if came is signal.SIGINT:
        raise errors.Interrupted("stopped by hand", mend="the same command serves again")
    return 0
