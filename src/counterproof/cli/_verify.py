"""`counterproof verify` and `counterproof bundle`: the commands; their work is loaded when they run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors
from counterproof.cli import _watch

if TYPE_CHECKING:
    from counterproof import record, tlog
    from counterproof.rely import verify as verifying

_GRADES = "12 grades"
_trust = click.option(
    "--trust", type=click.Path(path_type=Path), required=True, help="Whom you trust: a trust file of your own."
)
_time = click.option("--at", "when", default="", metavar="TIME", help="As of YYYY-MM-DDThh:mm:ssZ.  [default: now]")


@click.group(commands=[_watch.evidence])
def verify() -> None:
    """Check what others say, offline."""


@verify.command(name="bundle", short_help="Check a bundle, step by step.")
@click.argument("file", type=click.Path(path_type=Path))
@_trust
@_time
@click.option("--suite", "suites", multiple=True, help="Grade opened transcripts again by this suite; repeatable.")
@click.option("--beacon", default="", help="The public value that was to choose what is opened, now that it is known.")
def bundle_(file: Path, trust: Path, when: str, suites: tuple[str, ...], beacon: str) -> int:
    """Check FILE offline. Exit code 0: every step holds. A refusal names its step (docs/verify.md)."""
    from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs
    from counterproof.rely import verify as verifying  # noqa: PLC0415 - same

    trusted = verifying.read_trust(_files.fetch(trust))
    data = _files.fetch(file, verifying.MAX_BUNDLE_BYTES)
    found = verifying.bundle(data, trusted, now_s(when), beacon)
    _print_steps(found)
    if suites:
        _regrade(data, found.statement, suites)
    _print(found)
    return 0


@verify.command(name="page", short_help="Write the page that verifies in a browser.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The HTML file to write.")
def page_(out: Path) -> int:
    """Write one HTML file that checks bundles by itself in a browser, without a server or a network."""
    from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs
    from counterproof.rely import verify as verifying  # noqa: PLC0415 - same

    _files.store(out, verifying.page().encode())
    return 0


@click.command(short_help="Make a bundle of an entry of a log.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--entry", required=True, metavar="DIGEST", help="The entry's digest, sha256:...")
@_trust
@click.option("--opened", type=click.Path(path_type=Path), default=None, help="Openings of `attest` to put in.")
@_time
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The bundle to write.")
def bundle(folder: Path, entry: str, trust: Path, opened: Path | None, when: str, out: Path) -> int:
    """Put an entry of the log in FOLDER together with all it rests on. Only what verifies is written."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same
    from counterproof.rely import verify as verifying  # noqa: PLC0415 - same

    trusted = verifying.read_trust(_files.fetch(trust))
    checkpoint = _files.fetch(folder / "checkpoint", 1 << 20)
    log = LogFolder(folder, checkpoint)
    index, support = verifying.needed(log.entries(), entry, trusted)
    made = record.Bundle(
        entry=log.logged(index), support=tuple(log.logged(i) for i in support),
        opened=verifying.read_openings(_files.fetch(opened)) if opened else (),
    )  # fmt: skip
    data = verifying.bundle_bytes(made)
    verifying.bundle(data, trusted, now_s(when))
    _files.store(out, data)
    click.echo(f"{out}: entry {index} and {len(support)} that it rests on, {len(data):,} bytes")
    return 0


