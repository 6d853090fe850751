"""`counterproof key new` and `key show`: the commands; their work is loaded when they run."""

from __future__ import annotations

from pathlib import Path

import click

KINDS = ("statement", "ed25519", "cosignature", "ml-dsa-44")


@click.group()
def key() -> None:
    """Make keys and show their public halves."""


@key.command(short_help="Make a key.")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default="statement", show_default=True, help="What it will sign.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new file, which its owner may read.")
def new(name: str, kind: str, out: Path) -> int:
    """Make a key called NAME, keep its secret half in a new file, print its public half.

    Statements are signed by keys of kind `statement`, logs by `ed25519`, witnesses cosign with the other two.
    """
    from counterproof import note  # noqa: PLC0415 - loaded when the command runs

    kinds: dict[str, note.Kind] = {one: one for one in note.KINDS}
    signer = note.generate(name, kinds[kind])
    note.write_key(out, signer)
    click.echo(signer.verifier.text)
    return 0


@key.command(short_help="Print the public half of a key.")
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> int:
    """Print the public half of the key in FILE: what others put in policies, trust files and roles."""
    from counterproof import note  # noqa: PLC0415 - loaded when the command runs

    click.echo(note.read_key(file).verifier.text)
    return 0
