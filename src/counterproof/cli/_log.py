"""`counterproof log new`, `add`, `receipt`, `check`, `serve`: the commands; their work is loaded when they run."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from counterproof import errors
from counterproof.cli import _watch

_FILE = click.Path(path_type=Path)


@click.group(commands=[_watch.watch])
def log() -> None:
    """Run a log: a public record that only grows, cosigned by witnesses."""


@log.command(short_help="Begin a log in a new folder.")
@click.argument("folder", type=_FILE)
@click.option("--origin", default="", help="The log's name, which is its key's.  [default: the key's]")
@click.option("--key", type=_FILE, required=True, help="The log's secret key (counterproof key new --kind ed25519).")
@click.option("--policy", type=_FILE, required=True, help="This log's key, its witnesses and their quorum.")
@click.option("--trust", type=_FILE, default=None, help="Whose governance says who may add: a trust file.")
@click.option("--open", "is_open", is_flag=True, help="Let everybody add whatever is in form, instead of --trust.")
@click.option("--store", default="", help="An object store for the files: s3://bucket/prefix, gs://, az://.")
@click.option("--lock", default="", help="With --store: `store` (compare-and-swap) or postgres://host/database.")
def new(folder: Path, *, origin: str, key: Path, policy: Path, trust: Path | None, **more: object) -> int:
    """Begin a log in FOLDER. No other command does: a log whose lock is lost must never be begun again."""
    from counterproof import note  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files, _values  # noqa: PLC0415 - same
    from counterproof.publish import log as logging  # noqa: PLC0415 - same

    if (trust is not None) == bool(more["is_open"]):
        raise errors.BadOption("say who may add", where="--trust", mend="give --trust FILE, or --open for everybody")
    name = note.read_key(key).verifier.name
    if origin not in ("", name):
        raise errors.BadOption(f"the key is of {name!r}", where="--origin", mend="a log is named as its key")
    made = logging.new(
        folder, key, _files.fetch(policy, 1 << 20), _files.fetch(trust, 1 << 20) if trust else None,
        store=str(more["store"]), lock=str(more["lock"]),
    )  # fmt: skip
    click.echo(f"Began {_values.printable(made.settings.origin)} in {folder}")
    click.echo(note.read_key(key).verifier.text)
    return 0


@log.command(short_help="Add signed statements, and keep their receipts.")
@click.argument("address")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--out", type=_FILE, default=None, help="Folder for the receipts.  [default: beside each file]")
def add(address: str, files: tuple[Path, ...], out: Path | None) -> int:
    """Add the envelope in each FILE to the log at ADDRESS (its own folder, or http address).

    Writes FILE.receipt once enough witnesses have cosigned. What is in the log already gets a receipt for its place.
    """
    add_files(address, files, out)
    return 0


def add_files(address: str, files: tuple[Path, ...], out: Path | None = None) -> None:
    """Adds the entry in each file to a log, writes each receipt, and says where.

    Raises:
        BadOption: a file cannot be read.
        BadNote, NoQuorum, BadLog, NotVerified, TargetUnreachable, StorageFailed: nothing more was added.
    """
    from counterproof import tlog  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same

    entries = [_files.fetch(file, 1 << 20).removesuffix(b"\n") for file in files]
    receipts = _sent(address, entries) if "://" in address else _added(Path(address), entries)
    for file, receipt in zip(files, receipts, strict=True):
        place = (out or file.parent) / f"{file.name}.receipt"
        _files.store(place, receipt)
        click.echo(f"{tlog.read_proof(receipt).index} {place}")


@log.command(short_help="Write the receipt of an entry that is logged.")
@click.argument("folder", type=_FILE)
@click.argument("which", metavar="INDEX|FILE")
@click.option("--out", type=_FILE, required=True, help="Where the receipt goes.")
def receipt(folder: Path, which: str, out: Path) -> int:
    """Write the receipt of the entry number INDEX, or of the envelope in FILE, of the log in FOLDER."""
    from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs
    from counterproof.publish import log as logging  # noqa: PLC0415 - same

    is_index = which.isascii() and which.isdigit() and len(which) < 19
    asked = int(which) if is_index else _files.fetch(Path(which), 1 << 20).removesuffix(b"\n")
    index, found = logging.receipt(logging.read_folder(folder), asked)
    _files.store(out, found)
    click.echo(f"{index} {out}")
    return 0


@log.command(short_help="Derive a log again from its entries.")
@click.argument("folder", type=_FILE)
@click.option("--policy", type=_FILE, default=None, help="For a copy of a log.  [default: the log's own]")
def check(folder: Path, policy: Path | None) -> int:
    """Derive the log in FOLDER again from its entries and name every file that does not agree (exit code 5)."""
    from counterproof import quorum  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files, _values  # noqa: PLC0415 - same
    from counterproof.publish import log as logging  # noqa: PLC0415 - same

    head = None
    if policy is not None:
        said = quorum.read_policy(_files.fetch(policy, 1 << 20).decode("utf-8", "replace"))
        store: logging.Store = logging.FolderStore(folder, is_writer=False)
    else:
        read = logging.read_folder(folder)
        said, store = read.policy, read.store(is_writer=False)
        lock = read.lock()
        head = lock.read(read.settings.origin)
        lock.close()
    found = logging.check(store, said, head=head)
    store.close()
    for where, what in found.faults:
        click.echo(f"BAD {where}: {_values.printable(what)}")
    agrees = "does NOT agree" if found.faults else "all agrees"
    click.echo(f"{found.size} entries, root {found.root.hex()}: {agrees}")
    return errors.NotVerified.exit_code if found.faults else 0


@log.command(short_help="Take entries and serve a log, over HTTP.")
@click.argument("folder", type=_FILE)
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Port 0: any free.")
@click.option("--period", default="1s", show_default=True, help="How long entries are collected.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Who check signatures.")
def serve(folder: Path, *, listen: str, period: str, workers: int) -> int:
    """Serve the log in FOLDER until it is stopped: POST /add, and its files. Starts again where it was."""
    from counterproof.cli import _values  # noqa: PLC0415 - loaded when the command runs
    from counterproof.publish import log as logging  # noqa: PLC0415 - same

    host, port = _values.address("--listen", listen)
    read = logging.read_folder(folder)
    bounds = logging.Listen(
        host=host, port=port, period_s=_values.time_ms("--period", period) / 1000, workers=workers
    )

    def ready(url: str) -> None:
        click.echo(f"Serving {_values.printable(read.settings.origin)} at {url}")

    with logging.Gatherer(read.policy) as gather:
        came = logging.run(read, gather, bounds, ready)
    if came is signal.SIGINT:
        raise errors.Interrupted("stopped by hand", mend="the same command serves again")
    return 0


def _added(folder: Path, entries: list[bytes]) -> list[bytes]:
    from counterproof.publish import log as logging  # noqa: PLC0415 - loaded when the command runs

    read = logging.read_folder(folder)
    with logging.Gatherer(read.policy) as gather:
        writer = logging.open_writer(read, gather)
        try:
            return logging.add_admitted(read, writer, entries)
        finally:
            writer.close()


def _sent(url: str, entries: list[bytes]) -> list[bytes]:
    from counterproof.publish import log as logging  # noqa: PLC0415 - loaded when the command runs

    return logging.send(url, entries)