class LogFolder:
    """A log's folder, each tile of it believed only up to the root that its checkpoint states."""

    def __init__(self, folder: Path, checkpoint: bytes) -> None:
        from counterproof import note, tlog  # noqa: PLC0415 - loaded when the command runs

        self._folder, self._checkpoint, self._tlog = folder, checkpoint, tlog
        self.head = tlog.read_checkpoint(note.split(checkpoint)[0])
        self._hashes = tlog.TileHashes(self._read, self.head.size, self.head.root)

    def entries(self) -> Iterator[bytes]:
        """Every entry, in order."""
        for tile in self._tlog.tiles_of(self.head.size, level=self._tlog.ENTRIES):
            yield from self._hashes.entries(tile.index, self._read(tile))

    def logged(self, index: int) -> record.Entry:
        """An entry with its receipt."""
        from counterproof import record  # noqa: PLC0415 - loaded when the command runs

        number, offset = divmod(index, self._tlog.TILE_WIDTH)
        width = min(self._tlog.TILE_WIDTH, self.head.size - number * self._tlog.TILE_WIDTH)
        found = self._hashes.entries(number, self._read(self._tlog.Tile(self._tlog.ENTRIES, number, width)))[offset]
        path = self._tlog.prove_inclusion(index, self.head.size, self._hashes)
        receipt = self._tlog.Proof(index, tuple(path), self._checkpoint).encode()
        return record.Entry(envelope=found.decode(), receipt=receipt.decode())

    def _read(self, tile: tlog.Tile) -> bytes:
        from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs

        path = self._folder / tile.path
        if not tile.is_full and not path.exists():
            path = self._folder / tile.full.path
        return _files.fetch(path)


def now_s(when: str) -> int:
    """A time on the command line in seconds since 1970; now where there is none.

    Raises:
        BadOption: it is no time.
    """
    from time import time  # noqa: PLC0415 - loaded when the command runs

    from counterproof import chain  # noqa: PLC0415 - same

    try:
        return chain.seconds_of(when) if when else int(time())
    except ValueError:
        raise errors.BadOption(f"{when!a} is no time", where="--at", mend="write YYYY-MM-DDThh:mm:ssZ") from None


def _print_steps(found: verifying.Verified) -> None:
    from counterproof.cli._values import printable  # noqa: PLC0415 - loaded when the command runs

    for step in found.steps:
        click.echo(f"{step.name:<18}{printable(step.said)}")


def _print(found: verifying.Verified) -> None:
    from counterproof.cli._values import printable  # noqa: PLC0415 - loaded when the command runs

    click.echo(f"\n{found.statement.kind} {found.entry}")
    for number in found.numbers:
        click.echo(f"  {printable(_line(number))}")
    click.echo("\nnot checked:")
    for said in found.unchecked:
        click.echo(f"  - {printable(said)}")
    click.echo("\nVERIFIED")


def _line(number: record.Number | record.NoNumber) -> str:
    reason = getattr(number, "reason", None)
    if reason is not None:
        return f"{number.name:<14}not measured: {reason}"
    low, high = getattr(number, "low", ""), getattr(number, "high", "") or "infinity"
    return f"{number.name:<14}{getattr(number, 'value', '') or 'undefined'} [{low}, {high}]"


def _regrade(data: bytes, statement: record.Statement, suites: tuple[str, ...]) -> None:
    """Grades every opened transcript again by the suite that the statement names.

    Raises:
        BadSuite: a suite cannot be read.
        NotVerified: none of the suites is the one that was asked, or a grade is another one.
    """
    import msgspec  # noqa: PLC0415 - loaded when the command runs

    from counterproof import record  # noqa: PLC0415 - same
    from counterproof.measure import grade, suite  # noqa: PLC0415 - same
    from counterproof.rely import verify as verifying  # noqa: PLC0415 - same

    said = statement.predicate
    known = {record.digest_bytes(suite.write(read)): read for read in map(suite.load, suites)}
    asked = known.get(said.suite) if isinstance(said, record.Behaviour) else None
    if asked is None:
        raise errors.NotVerified(
            "none of the suites given is the one that was asked", where=_GRADES, mend="give the suite it names"
        )
    opened = [one for one in verifying.read_bundle(data).opened if one.transcript]
    for one in opened:
        transcript = msgspec.json.decode(one.transcript, type=record.Transcript)
        stated = msgspec.json.decode(one.leaf, type=record.GradedLeaf).grade
        if record.canonical_bytes(grade.grade(transcript, asked)).decode() != stated:
            raise errors.NotVerified(f"the transcript at {one.index} is graded otherwise by the suite", where=_GRADES)
    click.echo(f"{_GRADES:<18}{len(opened)} opened transcripts graded again, each the same")
