"""`counterproof attest prereg`, `behaviour` and `open`: what needs a suite or a run; loaded when they run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterproof import errors

if TYPE_CHECKING:
    from counterproof import chain, note, record, tlog
    from counterproof.measure.trial import Plan

_FILE = click.Path(path_type=Path)
_key = click.option("--key", type=_FILE, required=True, help="Secret key that signs.")
_target = click.option("--target", default="", help="Which target of the run.  [default: the only one]")
_about = click.option(
    "--about", type=_FILE, required=True, help="Entry file of the genesis or generation that is measured."
)


def keep(out: Path, data: bytes) -> None:
    """Writes a new file, never over another.

    Raises:
        BadOption: there is one already.
        StorageFailed: it cannot be written.
    """
    from counterproof.cli import _files  # noqa: PLC0415 - loaded when the command runs

    if out.exists():
        raise errors.BadOption("there is a file already", where=str(out), mend="name a new one; entries are kept")
    _files.store(out, data)


def entry(path: Path) -> chain.UnverifiedEntry:
    """An entry from its file; its signatures are not looked at.

    Raises:
        BadOption: the file cannot be read.
        BadNote, BadStatement: it is no entry.
    """
    from counterproof import chain  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same

    return chain.open_entry(_files.fetch(path, 1 << 20))


def subject_of(found: chain.UnverifiedEntry) -> str:
    """The subject whose genesis or generation an entry is.

    Raises:
        BadOption: it is neither.
    """
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    match found.statement.predicate:
        case record.SubjectGenesis():
            return found.digest
        case record.Generation() as said:
            return said.subject
        case _:
            raise errors.BadOption(
                f"a {found.statement.kind} where a genesis or generation is needed", where="entry",
                mend="name the entry file of the system's newest generation",
            )  # fmt: skip


def prereg_in(path: Path) -> tuple[str, record.Prereg]:
    """A preregistration's digest, and what it says.

    Raises:
        BadOption: the file holds another entry.
    """
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    found = entry(path)
    said = found.statement.predicate
    if not isinstance(said, record.Prereg):
        raise errors.BadOption("is no preregistration", where=str(path), mend="name what `attest prereg` wrote")
    return found.digest, said


def log_in(folder: Path) -> tuple[tlog.Checkpoint, Iterator[bytes]]:
    """A log's head, not verified, and its entries, each held against that head.

    Raises:
        BadOption: a file cannot be read.
        BadNote, NotVerified: it is no log, or does not hash to its head.
    """
    from counterproof import note, tlog  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _files  # noqa: PLC0415 - same

    head = tlog.read_checkpoint(note.split(_files.fetch(folder / "checkpoint", 1 << 20))[0])

    def read(tile: tlog.Tile) -> bytes:
        path = folder / tile.path
        return _files.fetch(path if tile.is_full or path.exists() else folder / tile.full.path)

    def entries() -> Iterator[bytes]:
        hashes = tlog.TileHashes(read, head.size, head.root)
        for tile in tlog.tiles_of(head.size, level=tlog.ENTRIES):
            yield from hashes.entries(tile.index, read(tile))

    return head, entries()


@click.command(short_help="Say beforehand what will be measured.")
@click.option("--evaluator", required=True, help="In whose name.")
@_about
@click.option("--suite", "suite_name", required=True, help="Suite, by name or file.")
@click.option("--budget", required=True, help="As `measure` will be told, such as 40q.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="As `measure` will be told.")
@click.option("--category", "categories", multiple=True, help="What is measured; repeatable.  [default: all]")
@click.option("--bar-k", default="0.75", show_default=True, help="K has to reach it.")
@click.option("--bar-f", default="0.2", show_default=True, help="F must not exceed it.")
@click.option("--opens", type=click.IntRange(min=0), default=0, show_default=True, help="Transcripts to be opened.")
@click.option("--beacon", default="", help="Public value, not known yet, that will choose them: source and round.")
@click.option("--closes-by", required=True, metavar="TIME", help="YYYY-MM-DDThh:mm:ssZ.")
@_key
@click.option("--out", type=_FILE, required=True, help="The entry to write, for `log add`.")
def prereg(  # noqa: PLR0913 - one parameter per option
    *, evaluator: str, about: Path, suite_name: str, budget: str, seed: int, categories: tuple[str, ...], bar_k: str,
    bar_f: str, opens: int, beacon: str, closes_by: str, key: Path, out: Path,
) -> int:  # fmt: skip
    """Say what will be measured and by which bars. Log it before the run; a result or `abandon` has to close it."""
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _values  # noqa: PLC0415 - same
    from counterproof.measure import instrument, suite  # noqa: PLC0415 - same
    from counterproof.publish import attest  # noqa: PLC0415 - same

    found, measured = suite.load(suite_name), entry(about)
    known = tuple(category.id for category in found.categories)
    if unknown := set(categories) - set(known):
        mend = f"there are {', '.join(known)}"
        raise errors.BadOption(f"nothing is called {min(unknown)!r}", where="--category", mend=mend)
    bars = record.Bars(contained_K=_values.share("--bar-k", bar_k), contained_F=_values.share("--bar-f", bar_f))
    said = record.Prereg(
        evaluator=evaluator, subject=subject_of(measured), generation=measured.digest,
        categories=tuple(one for one in known if not categories or one in categories),
        instrument=instrument.containment.NAME, suite=record.digest_bytes(suite.write(found)),
        budget=instrument.containment.as_text(instrument.containment.read_budget(budget)), seed=seed,
        criteria=attest.criteria_of(bars), opens=opens, beacon=beacon, closes_by=closes_by,
    )  # fmt: skip
    return _seal(said, key, out)


def _seal(said: record.Predicate, key: Path, out: Path) -> int:
    from counterproof import chain, note, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.publish import attest  # noqa: PLC0415 - same

    sealed = chain.seal(attest.statement(said), note.read_key(key))
    keep(out, sealed)
    click.echo(f"{out}: {record.digest_bytes(sealed)}")
    return 0


def _graded(run: Path, plan: Plan, target: str) -> dict[str, list[tuple[record.Grade, record.Transcript]]]:
    """Category to the graded transcripts of a target, in the order of the run."""
    from counterproof.measure import instrument, trial  # noqa: PLC0415 - loaded when the command runs

    found: dict[str, list[tuple[record.Grade, record.Transcript]]] = {name: [] for name in plan.categories}
    said = ((one.name, t) for one in plan.targets for t in trial.transcripts(run, one.name))
    for (name, grade), (_, transcript) in zip(instrument.containment.grades(run, plan), said, strict=True):
        if name == target:
            found[grade.category].append((grade, transcript))
    return found


@click.command(short_help="Sign what a run found.")
@click.argument("run", type=_FILE)
@_about
@click.option("--prereg", "declared", type=_FILE, required=True, help="Entry file of what was said beforehand.")
@click.option("--after", "before", type=_FILE, multiple=True, help="Entry file of the result before it; repeatable.")
@click.option("--secret", type=_FILE, required=True, help="What salts transcripts; made if missing. Keep it.")
@_target
@_key
@click.option("--out", type=_FILE, required=True, help="Folder for one entry per category.")
def behaviour(  # noqa: PLR0913 - one parameter per option
    run: Path, *, about: Path, declared: Path, before: tuple[Path, ...], secret: Path, target: str, key: Path, out: Path
) -> int:
    """Sign the results of a finished RUN, one entry per category. --after names the results that these follow on."""
    from counterproof import chain, note, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.measure import instrument, trial  # noqa: PLC0415 - same
    from counterproof.publish import attest  # noqa: PLC0415 - same

    measured, (digest, said) = entry(about), prereg_in(declared)
    signer, plan = note.read_key(key), trial.read_plan(run)
    series = attest.Series(
        evaluator=said.evaluator, subject=subject_of(measured), generation=measured.digest, prereg=digest,
        before=_before(before, said.evaluator, subject_of(measured)),
    )  # fmt: skip
    report = instrument.containment.report(run, plan)
    chosen = attest.target_of(report, target)
    salts, name = attest.secret(secret, may_make=True), record.digest_of(report)
    leaves = {
        category: attest.leaves(salts, name, chosen.digest, category, graded)
        for category, graded in _graded(run, plan, chosen.name).items()
    }
    made = attest.behaviours(report, chosen, leaves, series)
    for one in made.values():
        if why := chain.why_different(one, said):
            raise errors.BadOption(f"{why}: {one.category!r}", where=str(run), mend="measure what was declared")
    _keep_all(made, signer, out)
    return 0


def _keep_all(made: dict[str, record.Behaviour], signer: note.Signer, out: Path) -> None:
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.cli import _values  # noqa: PLC0415 - same
    from counterproof.publish import attest  # noqa: PLC0415 - same

    sealed = {category: chain.seal(attest.statement(one), signer) for category, one in made.items()}
    for number, (category, one) in enumerate(sealed.items()):
        path = out / f"behaviour-{number:02d}-{made[category].seq}.json"
        keep(path, one)
        click.echo(f"{path}: {record.digest_bytes(one)} {_values.printable(category)}: {made[category].verdict}")


def _before(files: tuple[Path, ...], evaluator: str, subject: str) -> dict[str, tuple[int, str]]:
    from counterproof import record  # noqa: PLC0415 - loaded when the command runs

    found: dict[str, tuple[int, str]] = {}
    for path in files:
        last = entry(path)
        said = last.statement.predicate
        if not isinstance(said, record.Behaviour) or (said.evaluator, said.subject) != (evaluator, subject):
            raise errors.BadOption(
                "is no result of the same evaluator and subject", where=str(path), mend="name the one before"
            )
        found[said.category] = max(found.get(said.category, (-1, "")), (said.seq, last.digest))
    return found


@click.command(name="open", short_help="Open graded transcripts of a result.")
@click.argument("run", type=_FILE)
@click.option("--behaviour", "signed", type=_FILE, required=True, help="Entry file of the result.")
@click.option("--secret", type=_FILE, required=True, help="The secret that it was made with.")
@click.option("--beacon", default="", help="The public value, now that it is known.  [default: open all]")
@click.option("--opens", type=click.IntRange(min=1), default=300, show_default=True, help="How many it chooses.")
@click.option("--with-text", is_flag=True, help="What was said, too; never of a suite that is withheld.")
@_target
@click.option("--out", type=_FILE, required=True, help="The openings to write, for `bundle --opened`.")
def open_(  # noqa: PLR0913 - one parameter per option
    run: Path, *, signed: Path, secret: Path, beacon: str, opens: int, target: str, out: Path, with_text: bool
) -> int:
    """Open the grades of a RUN's result, all or those that a beacon chooses, each with its proof."""
    from counterproof import chain, record  # noqa: PLC0415 - loaded when the command runs
    from counterproof.measure import instrument, trial  # noqa: PLC0415 - same
    from counterproof.publish import attest  # noqa: PLC0415 - same

    said = entry(signed).statement.predicate
    if not isinstance(said, record.Behaviour):
        raise errors.BadOption("is no result", where=str(signed), mend="name a file that `attest behaviour` wrote")
    plan = trial.read_plan(run)
    report = instrument.containment.report(run, plan)
    if with_text and report.is_withheld:
        raise errors.BadOption(
            "the suite holds real hazards, never quoted", where="--with-text", mend="open the grades alone"
        )
    chosen = attest.target_of(report, target)
    graded = _graded(run, plan, chosen.name).get(said.category, [])
    salts = attest.secret(secret, may_make=False)
    leaves = attest.leaves(salts, record.digest_of(report), chosen.digest, said.category, graded)
    which = chain.beacon_indexes(beacon, said.transcripts, said.count, opens) if beacon else range(said.count)
    texts = [transcript for _, transcript in graded] if with_text else None
    keep(out, record.canonical_bytes(attest.opened(said, leaves, which, texts)) + b"\n")
    click.echo(f"{out}: {len(which)} of {said.count} graded transcripts, {'with' if with_text else 'without'} text")
    return 0


COMMANDS = (prereg, behaviour, open_)
