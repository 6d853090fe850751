"""`counterproof chain demo`: the command; its work is loaded when it runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def chain() -> None:
    """See a whole chain, from a measurement to a reader who checks it."""


@chain.command(short_help="Measure, sign, log, witness, verify; then cheat in five ways.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("chain-demo"), show_default=True, help="A new folder."
)
def demo(out: Path) -> int:
    """Run a whole chain on this machine, then try to cheat in five ways. Exit code 0: each was caught."""
    from counterproof.cli import _chain_demo  # noqa: PLC0415 - loads everything

    return _chain_demo.run(out)
